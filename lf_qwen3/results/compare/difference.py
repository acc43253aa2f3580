"""How one run differs from another, measure by measure, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lf_qwen3.results.compare.measures import HEADLINE, MEASURES, TIE, Measure
from lf_qwen3.results.score import Scores, interval
from lf_qwen3.results.score.result import KINDS

Outcome = Literal["better", "worse", "unclear"]


@dataclass(frozen=True, slots=True)
class Difference:
    """What one measure of run B is above that of run A, over the `n` rows that both have a value for.

    `low` and `high` are the 95 % interval of a paired bootstrap over the rows, None below two rows. A row is
    a win where B is better; scores within `TIE` of each other, and lengths always, are ties.
    """

    n: int
    base: float | None
    other: float | None
    value: float | None
    low: float | None
    high: float | None
    wins: int
    ties: int
    losses: int

    def outcome(self, measure: Measure) -> Outcome:
        """Return whether the whole interval is on one side of nothing, and whether that side is better."""
        if measure.better == "neither" or self.low is None or self.high is None:
            return "unclear"
        if self.low <= 0 <= self.high:
            return "unclear"
        return "better" if (self.low > 0) == (measure.better == "higher") else "worse"

    def as_json(self) -> dict[str, float | int | None]:
        """Return the difference as JSON holds it, to four decimals."""
        figures = {"base": self.base, "other": self.other, "difference": self.value}
        figures |= {"low": self.low, "high": self.high}
        rounded = {key: None if figure is None else round(figure, 4) for key, figure in figures.items()}
        return {"n": self.n, **rounded, "wins": self.wins, "ties": self.ties, "losses": self.losses}


@dataclass(frozen=True, slots=True)
class Pair:
    """Run `other` against run `base`, by name: `differences[kind][measure.key]`, kinds as in `score`."""

    base: str
    other: str
    differences: dict[str, dict[str, Difference]]

    def as_json(self) -> dict[str, Any]:
        """Return the pair as JSON, with the outcomes."""
        differences = {
            kind: {key: difference.as_json() for key, difference in by_key.items()}
            for kind, by_key in self.differences.items()
        }
        outcomes = {measure.key: outcome for measure, _, outcome in deciding_differences(self)}
        return {"base": self.base, "other": self.other, "outcomes": outcomes, "differences": differences}


def deciding_differences(pair: Pair, kind: str = "all") -> list[tuple[Measure, Difference, Outcome]]:
    """Return what decides: the headline measure and every flag, with its difference and its outcome."""
    deciding = [HEADLINE, *(measure for measure in MEASURES if measure.group == "form")]
    by_key = pair.differences[kind]
    return [(measure, by_key[measure.key], by_key[measure.key].outcome(measure)) for measure in deciding]


def compare_pair(names: tuple[str, str], base: Scores, other: Scores, seed: int) -> Pair:
    """Compare two scores of the same rows in the same order."""
    differences = {}
    for kind in KINDS:
        at = [row for row, row_kind in enumerate(base.kinds) if kind in (row_kind, "all")]
        differences[kind] = _differences(base, other, at, seed)
    return Pair(*names, differences)


def _differences(base: Scores, other: Scores, at: Sequence[int], seed: int) -> dict[str, Difference]:
    both = {
        measure.key: [_two(a[row], b[row]) for row in at]
        for measure in MEASURES
        for a, b in [(measure.values(base), measure.values(other))]
    }
    columns = {
        key: [None if values is None else values[1] - values[0] for values in rows]
        for key, rows in both.items()
    }
    figures = interval.means(columns, seed)
    differences = {}
    for measure in MEASURES:
        known = [values for values in both[measure.key] if values is not None]
        figure = figures[measure.key]
        counts = _counts(known, measure)
        means = [sum(values[side] for values in known) / len(known) if known else None for side in (0, 1)]
        differences[measure.key] = Difference(
            len(known), means[0], means[1], figure.value, figure.low, figure.high, *counts
        )
    return differences


def _two(a: float | None, b: float | None) -> tuple[float, float] | None:
    return None if a is None or b is None else (a, b)


def _counts(rows: Sequence[tuple[float, float]], measure: Measure) -> tuple[int, int, int]:
    """Return how many rows are wins, ties and losses of the second value."""
    sign = {"higher": 1, "lower": -1, "neither": 0}[measure.better]
    gains = [sign * (b - a) for a, b in rows]
    wins, losses = sum(gain >= TIE for gain in gains), sum(gain <= -TIE for gain in gains)
    return wins, len(gains) - wins - losses, losses
