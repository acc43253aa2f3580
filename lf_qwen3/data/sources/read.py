"""One way to read every kind: cut a file into parts, read a part, look at the columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from lf_qwen3.base.conversation import Row
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.reasons import REJECTED, describe
from lf_qwen3.data.sources import csv_text, json_text, jsonl, parquet
from lf_qwen3.data.sources.encoding import iconv_hint
from lf_qwen3.data.sources.kind import likely_encoding
from lf_qwen3.data.sources.part import PART_BYTES, BadRow, FileKind, Item, Part, SourceFile
from lf_qwen3.data.sources.stream import cannot_read

_FIRST_ROWS = 20
_ROWS: dict[FileKind, Callable[[Part], Iterator[Item]]] = {
    "jsonl": jsonl.rows,
    "json": json_text.rows,
    "parquet": parquet.rows,
    "csv": csv_text.rows,
}


def cut(file: SourceFile, part_bytes: int = PART_BYTES) -> list[Part]:
    """Cut a file into parts; their items, part after part, are the file's, however it was cut.

    Plain JSONL is cut every `part_bytes`, parquet at row groups; anything else is one part. An empty
    file has none. Raises `UsageError` when the file cannot be opened.
    """
    try:
        if file.kind == "parquet":
            return parquet.cut(file, part_bytes)
        return jsonl.cut(file, part_bytes) if file.kind == "jsonl" else [Part(file)]
    except OSError as error:
        raise cannot_read(file.path, error) from error


def rows(part: Part) -> Iterator[Item]:
    """Yield one item per row position: a row, a `BadRow`, or None for a blank line.

    Raises `UsageError` when the file cannot be opened or its header is none, `LfQwen3Error` when a row
    group of a parquet file cannot be decoded.
    """
    return _ROWS[part.file.kind](part)


def size(part: Part) -> int:
    """Return the number of bytes of the part, to measure progress."""
    if part.file.kind == "parquet":
        return parquet.size(part)
    stop = part.file.path.stat().st_size if part.stop is None else part.stop
    return stop - part.start


def columns(file: SourceFile) -> list[str]:
    """Return the column names of the first 20 rows, in the order in which they turn up.

    Raises `UsageError` when the file holds no row that can be read; it names the first problem.
    """
    if file.kind == "parquet":
        return parquet.columns(file)
    return list(dict.fromkeys(name for row in first_rows(file) for name in row))


def first_rows(file: SourceFile) -> list[Row]:
    """Return the first 20 rows that can be read, or as many as there are; of a parquet file none may be.

    Raises `UsageError` when another file holds no row that can be read; it names the first problem.
    """
    readable: list[Row] = []
    problem: BadRow | None = None
    number = 0
    items = chain.from_iterable(map(rows, cut(file)))
    for position, item in enumerate(items, start=1):
        if isinstance(item, dict):
            readable.append(item)
        elif item is not None and problem is None:
            problem, number = item, position
        if len(readable) == _FIRST_ROWS:
            break
    if not readable and file.kind != "parquet":
        raise _no_rows(file, problem, number)
    return readable


def _no_rows(file: SourceFile, problem: BadRow | None, number: int) -> UsageError:
    what, hint = "the file is empty", "there is nothing to learn in an empty file"
    if problem is not None:
        detail = f" ({problem.detail})" if problem.detail else ""
        what = f"row {number}: {describe(problem.code)}{detail}"
        hint = _hint(file, problem)
    return UsageError(f"{file.path}: no row can be read; {what}", hint, code="no_rows")


def _hint(file: SourceFile, problem: BadRow) -> str:
    if problem.code == "invalid_utf8":
        return iconv_hint(file.path, likely_encoding(file.path))
    if problem.code == "malformed":
        return "open the file to check it, or download it again"
    return REJECTED[problem.code].hint
