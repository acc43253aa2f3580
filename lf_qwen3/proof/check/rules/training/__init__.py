"""Checks of a training YAML, beside the data and the checkpoint it names."""
