"""Section Records: a dataset page by page, searched, filtered and sorted; one record field by field."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat
from typing import Any, TypedDict

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import Progress
from lf_qwen3.board.handlers import places, proof, record_marks
from lf_qwen3.board.handlers.record_files import DatasetFile, find_files, find_row, open_files, read_number
from lf_qwen3.board.handlers.record_index import KINDS, is_indexed
from lf_qwen3.board.handlers.record_sources import FileRow, find_source, show_fields
from lf_qwen3.data import sources
from lf_qwen3.trainer.records import Dropped

PAGE = 50

START = 160
"""Characters shown of a row in the table."""

LONGEST_TEXT = 200
"""Characters of a text to search for."""

SEARCH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class RecordsForm:
    """The values of the section's elements as the browser sends them; an empty one may be None."""

    dataset_dir: str
    dataset: str | None
    splits: bool = False
    text: str | None = ""
    kind: str | None = ""
    finding: str | None = ""
    shortest: float | None = None
    longest: float | None = None
    sort: str | None = ""


class RecordLine(TypedDict):
    """A row at a glance; `value` is "DATASET NUMBER", `problem` the code and the place of what is broken.

    `dropped` says why the trainer leaves the row out.
    """

    value: str
    dataset: str
    row: int
    kind: str
    turns: int
    length: int
    findings: list[str]
    start: str
    problem: tuple[str, str]
    dropped: str


class RecordPageShown(TypedDict):
    """A page; `page` counts from 1. `searched` rows of `total` were searched where not all could be."""

    lines: list[RecordLine]
    page: int
    pages: int
    matching: int
    total: int
    searched: int
    unit: str
    is_checked: bool


class RecordBeside(TypedDict):
    """A row beside its source row; `previous` and `following` are values of its neighbours, "" for none."""

    line: RecordLine
    record: FileRow
    source: FileRow
    previous: str
    following: str


def find_codes(dataset_dir: str, dataset: str | None) -> list[str]:
    """Return the findings of the last check of a dataset, [] if there is none or it cannot be read."""
    try:
        marks = [
            record_marks.read(file.path) for _, _, file in find_files(dataset_dir, dataset, is_every=True)
        ]
    except LfQwen3Error:
        return []
    return ["", *sorted({code for mark in marks if mark for code in mark["codes"]})]


def is_ready(form: RecordsForm) -> bool:
    """Return whether a page can be shown at once: every file has its index."""
    return all(
        is_indexed(file, entry) for _, entry, file in find_files(form.dataset_dir, form.dataset, form.splits)
    )


def show_page(form: RecordsForm, page: float | None = 1) -> RecordPageShown:
    """Return a page of the rows that the form asks for; one beyond the end becomes the last.

    Raises what `open_files` raises, and `UsageError` ("not_checked") for findings that nobody looked for.
    """
    files = open_files(form.dataset_dir, form.dataset, form.splits)
    is_checked = any(file.is_checked for file in files)
    if form.finding and not is_checked:
        raise UsageError(
            f"{form.dataset} has not been checked since it was written",
            "press Check in the section Proof first",
            code="not_checked",
        )
    unit = "tokens" if all(file.tokens for file in files) else "characters"
    until = time.monotonic() + SEARCH_SECONDS
    selected = [_select(file, form, unit, until) for file in files]
    matching = sum(len(chosen) for chosen, _ in selected)
    rows: Iterator[tuple[DatasetFile, int]] = chain.from_iterable(
        zip(repeat(file), chosen) for file, (chosen, _) in zip(files, selected, strict=True)
    )
    if form.sort in ("longest", "shortest"):
        lengths = {file: file.lengths(unit) for file in files}
        is_falling = form.sort == "longest"
        rows = iter(sorted(rows, key=lambda row: lengths[row[0]][row[1]], reverse=is_falling))
    pages = max(1, -(-matching // PAGE))
    number = int(min(max(1, page or 1), pages))
    return {
        "lines": [_line(file, row, unit) for file, row in islice(rows, PAGE * (number - 1), PAGE * number)],
        "page": number,
        "pages": pages,
        "matching": matching,
        "total": sum(len(file.index) for file in files),
        "searched": sum(searched for _, searched in selected),
        "unit": unit,
        "is_checked": is_checked,
    }


def show_record(dataset_dir: str, value: str, lines: Sequence[RecordLine] = ()) -> RecordBeside:
    """Return the row that a `RecordLine` names by its `value`; `lines` are those of the page that is shown.

    Raises what `find_row` raises.
    """
    file, row = find_row(dataset_dir, value)
    values = ["", *(line["value"] for line in lines), ""]
    at = values.index(value) if value in values[1:] else 0
    number, fields = file.index.number[row], show_fields(file.index.read(row))
    return {
        "line": _line(file, row, "tokens" if file.tokens else "characters"),
        "record": {"file": file.path.name, "row": number, "fields": fields, "reason": ""},
        "source": find_source(places.require_inside(dataset_dir), file, row),
        "previous": values[at - 1] if at else "",
        "following": values[at + 1] if at else "",
    }


def preview(asked: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Do what `proof.preview` does, as a work of this section's own."""
    return proof.preview(asked, progress)


def read_bar(value: str) -> tuple[int | None, int | None, str]:
    """Return the shortest and the longest length, and the dataset, of "SHORTEST LONGEST DATASET"."""
    shortest, _, rest = value.partition(" ")
    longest, _, dataset = rest.partition(" ")
    return read_number(shortest), read_number(longest), dataset


def _select(file: DatasetFile, form: RecordsForm, unit: str, until: float) -> tuple[Sequence[int], int]:
    """Return the rows of a file that a form asks for, and how many were searched for its text."""
    index = file.index
    rows: Sequence[int] = range(len(index))
    searched = len(index)
    if text := (form.text or "")[:LONGEST_TEXT]:
        rows, searched = index.search(text, until)
    if form.kind:
        kind = KINDS.index(form.kind) if form.kind in KINDS else -1
        rows = [row for row in rows if index.figures[1][row] == kind]
    if form.finding:
        marked = file.codes.get(form.finding, set())
        rows = [row for row in rows if index.number[row] in marked]
    if form.shortest or form.longest:
        low, high, lengths = form.shortest or 0, form.longest or float("inf"), file.lengths(unit)
        rows = [row for row in rows if low <= lengths[row] <= high]
    return rows, searched


def _line(file: DatasetFile, row: int, unit: str) -> RecordLine:
    index, number, item = file.index, file.before + file.index.number[row], file.index.read(row)
    figures = index.glance(item)
    record = None if isinstance(item, sources.BadRow) else index.read_record(item)[0]
    start = next((text for _, text in show_fields(item) if text), "")
    return {
        "value": f"{file.dataset} {number}",
        "dataset": file.dataset,
        "row": number,
        "kind": KINDS[figures.kind],
        "turns": figures.turns,
        "length": file.tokens[row] if unit == "tokens" else figures.characters,
        "findings": file.codes_of(row),
        "start": " ".join(start[: 4 * START].split())[:START],
        "problem": (item.code, item.detail) if isinstance(item, sources.BadRow) else ("", ""),
        "dropped": record.reason if isinstance(record, Dropped) else "",
    }
