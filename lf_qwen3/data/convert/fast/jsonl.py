r"""Fast path for clean JSONL rows: copies their JSON strings without decoding them.

Most rows of most sources hold trimmed text without any mark-up. Decoding such a text and encoding it again
gives the same bytes and takes half the time of a conversion, so a decoder cuts the strings out of the line
instead. Whatever it cannot be sure of is decoded as ever and takes the slow path.

A string is copied if it has text at both ends, no `<` (no tag, no control token), and no escape but ``\n``,
``\t`` and ``\"``: those are written that way by every JSON encoder, and all that could hide is excluded with
the others (carriage returns, NUL, `\u003c`, lone surrogates).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import orjson

from lf_qwen3.base.conversation import Row
from lf_qwen3.data.converters.fields import MEDIA_COLUMNS

_other_escape = re.compile(rb'\\[^nt"]').search
_QUOTE, _BACKSLASH, _BLANK = b'"\\ '
_BLANKS = tuple(b'"' + chr(code).encode() for code in range(0x80, 0x3001) if chr(code).isspace())
_BLANK_LEADS = frozenset(blank[1] for blank in _BLANKS)


class CopiedRow(NamedTuple):
    """One row as three JSON strings, quotes included, and its question decoded."""

    question: memoryview
    thinking: memoryview
    answer: memoryview
    text: str


_Decode = Callable[[bytes], Any]


def decoder(like: Row, flat: Sequence[str]) -> _Decode:
    """Return a function that reads a line with the columns of the row `like`.

    It gives a `CopiedRow` where it can, else what `orjson.loads` makes of the line, whose
    `orjson.JSONDecodeError` it raises too. `flat` names the columns of question, thinking and answer.
    """
    import msgspec

    names = [*flat, *(name for name in like if name not in flat)]
    lowered = {name.lower() for name in names}
    if len(lowered) < len(names) or len(names) > len(like) or MEDIA_COLUMNS & lowered:
        return orjson.loads
    fields = {f"column{at}": name for at, name in enumerate(names)}
    shape = msgspec.defstruct(
        "Line",
        [(field, msgspec.Raw) for field in fields],
        rename=fields,
        forbid_unknown_fields=True,
        gc=False,
    )
    return _decoder(msgspec.json.Decoder(shape).decode, msgspec.DecodeError)


def _decoder(cut: _Decode, refused: type[Exception]) -> _Decode:
    loads = orjson.loads

    def decode(line: bytes) -> Any:
        if b"<" in line or _other_escape(line):
            return loads(line)
        try:
            line.decode()
            columns = cut(line)
        except (UnicodeDecodeError, refused):
            return loads(line)
        question, thinking = memoryview(columns.column0), memoryview(columns.column1)
        answer = memoryview(columns.column2)
        if _is_trimmed(question) and _is_trimmed(thinking) and _is_trimmed(answer):
            return CopiedRow(question, thinking, answer, loads(question))
        return loads(line)

    return decode


def _is_trimmed(value: memoryview) -> bool:
    """Tell whether a JSON value is a string that begins and ends with something other than white space."""
    if len(value) < 3 or value[0] != _QUOTE:
        return False
    first, last = value[1], value[-2]
    if (
        first <= _BLANK
        or last <= _BLANK
        or first == _BACKSLASH
        or (value[-3] == _BACKSLASH and last != _QUOTE)
    ):
        return False
    return first not in _BLANK_LEADS or not bytes(value[:4]).startswith(_BLANKS)
