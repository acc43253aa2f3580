"""A comparison as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from lf_qwen3.results.compare import words
from lf_qwen3.results.compare.comparison import Comparison
from lf_qwen3.results.compare.difference import Difference, Outcome, Pair
from lf_qwen3.results.compare.measures import MEASURES, Measure

Line = tuple[Outcome, str]

_SHOWN = ("answer", "thinking", "both", "form", "length")


def lines(found: Comparison, pair: Pair) -> list[Line]:
    """Return the table of one pair, each line with its outcome; kinds have columns of their own differences.

    A measure that no row has a value for, and a defect that neither run has, are left out.
    """
    kinds = found.kinds if len(found.kinds) > 1 else []
    head = ["", pair.base, pair.other, "difference (95 %)", *(f"{kind} rows" for kind in kinds)]
    rows: list[tuple[Outcome, list[str]]] = [("unclear", head)]
    by, unit = pair.differences["all"], found.base.scored.length_unit
    for group in _SHOWN:
        for measure in (one for one in MEASURES if one.group == group and _is_shown(one, by[one.key])):
            own = [pair.differences[kind][measure.key] for kind in kinds]
            rows.append((by[measure.key].outcome(measure), _cells(measure, by[measure.key], own, unit)))
    widths = [max(len(cells[at]) for _, cells in rows) for at in range(len(head))]
    return [(outcome, _padded(cells, widths)) for outcome, cells in rows]


def _is_shown(measure: Measure, one: Difference) -> bool:
    has_some = bool(one.base or one.other)
    return bool(one.n) and (has_some or measure.better != "lower")


def _cells(measure: Measure, one: Difference, own: Sequence[Difference], length_unit: str) -> list[str]:
    digits, unit = (0 if measure.group == "length" else 1), words.unit(measure)
    label = measure.label if measure.group == "form" else f"{measure.group} {measure.label}"
    label = f"{measure.label} {length_unit}" if measure.group == "length" else label
    spread = words.span(one, digits)
    return [
        label,
        words.number(one.base, digits) + unit,
        words.number(one.other, digits) + unit,
        words.signed(one.value, digits) + (f" ({spread})" if spread else ""),
        *(words.signed(each.value, digits) for each in own),
    ]


def _padded(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = [
        cell.rjust(width) if at in (1, 2) or at > 3 else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join([first, *rest]).rstrip()
