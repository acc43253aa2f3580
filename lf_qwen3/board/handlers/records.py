"""Section Records: a dataset page by page, searched, filtered and sorted; one record field by field."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat
from typing import Any, TypedDict

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import Progress
from lf_qwen3.board.handlers import proof, record_marks
from lf_qwen3.board.handlers.proof import RecordShown, shorten
from lf_qwen3.board.handlers.record_files import DatasetFile, find_files, find_row, open_files, read_number
from lf_qwen3.board.handlers.record_index import KINDS, is_indexed
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
    """What the section's elements hold, as they come from the browser: an empty one may be None."""

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
    """A row of the table; `value` is "DATASET NUMBER", `problem` the code and the place of what is broken."""

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


class RecordFieldsShown(TypedDict):
    """One row, field by field; `row` is its number in the dataset, `in_file` that in its file."""

    value: str
    dataset: str
    row: int
    file: str
    in_file: int
    fields: list[tuple[str, str]]
    problem: tuple[str, str]
    findings: list[str]


def find_codes(dataset_dir: str, dataset: str | None) -> list[str]:
    """Return the findings of the last check of a dataset, [] where there is none or it cannot be read."""
    try:
        marks = [
            record_marks.read(file.path) for _, _, file in find_files(dataset_dir, dataset, is_every=True)
        ]
    except LfQwen3Error:
        return []
    return ["", *sorted({code for mark in marks if mark for code in mark["codes"]})]


def is_ready(form: RecordsForm) -> bool:
    """Tell whether a page can be shown at once: every file has its index."""
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
            f"{form.dataset} was not checked since it was written",
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


def show_record(dataset_dir: str, value: str) -> RecordFieldsShown:
    """Return the row that a `RecordLine` names by its `value`. Raises what `find_row` raises."""
    file, row = find_row(dataset_dir, value)
    (item,) = file.index.read([row])
    return {
        "value": value,
        "dataset": file.dataset,
        "row": file.before + file.index.number[row],
        "file": file.index.file.path.name,
        "in_file": file.index.number[row],
        "fields": show_fields(item),
        "problem": _problem(item),
        "findings": file.codes_of(row),
    }


def show_fields(item: sources.Item) -> list[tuple[str, str]]:
    """Return the columns of a row as (name, text): each message on its own, what is no text as JSON."""
    if not isinstance(item, dict):
        return [("", shorten(_raw(item)))]
    fields: list[tuple[str, object]] = []
    for name, value in item.items():
        is_dialogue = isinstance(value, list) and value and all(map(_is_plain_message, value))
        fields += (message.values() for message in value) if is_dialogue else [(name, value)]
    return [
        (name, shorten(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False, indent=1)))
        for name, text in fields
    ]


def preview(asked: Mapping[str, Any], progress: Progress) -> RecordShown:
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
        rows = [row for row in rows if index.kind[row] == kind]
    if form.finding:
        marked = file.codes.get(form.finding, set())
        rows = [row for row in rows if index.number[row] in marked]
    if form.shortest or form.longest:
        low, high, lengths = form.shortest or 0, form.longest or float("inf"), file.lengths(unit)
        rows = [row for row in rows if low <= lengths[row] <= high]
    return rows, searched


def _line(file: DatasetFile, row: int, unit: str) -> RecordLine:
    index, number = file.index, file.before + file.index.number[row]
    (item,) = index.read([row])
    sample = file.read_sample(item) if isinstance(item, dict) else item
    texts = [*chain(*index.texts(item))] if isinstance(item, dict) else [_raw(item)]
    return {
        "value": f"{file.dataset} {number}",
        "dataset": file.dataset,
        "row": number,
        "kind": KINDS[index.kind[row]],
        "turns": index.turns[row],
        "length": file.lengths(unit)[row],
        "findings": file.codes_of(row),
        "start": " ".join(next(filter(None, texts), "")[: 4 * START].split())[:START],
        "problem": _problem(item),
        "dropped": sample.reason if isinstance(sample, Dropped) else "",
    }


def _is_plain_message(value: object) -> bool:
    """Tell whether a value says who speaks, and then what, in texts."""
    if not isinstance(value, dict) or tuple(value) not in (("from", "value"), ("role", "content")):
        return False
    return all(isinstance(text, str) for text in value.values())


def _raw(item: sources.Item) -> str:
    return item.raw if isinstance(item, sources.BadRow) else ""


def _problem(item: sources.Item) -> tuple[str, str]:
    return (item.code, item.detail) if isinstance(item, sources.BadRow) else ("", "")
