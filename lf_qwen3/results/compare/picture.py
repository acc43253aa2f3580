"""The positions of the marks in the report's charts, in the units of their SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lf_qwen3.results.compare.difference import Difference
from lf_qwen3.results.compare.measures import TIE

WIDTH, EDGE = 300, 6
"""Width of a plot in a table row, and the room at either end that a dot needs."""

TONES = {"better": "better", "worse": "worse", "unclear": ""}
_STEPS = (1, 2, 5, 10, 20)
_CHART_WIDTH, _CHART_HEIGHT, _FLOOR, _TOP = 1000, 190, 165, 22
_MOST_BARS = 24


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line from `low`..`high` in figures to the width of a plot."""

    low: float
    high: float

    def x(self, value: float | None) -> float | None:
        """Return the place of a value, inside the plot; None for None."""
        if value is None:
            return None
        inside = min(max(value, self.low), self.high)
        return round(EDGE + (WIDTH - 2 * EDGE) * (inside - self.low) / (self.high - self.low), 1)


SHARES = Scale(0, 100)


def around_zero(differences: Sequence[Difference]) -> Scale:
    """Return the scale that holds every difference and its interval, with zero in the middle."""
    ends = [
        abs(end)
        for difference in differences
        for end in (difference.value, difference.low, difference.high)
        if end is not None
    ]
    reach = max([TIE, *ends])
    return Scale(-reach, reach)


@dataclass(frozen=True, slots=True)
class Block:
    """One bar: its corner and size, how many rows it counts, and which side of a tie they are on."""

    x: float
    y: float
    width: float
    height: float
    count: int
    tone: str
    said: str

    @property
    def middle(self) -> float:
        """The middle of the bar, the place of its number."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Tick:
    """A figure under the axis."""

    x: float
    value: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many rows changed by how much."""

    blocks: list[Block]
    ticks: list[Tick]
    step: int
    width: int = _CHART_WIDTH
    height: int = _CHART_HEIGHT
    floor: int = _FLOOR
    bins: list[int] = field(default_factory=list)


def histogram(changes: Sequence[float | None]) -> Histogram | None:
    """Return the bars for the changes of the rows, None where none is known.

    Ties (less than `TIE` points) are in a bar of their own in the middle; the others in bars of 1 to 20
    points to either side, as wide as keeps them few.
    """
    known = [change for change in changes if change is not None]
    if not known:
        return None
    reach = max([TIE, *map(abs, known)])
    step = next((width for width in _STEPS if 2 * reach / width <= _MOST_BARS), _STEPS[-1])
    half = max(1, int(-(-reach // step)))
    counts = [0] * (2 * half + 1)
    for change in known:
        counts[half + _bin(change, step, half)] += 1
    slot = _CHART_WIDTH / len(counts)
    unit = (_FLOOR - _TOP) / max(counts)
    blocks = [_block(at - half, count, step, slot, half, unit) for at, count in enumerate(counts)]
    every = max(1, round(half / 6))
    ticks = [
        Tick(round((half + 0.5 + side) * slot, 1), side * step)
        for side in range(-half, half + 1)
        if side % every == 0
    ]
    return Histogram(blocks, _at_edges(ticks, slot), step, bins=counts)


def _bin(change: float, step: int, half: int) -> int:
    """Return 0 for a tie, else the number of steps to the change, from 1."""
    if abs(change) < TIE:
        return 0
    away = min(half, int(abs(change) // step) + 1)
    return away if change > 0 else -away


def _block(side: int, count: int, step: int, slot: float, half: int, unit: float) -> Block:
    height = round(count * unit, 1)
    tone = "even" if not side else "better" if side > 0 else "worse"
    ends = (abs(side) - 1) * step, abs(side) * step
    said = "no change" if not side else f"{ends[0]} to {ends[1]} points {tone}"
    x = round((side + half) * slot + slot * 0.08, 1)
    return Block(x, round(_FLOOR - height, 1), round(slot * 0.84, 1), height, count, tone, f"{said}: {count}")


def _at_edges(ticks: list[Tick], slot: float) -> list[Tick]:
    """Move a figure from the middle of its bar to the bar's outer end, where that change is reached."""
    return [
        Tick(
            round(tick.x + (slot / 2 if tick.value > 0 else -slot / 2 if tick.value < 0 else 0), 1),
            tick.value,
        )
        for tick in ticks
    ]
