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
from lf_qwen3.data.converters.column_groups import means_something_beside
from lf_qwen3.data.converters.source_row import (
    LONG,
    TRUTH_LENGTH,
    ColumnUse,
    Fill,
    fill_of,
    use_of_columns,
)

_other_escape = re.compile(rb'\\[^nt"]').search
_QUOTE, _BACKSLASH, _BLANK, _BRACE = b'"\\ {'
_BLANKS = tuple(b'"' + chr(code).encode() for code in range(0x80, 0x3001) if chr(code).isspace())
_BLANK_LEADS = frozenset(blank[1] for blank in _BLANKS)


class CopiedRow(NamedTuple):
    """One row as three JSON strings, quotes included, its question decoded, and the columns it fills."""

    question: memoryview
    thinking: memoryview
    answer: memoryview
    text: str
    use: ColumnUse


_Decode = Callable[[bytes], Any]


def decoder(like: Row, flat: Sequence[str]) -> _Decode:
    """Return a function that reads a line with the columns of the row `like`.

    It gives a `CopiedRow` where it can, else what `orjson.loads` makes of the line, whose
    `orjson.JSONDecodeError` it raises too. `flat` names the columns of question, thinking and answer.
    """
    import msgspec

    names = [*flat, *(name for name in like if name not in flat)]
    lowered = {name.lower() for name in names}
    if len(lowered) < len(names) or len(names) > len(like) or any(map(means_something_beside, lowered)):
        return orjson.loads
    fields = {f"column{at}": name for at, name in enumerate(names)}
    shape = msgspec.defstruct(
        "Line",
        [(field, msgspec.Raw) for field in fields],
        rename=fields,
        forbid_unknown_fields=True,
        gc=False,
    )
    use_of = _use_of(names[: len(flat)], names[len(flat) :])
    return _decoder(msgspec.json.Decoder(shape).decode, msgspec.DecodeError, use_of)


def _use_of(read: list[str], left: list[str]) -> Callable[[Any], ColumnUse]:
    """Return a function from the raw columns of a row to their use."""
    fields = [f"column{at}" for at in range(len(read), len(read) + len(left))]
    uses: dict[tuple[Fill, ...], ColumnUse] = {}
    everything_read = use_of_columns([(name, "filled") for name in read], [])
    if not left:
        return lambda columns: everything_read

    def use_of(columns: Any) -> ColumnUse:
        fills = tuple([_fill(memoryview(getattr(columns, field))) for field in fields])
        if fills not in uses:
            uses[fills] = use_of_columns([(name, "filled") for name in read], zip(left, fills, strict=True))
        return uses[fills]

    return use_of


def _fill(value: memoryview) -> Fill:
    """Tell what a column holds from its JSON, as `fill_of` does; most need not be decoded for it.

    A character takes four bytes at most, and no escape in these lines takes more than two.
    """
    kind, size, first = value[0], value.nbytes, value[1] if value.nbytes > 1 else 0
    if first <= _BLANK or first == _BACKSLASH or first in _BLANK_LEADS:
        return fill_of(orjson.loads(value))
    if kind == _QUOTE and size > 4 * LONG + 2:
        return "long"
    if kind == _BRACE and first == _QUOTE:
        return "filled"
    if kind in b'"[' and TRUTH_LENGTH + 2 < size <= LONG:
        return "filled"
    return fill_of(orjson.loads(value))


def _decoder(cut: _Decode, refused: type[Exception], use_of: Callable[[Any], ColumnUse]) -> _Decode:
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
            return CopiedRow(question, thinking, answer, loads(question), use_of(columns))
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
