"""What scoring gives: one value a row for every metric, and the summary of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PARTS = ("answer", "thinking", "both")
KINDS = ("thinking", "plain", "all")
METRICS = ("bleu-4", "rouge-1", "rouge-2", "rouge-l")
DEFECTS = (
    "unclosed_thinking",
    "leaked_token",
    "cut",
    "repetition",
    "empty_answer",
    "wrong_language",
)
FLAGS = ("well_formed", *DEFECTS)
LENGTHS = ("thinking", "answer", "label_thinking", "label_answer")


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean or a rate over `n` rows with its 95 % interval; all three None where no row counts."""

    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None

    def as_json(self) -> dict[str, float | int | None]:
        """Return the figure as JSON holds it, to six decimals."""
        values = {"value": self.value, "low": self.low, "high": self.high}
        return {"n": self.n} | {k: None if v is None else round(v, 6) for k, v in values.items()}


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures by kind of row (see `KINDS`).

    `metrics[part][kind][metric]` is a mean of 0 to 100; `rates[kind][flag]` a share of 0 to 1;
    `lengths[kind][name]` a mean in the unit of the scores.
    """

    rows: dict[str, int]
    metrics: dict[str, dict[str, dict[str, Figure]]]
    rates: dict[str, dict[str, Figure]]
    lengths: dict[str, dict[str, Figure]]


@dataclass(frozen=True, slots=True)
class Scores:
    """One value per row: every list is aligned with `rows`, the line numbers; None if a row does not count.

    `kinds` says whether a row's label thinks: "thinking" or "plain". `metrics[part][metric]` are 0 to 100,
    rounded to 4 decimals a row as the trainer does; `flags[flag]` are booleans; `lengths[name]` are counts
    in `length_unit` ("tokens" or "characters"). `cut_evidence` says how truncation was detected: "end
    token" and "max_new_tokens" are evidence, "ending" is a guess from how the text ends.
    """

    rows: list[int]
    kinds: list[str]
    metrics: dict[str, dict[str, list[float | None]]]
    flags: dict[str, list[bool | None]]
    lengths: dict[str, list[int | None]]
    length_unit: str
    cut_evidence: str
    summary: Summary

    def as_json(self) -> dict[str, Any]:
        """Return the summary as one JSON object; the rows stay out of it."""
        summary = self.summary
        return {
            "rows": summary.rows,
            "metrics": _plain(summary.metrics),
            "rates": _plain(summary.rates),
            "lengths": {"unit": self.length_unit} | _plain(summary.lengths),
            "cut_evidence": self.cut_evidence,
        }


def _plain(value: Any) -> Any:
    if isinstance(value, Figure):
        return value.as_json()
    return {key: _plain(inner) for key, inner in value.items()}
