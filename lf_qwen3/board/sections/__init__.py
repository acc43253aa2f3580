"""The sections of the tab, in the order in which a user walks through them.

Each is a module here with `build(frame)`, beside its handlers and its texts; see `lf_qwen3.board`.
"""

ORDER = ("data", "proof", "train", "sampling", "evaluation", "run")

OPEN = ("data",)
"""Unfolded when the page is opened."""
