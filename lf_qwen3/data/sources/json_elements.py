"""The elements of a JSON array or object that lies somewhere in a file, in bounded memory."""

from __future__ import annotations

import io
from collections.abc import Iterator

import orjson

from lf_qwen3.data.sources.json_scan import Scanner
from lf_qwen3.data.sources.part import BadRow, Item, JsonPlace, SourceFile
from lf_qwen3.data.sources.row import BOM, decode, text_of
from lf_qwen3.data.sources.stream import BLOCK, cut_of, open_source, skip_to


def read_items(file: SourceFile, place: JsonPlace) -> Iterator[Item]:
    """Yield one item per element of the array at a place, or per object where there is no array."""
    for raw, problem in _elements(file, place):
        item = decode(raw) if raw else None
        if problem and not isinstance(item, dict):
            yield BadRow("truncated", problem, text_of(raw))
        elif item is not None:
            yield item
            if problem:
                yield BadRow("truncated", problem, "")


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
    """Yield each element and what is wrong: "", but for the last, which may break off.

    The entries of an object are read as if they stood in an array.
    """
    scanner = Scanner()
    with open_source(file) as stream:
        skip_to(stream, place.start + is_object)
        stop = None if place.stop is None else place.stop - is_object
        opening = scanner.feed(b"[") if is_object else ()
        yield from ((raw, "") for raw in opening)
        for block in _blocks(stream, place.start + is_object, stop):
            yield from ((raw, "") for raw in scanner.feed(block))
        if is_object and stop is not None:
            yield from ((raw, "") for raw in scanner.feed(b"]"))
        problem = cut_of(stream) or scanner.missing()
        if (raw := scanner.left()) or problem:
            yield raw, problem


def _blocks(stream: io.BufferedReader, start: int, stop: int | None) -> Iterator[bytes]:
    at = start
    while block := stream.read(BLOCK if stop is None else min(BLOCK, stop - at)):
        at += len(block)
        yield block if start or at > len(block) else block.removeprefix(BOM)
