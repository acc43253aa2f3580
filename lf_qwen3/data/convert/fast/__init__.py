"""The fast paths of a conversion: most rows of most sources need nothing but to be copied.

`jsonl` and `parquet` read clean rows without building a conversation, and `records` writes them; `clean`
stands in for `normalise` and the rules. Property tests (test_fast.py, test_normalise_clean.py) hold each
equal to the slow path, and `make bench` shows what it saves.
"""
