"""Entries of dataset_info.json, and a way to write the file, for tests."""

import json

ENTRY = {"file_name": "a.jsonl", "formatting": "alpaca", "columns": {"prompt": "p", "response": "r"}}
OTHER = {"file_name": "other.jsonl"}


def write(config, value):
    config.write_text(json.dumps(value, indent=2) + "\n")
    return config.read_bytes()
