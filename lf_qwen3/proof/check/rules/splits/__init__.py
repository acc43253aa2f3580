"""Checks of two records that are the same, or nearly: inside a split, and across splits."""
