"""The verdicts on a run: one function each."""
