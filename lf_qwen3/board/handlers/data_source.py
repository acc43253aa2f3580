"""Section Data: what is in a source, and which of its columns are read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TypedDict, cast

from lf_qwen3.base.conversation import Row
from lf_qwen3.base.errors import LfQwen3Error, Reject
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.board.handlers import places
from lf_qwen3.board.jobs import Job
from lf_qwen3.data import converters, sources
from lf_qwen3.data.convert.resolve import choose_converter
from lf_qwen3.data.converters.guess import guess_roles
from lf_qwen3.data.converters.roles import Roles, parse_roles, write_roles
from lf_qwen3.data.converters.source_row import SourceRow, names_of_columns

ROWS_SHOWN = 3
COLUMN_ROLES = ("question", "thinking", "answer", "system", "messages")
"""The roles that the section offers for columns."""

_SMALL = 16 << 20
_PACKED = (".gz", ".zst")


class SourceShown(TypedDict):
    """A source: (name, converter, size) of each file, and of the first one its columns and first rows.

    `converter` is "" where none fits, and `problem` and `cure` say why. Where none fits the columns as they
    are called, `guess` holds the likeliest column of each role, and the converter is the one for those.
    `read` and `left` are the columns of the first rows that the converter reads and leaves.
    `readings` says how files are read that are no plain run of rows in UTF-8.
    """

    files: list[tuple[str, str, str]]
    columns: list[str]
    rows: list[list[str]]
    read: list[str]
    left: list[str]
    guess: dict[str, str]
    problem: str
    cure: str
    readings: list[str]


def converter_names() -> list[str]:
    """Return the names of all converters."""
    return list(converters.all_converters())


def write_columns(columns: Mapping[str, str | None]) -> str:
    """Return the columns of roles as `--columns` writes them; a role without a column is left out."""
    return write_roles(tuple((role, column) for role, column in columns.items() if column))


def inspect_source(
    paths: Sequence[str], upload: Sequence[str], converter: str, columns: str = ""
) -> SourceShown:
    """Return which converter fits each file, and the first rows and columns of the first one.

    `columns` gives roles to columns, as `--columns` does; where no converter fits, they are guessed.
    A file whose rows may have any size is read in a process of its own. Raises `UsageError` for a path, a
    file or a converter that will not do.
    """
    asked = {"paths": list(paths), "upload": list(upload), "converter": converter, "columns": columns}
    files = [file.path for file in places.source_files(paths, upload)]
    if all(path.stat().st_size <= _SMALL and path.suffix not in _PACKED for path in files):
        return read_source(asked, NoProgress())
    *_, shown = Job.start("data_source.read_source", asked)
    return cast(SourceShown, shown)


def read_source(asked: Mapping[str, Any], progress: Progress) -> SourceShown:
    """Do the work of `inspect_source`."""
    files = places.source_files(asked["paths"], asked["upload"])
    columns, first = sources.columns(files[0]), sources.first_rows(files[0])
    roles = parse_roles(asked["columns"])
    fits = [_fit(file, asked["converter"], roles) for file in files]
    guess = _guess(first) if isinstance(fits[0], LfQwen3Error) and not roles else ()
    if guess:
        fits[0] = _fit(files[0], asked["converter"], guess)
    problem = next((fit for fit in fits if isinstance(fit, LfQwen3Error)), None)
    names = ["" if isinstance(fit, LfQwen3Error) else fit for fit in fits]
    read, left = _use_of_rows(first, names[0], roles or guess)
    readings = {file.path.name: sources.describe_reading(file) for file in files}
    return {
        "files": [
            (file.path.name, name, _size(file.path.stat().st_size))
            for file, name in zip(files, names, strict=True)
        ],
        "columns": columns,
        "rows": [[shorten(row.get(column)) for column in columns] for row in first[:ROWS_SHOWN]],
        "read": [column for column in columns if column in read],
        "left": [column for column in columns if column in left] + sorted(left - {*columns}),
        "guess": dict(guess),
        "problem": problem.message if problem else "",
        "cure": problem.hint if problem else "",
        "readings": [f"{name}: {reading}" for name, reading in readings.items() if reading],
    }


def _fit(file: sources.SourceFile, converter: str, roles: Roles) -> str | LfQwen3Error:
    """Return the converter that takes the columns of a file, or why none does."""
    try:
        return choose_converter(file, converter, roles).name
    except LfQwen3Error as error:
        if error.code not in ("no_converter_fits", "column_missing"):
            raise
        return error


def _guess(rows: Sequence[Row]) -> Roles:
    """Return the likeliest columns, none where they have a role that the section does not offer."""
    roles = guess_roles(rows)
    return roles if all(role in COLUMN_ROLES for role, _ in roles) else ()


def _use_of_rows(rows: Sequence[Row], converter: str, roles: Roles) -> tuple[set[str], set[str]]:
    """Return the columns that the converter reads of the rows that it can take, and those that it leaves."""
    read: set[str] = set()
    left: set[str] = set()
    if converter:
        convert = converters.get(converter).convert
        for row in rows:
            source = SourceRow(row, names_of_columns(tuple(row), roles))
            with suppress(Reject):
                convert(source)
                use = source.use()
                read.update(use.read)
                left.update(use.left)
    return read, left - read


def shorten(value: Any, most: int = 120) -> str:
    """Return a value of a row on one line, cut short."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    flat = " ".join(text[: 4 * most].split())
    return flat[:most] + ("…" if len(flat) > most or len(text) > 4 * most else "")


def _size(size: int) -> str:
    for unit, scale in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if size >= scale:
            return f"{size / scale:,.1f} {unit}"
    return f"{size:,} B"
