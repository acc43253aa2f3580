"""The sections of the tab, in the order in which a user walks through them.

Each is a module here with `build(frame)`, beside its handlers and its texts; see `lf_qwen3.board`.
"""

ORDER = (
    *("card", "data", "proof", "records", "train", "sampling"),
    *("evaluation", "run", "arena", "gguf", "distil"),
)

OPEN = ("card",)
"""Unfolded when the page is opened."""

NEXT = {"data": "proof", "proof": "train", "train": "@train", "sampling": "@infer", "evaluation": "run"}
"""Where the button at the end of a section leads: to another, or to a tab of the board's own (@)."""
