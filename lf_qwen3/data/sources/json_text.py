"""JSON that is no JSON lines: an array, or objects one after the other, pretty-printed or not.

The file is never parsed as a whole: an element is found, then decoded as a line of JSON lines is, so a
malformed one costs itself and not the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from lf_qwen3.data.sources.json_scan import Scanner
from lf_qwen3.data.sources.part import BadRow, Item, Part
from lf_qwen3.data.sources.row import BOM, decode, text_of
from lf_qwen3.data.sources.stream import BLOCK, cut_of, open_bytes


def rows(part: Part) -> Iterator[Item]:
    """Yield one item per element of the array, or per object where there is no array."""
    scanner = Scanner()
    with open_bytes(part.file.path, part.file.compression) as file:
        block = file.read(BLOCK).removeprefix(BOM)
        while block:
            for raw in scanner.feed(block):
                yield decode(raw)
            block = file.read(BLOCK)
        yield from _ending(scanner, cut_of(file) or scanner.missing())


def _ending(scanner: Scanner, problem: str) -> Iterator[Item]:
    """Yield what no separator has ended; a `problem` makes exactly one truncated row of it."""
    raw = scanner.left()
    item = decode(raw) if raw else None
    if problem and not isinstance(item, dict):
        yield BadRow("truncated", problem, text_of(raw))
    elif item is not None:
        yield item
        if problem:
            yield BadRow("truncated", problem, "")
