"""Judge the settings of a YAML as the trainer would, without it: keys, values, and what excludes what."""
