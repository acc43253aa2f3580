"""Where each row of a JSON file lies, so that any one of them can be read later without the others."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.sources.json_scan import Scanner
from lf_qwen3.data.sources.part import BadRow, Item, SourceFile
from lf_qwen3.data.sources.reading import require_plain
from lf_qwen3.data.sources.row import decode, text_of
from lf_qwen3.data.sources.stream import BLOCK, open_source, skip_mark

_ENDS = "the file ends before the closing ] of the array"


class RowSpan(NamedTuple):
    """The bytes of a row, and its number in the file, from 1; blank lines count for numbering only."""

    number: int
    start: int
    length: int
    item: Item


def row_spans(file: SourceFile) -> Iterator[RowSpan]:
    """Yield every row that `sources.rows` yields, but blank lines, and where it lies.

    Raises `UsageError` ("file_not_plain", "file_not_json") for a file that holds no JSON text of plain rows.
    """
    require_plain(file, "lf-qwen3 convert makes a dataset of it")
    if file.compression or file.kind not in ("json", "jsonl"):
        raise UsageError(
            f"{file.path}: its rows cannot be read one by one: it is {file.compression or file.kind}",
            "lf-qwen3 convert makes JSON lines of it",
            code="file_not_json",
        )
    with open_source(file) as stream:
        yield from _elements(stream) if file.kind == "json" else _lines(stream)


def read_row(stream: io.BufferedReader, file: SourceFile, start: int, length: int) -> Item:
    """Return the row at a place that `row_spans` gave."""
    stream.seek(start)
    raw = stream.read(length)
    item = decode(raw, is_last=file.kind == "jsonl" and not raw.endswith(b"\n"))
    return BadRow("truncated", _ENDS, "") if item is None else item


def _lines(stream: io.BufferedReader) -> Iterator[RowSpan]:
    start = 0
    for number, line in enumerate(stream, 1):
        item = decode(line, is_last=not line.endswith(b"\n"))
        if item is not None:
            yield RowSpan(number, start, len(line), item)
        start += len(line)


def _elements(stream: io.BufferedReader) -> Iterator[RowSpan]:
    scanner, number, first = Scanner(), 0, skip_mark(stream)
    while block := stream.read(BLOCK):
        for raw in filter(None, scanner.feed(block)):
            number += 1
            yield RowSpan(number, first + scanner.place, len(raw), decode(raw))
    raw, problem = scanner.left(), scanner.missing()
    if raw:
        number += 1
        item = decode(raw)
        if problem and not isinstance(item, dict):
            item, problem = BadRow("truncated", problem, text_of(raw)), ""
        yield RowSpan(number, first + scanner.place, len(raw), item)
    if problem:
        yield RowSpan(number + 1, first + scanner.place, 0, BadRow("truncated", problem, ""))
