"""The first rows of a data file, typed as LLaMA-Factory's loader (HF datasets) will see them."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.conversation import Row
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.number_text import is_number
from lf_qwen3.base.reasons import describe

if TYPE_CHECKING:
    from lf_qwen3.data.sources import BadRow, SourceFile

_HEAD = 100
_LOADED_AS = {
    "jsonl": (".jsonl", ".json"),
    "json": (".jsonl", ".json"),
    "csv": (".csv",),
    "parquet": (".parquet",),
}
_TRUTHS = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}


def first_rows(path: Path, hint: str) -> list[Row]:
    """Return the first 100 rows of a JSON, JSONL, parquet or CSV file.

    Raises `UsageError` when there are none, or when the file could not be loaded for training: a row that
    cannot be read, a content that is not what the name says. `hint` says what to do then.
    """
    from lf_qwen3.data import sources

    (file,) = sources.find_files(str(path))
    _require_loadable(file, hint)
    items = islice((item for part in sources.cut(file) for item in sources.rows(part)), _HEAD)
    rows = [_row_at(path, number, item, hint) for number, item in enumerate(items, 1) if item is not None]
    if not rows:
        raise UsageError(
            f"{path} has no rows", "there is nothing to train on; is it the right file?", code="file_empty"
        )
    if file.kind != "csv":
        return rows
    _require_plain_header(path, hint)
    return _typed(rows)


def _row_at(path: Path, number: int, item: Row | BadRow, hint: str) -> Row:
    if isinstance(item, dict):
        return item
    raise UsageError(
        f"{path}, row {number}: {describe(item.code)}: {item.detail}",
        f"LLaMA-Factory would not load the file; this command leaves such rows out: {hint}",
        code="row_unreadable",
    )


def _require_loadable(file: SourceFile, hint: str) -> None:
    """Raise `UsageError` for what our readers repair and HF datasets does not."""
    from lf_qwen3.data import sources

    path = file.path
    sources.require_plain(file, hint)
    if path.suffix not in _LOADED_AS[file.kind]:
        raise UsageError(
            f"{path} contains {file.kind}, but LLaMA-Factory goes by its file name",
            f"rename it, or: {hint}",
            code="file_suffix",
        )
    if file.kind == "json" and _begins_with_mark(path):
        raise UsageError(
            f"{path} begins with a byte order mark (BOM), which LLaMA-Factory cannot read",
            f"save it as UTF-8 without one, or: {hint}",
            code="byte_order_mark",
        )


def _require_plain_header(path: Path, hint: str) -> None:
    """Raise `UsageError` for a CSV that pandas would cut otherwise than our reader did."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        header = next((names for names in csv.reader(lines) if names), [])
    if any(name != name.strip() or not {";", "|", "\t"}.isdisjoint(name) for name in header):
        raise UsageError(
            f"{path}: split at commas, as LLaMA-Factory does, its columns are {', '.join(map(repr, header))}",
            f"save it with commas and without spaces around the names, or: {hint}",
            code="csv_header",
        )


def _begins_with_mark(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(3) == b"\xef\xbb\xbf"


def _typed(rows: list[Row]) -> list[Row]:
    """Return CSV rows as pandas reads them: it turns whole columns of text into truths or numbers."""
    columns = {name: _typed_column([row.get(name) for row in rows]) for name in rows[0]}
    return [{name: values[index] for name, values in columns.items()} for index in range(len(rows))]


def _typed_column(values: list[Any]) -> list[Any]:
    filled = [value for value in values if value]
    if filled and all(value in _TRUTHS for value in filled):
        return [_TRUTHS[value] if value else None for value in values]
    if filled and all(is_number(value) for value in filled):
        return [float(value) if value else None for value in values]
    return [value or None for value in values]
