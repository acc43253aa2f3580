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
from collections import Counter
from collections.abc import Callable, Sequence
from operator import attrgetter
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
_loads = orjson.loads
_QUOTE, _BACKSLASH, _BLANK, _BRACE, _BRACKET = b'"\\ {['
_BLANKS = tuple(b'"' + chr(code).encode() for code in range(0x80, 0x3001) if chr(code).isspace())
_BLANK_LEADS = frozenset(blank[1] for blank in _BLANKS)
_STARTS = frozenset(range(_BLANK + 1, 256)) - {_BACKSLASH} - _BLANK_LEADS


class CopiedRow(NamedTuple):
    """One row as three JSON strings, quotes included, and its question decoded.

    `count_uses` counts which columns the rows of its part fill, from the `columns` of many of them.
    """

    question: memoryview
    thinking: memoryview
    answer: memoryview
    text: str
    columns: Any
    count_uses: _CountUses


_Decode = Callable[[bytes], Any]
_CountUses = Callable[[Sequence[Any]], Counter[ColumnUse]]


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
        [(field, _cut_as(like.get(name), name in flat)) for field, name in fields.items()],
        rename=fields,
        forbid_unknown_fields=True,
        gc=False,
    )
    count_uses = _counter_of(names[: len(flat)], names[len(flat) :])
    return _decoder(msgspec.json.Decoder(shape).decode, msgspec.DecodeError, count_uses)


def _cut_as(value: Any, is_read: bool) -> Any:
    """Return the type that a column is cut out as: the text of a short one that is left, else its JSON.

    A row whose column holds something else is decoded as ever.
    """
    import msgspec

    return str if isinstance(value, str) and len(value) <= 4 * LONG and not is_read else msgspec.Raw


def _counter_of(read: list[str], left: list[str]) -> _CountUses:
    """Return a function that counts what rows use from their raw columns.

    A thousand rows at a time: most columns are filled alike in all of them, which takes no step for each row.
    """
    getters = [attrgetter(f"column{at}") for at in range(len(read), len(read) + len(left))]
    read_filled: list[tuple[str, Fill]] = [(name, "filled") for name in read]

    def count_uses(rows: Sequence[Any]) -> Counter[ColumnUse]:
        fills = [_fills(list(map(getter, rows))) for getter in getters]
        alike = Counter(zip(*fills, strict=True)) if left else {(): len(rows)}
        return Counter(
            {use_of_columns(read_filled, zip(left, fill, strict=True)): n for fill, n in alike.items()}
        )

    return count_uses


def _fills(cells: list[Any]) -> list[Fill]:
    """Tell what the cells of a column hold, as `fill_of` does, from their texts or their JSON."""
    if type(cells[0]) is not str:
        return [_fill(memoryview(cell)) for cell in cells]
    sizes = list(map(len, cells))
    if min(sizes) <= TRUTH_LENGTH or any(map(str.isspace, cells)):
        return [fill_of(cell) for cell in cells]
    return ["long" if size > LONG else "filled" for size in sizes]


def _fill(value: memoryview) -> Fill:
    """Tell what a cell holds from its JSON; most need not be decoded for it.

    A character takes four bytes at most, and no escape in these lines takes more than two.
    """
    kind, size, first = value[0], value.nbytes, value[1] if value.nbytes > 1 else 0
    if first in _STARTS:
        if kind == _QUOTE and size > 4 * LONG + 2:
            return "long"
        if (kind == _BRACE and first == _QUOTE) or (kind == _BRACKET and TRUTH_LENGTH + 2 < size <= LONG):
            return "filled"
    return fill_of(_loads(value))


def _decoder(cut: _Decode, refused: type[Exception], count_uses: _CountUses) -> _Decode:
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
            return CopiedRow(question, thinking, answer, loads(question), columns, count_uses)
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
