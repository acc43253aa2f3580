"""The source row of a record, as the conversion that made the record has noted it."""

from __future__ import annotations

import json
from itertools import chain, islice
from pathlib import Path
from typing import TypedDict

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.handlers import places
from lf_qwen3.board.handlers.proof import shorten
from lf_qwen3.board.handlers.record_files import DatasetFile
from lf_qwen3.data import sources
from lf_qwen3.data.convert import row_numbers
from lf_qwen3.data.registry.fingerprint import hash_file


class FileRow(TypedDict):
    """A row of a file, column by column as (name, text); or why there is none.

    `reason` names a text `records.source_REASON`: unknown, changed, missing.
    """

    file: str
    row: int
    fields: list[tuple[str, str]]
    reason: str


def find_source(folder: Path, file: DatasetFile, row: int) -> FileRow:
    """Return the source row of a row that is counted from 0 without blank lines."""
    number = file.index.number[row]
    try:
        place = row_numbers.find_source(folder, file.dataset, number - 1)
    except LfQwen3Error:  # the manifest is broken
        place = None
    if place is None:
        return _none("unknown")
    if hash_file(file.path) not in place.dataset_hashes:
        return _none("changed", file.path.name)
    try:
        places.require_inside(place.source.partition("#")[0], also=(places.uploads(),))
        (source,) = sources.find_files(place.source)
    except (LfQwen3Error, ValueError):
        return _none("missing", Path(place.source).name)
    if hash_file(source.path) != place.source_hash:
        return _none("changed", source.path.name)
    items = chain.from_iterable(map(sources.rows, sources.cut(source)))
    item = next(islice(items, place.row, None), None)
    return {"file": source.path.name, "row": place.row + 1, "fields": show_fields(item), "reason": ""}


def show_fields(item: sources.Item) -> list[tuple[str, str]]:
    """Return the columns of a row as (name, text): each message on its own, what is not a text as JSON."""
    if not isinstance(item, dict):
        return [("", shorten(item.raw if item else ""))]
    fields: list[tuple[str, object]] = []
    for name, value in item.items():
        is_dialogue = isinstance(value, list) and value and all(map(_is_plain_message, value))
        fields += (message.values() for message in value) if is_dialogue else [(name, value)]
    return [
        (
            name,
            shorten(
                text if isinstance(text, str) else json.dumps(text, ensure_ascii=False, indent=1, default=str)
            ),
        )
        for name, text in fields
    ]


def _is_plain_message(value: object) -> bool:
    """Return whether a value is a pair of texts: a role, then its text."""
    if not isinstance(value, dict) or tuple(value) not in (("from", "value"), ("role", "content")):
        return False
    return all(isinstance(text, str) for text in value.values())


def _none(reason: str, file: str = "") -> FileRow:
    return {"file": file, "row": 0, "fields": [], "reason": reason}
