"""Rows of JSON files in which they do not simply follow one another: one reader for each shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from lf_qwen3.base.conversation import Row
from lf_qwen3.data.sources.json_cursor import JsonCursor, JsonEndError
from lf_qwen3.data.sources.json_elements import read_cells, read_entries, read_items
from lf_qwen3.data.sources.part import BadRow, Item, JsonPlace, Layout, Shape, SourceFile
from lf_qwen3.data.sources.row import decode, is_conversation, not_object, read_list, text_of
from lf_qwen3.data.sources.stream import open_source, skip_mark

KEY = "key"
"""The column of the key that a row is under."""

PAGE_KEYS = frozenset({"row_idx", "row", "truncated_cells"})
"""What an element of a page of a hub's API holds."""

_NO_CELL = BadRow("missing_field", "the cell of a column", "")


def rows(file: SourceFile, layout: Layout) -> Iterator[Item]:
    """Yield one item per row, by the layout of the file."""
    return _SHAPES[layout.shape](file, layout)


def _array(file: SourceFile, layout: Layout) -> Iterator[Item]:
    for item in read_items(file, layout.places[0]):
        row = read_list(item)
        yield _inner(row, layout.inner) if layout.inner and isinstance(row, dict) else row


def _inner(page: Row, key: str) -> Item:
    """Return the row inside an element of a page; the hub says which of its cells it has cut."""
    if page.get("truncated_cells"):
        return BadRow("truncated", f"the hub truncated these cells: {page['truncated_cells']}", str(page))
    if more := page.keys() - PAGE_KEYS:
        return BadRow("malformed", f"beside the row there is {', '.join(sorted(more))}", str(page))
    row = page.get(key)
    return row if isinstance(row, dict) else BadRow("missing_field", key, str(page))


def _by_key(file: SourceFile, layout: Layout) -> Iterator[Item]:
    place = layout.places[0]
    outer = f"{place.key}." if place.key else ""
    for item in read_entries(file, place):
        if not isinstance(item, dict):
            yield item
            continue
        for key, value in item.items():
            if outer + key not in layout.beside:
                yield _keyed(key, value)


def _keyed(key: str, value: Any) -> Item:
    if isinstance(value, dict):
        name = next(name for name in (KEY, "row_key", f"row_{key}") if name not in value)
        return value if key in value.values() else {**value, name: key}
    if is_conversation(value):
        return {"messages": value, KEY: key}
    return not_object(f"{key}: {value}".encode("utf-8", "replace"), value)


def _columns(file: SourceFile, layout: Layout) -> Iterator[Item]:
    cells = [read_cells(file, place, place.key) for place in layout.places]
    return map(_merged, zip_longest(*cells, fillvalue=_NO_CELL))


def _merged(cells: tuple[Item, ...]) -> Item:
    row: Row = {}
    for cell in cells:
        if not isinstance(cell, dict):
            return cell
        row |= cell
    return row


def _columns_by_key(file: SourceFile, layout: Layout) -> Iterator[Item]:
    columns = [_named_entries(file, place) for place in layout.places]
    for cells in zip_longest(*columns, fillvalue=("", _NO_CELL)):
        keys = [key for key, _ in cells]
        row = _merged(tuple(cell for _, cell in cells))
        if isinstance(row, dict) and len(set(keys)) > 1:
            row = BadRow("malformed", f"the cells of one row have different keys: {keys}", str(row))
        is_numbered = keys[0].isdigit()
        yield row if is_numbered or not isinstance(row, dict) else _keyed(keys[0], row)


def _named_entries(file: SourceFile, place: JsonPlace) -> Iterator[tuple[str, Item]]:
    """Yield the key and the cell of each entry of a column."""
    for item in read_entries(file, place):
        if isinstance(item, dict):
            yield from ((key, {place.key: value}) for key, value in item.items())
        else:
            yield "", item


def _table(file: SourceFile, layout: Layout) -> Iterator[Item]:
    names_at, cells_at = layout.places
    names = [cell["name"] for cell in read_cells(file, names_at, "name") if isinstance(cell, dict)]
    for item in read_cells(file, cells_at, "cells"):
        cells = item["cells"] if isinstance(item, dict) else None
        if isinstance(cells, list) and len(cells) == len(names) == len(set(names)):
            yield dict(zip(names, cells, strict=True))
        elif isinstance(item, dict):
            yield BadRow("malformed", f"the header names {len(set(names))} columns", str(cells))
        else:
            yield item


def _lists(file: SourceFile, layout: Layout) -> Iterator[Item]:
    with open_source(file) as stream:
        cursor = JsonCursor(stream, skip_mark(stream))
        raw = b""
        try:
            while cursor.peek():
                raw = cursor.value()
                yield read_list(decode(raw))
        except ValueError as error:
            code = "truncated" if isinstance(error, JsonEndError) else "malformed"
            yield BadRow(code, f"after byte {cursor.place} of the file", text_of(raw))


_SHAPES: Mapping[Shape, Callable[[SourceFile, Layout], Iterator[Item]]] = {
    "array": _array,
    "by_key": _by_key,
    "columns": _columns,
    "columns_by_key": _columns_by_key,
    "table": _table,
    "lists": _lists,
}
