"""The outline of a JSON object: its values, each with its place and its first elements decoded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Literal, NamedTuple

import orjson

from lf_qwen3.data.sources.json_cursor import JsonCursor
from lf_qwen3.data.sources.part import JsonPlace

_MOST_MEMBERS = 200
_MOST_ELEMENTS = 20
_NOTHING = object()


class JsonMember(NamedTuple):
    """A value of the object; `size` is the number of its elements, `head` the first of them, or a scalar."""

    place: JsonPlace
    kind: Literal["array", "object", "scalar"]
    size: int
    head: Any

    @property
    def key(self) -> str:
        """The key as it is written."""
        return self.place.key

    @property
    def first(self) -> list[Any]:
        """The first elements without their keys."""
        return list(self.head.values()) if isinstance(self.head, dict) else list(self.head)


class JsonOutline(NamedTuple):
    """The first members of an object, and the object's own place."""

    members: list[JsonMember]
    place: JsonPlace

    def of_kind(self, kind: Literal["array", "object", "scalar"]) -> list[JsonMember]:
        """Return the members of a kind."""
        return [member for member in self.members if member.kind == kind]


def read_outline(cursor: JsonCursor, key: str = "") -> JsonOutline:
    """Skip the object at the cursor, whose key is `key`, and return what it holds.

    Where the text ends early or is no JSON, the outline ends, and the place available has no stop.
    """
    members: list[JsonMember] = []
    stop = None
    cursor.peek()
    start = cursor.place
    with suppress(ValueError):
        for name in _keys(cursor):
            if len(members) == _MOST_MEMBERS:
                cursor.skip()
                continue
            member = _read_member(cursor, name)
            members.append(member)
            if member.place.stop is None:
                break
        else:
            stop = cursor.place
    return JsonOutline(members, JsonPlace(key, start, stop))


def decode_value(text: bytes) -> Any:
    """Decode a JSON value, NaN included. Raises ValueError."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            return json.loads(text)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def _read_member(cursor: JsonCursor, key: str) -> JsonMember:
    opening = cursor.peek()
    start = cursor.place
    if opening not in (b"{", b"["):
        value = decode_value(cursor.value())
        return JsonMember(JsonPlace(key, start, cursor.place), "scalar", 1, value)
    head: Any = [] if opening == b"[" else {}
    size, stop = 0, None
    with suppress(ValueError):
        for name in _elements(cursor) if opening == b"[" else _keys(cursor):
            if size < _MOST_ELEMENTS:
                element = _decoded(cursor.value())
                if element is not _NOTHING and opening == b"[":
                    head.append(element)
                elif element is not _NOTHING:
                    head[name] = element
            else:
                cursor.skip()
            size += 1
        stop = cursor.place
    return JsonMember(JsonPlace(key, start, stop), "array" if opening == b"[" else "object", size, head)


def _decoded(text: bytes) -> Any:
    try:
        return decode_value(text)
    except ValueError:
        return _NOTHING


def _keys(cursor: JsonCursor) -> Iterator[str]:
    """Yield the keys of the object at the cursor; the caller skips each value."""
    cursor.take(b"{")
    while not cursor.take_if(b"}"):
        key = decode_value(cursor.value())
        if not isinstance(key, str):
            raise ValueError("a key is not text")
        cursor.take(b":")
        yield key
        if cursor.peek() != b"}":
            cursor.take(b",")


def _elements(cursor: JsonCursor) -> Iterator[str]:
    """Yield "" for each element of the array at the cursor; the caller skips it."""
    cursor.take(b"[")
    while not cursor.take_if(b"]"):
        yield ""
        if cursor.peek() != b"]":
            cursor.take(b",")
