"""Fast path for clean parquet dialogues: reads them by the column, without an object for each message.

Most dialogues of a ShareGPT parquet file alternate, are trimmed and hold no mark-up. For those a decoder
gives the texts alone. Whatever it cannot be sure of becomes the row it is and takes the slow path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

from lf_qwen3.data.converters.column_groups import means_something_beside
from lf_qwen3.data.converters.roles import THOUGHTS
from lf_qwen3.data.converters.source_row import ColumnUse, Fill, fill_of, use_of_columns

if TYPE_CHECKING:
    import pyarrow as pa

_PAIRS = (["human", "gpt"], ["user", "assistant"])
_ALTERNATING = {2 * turns: tuple(pair * turns for pair in _PAIRS) for turns in range(1, 33)}
_ROLES = ("from", "role")
_TEXTS = ("value", "content")
_TAKEN = frozenset(THOUGHTS)
"""Columns that mean something beside a dialogue alone."""
_SAID = frozenset([-1, 0, 1])
"""Numbers that may say yes or no, see `fill_of`."""


class Dialogue(list[str]):
    """The texts of user and assistant in turn, and the columns that their row fills."""

    __slots__ = ("use",)

    def __init__(self, texts: list[str], use: ColumnUse) -> None:
        super().__init__(texts)
        self.use = use


_Decode = Callable[["pa.RecordBatch"], list[Any]]


def decoder(like: pa.RecordBatch, names: Sequence[str]) -> _Decode | None:
    """Return a function from a batch with the columns of `like` to its items: a `Dialogue` or a row each.

    `names` are what the column of messages may be called. None where the columns are not a list of
    {from, value} or {role, content} beside columns that do not matter. The function raises ValueError where
    a text is not UTF-8, and for nulls.
    """
    import pyarrow as pa

    columns = {field.name: field.type for field in like.schema}
    lowered = {name.lower() for name in columns}
    matching = [name for name in columns if name.lower() in names]
    if (
        len(matching) != 1
        or len(lowered) < len(columns)
        or _TAKEN & lowered
        or any(map(means_something_beside, lowered))
    ):
        return None
    kind = columns[matching[0]]
    message = kind.value_type if pa.types.is_list(kind) else None
    if message is None or not pa.types.is_struct(message) or message.num_fields != 2:
        return None
    keys = [field.name for field in message]
    ordered = keys if keys[0] in _ROLES else keys[::-1]
    if tuple(ordered) not in zip(_ROLES, _TEXTS, strict=True):
        return None
    if any(not pa.types.is_string(field.type) for field in message):
        return None
    others = [other for other in columns if other != matching[0]]
    if any(pa.types.is_nested(columns[other]) for other in others):
        return None
    return _decoder(matching[0], keys, [keys.index(key) for key in ordered], others)


class _Uses(dict[tuple[Fill, ...], ColumnUse]):
    """The use of a row by what its other columns hold; rows that fill the same columns share it."""

    def __init__(self, name: str, others: list[str]) -> None:
        self.name, self.others = name, others

    def __missing__(self, fills: tuple[Fill, ...]) -> ColumnUse:
        self[fills] = use_of_columns([(self.name, "filled")], zip(self.others, fills, strict=True))
        return self[fills]


def _fills(column: pa.Array) -> Iterable[Fill]:
    """Return what each cell of a column holds; cells that are equal are looked at once."""
    import pyarrow as pa

    cells = column.to_pylist()
    numbers = pa.types.is_floating(column.type) or pa.types.is_integer(column.type)
    if numbers and not column.null_count and _SAID.isdisjoint(cells) and (total := sum(cells)) == total:
        return ["filled"] * len(cells)  # the sum of numbers is NaN where one is
    fills = {cell: fill_of(cell) for cell in set(cells)}
    return map(fills.__getitem__, cells)


def _decoder(name: str, keys: list[str], places: list[int], others: list[str]) -> _Decode:
    uses = _Uses(name, others)

    def decode(batch: pa.RecordBatch) -> list[Any]:
        column = batch.column(name)
        ends = column.offsets.to_pylist()
        first = ends[0]
        messages = column.values.slice(first, ends[-1] - first)  # `flatten` loads all of pyarrow.compute
        fields = [messages.field(place) for place in places]
        if column.null_count or messages.null_count or any(field.null_count for field in fields):
            raise ValueError("a null")
        roles, texts = (field.to_pylist() for field in fields)
        items: list[Any] = []
        fills = [_fills(batch.column(other)) for other in others]
        rows_fill = zip(*fills, strict=True) if fills else repeat((), batch.num_rows)
        start = 0
        for at, (end, fill) in enumerate(zip(ends[1:], rows_fill, strict=True)):
            stop = end - first
            own = texts[start:stop]
            if roles[start:stop] in _ALTERNATING.get(stop - start, ()) and _need_nothing(own):
                items.append(Dialogue(own, uses[fill]))
            else:
                pair = (roles, texts) if places == [0, 1] else (texts, roles)
                rows = zip(pair[0][start:stop], pair[1][start:stop], strict=True)
                items.append(_row(batch, at, name, [dict(zip(keys, row, strict=True)) for row in rows]))
            start = stop
        return items

    return decode


def _need_nothing(texts: Sequence[str]) -> bool:
    """Tell whether all texts begin and end with something other than white space and hold no mark-up.

    False, too, for an answer that convert may have to warn of.
    """
    for text in texts:
        if "<" in text or "\r" in text or "\0" in text or text[:1] <= " " or text[-1] <= " ":
            return False
        if text[0].isspace():
            return False
    for answer in texts[1::2]:  # what convert warns of
        if ("\n" not in answer and "\\n" in answer) or ("{" in answer and "{{" in answer):
            return False
    return True


def _row(batch: pa.RecordBatch, at: int, name: str, messages: list[dict[str, str]]) -> dict[str, Any]:
    """Return a row as `to_pylist` would."""
    columns = zip(batch.schema.names, batch.columns, strict=True)
    return {key: messages if key == name else column[at].as_py() for key, column in columns}
