"""The rows of one registered dataset, as LLaMA-Factory would load them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from lf_qwen3.base.conversation import Row
from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.data import sources
from lf_qwen3.data.registry.names import name_own_file
from lf_qwen3.data.sources.part import Item, Part
from lf_qwen3.proof.check.rules.records.column_types import BLOCK
from lf_qwen3.proof.check.rules.registry.checked_entry import CheckedEntry
from lf_qwen3.proof.check.rules.registry.files import EXTENSIONS

HEAD = 100


class RowPlace(NamedTuple):
    """One row: the index of its file, its number in there from 1, and what it holds."""

    file: int
    row: int
    item: Item


class RowsPart(NamedTuple):
    """Some rows of one file: its index, the number of the block of 10 MB from 0, and the bytes.

    `source` is the path where a file is not cut.
    """

    file: int
    block: int
    size: int
    source: Part | Path


def inspect_entry(folder: Path, name: str, settings: dict[str, Any], times: int) -> CheckedEntry:
    """Return an entry with its files and their first rows."""
    entry = CheckedEntry(name, settings, files=None, times=times, is_read=False)
    file_name = name_own_file(folder, settings)
    if file_name is None:
        return entry
    entry.files = _files(folder, file_name)
    paths = [folder / name for name in entry.files or ()]
    if not paths or any(path.suffix not in EXTENSIONS or path.suffix == ".arrow" for path in paths):
        return entry
    entry.is_read = True
    try:
        items = (place.item for place in read_rows(paths))
        entry.head = [item for item in islice(items, HEAD) if isinstance(item, dict)]
    except LfQwen3Error as error:
        entry.problem = error.message
    return entry


def read_rows(paths: list[Path]) -> Iterator[RowPlace]:
    """Yield every row position that is not blank. Raises `LfQwen3Error` when a file cannot be read."""
    row, file = 0, -1
    for part in cut_rows(paths):
        if part.file != file:
            row, file = 0, part.file
        for item in read_items(part):
            row += 1
            if item is not None:
                yield RowPlace(file, row, item)


def cut_rows(paths: list[Path]) -> Iterator[RowsPart]:
    """Yield the parts of the files, in their order. Raises `LfQwen3Error` for a file that has none."""
    for index, path in enumerate(paths):
        if path.suffix == ".txt":
            yield RowsPart(index, 0, path.stat().st_size, path)
            continue
        for file in sources.find_files(str(path)):
            sources.require_plain(file, "lf-qwen3 convert makes a dataset of it")
            for block, part in enumerate(sources.cut(file, BLOCK)):
                yield RowsPart(index, block, sources.size(part), part)


def read_items(part: RowsPart) -> Iterator[Item]:
    """Yield the item at every row position of a part: None for a blank line."""
    if isinstance(part.source, Path):
        return _lines(part.source)
    items = sources.rows(part.source)
    return map(_as_loaded, items) if part.source.file.kind == "csv" else items


def _files(folder: Path, file_name: str) -> tuple[str, ...] | None:
    path = folder / file_name
    if path.is_dir():
        return tuple(f"{file_name.rstrip('/')}/{file.name}" for file in sorted(path.iterdir()))
    return (file_name,) if path.is_file() else None


def _lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        yield from ({"text": line.rstrip("\n")} for line in lines)


def _as_loaded(item: Item) -> Item:
    """Return a CSV row as pandas reads it: an empty cell is null, true and false are no text."""
    if not isinstance(item, dict):
        return item
    truths = {"true": True, "false": False}
    return {name: truths.get(value.lower(), value or None) for name, value in item.items()}
