"""Read the fields of a row, strictly: text is text, or the row is rejected by name."""

from __future__ import annotations

from collections.abc import Sequence

from lf_qwen3.base.conversation import Row
from lf_qwen3.base.errors import Reject

MEDIA_COLUMNS = frozenset({"image", "images", "video", "videos", "audio", "audios"})


def columns_of(row: Row) -> Row:
    """Return the row with its column names in lower case; a text-only row, that is.

    Raises `Reject` ("multimodal") when a column of images, video or audio is not empty.
    """
    names = "".join(row)
    if names != names.lower():
        row = {name.lower(): value for name, value in row.items()}
    for name in MEDIA_COLUMNS.intersection(row):
        if row[name]:
            raise Reject("multimodal", f"the column {name}")
    return row


def text(row: Row, name: str) -> str:
    """Return a text that must be there. Raises `Reject` (missing_field, not_text)."""
    value = row.get(name)
    if isinstance(value, str):
        return value
    if value is None:
        raise Reject("missing_field", name)
    raise Reject("not_text", f"{name} is {kind(value)}")


def optional_text(row: Row, name: str) -> str:
    """Return a text that may be missing or null: "" then. Raises `Reject` ("not_text")."""
    return "" if row.get(name) is None else text(row, name)


def first_present(row: Row, names: Sequence[str]) -> str:
    """Return the first of `names` that the row fills, else the first it has at all, else the first."""
    for name in names:
        if row.get(name) is not None:
            return name
    return next((name for name in names if name in row), names[0])


def kind(value: object) -> str:
    """Name the type of a value as a person who writes JSON calls it."""
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), f"a {type(value).__name__}")
