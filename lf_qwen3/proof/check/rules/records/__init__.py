"""Checks of one record of a dataset, read as LLaMA-Factory reads it."""
