"""What the parts of a conversion add up to, apart from their records."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.reasons import is_fault
from lf_qwen3.data.convert.warned import WarnedRows
from lf_qwen3.data.convert.worker import PartResult
from lf_qwen3.data.converters.source_row import ColumnUse
from lf_qwen3.data.registry.shape import DatasetKind


class FirstRejected(NamedTuple):
    """The first row that was rejected with one code; it counts from 0 in a part, from 1 in a file."""

    row: int
    detail: str


@dataclass(slots=True)
class PartCounts:
    """What one part adds; `fault` is the code of the first row at which `on_bad` "stop" stops, or "" ."""

    positions: int = 0
    read: int = 0
    kept: int = 0
    records: int = 0
    preferences: int = 0
    labelled: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    first_rejected: dict[str, FirstRejected] = field(default_factory=dict)
    fault: str = ""
    repaired: Counter[str] = field(default_factory=Counter)
    uses: Counter[ColumnUse] = field(default_factory=Counter)
    warned: WarnedRows = field(default_factory=WarnedRows)


def count_part(result: PartResult) -> PartCounts:
    """Return the counts of a part."""
    first: dict[str, FirstRejected] = {}
    for bad in result.bad:
        first.setdefault(bad.code, FirstRejected(bad.row, bad.detail))
    return PartCounts(
        positions=result.positions,
        read=result.read,
        kept=result.lines.rows,
        records=len(result.lines),
        preferences=result.preferences,
        labelled=result.labelled,
        rejected=Counter(bad.code for bad in result.bad),
        first_rejected=first,
        fault=next(filter(is_fault, first), ""),
        repaired=result.repaired,
        uses=result.uses,
        warned=result.warned,
    )


@dataclass(slots=True)
class PartTotals:
    """The sums over the parts in the order of the sources.

    `uses`, `rows` (with blank lines) and `broken` (rows that are no UTF-8) have one item a file.
    """

    uses: list[Counter[ColumnUse]]
    rows: list[int]
    broken: list[int]
    read: int = 0
    kept: int = 0
    preferences: int = 0
    labelled: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    first_rejected: dict[str, FirstRejected] = field(default_factory=dict)
    repaired: Counter[str] = field(default_factory=Counter)
    warned: WarnedRows = field(default_factory=WarnedRows)

    @classmethod
    def of_files(cls, files: int) -> PartTotals:
        """Return the sums before any part."""
        return cls([Counter() for _ in range(files)], [0] * files, [0] * files)

    def add(self, file: int, part: PartCounts) -> None:
        """Add the next part of a file."""
        base = self.rows[file] + 1
        self.read += part.read
        self.kept += part.kept
        self.preferences += part.preferences
        self.labelled += part.labelled
        self.rejected.update(part.rejected)
        for code, first in part.first_rejected.items():
            self.first_rejected.setdefault(code, FirstRejected(base + first.row, first.detail))
        self.broken[file] += part.rejected["invalid_utf8"]
        self.repaired.update(part.repaired)
        self.uses[file].update(part.uses)
        self.warned.add(part.warned, file, base)
        self.rows[file] += part.positions

    def kind(self) -> DatasetKind:
        """Return the kind of the dataset. Raises `UsageError` ("mixed_kinds") where there are several."""
        rows: dict[DatasetKind, int] = {"ranking": self.preferences, "kto": self.labelled}
        rows["sft"] = self.kept - sum(rows.values())
        kinds = [kind for kind, count in rows.items() if count]
        if len(kinds) > 1:
            counted = ", ".join(f"{rows[kind]:,} of {kind}" for kind in kinds)
            raise UsageError(
                "one dataset cannot have preference pairs, labelled answers and plain conversations together",
                f"convert them separately: there are {counted}",
                code="mixed_kinds",
            )
        return kinds[0]
