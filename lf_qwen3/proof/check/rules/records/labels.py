"""The labels of KTO data."""

from __future__ import annotations

from typing import NamedTuple

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check


class LabelCounts(NamedTuple):
    """How many answers of a KTO dataset are marked as good, and how many as bad."""

    good: int
    bad: int


@check(
    "one_sided_labels",
    "warning",
    "all answers of the KTO data have the same label",
    "KTO learns from good and from bad answers; add the others, or train on the good ones with stage: sft",
    good=LabelCounts(3, 1),
    bad=LabelCounts(4, 0),
)
def one_sided_labels(labels: LabelCounts) -> CheckResult:
    """Require good and bad answers (the trainer warns too: FeedbackDatasetProcessor)."""
    total = labels.good + labels.bad
    if total and not (labels.good and labels.bad):
        return Fault(f"{total:,} {'good' if labels.good else 'bad'}, none {'bad' if labels.good else 'good'}")
    return PASS
