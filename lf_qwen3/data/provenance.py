"""Where a row comes from that a model wrote: a column beside its messages, which convert obeys."""

from __future__ import annotations

from typing import Literal, TypedDict

PROVENANCE = "meta"
"""The column. Rows that have it never go to a validation or test split."""

GenerationMethod = Literal["distil", "hint", "evol", "cot", "craft"]
_NEEDED = ("method", "model", "request")


class Provenance(TypedDict, total=False):
    """What a generated row says of itself.

    `source` and `row` (from 1) name the row that its question is of, `question_hash` is the XXH3-64 of the
    question, `request` the key of the request in the journal. `matched` says whether the answer agrees with
    that of the source, None if unknown. `passage` is the text of a corpus that a question was
    made from, `round` counts from 1 how often a question was evolved.
    """

    id: str
    source: str
    row: int
    question_hash: str
    model: str
    mode: str
    sample: int
    method: GenerationMethod
    request: str
    matched: bool | None
    hinted: bool
    passage: str
    round: int


def is_provenance(value: object) -> bool:
    """Return whether the column of a row says that a model wrote it."""
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in _NEEDED)
