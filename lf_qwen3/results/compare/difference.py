"""How one run differs from another, measure by measure, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lf_qwen3.results.compare.measures import MEASURES, TIE, Measure
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
        """Tell whether the whole interval is on one side of nothing, and whether that side is better."""
        if measure.better == "neither" or self.low is None or self.high is None:
            return "unclear"
        if self.low <= 0 <= self.high:
            return "unclear"
        return "better" if (self.low > 0) == (measure.better == "higher") else "worse"

    def as_json(self) -> dict[str, float | int | None]:
        """Return the difference as JSON holds it, to four decimals."""
        figures = {"base": self.base, "other": self.other, "difference": self.value}
        figures |= {"low": self.low, "high": self.high}
        rounded = {key: None if one is None else round(one, 4) for key, one in figures.items()}
        return {"n": self.n, **rounded, "wins": self.wins, "ties": self.ties, "losses": self.losses}


@dataclass(frozen=True, slots=True)
class Pair:
    """Run `other` against run `base`, by name: `differences[kind][measure.key]`, kinds as in `score`."""

    base: str
    other: str
    differences: dict[str, dict[str, Difference]]


def pair(names: tuple[str, str], base: Scores, other: Scores, seed: int) -> Pair:
    """Compare two scores of the same rows in the same order."""
    found = {}
    for kind in KINDS:
        at = [row for row, one in enumerate(base.kinds) if kind in (one, "all")]
        found[kind] = _differences(base, other, at, seed)
    return Pair(*names, found)


def _differences(base: Scores, other: Scores, at: Sequence[int], seed: int) -> dict[str, Difference]:
    both = {
        one.key: [_two(a[row], b[row]) for row in at]
        for one in MEASURES
        for a, b in [(one.values(base), one.values(other))]
    }
    columns = {key: [None if one is None else one[1] - one[0] for one in rows] for key, rows in both.items()}
    figures = interval.means(columns, seed)
    found = {}
    for measure in MEASURES:
        known = [one for one in both[measure.key] if one is not None]
        figure = figures[measure.key]
        counts = _counts(known, measure)
        means = [sum(one[side] for one in known) / len(known) if known else None for side in (0, 1)]
        found[measure.key] = Difference(
            len(known), means[0], means[1], figure.value, figure.low, figure.high, *counts
        )
    return found


def _two(a: float | None, b: float | None) -> tuple[float, float] | None:
    return None if a is None or b is None else (a, b)


def _counts(rows: Sequence[tuple[float, float]], measure: Measure) -> tuple[int, int, int]:
    """Return how many rows are wins, ties and losses of the second value."""
    sign = {"higher": 1, "lower": -1, "neither": 0}[measure.better]
    gains = [sign * (b - a) for a, b in rows]
    wins, losses = sum(one >= TIE for one in gains), sum(one <= -TIE for one in gains)
    return wins, len(gains) - wins - losses, losses
