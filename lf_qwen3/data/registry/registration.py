"""Register a file: its entry is found from its first records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import Any

from lf_qwen3.base.conversation import Row
from lf_qwen3.base.errors import Reject, UsageError
from lf_qwen3.base.reasons import REJECTED
from lf_qwen3.data import converters
from lf_qwen3.data.converters.fields import require_text_only
from lf_qwen3.data.converters.guess import guess_roles
from lf_qwen3.data.converters.roles import write_roles
from lf_qwen3.data.converters.source_row import SourceRow
from lf_qwen3.data.registry.change import RegistryChange, edit_registry
from lf_qwen3.data.registry.head import first_rows
from lf_qwen3.data.registry.names import check_name, config_path, find_file, relative_name
from lf_qwen3.data.registry.shape import (
    Columns,
    DatasetKind,
    NoFitError,
    RecordShape,
    columns_of,
    find_verdict,
    recognise,
)

RegistryEntry = dict[str, Any]
"""One entry of dataset_info.json."""

_SUFFIXES = (".jsonl", ".json", ".parquet", ".csv")
_SHOWN = 10
"""Columns in a message."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What `register` found out and did; `unused` are columns that LLaMA-Factory will not read."""

    entry: RegistryEntry
    kind: DatasetKind
    unused: tuple[str, ...]
    change: RegistryChange


def entry_for(file: Path | str, dataset_dir: Path | str) -> RegistryEntry:
    """Return the dataset_info entry that describes `file`, found from its first 100 records.

    Columns and tags are written in full: naming one column resets the unnamed to None in LLaMA-Factory
    (data/parser.py). `file` is named from here or from `dataset_dir`. Raises `UsageError` when it lies
    elsewhere, cannot be read, or fits no format of LLaMA-Factory.
    """
    return _described(file, dataset_dir)[0]


def register(
    name: str, file: Path | str, dataset_dir: Path | str, replace: bool = False, dry_run: bool = False
) -> Registered:
    """Find the entry of `file` and write it into dataset_info.json.

    Raises what `entry_for` and `edit_registry` raise.
    """
    check_name(name)
    config_path(dataset_dir)
    entry, shape = _described(file, dataset_dir)
    change = edit_registry(dataset_dir, {name: entry}, replace=replace, dry_run=dry_run)
    return Registered(entry, shape.kind, shape.unused, change)


def _described(file: Path | str, dataset_dir: Path | str) -> tuple[RegistryEntry, RecordShape]:
    path = find_file(file, dataset_dir)
    file_name = relative_name(path, dataset_dir)
    convert = f"lf-qwen3 convert {quote(str(path))} --name NAME --dataset-dir {quote(str(dataset_dir))}"
    if path.suffix not in _SUFFIXES:
        raise UsageError(
            f"{path}: a data file has to end in {', '.join(_SUFFIXES)}",
            f"rename it if it is such a file, or: {convert}",
            code="file_suffix",
        )
    rows = first_rows(path, hint=convert)
    try:
        shape = recognise(rows)
    except NoFitError as why:
        reason = f"; {why}" if str(why) else ""
        raise UsageError(
            f"{path} matches no format of LLaMA-Factory{reason}\ncolumns: {_seen(columns_of(rows))}",
            _cure(rows, convert),
            code="no_format_fits",
        ) from why
    return shape.entry(file_name), shape


def _cure(rows: Sequence[Row], convert: str) -> str:
    """Return how the rows become a file that fits, or why `convert` cannot read them either."""
    converter = converters.detect(columns_of(rows), (), lambda: rows)
    if converter is None:
        guessed = write_roles(guess_roles(rows)) or "question=COLUMN,answer=COLUMN"
        return f"tell convert what the columns mean: {convert} --columns {quote(guessed)}"
    verdict = find_verdict(columns_of(rows))
    if verdict and not converter.takes_pairs:
        return f"this makes a KTO dataset of it: {convert} --columns {quote(f'label={verdict}')}"
    problem: Reject | None = None
    for row in rows:
        try:
            source = SourceRow(row)
            require_text_only(source)
            converter.convert(source)
        except Reject as reject:
            problem = problem or reject
        else:
            return f"this converts it into a format that does: {convert}"
    assert problem
    reason = REJECTED[problem.code]
    detail = f" ({problem.detail})" if problem.detail else ""
    return f"convert cannot read it either: {reason.message}{detail}; {reason.hint}"


def _seen(columns: Columns) -> str:
    """Return the columns with what they hold, for a message."""
    shown = [f"{name} ({_held(values)})" for name, values in islice(columns.items(), _SHOWN)]
    more = f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else ""
    return (", ".join(shown) or "(none)") + more


def _held(values: Sequence[object]) -> str:
    names = {
        str: "text",
        bool: "true or false",
        int: "numbers",
        float: "numbers",
        list: "lists",
        dict: "objects",
    }
    kinds = dict.fromkeys(
        names.get(type(value), type(value).__name__) for value in values if value is not None
    )
    return " and ".join(kinds) or "null"
