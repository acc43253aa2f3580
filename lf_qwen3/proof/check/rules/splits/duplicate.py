"""Duplicates inside a dataset, and between a held-out dataset and the one that is trained on."""

from __future__ import annotations

from typing import NamedTuple

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check

NEAR = 0.8
"""Jaccard similarity, estimated by MinHash, from which on two records count as nearly the same."""


class Duplicate(NamedTuple):
    """A record and another that is the same: `row` and `dataset` name the other, "" for the same dataset.

    `similarity` is 1.0 for the same question and answer after folding, and 0.0 where only the question is
    the same.
    """

    row: int
    dataset: str = ""
    similarity: float = 1.0


_FAR = Duplicate(3, "a_train", similarity=0.2)


@check(
    "duplicate",
    "warning",
    "duplicate record",
    "the model sees it twice in every epoch and memorises it sooner (white space and case do not "
    "count); lf-qwen3 convert keeps one copy",
    good=_FAR,
    bad=Duplicate(3),
)
def duplicate(pair: Duplicate) -> CheckResult:
    """Require every record once in its split."""
    return Fault(f"as row {pair.row}") if not pair.dataset and pair.similarity == 1 else PASS


@check(
    "leak",
    "error",
    "data leakage: a validation or test record is also in the training data",
    "its score would measure memorisation; lf-qwen3 convert keeps each question in one split",
    good=_FAR,
    bad=Duplicate(3, "a_train"),
)
def leak(pair: Duplicate) -> CheckResult:
    """Require that no question and answer of a held-out split is trained on."""
    return Fault(f"row {pair.row} of {pair.dataset}") if pair.dataset and pair.similarity == 1 else PASS


@check(
    "question_leak",
    "warning",
    "data leakage: a validation or test question is also in the training data, with another answer",
    "its score would measure memorisation; lf-qwen3 convert keeps each question in one split",
    good=_FAR,
    bad=Duplicate(3, "a_train", similarity=0),
)
def question_leak(pair: Duplicate) -> CheckResult:
    """Require that no question of a held-out split is trained on."""
    return Fault(f"row {pair.row} of {pair.dataset}") if pair.dataset and pair.similarity == 0 else PASS


@check(
    "near_leak",
    "warning",
    "likely data leakage: a validation or test record is a near-duplicate of a training record "
    f"(similarity {NEAR:g} or more)",
    "its score would measure memorisation; keep all near-duplicates in one split, or remove the "
    "copies from the others",
    good=_FAR,
    bad=Duplicate(3, "a_train", similarity=0.9),
)
def near_leak(pair: Duplicate) -> CheckResult:
    """Require that no held-out record is a reworded copy of a trained one."""
    is_near = pair.dataset and NEAR <= pair.similarity < 1
    return Fault(f"{pair.similarity:.2f} to row {pair.row} of {pair.dataset}") if is_near else PASS
