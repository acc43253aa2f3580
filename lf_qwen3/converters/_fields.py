"""Read the fields of a row, strictly: text is text, or the row is rejected by name."""

from __future__ import annotations

from collections.abc import Iterable

from lf_qwen3.errors import Reject
from lf_qwen3.types import Row


def text(row: Row, name: str) -> str:
    """Return a text that must be there. Raises `Reject` (missing_field, not_text)."""
    value = row.get(name)
    if isinstance(value, str):
        return value
    if value is None:
        raise Reject("missing_field", name)
    raise Reject("not_text", f"{name} is {type(value).__name__}")


def optional_text(row: Row, name: str) -> str:
    """Return a text that may be missing or null: "" then. Raises `Reject` ("not_text")."""
    return "" if row.get(name) is None else text(row, name)


def first_present(row: Row, names: Iterable[str]) -> str:
    """Return the first of `names` that the row holds with a value; the first name when none does."""
    names = list(names)
    return next((name for name in names if row.get(name) is not None), names[0])
