"""The files of a registered dataset, each with the index of its rows and what the last check said of them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from lf_qwen3.base.errors import UsageError
from lf_qwen3.board.handlers import places, record_marks
from lf_qwen3.board.handlers.record_index import find_index
from lf_qwen3.data import registry, sources
from lf_qwen3.proof.preview.request import PreviewRequest, find_entry
from lf_qwen3.trainer.records import DatasetEntry

MOST_DIGITS = 12
"""Digits of a row's number, and of a length."""

_SPLIT = re.compile(r"(.+)_(train|val|valid|validation|dev|eval|test)")


class DatasetFile:
    """One file of a dataset: `before` counts the rows of the dataset's files before it, blank lines too.

    `codes` holds the numbers of rows by finding, `tokens` the length of each row, [] where nobody counted.
    """

    def __init__(self, dataset: str, entry: DatasetEntry, file: sources.SourceFile, before: int) -> None:
        self.dataset, self.path, self.before = dataset, file.path, before
        self.index = find_index(file, entry)
        marks = record_marks.read(file.path)
        self.is_checked = marks is not None
        self.codes = {code: set(rows) for code, rows in marks["codes"].items()} if marks else {}
        tokens = marks["tokens"] if marks else []
        self.tokens = [tokens[row - 1] if row <= len(tokens) else 0 for row in self.index.number if tokens]

    @property
    def end(self) -> int:
        """The number of the last row, counted through the dataset's files."""
        return self.before + next(reversed(self.index.number), 0)

    def lengths(self, unit: str) -> Sequence[int]:
        """Return the length of every row in "tokens" or "characters"."""
        return self.tokens if unit == "tokens" else self.index.figures[0]

    def codes_of(self, row: int) -> list[str]:
        """Return the findings of a row."""
        return [code for code, rows in self.codes.items() if self.index.number[row] in rows]


def open_files(dataset_dir: str, dataset: str | None, is_every: bool = False) -> list[DatasetFile]:
    """Return the files of a dataset, each with its index. Raises what `find_files` and `find_index` raise."""
    files: list[DatasetFile] = []
    for name, entry, file in find_files(dataset_dir, dataset, is_every):
        is_next = files and files[-1].dataset == name
        files.append(DatasetFile(name, entry, file, files[-1].end if is_next else 0))
    return files


def find_files(
    dataset_dir: str, dataset: str | None, is_every: bool = False
) -> Iterator[tuple[str, DatasetEntry, sources.SourceFile]]:
    """Yield (name, entry, file) of a dataset's files, or with `is_every` of those of all its splits.

    Raises `UsageError` for a dataset that is none, is elsewhere or outside the board's folders.
    """
    folder = places.require_inside(dataset_dir)
    if not dataset:
        raise UsageError("no dataset is selected", "select one from the list", code="nothing_chosen")
    names = [dataset]
    if is_every and (split := _SPLIT.fullmatch(dataset)):
        others = map(_SPLIT.fullmatch, registry.read_registry(folder))
        names = [other[0] for other in others if other and other[1] == split[1]]
    for name in names:
        name, entry, path = find_entry(PreviewRequest(name, str(folder)), {})
        _require_readable(name, entry)
        for file in places.source_files([str(path)], []):
            yield name, entry, file


def find_row(dataset_dir: str, value: str) -> tuple[DatasetFile, int]:
    """Return the file and the row there, counted from 0 without blank lines, of "DATASET NUMBER".

    Raises `UsageError` for a row that is none.
    """
    dataset, _, digits = value.rpartition(" ")
    for file in open_files(dataset_dir, dataset):
        number = (read_number(digits) or 0) - file.before
        row = bisect_left(file.index.number, number)
        if file.index.number[row : row + 1].tolist() == [number]:
            return file, row
    raise UsageError(f"{dataset} has no such row", "select one from the table", code="row_missing")


def read_number(digits: str) -> int | None:
    """Return a whole number that came from the browser as text, None for what is none."""
    return int(digits) if digits.isdecimal() and len(digits) <= MOST_DIGITS else None


def _require_readable(name: str, entry: DatasetEntry) -> None:
    """Raise `UsageError` for an entry whose columns or tags are no names."""
    for key in ("columns", "tags"):
        block = entry.get(key, {})
        if not isinstance(block, dict) or not all(isinstance(text, str | None) for text in block.values()):
            raise UsageError(
                f"the {key} of {name} in dataset_info.json are not names",
                "press Check in the section Proof: it says what is wrong",
                code="entry_unreadable",
            )
