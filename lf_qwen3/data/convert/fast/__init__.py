"""The fast path of a conversion: most rows of most sources need to be trimmed at most.

`rows` reads such rows of any kind of source without building a conversation, `records` writes them, `uses`
counts their columns; `clean` replaces `normalise` and the rules. Whatever they cannot be sure of takes
the slow path, row by row. Property tests (test_fast.py, test_normalise_clean.py) hold both equal, and
`make bench` shows what it saves.
"""
