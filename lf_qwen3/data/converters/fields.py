"""Read the fields of a row, strictly: text is text, or the row is rejected by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.source_row import SourceRow, is_filled


def require_text_only(row: SourceRow) -> None:
    """Raise `Reject` ("multimodal") when a column of images, video or audio is not empty."""
    for column in row.names.media:
        if is_filled(row.row[column]):
            raise Reject("multimodal", f"the column {column}")


def text(row: Mapping[str, Any], name: str) -> str:
    """Return a text that must be there. Raises `Reject` (missing_field, not_text)."""
    value = row.get(name)
    if isinstance(value, str):
        return value
    if value is None:
        raise Reject("missing_field", name)
    raise Reject("not_text", f"{name} is {kind(value)}")


def optional_text(row: Mapping[str, Any], name: str) -> str:
    """Return a text that may be missing or null: "" then. Raises `Reject` ("not_text")."""
    return "" if row.get(name) is None else text(row, name)


def first_present(row: SourceRow, names: Sequence[str]) -> str:
    """Return the first of `names` that the row fills, else the first it has at all, else the first."""
    for name in names:
        if name in row and is_filled(row.peek(name)):
            return name
    return next((name for name in names if name in row), names[0])


def kind(value: object) -> str:
    """Name the type of a value as a person who writes JSON calls it."""
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), f"a {type(value).__name__}")
