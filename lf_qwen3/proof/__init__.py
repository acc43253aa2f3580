"""Prove data and settings before a GPU is paid for."""
