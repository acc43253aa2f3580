"""One row from its JSON text: orjson for the good ones, a slow and forgiving look at the others."""

from __future__ import annotations

import json
from typing import Any

import orjson

from lf_qwen3.data.sources.part import BadRow, Item

BOM = b"\xef\xbb\xbf"

_NAMES = {list: "an array", str: "a text", int: "a number", float: "a number", bool: "a truth value"}


def decode(raw: bytes, is_last: bool = False) -> Item:
    """Decode one row; `is_last` tells that the text ends where the file does, so it may be cut short."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return decode_slowly(raw, is_last)
    return value if type(value) is dict else not_object(raw, value)


def decode_slowly(raw: bytes, is_last: bool = False) -> Item:
    """Decode a row that orjson refuses: take NaN, or tell what is wrong.

    A byte order mark is removed; white space alone is None. The codes are truncated (only with
    `is_last`), invalid_utf8, malformed, surrogate and not_object.
    """
    raw = raw.removeprefix(BOM).rstrip(b"\r\n")
    if not raw.strip():
        return None
    try:
        text = raw.decode("utf-8")
        value = json.loads(text)
        inside = _surrogate_in(value) if "\\u" in text else ""
    except UnicodeDecodeError as error:
        problem = "invalid_utf8", f"byte 0x{raw[error.start]:02x} at byte {error.start + 1} of the row"
    except json.JSONDecodeError as error:
        line = f"line {error.lineno} of the row, " if error.lineno > 1 else ""
        problem = "malformed", f"{error.msg}, {line}column {error.colno}"
    except (ValueError, RecursionError) as error:
        problem = "malformed", "nested too deeply" if isinstance(error, RecursionError) else str(error)
    else:
        if inside:
            return BadRow("surrogate", inside, text_of(raw))
        return value if type(value) is dict else not_object(raw, value)
    return BadRow("truncated" if is_last else problem[0], problem[1], text_of(raw))


def is_message(value: object) -> bool:
    """Return whether a JSON value is one message of a conversation: it has a role."""
    return isinstance(value, dict) and ("role" in value or "from" in value)


def is_conversation(value: object) -> bool:
    """Return whether a JSON value is a list of messages."""
    return isinstance(value, list) and bool(value) and all(map(is_message, value))


def is_row_in_list(value: object) -> bool:
    """Return whether a JSON value is a list that holds one row."""
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict) and bool(value[0])


def read_list(item: Item) -> Item:
    """Return the row of an element that is a list: {"messages": [...]} of messages, or the row in it.

    Any other element is returned as it is.
    """
    if isinstance(item, BadRow) and item.code == "not_object" and item.raw.lstrip()[:1] == "[":
        value = json.loads(item.raw)
        if is_conversation(value):
            return {"messages": value}
        return value[0] if is_row_in_list(value) else item
    return item


def not_object(raw: bytes, value: object) -> BadRow:
    """Return the problem of a row that is JSON but no object."""
    return BadRow("not_object", f"it is {_NAMES.get(type(value), 'null')}", text_of(raw))


def text_of(raw: bytes) -> str:
    """Return a row's bytes as text, without its line end; what is no UTF-8 becomes U+FFFD."""
    return raw.removeprefix(BOM).decode("utf-8", "replace").rstrip("\r\n")


def _surrogate_in(value: Any) -> str:
    fields = value if isinstance(value, dict) else {"": value}
    for name, field in fields.items():
        try:
            json.dumps({name: field}, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = f"\\u{ord(error.object[error.start]):04x}"
            return f"{half} in {name.encode('ascii', 'backslashreplace').decode()}"
    return ""
