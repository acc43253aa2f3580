"""Read the fields of a row, strictly: text is text, or the row is rejected by name."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.source_row import SourceRow, is_filled

_KINDS: Mapping[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}
_ARRAY_SEAM = re.compile(r"\}(\n\s*)\{")
"""How numpy writes the objects of an array: without commas. Inside a text of theirs a line end is escaped."""


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
    return "null" if value is None else _KINDS.get(type(value), f"a {type(value).__name__}")


def parse_cell(value: Any) -> Any:
    """Return the list or object that a text spells out, as JSON or as Python writes it; else the value.

    The cell of a CSV cannot hold a list otherwise: people write JSON, pandas writes what Python shows.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text[:1] + text[-1:] not in ("[]", "{}"):
        return value
    spelled = _parsed(text)
    if spelled is None or ("\\u" in text.lower() and not _is_unicode(spelled)):
        return value
    return spelled


def _is_unicode(value: object) -> bool:
    """Tell whether no text inside a value holds half of a surrogate pair."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(_ARRAY_SEAM.sub(r"},\1{", text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
