"""The ledger: one line per accepted source row, and every decision that needs them all.

Workers convert rows without knowing of each other; what one row means beside the others (duplicate,
conflict, left out of the mix, held out for validation) is decided here, on a small Polars frame, so that
neither chunk size nor the number of workers can change the outcome.

| column | meaning |
|---|---|
| file, row | index of the source file, row in it |
| spool, offset, length | where the row's records lie, in bytes |
| records, thinking | how many records, how many of them reason |
| thinking_size | bytes of the records that reason |
| history | 1 when an alpaca record of it has a history |
| question | seeded hash of the folded first question: what must not stand in two splits |
| prompt | hash of all that comes before the answer, and of the kind (thinking or plain) |
| answer | seeded hash of the last answer |
"""

from __future__ import annotations

import importlib
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING

from lf_qwen3.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

COLUMNS = (
    "file",
    "row",
    "spool",
    "offset",
    "length",
    "records",
    "thinking",
    "thinking_size",
    "history",
    "question",
    "prompt",
    "answer",
)
_WIDTH = len(COLUMNS)
_ROW = COLUMNS.index("row")


def prepare() -> None:
    """Load Polars; worth doing while others are busy."""
    importlib.import_module("polars")


class Lines:
    """Ledger lines, one after the other in one array: compact by the million, cheap to hand over."""

    __slots__ = ("cells",)

    def __init__(self) -> None:
        self.cells = array("Q")

    def __len__(self) -> int:
        return len(self.cells) // _WIDTH

    def add(self, line: tuple[int, ...]) -> None:
        """Add one line; its values in the order of `COLUMNS`."""
        self.cells.extend(line)

    def extend(self, other: Lines, first_row: int) -> None:
        """Add the lines of a part whose rows are numbered from 0; its first row is `first_row`."""
        cells = other.cells
        cells[_ROW::_WIDTH] = array("Q", [row + first_row for row in cells[_ROW::_WIDTH]])
        self.cells.extend(cells)

    def frame(self) -> pl.DataFrame:
        """Return the lines as a Polars frame."""
        import polars as pl

        return pl.DataFrame(
            {name: pl.Series(self.cells[at::_WIDTH], dtype=pl.UInt64) for at, name in enumerate(COLUMNS)}
        )


def drop_duplicates(
    ledger: pl.DataFrame, folded_answer: Callable[[dict[str, int]], int]
) -> tuple[pl.DataFrame, int, int]:
    """Keep the first of the rows with the same question and the same answer, both normalised.

    `folded_answer` reads a row's answer back and hashes it normalised; it is asked only for rows that share
    their prompt with a row of another answer. Returns the rows kept, the number of duplicates dropped and
    the number of conflicts left: rows whose question was answered otherwise before.
    """
    import polars as pl

    kept = ledger.unique(["prompt", "answer"], keep="first", maintain_order=True)
    rivals = kept.filter(pl.col("prompt").is_duplicated())
    if not rivals.is_empty():
        folded = [folded_answer(row) for row in rivals.iter_rows(named=True)]
        seen = rivals.with_columns(pl.Series("folded", folded, pl.UInt64))
        same = seen.filter(~pl.struct("prompt", "folded").is_first_distinct()).select("file", "row")
        kept = kept.join(same, on=["file", "row"], how="anti", maintain_order="left")
    conflicts = kept.height - kept["prompt"].n_unique()
    return kept, ledger.height - kept.height, conflicts


def mix(ledger: pl.DataFrame, share: float, by: str) -> pl.DataFrame:
    """Leave out rows of the kind there is too much of, until thinking makes up `share` of all records.

    `by` is "rows" (records) or "tokens" (estimated by their bytes). Rows are left out in the order of a
    seeded hash; none is ever repeated. Raises `UsageError` where a kind that the mix needs is missing.
    """
    import polars as pl

    thinking, plain = ("thinking_size", "plain_size") if by == "tokens" else ("thinking", "plain")
    weighed = ledger.with_columns(
        plain=pl.col("records") - pl.col("thinking"), plain_size=pl.col("length") - pl.col("thinking_size")
    )
    total = {name: int(weighed[name].sum()) for name in (thinking, plain)}
    if (share > 0 and not total[thinking]) or (share < 1 and not total[plain]):
        kind = "plain" if total[thinking] else "thinking"
        raise UsageError(
            f"--mix thinking={share:g}: the data hold no {kind} records", "add a source that has some"
        )
    is_thinking = pl.col("thinking") > 0
    if total[thinking] * (1 - share) > total[plain] * share:
        surplus, weight, wanted = (
            is_thinking,
            thinking,
            total[plain] * share / (1 - share) if share < 1 else 0,
        )
    else:
        surplus, weight, wanted = ~is_thinking, plain, total[thinking] * (1 - share) / share if share else 0
    pool = weighed.filter(surplus).sort("answer", "file", "row")
    chosen = pool.filter(pl.col(weight).cum_sum() <= round(wanted)).select("file", "row")
    keep = pl.concat([weighed.filter(~surplus).select("file", "row"), chosen])
    return ledger.join(keep, on=["file", "row"], how="semi", maintain_order="left")


def split(ledger: pl.DataFrame, val: float, test: float) -> dict[str, pl.DataFrame]:
    """Cut the ledger into train, val and test; a share below 1 or a number of rows each.

    Rows with the same question stay together; thinking and plain rows are held out in proportion; which
    ones is decided by the seeded hash of their question. Raises `UsageError` when no row would be left.
    """
    import polars as pl

    sizes = {name: _rows(value, ledger.height) for name, value in (("test", test), ("val", val)) if value}
    if sum(sizes.values()) >= ledger.height and sizes:
        asked = " and ".join(f"{size} {name}" for name, size in sizes.items())
        raise UsageError(
            f"{asked} rows leave none of {ledger.height} to train on",
            "ask for smaller --val and --test",
        )
    parts: dict[str, pl.DataFrame] = {}
    groups = (
        ledger.group_by("question")
        .agg(rows=pl.len(), thinking=(pl.col("thinking") > 0).any())
        .sort("question")
    )
    rest = ledger
    for name, size in sizes.items():
        taken = pl.Series(_hold_out(groups, size), dtype=pl.UInt64).implode()
        parts[name] = rest.filter(pl.col("question").is_in(taken))
        rest = rest.filter(~pl.col("question").is_in(taken))
        groups = groups.filter(~pl.col("question").is_in(taken))
    return {"train": rest, **{name: parts[name] for name in ("val", "test") if name in parts}}


def _rows(value: float, total: int) -> int:
    return int(value) if value >= 1 else max(1, round(value * total))


def _hold_out(groups: pl.DataFrame, size: int) -> list[int]:
    """Choose whole groups for `size` rows, from each kind by its share, in the order of their hashes."""
    import polars as pl

    total = int(groups["rows"].sum())
    thinking = groups.filter(pl.col("thinking"))
    of_thinking = round(size * int(thinking["rows"].sum()) / total)
    taken: list[int] = []
    for kind, quota in ((thinking, of_thinking), (groups.filter(~pl.col("thinking")), size - of_thinking)):
        left = quota
        for question, rows in kind.select("question", "rows").iter_rows():
            if left == 0:
                break
            if rows <= left:
                taken.append(question)
                left -= rows
    return taken
