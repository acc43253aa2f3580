"""A comparison as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from lf_qwen3.results.compare import words
from lf_qwen3.results.compare.comparison import Comparison
from lf_qwen3.results.compare.difference import Difference, Outcome, Pair
from lf_qwen3.results.compare.measures import MEASURES, Measure

_Line = tuple[Outcome, str]

_SHOWN = ("answer", "thinking", "both", "form", "length")


def format_pair(comparison: Comparison, pair: Pair) -> list[_Line]:
    """Return the table of one pair, each line with its outcome; kinds have columns of their own differences.

    A measure that no row has a value for, and a defect that neither run has, are left out.
    """
    kinds = comparison.kinds if len(comparison.kinds) > 1 else []
    head = ["", pair.base, pair.other, "difference (95 %)", *(f"{kind} rows" for kind in kinds)]
    rows: list[tuple[Outcome, list[str]]] = [("unclear", head)]
    by, unit = pair.differences["all"], comparison.base.scored.length_unit
    for group in _SHOWN:
        for measure in (
            measure for measure in MEASURES if measure.group == group and _is_shown(measure, by[measure.key])
        ):
            own = [pair.differences[kind][measure.key] for kind in kinds]
            rows.append((by[measure.key].outcome(measure), _cells(measure, by[measure.key], own, unit)))
    widths = [max(len(cells[at]) for _, cells in rows) for at in range(len(head))]
    return [(outcome, _padded(cells, widths)) for outcome, cells in rows]


def _is_shown(measure: Measure, difference: Difference) -> bool:
    has_some = bool(difference.base or difference.other)
    return bool(difference.n) and (has_some or measure.better != "lower")


def _cells(
    measure: Measure, difference: Difference, own: Sequence[Difference], length_unit: str
) -> list[str]:
    label = measure.label if measure.group == "form" else f"{measure.group} {measure.label}"
    label = f"{measure.label} {length_unit}" if measure.group == "length" else label
    texts = words.cell_texts(measure, difference)
    spread = f" ({texts.interval})" if texts.interval else ""
    of_kinds = [words.cell_texts(measure, kind_difference).difference for kind_difference in own]
    return [label, texts.base, texts.other, texts.difference + spread, *of_kinds]


def _padded(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = [
        cell.rjust(width) if at in (1, 2) or at > 3 else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join([first, *rest]).rstrip()
