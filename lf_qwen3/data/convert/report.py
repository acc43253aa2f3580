"""What a conversion did: where every row went, and the rows that were rejected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from lf_qwen3.base.html_table import render_table
from lf_qwen3.base.reasons import describe
from lf_qwen3.base.storage import path_of

if TYPE_CHECKING:
    import polars


class RejectedRow(NamedTuple):
    """A row that must not be trained on.

    `file` is the source as it was named, `row` counts from 1 and blank lines too, `code` is stable,
    `reason` describes the fault and its place, `content` is the row itself (its text if it cannot be
    parsed).
    """

    file: str
    row: int
    code: str
    reason: str
    content: Any


@dataclass(slots=True)
class ConversionReport:
    """Counts of every outcome: read = rows of each split + rejected + duplicates + left_out.

    `written` counts records by split (several per row when turns are unrolled), `rows` the source rows
    behind them. `rejected` and `repaired` count rows by code, `thinking` and `plain` written records,
    `good` and `bad` those of KTO data by their label. `duplicate_records` counts dropped duplicate records,
    `duplicates` the rows that had no other records. `conflicts` counts records whose answer differs from an
    earlier record with the same system text, tools and turns. `removed` names files of an earlier
    conversion of this name that were deleted, `unregistered` the entries removed from dataset_info.json.
    `columns` counts by source how many of the written rows have a value in each column that was "read", and
    in each that was "left"; a key of messages is named `messages[].key`. `read_as` describes how a file was
    read that is not plain rows in UTF-8: its encoding, the place of the rows in its JSON, and other data in
    the file.
    """

    name: str
    read: int = 0
    written: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    repaired: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    duplicate_records: int = 0
    conflicts: int = 0
    left_out: int = 0
    thinking: int = 0
    plain: int = 0
    good: int = 0
    bad: int = 0
    files: dict[str, str] = field(default_factory=dict)
    datasets: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unregistered: list[str] = field(default_factory=list)
    converters: dict[str, str] = field(default_factory=dict)
    columns: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    read_as: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def kinds(self) -> str:
        """Return how many written records have thinking, and how many KTO labels are good, as text."""
        labels = f"; {self.good:,} good, {self.bad:,} bad" if self.good or self.bad else ""
        return f"{self.thinking:,} thinking, {self.plain:,} plain{labels}"

    def rejected_rows(self) -> Iterator[RejectedRow]:
        """Yield every rejected row, in the order of the sources."""
        with path_of(self.files["rejected"]).open("rb") as file:
            for line in file:
                yield RejectedRow(**orjson.loads(line))

    def as_json(self) -> dict[str, Any]:
        """Return the object that --json prints."""
        return asdict(self)

    def to_frame(self) -> polars.DataFrame:
        """Return a frame with one row for each outcome; its `rows` add up to `read`.

        `outcome` is "train", "val", "test", "rejected", "duplicate" or "left_out"; `code` is that of the
        rejection, else null; `records` counts what was written, null where nothing was.
        """
        import polars

        schema = {
            "outcome": polars.String,
            "code": polars.String,
            "rows": polars.Int64,
            "records": polars.Int64,
        }
        return polars.DataFrame(list(self._outcomes()), schema=schema, orient="row")

    def _outcomes(self) -> Iterator[tuple[str, str | None, int, int | None]]:
        for split, rows in self.rows.items():
            yield split, None, rows, self.written[split]
        for code, rows in self.rejected.items():
            yield "rejected", code, rows, None
        yield "duplicate", None, self.duplicates, None
        yield "left_out", None, self.left_out, None

    def _repr_html_(self) -> str:
        """Return the outcomes as a table for a notebook, and the warnings."""
        kinds = self.kinds()
        head = f"<p><b>{escape(self.name)}</b>: {self.read:,} rows read, {sum(self.written.values()):,} "
        dropped = f", {self.duplicate_records:,} duplicates dropped" if self.duplicate_records else ""
        cells = (
            (outcome, f"{rows:,}", _count(records), f"{code}: {describe(code)}" if code else "")
            for outcome, code, rows, records in self._outcomes()
        )
        table = render_table(("outcome", "rows", "records", "reason"), cells)
        warnings = "".join(f"<p>warning: {escape(warning)}</p>" for warning in self.warnings)
        return f"{head}records written ({kinds}){dropped}</p>{table}{warnings}"


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
