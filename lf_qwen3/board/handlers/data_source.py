"""Section Data: what is in a source, and which of its columns are read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypedDict, cast

from lf_qwen3.base.conversation import Row
from lf_qwen3.base.errors import LfQwen3Error, Reject
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.board.handlers import places
from lf_qwen3.board.jobs import Job
from lf_qwen3.board.texts import ErrorShown, error_shown
from lf_qwen3.board.worker import WORKERS
from lf_qwen3.data import converters, sources
from lf_qwen3.data.convert.resolve import choose_converter
from lf_qwen3.data.converters.guess import guess_roles
from lf_qwen3.data.converters.roles import Roles, parse_roles, write_roles
from lf_qwen3.data.converters.source_row import SourceRow, names_of_columns

ROWS_SHOWN = 3
COLUMN_ROLES = ("question", "thinking", "answer", "system", "messages")
"""The roles that the section offers for columns."""

TURNS_SHOWN = 6
_TURN_KEYS = (("role", "from"), ("content", "value"))
_SMALL = 16 << 20
_PACKED = (".gz", ".zst")


class FileShown(TypedDict):
    """A file of a source: name, size as text, and what the columns of its first rows hold.

    A value is a text or, of a conversation, a list of turns (role, text). `converter` is "" where none fits;
    `read` and `left` are the columns that it reads and leaves. `problem` is what is wrong with the file, as
    `View.show` takes an error. `reading` says how it is read where it is not a plain run of rows in UTF-8.
    """

    name: str
    size: str
    converter: str
    columns: list[str]
    rows: list[list[Any]]
    read: list[str]
    left: list[str]
    reading: str
    problem: ErrorShown | None


class SourceShown(TypedDict):
    """The files of a source, those that cannot be read last, and the columns of them all.

    Where no converter fits the first file's columns as they are called, `guess` holds the likeliest column of
    each role, and the converter of that file is the one for those.
    """

    files: list[FileShown]
    columns: list[str]
    guess: dict[str, str]


def converter_names() -> list[str]:
    """Return the names of all converters."""
    return list(converters.all_converters())


def write_columns(columns: Mapping[str, str | None]) -> str:
    """Return the columns of roles as `--columns` writes them; a role without a column is left out."""
    return write_roles(tuple((role, column) for role, column in columns.items() if column))


def inspect_source(
    paths: Sequence[str], upload: Sequence[str], converter: str, columns: str = ""
) -> SourceShown:
    """Return of each file which converter fits, its columns and its first rows.

    `columns` gives roles to columns, as `--columns` does; where no converter fits, they are guessed.
    A file whose rows may have any size is read in a separate process. Raises `LfQwen3Error` for a converter
    or columns that will not do, and where no file at all can be read.
    """
    asked = {"paths": list(paths), "upload": list(upload), "converter": converter, "columns": columns}
    files = [file.path for file in places.find_sources(paths, upload)[0]]
    if all(path.stat().st_size <= _SMALL and path.suffix not in _PACKED for path in files):
        return read_source(asked, NoProgress())
    *_, shown = Job.start("data_source.read_source", asked, WORKERS.take)
    return cast(SourceShown, shown)


def read_source(asked: Mapping[str, Any], progress: Progress) -> SourceShown:
    """Do the work of `inspect_source`."""
    files, faults = places.find_sources(asked["paths"], asked["upload"])
    roles = parse_roles(asked["columns"])
    guess: Roles = ()
    shown: list[FileShown] = []
    for file in files:
        try:
            first = sources.first_rows(file)
            if not roles and not shown:
                guess = _guess(file, first, asked["converter"])
            shown.append(_show_file(file, first, asked["converter"], roles or (() if shown else guess)))
        except LfQwen3Error as error:
            faults[file.path.name] = error
    if not shown:
        raise next(iter(faults.values()))
    columns = dict.fromkeys(column for file in shown for column in file["columns"])
    broken = [_show_broken(name, error) for name, error in faults.items()]
    return {"files": [*shown, *broken], "columns": list(columns), "guess": dict(guess)}


def _show_file(file: sources.SourceFile, first: Sequence[Row], converter: str, roles: Roles) -> FileShown:
    columns = sources.columns(file)
    fit = _fit(file, converter, roles)
    name, problem = ("", fit) if isinstance(fit, LfQwen3Error) else (fit, None)
    read, left = _use_of_rows(first, name, roles)
    return {
        "name": file.path.name,
        "size": _size(file.path.stat().st_size),
        "converter": name,
        "columns": columns,
        "rows": [[_show_value(row.get(column)) for column in columns] for row in first[:ROWS_SHOWN]],
        "read": [column for column in columns if column in read],
        "left": [column for column in columns if column in left] + sorted(left - {*columns}),
        "reading": sources.describe_reading(file),
        "problem": None if problem is None else error_shown(problem),
    }


def _show_broken(name: str, error: LfQwen3Error) -> FileShown:
    return {
        "name": Path(name).name,
        "size": "",
        "converter": "",
        "columns": [],
        "rows": [],
        "read": [],
        "left": [],
        "reading": "",
        "problem": error_shown(error),
    }


def _show_value(value: Any) -> Any:
    """Return the turns of a conversation, any other value on one line."""
    if isinstance(value, list) and value and all(isinstance(turn, dict) for turn in value):
        turns = [
            [next((turn[key] for key in keys if isinstance(turn.get(key), str)), None) for keys in _TURN_KEYS]
            for turn in value[:TURNS_SHOWN]
        ]
        if all(role and text is not None for role, text in turns):
            more = [["…", f"+ {len(value) - TURNS_SHOWN}"]] if len(value) > TURNS_SHOWN else []
            return [[shorten(role, 20), shorten(text)] for role, text in turns] + more
    return shorten(value)


def _fit(file: sources.SourceFile, converter: str, roles: Roles) -> str | LfQwen3Error:
    """Return the converter that takes the columns of a file, or why none does."""
    try:
        return choose_converter(file, converter, roles).name
    except LfQwen3Error as error:
        if error.code not in ("no_converter_fits", "column_missing"):
            raise
        return error


def _guess(file: sources.SourceFile, rows: Sequence[Row], converter: str) -> Roles:
    """Return the likeliest columns where no converter fits; none where they have a role not offered here."""
    if not isinstance(_fit(file, converter, ()), LfQwen3Error):
        return ()
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
