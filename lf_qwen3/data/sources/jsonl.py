"""JSON lines: one row a line, plain files cut anywhere, packed ones streamed."""

from __future__ import annotations

import io
import sys
from collections.abc import Generator, Iterator

import orjson

from lf_qwen3.data.sources.part import BadRow, Item, Part, SourceFile
from lf_qwen3.data.sources.row import decode_slowly, not_object, read_list
from lf_qwen3.data.sources.stream import cut_of, open_source

_SKIP = 1 << 20
_NO_OBJECT = frozenset({list, str, int, float, bool, type(None)})


def cut(file: SourceFile, part_bytes: int) -> list[Part]:
    """Cut a plain file in UTF-8 into byte ranges that tile it; any other is one part."""
    if file.compression or file.encoding:
        return [Part(file)]
    total = file.path.stat().st_size
    return [Part(file, at, min(at + part_bytes, total)) for at in range(0, total, part_bytes)]


def rows(part: Part) -> Iterator[Item]:
    """Yield one item per line that starts inside the part; lists of messages where the layout says so."""
    with open_source(part.file) as lines:
        stop = sys.maxsize if part.stop is None else part.stop
        at = _first_line(lines, part.start, stop)
        decoded = _decoded(lines, at, stop)
        is_reported = (yield from _lists(decoded) if part.file.layout else decoded) if at < stop else False
        if (problem := cut_of(lines)) and not is_reported:
            yield BadRow("truncated", problem, "")


def _first_line(file: io.BufferedReader, start: int, stop: int) -> int:
    """Go to the first line that starts at or after `start`; the search ends at `stop`."""
    if not start:
        return 0
    at = start - 1  # a line starts at `start` only if the byte before it ends another
    file.seek(at)
    while at < stop:
        piece = file.readline(_SKIP)
        at += len(piece)
        if not piece or piece.endswith(b"\n"):
            break
    return at


def _decoded(lines: io.BufferedReader, at: int, stop: int) -> Generator[Item, None, bool]:
    """Yield the items up to `stop`; return whether the last one tells that the file is cut short."""
    loads, refused = orjson.loads, orjson.JSONDecodeError  # the hot loop: nothing is looked up twice
    item: Item = None
    for line in lines:
        try:
            row = loads(line)
        except refused:
            item = _refused(line, cut_of(lines))
            yield item
        else:
            yield not_object(line, row) if type(row) in _NO_OBJECT else row
        at += len(line)
        if at >= stop:
            break
    return isinstance(item, BadRow) and item.code == "truncated"


def _lists(items: Generator[Item, None, bool]) -> Generator[Item, None, bool]:
    while True:
        try:
            item = next(items)
        except StopIteration as end:
            return bool(end.value)
        yield read_list(item)


def _refused(line: bytes, problem: str) -> Item:
    item = decode_slowly(line, is_last=not line.endswith(b"\n"))
    if problem and isinstance(item, BadRow) and item.code == "truncated":
        return item._replace(detail=problem)
    return item
