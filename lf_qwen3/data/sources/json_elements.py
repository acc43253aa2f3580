"""The elements of a JSON array or object that is somewhere in a file, in bounded memory."""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Iterable, Iterator
from itertools import chain

import orjson

from lf_qwen3.base.conversation import Row
from lf_qwen3.data.sources.json_scan import Scanner
from lf_qwen3.data.sources.part import BadRow, Item, JsonPlace, SourceFile
from lf_qwen3.data.sources.row import BOM, decode, text_of
from lf_qwen3.data.sources.stream import BLOCK, cut_of, open_source, skip_to

_OPENING = re.compile(rb'\s*+\[\s*+(\{\s*+"[^"\\\n{}]*+")')
"""The begin of an array, of its first row and of that row's first key."""

_LONGEST = 16 << 20
"""Bytes within which the next row must begin for the short way of reading."""


def read_items(file: SourceFile, place: JsonPlace) -> Iterator[Item]:
    """Yield one item per element of the array at a place, or per object where there is no array."""
    with open_source(file) as stream:
        skip_to(stream, place.start)
        blocks = _blocks(stream, place.start, place.stop)
        rest = yield from _read_alike(blocks)
        for raw, problem in _scan(stream, chain((rest,), blocks)):
            item = decode(raw) if raw else None
            if problem and not isinstance(item, dict):
                yield BadRow("truncated", problem, text_of(raw))
            elif item is not None:
                yield item
                if problem:
                    yield BadRow("truncated", problem, "")


def _read_alike(blocks: Iterator[bytes]) -> Generator[Row, None, bytes]:
    """Yield the rows of an array that begin with the same key as the first; return what is left to read.

    The short way for most files: a search for the text between two such rows is quicker than the scanner.
    It stops before the last row, and before a piece that is not one object to the parser.
    """
    buffer = next(blocks, b"")
    if (opening := _OPENING.match(buffer)) is None:
        return buffer
    border = re.compile(rb"\}\s*+,\s*+(?=" + re.escape(opening[1]) + rb")")
    at = sought = opening.start(1)
    while len(buffer) < _LONGEST:
        while match := border.search(buffer, sought):
            try:
                row = orjson.loads(buffer[at : match.start() + 1])
            except orjson.JSONDecodeError:
                return b"[" + buffer[at:]
            yield row
            at = sought = match.end()
        if not (block := next(blocks, b"")):
            break
        sought = max(buffer.rfind(b"}", at) - at, 0)
        buffer, at = buffer[at:] + block, 0
    return b"[" + buffer[at:]


def read_cells(file: SourceFile, place: JsonPlace, column: str) -> Iterator[Item]:
    """Yield each element of the array at a place, of whatever type, as {column: element}."""
    name = orjson.dumps(column)
    for raw, problem in _elements(file, place):
        yield BadRow("truncated", problem, text_of(raw)) if problem else decode(b"{%b:%b}" % (name, raw))


def read_entries(file: SourceFile, place: JsonPlace) -> Iterator[Item]:
    """Yield each entry of the object at a place as {key: value}."""
    key = b""
    for raw, problem in _elements(file, place, is_object=True):
        if problem:
            last = decode(b"{%b" % (key + raw))  # with the brace of the object, where its end was not seen
            yield last if isinstance(last, dict) else BadRow("truncated", problem, text_of(key + raw))
        elif raw.endswith(b":"):  # to the scanner, a value that is an object is an element of its own
            key += raw
        else:
            yield decode(b"{%b}" % (key + raw))
            key = b""


def _elements(file: SourceFile, place: JsonPlace, is_object: bool = False) -> Iterator[tuple[bytes, str]]:
    """Yield each element and what is wrong: "", except for the last, which may be truncated.

    The entries of an object are read like those of an array.
    """
    with open_source(file) as stream:
        skip_to(stream, place.start + is_object)
        stop = None if place.stop is None else place.stop - is_object
        blocks = _blocks(stream, place.start + is_object, stop)
        ends = ((b"[",), (b"]",) if stop is not None else ()) if is_object else ((), ())
        yield from _scan(stream, chain(ends[0], blocks, ends[1]))


def _scan(stream: io.BufferedReader, blocks: Iterable[bytes]) -> Iterator[tuple[bytes, str]]:
    """Yield each element in the blocks of a stream as `_elements` does."""
    scanner = Scanner()
    for block in blocks:
        yield from ((raw, "") for raw in scanner.feed(block))
    problem = cut_of(stream) or scanner.missing()
    if (raw := scanner.left()) or problem:
        yield raw, problem


def _blocks(stream: io.BufferedReader, start: int, stop: int | None) -> Iterator[bytes]:
    at = start
    while block := stream.read(BLOCK if stop is None else min(BLOCK, stop - at)):
        at += len(block)
        yield block if start or at > len(block) else block.removeprefix(BOM)
