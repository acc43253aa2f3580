"""What runs are compared by: every metric, flag and length of a score, and which way of it is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lf_qwen3.results.score import Scores
from lf_qwen3.results.score.result import FLAGS, LENGTHS, METRICS, PARTS

Better = Literal["higher", "lower", "neither"]
MeasureGroup = Literal["answer", "thinking", "both", "form", "length"]

_METRICS = {"bleu-4": "BLEU-4", "rouge-1": "ROUGE-1", "rouge-2": "ROUGE-2", "rouge-l": "ROUGE-L"}
_FLAGS = {
    "well_formed": "think format kept",
    "unclosed_thinking": "thinking unclosed",
    "leaked_token": "control token leaked",
    "cut": "truncated, no end",
    "repetition": "repeats to the end",
    "empty_answer": "empty answer",
    "wrong_language": "wrong language",
}
_LENGTHS = {"thinking": "thinking", "answer": "answer"}

TIE = 1.0
"""Scores (0 to 100) of one row that differ by less are a tie: a word more or less."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that is compared. `scale` is 100 where the figure is a share and is shown in per cent."""

    group: MeasureGroup
    name: str
    label: str
    better: Better
    scale: int = 1

    @property
    def key(self) -> str:
        """The measure's name in JSON: answer/rouge-l, form/cut, length/answer."""
        return f"{self.group}/{self.name}"

    def values(self, scores: Scores) -> Sequence[float | None]:
        """Return the value of every row, on a scale of 0 to 100 for metrics and flags."""
        if self.group == "form":
            return [None if value is None else 100.0 * value for value in scores.flags[self.name]]
        if self.group == "length":
            return [None if value is None else float(value) for value in scores.lengths[self.name]]
        return scores.metrics[self.group][self.name]


def _all() -> tuple[Measure, ...]:
    similar = [Measure(part, name, _METRICS[name], "higher") for part in _PARTS for name in METRICS]
    form = [
        Measure("form", name, _FLAGS[name], "higher" if name == "well_formed" else "lower") for name in FLAGS
    ]
    length = [Measure("length", name, _LENGTHS[name], "neither") for name in LENGTHS if name in _LENGTHS]
    return (*similar, *form, *length)


_PARTS: tuple[Literal["answer", "thinking", "both"], ...] = ("answer", "thinking", "both")
assert set(_PARTS) == set(PARTS)

MEASURES = _all()
HEADLINE = next(measure for measure in MEASURES if measure.key == "answer/rouge-l")
"""The measure that decides wins, losses and changed rows: how much of the reference answer is present."""
