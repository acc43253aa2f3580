"""Checks of what the tokenizer makes of a record."""
