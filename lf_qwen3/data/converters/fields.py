"""Read the fields of a row, strictly: text is text, or the row is rejected by name."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.roles import READ_IN_ORDER
from lf_qwen3.data.converters.source_row import SourceRow, is_filled

_KINDS: Mapping[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}
_SWITCHES = frozenset({"on", "off", "yes", "no", "true", "false", "none", "null", "n/a", "0", "1"})
"""What a column of reasoning holds where it only says whether there is any."""
_ARRAY_SEAM = re.compile(r"\}(\n\s*)\{")
"""How numpy writes the objects of an array: without commas. Inside a text of theirs a line end is escaped."""


def require_text_only(row: SourceRow) -> None:
    """Raise `Reject` ("multimodal") when a column of images, video or audio holds any."""
    for column in row.names.media:
        value = row.row[column]
        if is_filled(value) and not isinstance(value, bool | int | float):
            raise Reject("multimodal", f"the column {column}")


def text(row: Mapping[str, Any], name: str) -> str:
    """Return a text that must be there; with `Reading.as_text` the JSON text of anything else.

    Raises `Reject` (missing_field, not_text).
    """
    value = row.get(name)
    if isinstance(value, str):
        return value
    if value is None:
        raise Reject("missing_field", name)
    if isinstance(row, SourceRow) and row.reading.as_text:
        row.repairs.add("as_text")
        return json_text(value, name)
    raise Reject("not_text", f"{name} is {kind(value)}")


def json_text(value: object, name: str) -> str:
    """Return a value as compact JSON text. Raises `Reject` ("not_text") for what JSON cannot write."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        raise Reject("not_text", f"{name} cannot be written as JSON") from None


def optional_text(row: Mapping[str, Any], name: str) -> str:
    """Return a text that may be missing or null: "" then. Raises `Reject` ("not_text")."""
    return "" if row.get(name) is None else text(row, name)


def first_present(row: SourceRow, names: Sequence[str]) -> str:
    """Return the first of `names` that the row fills, else the first it has at all, else the first, or ""."""
    for name in names:
        if name in row and is_filled(row.peek(name)):
            return name
    return next((name for name in names if name in row), names[0] if names else "")


def first_of(row: SourceRow, kind_of_column: str) -> str:
    """Return the first name of a kind (`READ_IN_ORDER`) that the row fills, as `first_present` does."""
    return first_present(row, row.names.in_order[kind_of_column]) or READ_IN_ORDER[kind_of_column][0]


def is_reasoning(value: object) -> bool:
    """Return whether a cell holds reasoning, and not only whether there is any."""
    return is_filled(value) and not (isinstance(value, str) and value.strip().lower() in _SWITCHES)


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
    """Return whether no text inside a value holds half of a surrogate pair."""
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
