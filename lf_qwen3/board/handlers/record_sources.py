"""The source row of a record: found again in the sources that the manifest of its dataset names."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TypedDict

from lf_qwen3.base.errors import LfQwen3Error, Reject
from lf_qwen3.board.handlers import places, records
from lf_qwen3.board.handlers.record_files import find_row
from lf_qwen3.board.handlers.record_index import texts_in
from lf_qwen3.data import sources
from lf_qwen3.data.convert import manifest
from lf_qwen3.data.convert.manifest import SPLITS
from lf_qwen3.qwen3 import thinking

SECONDS = 10.0
"""How long sources are searched."""

_MOST = 200
"""Characters of a line that a source row must hold to be the one."""

_LOOK_AT_CLOCK = 256


class SourceRowShown(TypedDict):
    """A source row, field by field; or why there is none: `reason` names a text `records.source_REASON`."""

    reason: str
    file: str
    row: int
    fields: list[tuple[str, str]]


def find_source(dataset_dir: str, value: str) -> SourceRowShown:
    """Return the first source row that holds the question and the answer of a record.

    A manifest keeps the sources of a dataset but not which row became which record. Raises what
    `find_row` raises.
    """
    file, row = find_row(dataset_dir, value)
    (item,) = file.index.read([row])
    if not isinstance(item, dict):
        return _none("unreadable")
    asked, answered = file.index.texts(item)
    sought = [_line_of(text) for text in (next(iter(asked), ""), next(reversed(answered), ""))]
    if not all(sought):
        return _none("not_found")
    folder = places.require_inside(dataset_dir)
    stem, _, split = file.dataset.rpartition("_")
    made = manifest.read(folder, stem) if split in SPLITS else None
    if made is None or not made.sources:
        return _none("no_manifest")
    until = time.monotonic() + SECONDS
    for label, _ in made.sources:
        try:
            path, rows = _rows_of(label)
        except LfQwen3Error:
            return _none("missing", label)
        for number, source_row in enumerate(rows, 1):
            if number % _LOOK_AT_CLOCK == 0 and time.monotonic() > until:
                return _none("not_in_time", label)
            if isinstance(source_row, dict) and _holds(source_row, sought):
                fields = records.show_fields(source_row)
                return {"reason": "", "file": path.name, "row": number, "fields": fields}
    return _none("not_found")


def _rows_of(label: str) -> tuple[Path, Iterator[sources.Item]]:
    """Return the rows of a source. Raises `LfQwen3Error` where it is gone or outside the board's folders."""
    places.require_inside(label.partition("#")[0], also=(places.uploads(),))
    (file,) = sources.find_files(label)
    return file.path, chain.from_iterable(map(sources.rows, sources.cut(file)))


def _holds(row: dict[str, object], sought: list[str]) -> bool:
    texts = list(texts_in(row))
    return all(any(line in text for text in texts) for line in sought)


def _line_of(text: str) -> str:
    """Return the first line of an answer, or of a question, as far as a source must hold it."""
    with contextlib.suppress(Reject):
        text = thinking.split(text).answer
    return text.strip().partition("\n")[0].strip()[:_MOST]


def _none(reason: str, file: str = "") -> SourceRowShown:
    return {"reason": reason, "file": Path(file).name, "row": 0, "fields": []}
