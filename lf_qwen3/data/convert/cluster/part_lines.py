"""One part, converted where nothing is shared: its counts, its ledger as a frame, its records as bytes.

The frame has a row for each record. Beside the columns of `LedgerLine` it tells the `part` and the record's
`index` in it, the `number` of the source row (counted from 0 in the part, with blank lines), and whether a
model wrote that row (`generated`). `row` counts in the part.
"""

from __future__ import annotations

import gc
import tempfile
from array import array
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base import worker_pool
from lf_qwen3.data.convert import row_numbers
from lf_qwen3.data.convert.ledger import Ledger
from lf_qwen3.data.convert.part_totals import PartCounts, count_part
from lf_qwen3.data.convert.worker import (
    PartResult,
    PartTask,
    SpooledReject,
    Worker,
    WorkerOptions,
    rejects_path,
    spool_path,
)

if TYPE_CHECKING:
    import polars as pl

_ARROW = {"B": "uint8", "I": "uint32", "Q": "uint64"}
_COLUMNS = ("row", "offset", "length", "thinking", "history", "question", "prompt", "answer")


@dataclass(slots=True)
class PartRejects:
    """The rejected rows of a part, and their texts one after the other."""

    bad: list[SpooledReject]
    texts: bytes


def convert_part(
    task: PartTask, part: int, options: WorkerOptions
) -> tuple[PartCounts, pl.DataFrame, Any, PartRejects]:
    """Convert one part. The records are an Arrow buffer, which Ray hands on without copying it."""
    import pyarrow as pa

    gc.disable()  # as in the local workers
    with tempfile.TemporaryDirectory(prefix="lf-qwen3-") as folder:
        own = replace(options, spool_dir=Path(folder))
        (result,) = worker_pool.run([task], partial(Worker, own))
        records = pa.memory_map(str(spool_path(own.spool_dir, result.spool))).read_buffer()
        texts = rejects_path(own.spool_dir, result.spool).read_bytes()
    return count_part(result), frame_part(result, part), records, PartRejects(result.bad, texts)


def frame_part(result: PartResult, part: int) -> pl.DataFrame:
    """Return the ledger of a part as a frame."""
    import polars as pl

    lines = result.lines
    left_out = [*result.blank, *(bad.row for bad in result.bad)]
    numbers = series_of(array("I", row_numbers.number_rows(0, result.positions, left_out)))
    frame = pl.DataFrame({name: series_of(getattr(lines, name)) for name in _COLUMNS})
    return frame.with_columns(
        part=pl.lit(part, pl.UInt32),
        index=pl.int_range(pl.len(), dtype=pl.UInt32),
        number=numbers.gather(frame["row"]) if len(frame) else pl.lit(0, pl.UInt32),
        generated=pl.col("row").is_in(series_of(lines.generated).implode()),
    )


def ledger_of(frame: pl.DataFrame) -> Ledger:
    """Return the lines of a frame as a ledger; its rows are numbered again, one after the other."""
    import polars as pl

    lines = Ledger()
    own = frame.with_columns(row=pl.struct("part", "row").rle_id().cast(pl.UInt32))
    for name in _COLUMNS:
        _fill(getattr(lines, name), own[name])
    _fill(lines.spool, own["part"])
    _fill(lines.generated, own.filter("generated")["row"].unique(maintain_order=True))
    return lines


def series_of(values: array[int]) -> pl.Series:
    """Return an array as a series, without copying it."""
    import polars as pl
    import pyarrow as pa

    kind = getattr(pa, _ARROW[values.typecode])()
    arrow = pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])
    series = pl.from_arrow(arrow)
    assert isinstance(series, pl.Series)
    return series


def _fill(values: array[int], series: pl.Series) -> None:
    buffer = series.rechunk().to_arrow()
    raw = memoryview(buffer.buffers()[1] or b"").cast("B")
    start = buffer.offset * values.itemsize
    values.frombytes(raw[start : start + len(series) * values.itemsize])
