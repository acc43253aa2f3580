"""Checks of one entry of dataset_info.json, and of the file behind it."""
