"""Turn sources into one registered dataset."""
