"""Records that stand there twice."""

from __future__ import annotations

from typing import NamedTuple

from lf_qwen3.proof.check.rules.check_rule import check

NEAR = 0.8
"""Jaccard similarity, estimated by MinHash, from which on two records count as nearly the same."""


class Duplicate(NamedTuple):
    """A record and one before it that is the same: `of` names the other's dataset, "" for the same one.

    `similarity` is 1.0 for the same question and answer after folding, and 0.0 where only the question is
    the same.
    """

    row: int
    of: str = ""
    similarity: float = 1.0


_FAR = Duplicate(3, "a_train", similarity=0.2)


@check(
    "duplicate",
    "warning",
    "the record stands there twice",
    "white space and case apart, it counts twice in every epoch; lf-qwen3 convert keeps one",
    good=_FAR,
    bad=Duplicate(3),
)
def duplicate(twin: Duplicate) -> str | None:
    """Require every record once in its split."""
    return f"as row {twin.row}" if not twin.of and twin.similarity == 1 else None


@check(
    "leak",
    "error",
    "a held-out record is trained on too",
    "its score would say what was memorised; lf-qwen3 convert keeps a question in one split",
    good=_FAR,
    bad=Duplicate(3, "a_train"),
)
def leak(twin: Duplicate) -> str | None:
    """Require that no question and answer of a held-out split is trained on."""
    return f"row {twin.row} of {twin.of}" if twin.of and twin.similarity == 1 else None


@check(
    "question_leak",
    "warning",
    "a held-out question is trained on too, with another answer",
    "its score would say what was memorised; lf-qwen3 convert keeps a question in one split",
    good=_FAR,
    bad=Duplicate(3, "a_train", similarity=0),
)
def question_leak(twin: Duplicate) -> str | None:
    """Require that no question of a held-out split is trained on."""
    return f"row {twin.row} of {twin.of}" if twin.of and twin.similarity == 0 else None


@check(
    "near_leak",
    "warning",
    f"a held-out record is nearly a trained one (similarity {NEAR:g} or more)",
    "hold out whole groups of such records, or take the copies out of one side",
    good=_FAR,
    bad=Duplicate(3, "a_train", similarity=0.9),
)
def near_leak(twin: Duplicate) -> str | None:
    """Require that no held-out record is a reworded copy of a trained one."""
    is_near = twin.of and NEAR <= twin.similarity < 1
    return f"{twin.similarity:.2f} to row {twin.row} of {twin.of}" if is_near else None
