"""Parquet: parts are runs of whole row groups, read in batches and turned into rows a slice at a time."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.storage import is_store
from lf_qwen3.data.sources.part import BadRow, Item, Part, SourceFile
from lf_qwen3.data.sources.stream import cannot_read

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 1024
SLICE = 64
"""Rows turned into Python at once: few enough for their values to stay in the processor's cache."""

_COMMAND_LINE = "lf_qwen3.cli"
_BLAS = "OPENBLAS_NUM_THREADS"
_READ_AHEAD = 1 << 20
_DAMAGED = (OSError, ValueError, MemoryError)
"""What Arrow raises at bytes that make no sense; its ArrowInvalid is a ValueError."""


def cut(file: SourceFile, part_bytes: int) -> list[Part]:
    """Cut a file into runs of row groups of at least `part_bytes` (unpacked); the last may be smaller."""
    parts: list[Part] = []
    start = filled = 0
    sizes = _group_sizes(file.path)
    for index, group_bytes in enumerate(sizes, start=1):
        filled += group_bytes
        if filled >= part_bytes or index == len(sizes):
            parts.append(Part(file, start, index))
            start, filled = index, 0
    return parts


def size(part: Part) -> int:
    """Return the unpacked bytes of the part's row groups."""
    return sum(_group_sizes(part.file.path)[part.start : part.stop])


def columns(file: SourceFile) -> list[str]:
    """Return the column names. Raises `UsageError` when there is no row, or a name occurs twice."""
    names: list[str] = _metadata(file.path).schema.to_arrow_schema().names
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise UsageError(
            f"{file.path}: two columns are named '{twice[0]}'",
            "rename one of them and write the file again",
            code="repeated_column",
        )
    if not _metadata(file.path).num_rows:
        raise UsageError(
            f"{file.path}: the file has no row", "download it again, or leave it out", code="file_empty"
        )
    return names


def rows(part: Part) -> Iterator[Item]:
    """Yield one item per row of the part. Raises `LfQwen3Error` when a row group cannot be decoded."""
    with _open(part.file.path) as parquet:
        for batch in _batches(parquet, part):
            for at in range(0, batch.num_rows, SLICE):
                yield from _rows_of(batch.slice(at, SLICE))


def _batches(parquet: Any, part: Part) -> Iterator[pa.RecordBatch]:
    groups = range(parquet.num_row_groups)[part.start : part.stop]
    done = 0
    try:
        for batch in parquet.iter_batches(BATCH, row_groups=groups, use_threads=False):
            done += batch.num_rows
            yield batch
    except _DAMAGED as error:
        raise LfQwen3Error(
            f"{part.file.path}: row group {_damaged(parquet, groups, done)} cannot be decoded "
            f"({' '.join(str(error).split())})",
            "the file is damaged: download it again",
            code="parquet_broken",
        ) from error


def _damaged(parquet: Any, groups: Sequence[int], done: int) -> int:
    """Return the damaged one of `groups`, of which `done` rows could be read.

    A batch may reach over several row groups, so those that follow are tried one by one.
    """
    for group in groups:
        done -= parquet.metadata.row_group(group).num_rows
        try:
            if done < 0:
                deque(parquet.iter_batches(BATCH, row_groups=[group], use_threads=False), maxlen=0)
        except _DAMAGED:
            return group
    return groups[-1]


def _rows_of(batch: pa.RecordBatch) -> list[Item]:
    names = batch.schema.names
    try:
        columns = [_values_of(column) for column in batch.columns]
        return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]
    except (ValueError, OverflowError, ArithmeticError):  # UnicodeDecodeError is a ValueError
        return [_row_of(batch.slice(at, 1)) for at in range(batch.num_rows)]


def _values_of(array: pa.Array) -> list[Any]:
    """Return what `to_pylist` does, which takes a step of its own for each message of a dialogue."""
    import pyarrow as pa

    kind = array.type
    if array.null_count or not pa.types.is_nested(kind):
        values: list[Any] = array.to_pylist()
        return values
    if pa.types.is_list(kind):
        ends = array.offsets.to_pylist()
        first, last = ends[0], ends[-1]
        inner = _values_of(array.values.slice(first, last - first))
        return [inner[start - first : end - first] for start, end in pairwise(ends)]
    if pa.types.is_struct(kind) and kind.num_fields and len({*kind.names}) == kind.num_fields:
        fields = [_values_of(array.field(at)) for at in range(kind.num_fields)]
        if len(fields) == 2:  # most messages, four times as fast
            first_name, second_name = kind.names
            return [{first_name: a, second_name: b} for a, b in zip(*fields, strict=True)]
        return [dict(zip(kind.names, cells, strict=True)) for cells in zip(*fields, strict=True)]
    values = array.to_pylist()
    return values


def _row_of(batch: pa.RecordBatch) -> Item:
    row: dict[str, Any] = {}
    code = detail = ""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            row[name] = column[0].as_py()
        except (ValueError, OverflowError, ArithmeticError) as error:
            code = "invalid_utf8" if isinstance(error, UnicodeDecodeError) else "malformed"
            detail = f"{name}: {error}"
            row[name] = _as_far_as_readable(column)
    return BadRow(code, detail, json.dumps(row, ensure_ascii=False, default=str)) if code else row


def _as_far_as_readable(column: pa.Array) -> str | None:
    import pyarrow as pa

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        raw: bytes = column.cast(pa.large_binary())[0].as_py()
        return raw.decode("utf-8", "replace")
    return None


def _group_sizes(path: Path) -> list[int]:
    metadata = _metadata(path)
    return [metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups)]


def _metadata(path: Path) -> Any:
    try:
        stat = path.stat()
    except OSError as error:
        raise cannot_read(path, error) from error
    return _footer(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)  # a footer of many row groups takes long to parse, and every part needs it
def _footer(path: Path, changed: int, size: int) -> Any:
    with _open(path, parsed=False) as parquet:
        return parquet.metadata


@contextmanager
def _no_blas_threads() -> Iterator[None]:
    """Keep numpy, which pyarrow loads, from starting a thread for each processor: they would only spin.

    Only on the command line: a library leaves its caller's numpy all processors.
    """
    if _BLAS in os.environ or _COMMAND_LINE not in sys.modules:
        yield
        return
    os.environ[_BLAS] = "1"
    try:
        yield
    finally:
        del os.environ[_BLAS]


def _open(path: Path, parsed: bool = True) -> Any:
    with _no_blas_threads():
        import pyarrow.parquet as pq

    metadata = _metadata(path) if parsed else None
    try:
        if is_store(path):  # each read is a request there, so those of a row group are put together
            return pq.ParquetFile(path.open("rb"), metadata=metadata, pre_buffer=True)
        return pq.ParquetFile(path, metadata=metadata, pre_buffer=False, buffer_size=_READ_AHEAD)
    except (PermissionError, FileNotFoundError, IsADirectoryError) as error:
        raise cannot_read(path, error) from error
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: it is truncated, or not a parquet file", "download it again", code="parquet_broken"
        ) from error
