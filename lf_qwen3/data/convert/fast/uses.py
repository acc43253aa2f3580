"""Count which columns clean rows fill, some rows at a time: most columns are filled alike in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any

from lf_qwen3.base.conversation import Row
from lf_qwen3.data.converters.source_row import (
    LONG,
    TRUTH_LENGTH,
    ColumnUse,
    Fill,
    fill_of,
    use_of_columns,
)

_TOGETHER = 64
"""Few enough for the cells to stay in the processor's cache."""
_SAID = frozenset([-1, 0, 1])
"""Numbers that may say yes or no, see `fill_of`."""


UseCount = tuple[int, ColumnUse, int]
"""The number of the first row of some use, the use, and how many rows there are of it."""


class UseCounter:
    """Counts the columns that rows fill, which all have the columns `read` (filled) and `left`."""

    def __init__(self, read: Sequence[str], left: Sequence[str]) -> None:
        self._read: list[tuple[str, Fill]] = [(name, "filled") for name in read]
        self._left = left
        self._cells_of = itemgetter(*left, *left[:1]) if left else _no_cells  # of one name it is no tuple
        self._waiting: list[Any] = []
        self._numbers: list[int] = []
        self._counted: list[UseCount] = []

    def add(self, row: Row, number: int) -> None:
        """Count one row."""
        self._waiting.append(self._cells_of(row))
        self._numbers.append(number)
        if len(self._waiting) == _TOGETHER:
            self._settle()

    def take(self) -> list[UseCount]:
        """Return what was counted since the last call; a use may be there several times."""
        self._settle()
        counted, self._counted = self._counted, []
        return counted

    def _settle(self) -> None:
        if not self._waiting:
            return
        columns = [_fills(cells) for cells in zip(*self._waiting, strict=True)][: len(self._left)]
        if all(isinstance(column, str) for column in columns):
            self._count(columns, 0, len(self._waiting))
        else:
            filled = list(zip(*map(_each, columns), strict=False))
            for fills, rows in Counter(filled).items():
                self._count(fills, filled.index(fills), rows)
        self._waiting.clear()
        self._numbers.clear()

    def _count(self, fills: Iterable[Any], first: int, rows: int) -> None:
        use = use_of_columns(self._read, zip(self._left, fills, strict=True))
        self._counted.append((self._numbers[first], use, rows))


def _no_cells(_: Row) -> tuple[()]:
    return ()


def _each(fills: Fill | Iterable[Fill]) -> Iterable[Fill]:
    return repeat(fills) if isinstance(fills, str) else fills


def _fills(cells: Sequence[Any]) -> Fill | Iterable[Fill]:
    """Return what the cells of a column hold, as `fill_of` does of each; one word where all are alike."""
    kinds = set(map(type, cells))
    if kinds == {str}:
        sizes = list(map(len, cells))
        least = min(sizes)
        if least > TRUTH_LENGTH and not any(map(str.isspace, cells)):
            if least > LONG or max(sizes) <= LONG:
                return "long" if least > LONG else "filled"
            return ["long" if size > LONG else "filled" for size in sizes]
        fills = {cell: fill_of(cell) for cell in set(cells)}
        return map(fills.__getitem__, cells)
    if kinds == {dict} and all(cells):
        return "filled"
    if kinds <= {int, float} and _SAID.isdisjoint(cells) and (total := sum(cells)) == total:
        return "filled"  # the sum of numbers is NaN where one is
    return map(fill_of, cells)
