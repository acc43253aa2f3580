"""Find the files of the sources, and the converter and the columns of each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from lf_qwen3.base.conversation import Row
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import did_you_mean
from lf_qwen3.base.storage import is_url
from lf_qwen3.data import converters, sources
from lf_qwen3.data.convert.options import ConvertSource
from lf_qwen3.data.converters.guess import guess_roles, name_speakers, several_answers
from lf_qwen3.data.converters.labels import find_label, is_label
from lf_qwen3.data.converters.roles import Roles, parse_roles, write_roles
from lf_qwen3.data.sources import SourceFile

_SHOWN = 10
"""Column names in a message."""
_LONGEST_NAME = 60
"""Characters of the name of a column; a longer one is a value."""


def resolve_sources(specs: Sequence[str], columns: Sequence[str] = ()) -> list[ConvertSource]:
    """Find the files of all sources and the converter of each.

    A source may be the name of a dataset that `lf-qwen3 download` fetched. `columns` holds the roles of
    columns as `--columns` writes them: nothing, one text for all sources, or one for each. Raises
    `UsageError` for a source named twice, an unknown converter, a named column that no row has, or columns
    that no converter fits.
    """
    if len(columns) not in (0, 1, len(specs)):
        raise UsageError(
            f"--columns is given {len(columns)} times for {len(specs)} sources",
            "give it once for all sources, or once for each in their order; '' names no column",
            code="columns_count",
        )
    given = [parse_roles(text) for text in columns] or [()]
    files: list[ConvertSource] = []
    seen: dict[tuple[Path, str], str] = {}
    for number, spec in enumerate(specs):
        name, path = _parse_spec(spec)
        for file in sources.find_files(_place_of(path)):
            real = file.path.resolve(), file.list_name
            if real in seen:
                raise UsageError(
                    f"duplicate source: {file.label}",
                    f"as {seen[real]} and as {spec}",
                    code="source_twice",
                )
            seen[real] = spec
            roles = given[number % len(given)]
            converter = choose_converter(file, name, roles)
            files.append(ConvertSource(spec, file, converter.name, _with_label(file, converter, roles)))
    return files


def choose_converter(file: SourceFile, name: str = "", roles: Roles = ()) -> converters.Converter:
    """Return the converter of a file: the one that is named, or the one that its columns fit.

    Raises `UsageError`: `unknown_converter`, `column_missing` for a role given to no column of the file, and
    `no_converter_fits` with the likeliest `--columns`.
    """
    if name and not roles:
        return converters.get(name)
    columns = sources.columns(file)
    for _, column in roles:
        if column not in columns:
            shown = f"columns: {_shown(columns)}"
            near = did_you_mean(column, columns)
            raise UsageError(
                f"{file.path}: no row has the column '{column}'",
                f"{near} {shown}" if near else shown,
                code="column_missing",
            )
    if name:
        return converters.get(name)
    converter = converters.detect(columns, roles, partial(sources.first_rows, file))
    if converter is None:
        raise _nothing_fits(file, columns)
    return converter


def _with_label(file: SourceFile, converter: converters.Converter, roles: Roles) -> Roles:
    """Add the column that marks the answers as good or bad, where the rows have one and no role says more.

    Raises `UsageError` ("label_beside_pair") for a label that was given to pairs.
    """
    given = {role for role, _ in roles}
    if converter.takes_pairs and given & {"label", "correct"}:
        raise UsageError(
            f"{file.path}: the rows are preference pairs (chosen and rejected), which need no label",
            "remove label and correct from --columns",
            code="label_beside_pair",
        )
    if converter.takes_pairs or given & {"label", "correct"}:
        return roles
    named = {column for _, column in roles}
    columns = [name for name in sources.columns(file) if name not in named and is_label(name)]
    column = find_label(columns, sources.first_rows(file)) if columns else ""
    return (*roles, ("label", column)) if column else roles


def _nothing_fits(file: SourceFile, columns: Sequence[str]) -> UsageError:
    rows = sources.first_rows(file)
    if guessed := _describe_guess(file, () if any(map(_is_a_value, columns)) else guess_roles(rows), rows):
        hint = guessed
    elif any(map(_is_a_value, columns)):
        hint = (
            "the first row of the file looks like data: add a header row, such as "
            "question,A,B,C,D,answer or question,answer"
        )
    elif rivals := several_answers(columns):
        hint = (
            f"each row has several answers ({_shown(rivals)}): if one column has the better "
            "answers, --columns question=COLUMN,chosen=COLUMN,rejected=COLUMN; if another "
            "column says which is better, sort them into a column chosen and a column "
            "rejected first"
        )
    elif [name.lower() for name in columns] == ["text"]:
        hint = f"plain texts are for pre-training: lf-qwen3 register NAME {file.path}"
    else:
        hint = (
            "a question and an answer are needed: name their columns, --columns question=COLUMN,answer=COLUMN"
        )
    return UsageError(
        f"{file.path}: no converter matches the columns {_shown(columns) or '(none)'}",
        hint,
        code="no_converter_fits",
    )


def _describe_guess(file: SourceFile, roles: Roles, rows: Sequence[Row]) -> str:
    """Return the option that gives columns the likely roles, or the command for messages of any names."""
    if not roles:
        return ""
    columns = _quoted(write_roles(roles))
    if roles[0][0] == "messages" and not name_speakers(rows, roles[0][1]):
        source = _quoted(f"two_speakers:{file.path}")
        return (
            "no message names a known role; if two speak and the first is the user: "
            f"lf-qwen3 convert {source} --columns {columns}"
        )
    return f"name the columns; perhaps: --columns {columns}"


def _is_a_value(name: str) -> bool:
    """Return whether a name is none, but a text out of a file without a row of names."""
    return len(name) > _LONGEST_NAME or name.rstrip().endswith(("?", "？", ".", "。"))


def _quoted(text: str) -> str:
    return f"'{text}'" if any(char.isspace() or char in "'\"$&;()" for char in text) else text


def _shown(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else ""
    return ", ".join(name[:60] for name in columns[:_SHOWN]) + more


def _parse_spec(spec: str) -> tuple[str, str]:
    name, colon, path = spec.partition(":")
    is_converter = (
        bool(colon) and name.isidentifier() and not is_url(spec) and not Path(spec).exists() and len(name) > 1
    )
    return (name, path) if is_converter else ("", spec)


def _place_of(path: str) -> str:
    """Return the path itself, or the folder that a download of this name made."""
    if is_url(path) or Path(path).is_file():
        return path
    from lf_qwen3.data import download  # only where it is needed: it takes a while to load

    return download.place_of(path)
