"""Read rows that hold clean texts of user and assistant in turn, and nothing else that matters."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from lf_qwen3.base.conversation import Row
from lf_qwen3.data.convert.fast.clean import clean_system, clean_text, clean_thinking, need_nothing
from lf_qwen3.data.convert.fast.uses import UseCount, UseCounter
from lf_qwen3.data.converters import Converter
from lf_qwen3.data.converters.column_groups import means_something_beside
from lf_qwen3.data.converters.plain_messages import read_plain_messages
from lf_qwen3.data.converters.roles import THOUGHTS
from lf_qwen3.data.converters.source_row import is_filled
from lf_qwen3.data.provenance import PROVENANCE


class CleanRow(NamedTuple):
    """The texts of user and assistant in turn, the reasoning of the one answer, and the system text."""

    texts: Sequence[str]
    thinking: str = ""
    system: str = ""


class _Columns(NamedTuple):
    """The places of the texts in rows with the same columns.

    `messages` is the column of messages, or `flat` those of question, thinking and answer. A row that fills
    one of `beside` takes the slow path.
    """

    messages: str
    flat: tuple[str, ...]
    beside: tuple[str, ...]
    uses: UseCounter


class CleanRowReader:
    """Reads the rows of one part; counts the columns of those that it could read."""

    def __init__(self, converter: Converter) -> None:
        self._converter = converter
        self._known: dict[tuple[str, ...], _Columns | None] = {}

    def read(self, row: Row, number: int, repairs: set[str]) -> CleanRow | None:
        """Return what the row holds, as `normalise` leaves it; None where the slow path is needed.

        `number` is the row's own, to count the uses of columns in order. Repairs are noted; what is noted of
        a row that is then None, the slow path would note too.
        """
        names = tuple(row)
        try:
            columns = self._known[names]
        except KeyError:
            columns = self._known[names] = _find_columns(names, self._converter)
        if columns is None or (columns.beside and any(is_filled(row[name]) for name in columns.beside)):
            return None
        clean = _read_messages(row[columns.messages], repairs) if columns.messages else None
        if columns.flat:
            clean = _read_flat(columns.flat, row, repairs)
        if clean is not None:
            columns.uses.add(row, number)
        return clean

    def take_uses(self) -> list[UseCount]:
        """Return which columns the rows fill that were read since the last call, in any order."""
        return [count for columns in self._known.values() if columns for count in columns.uses.take()]


def _find_columns(names: tuple[str, ...], converter: Converter) -> _Columns | None:
    lowered = [name.lower() for name in names]
    messages = [name for name in names if name.lower() in converter.messages]
    flat = converter.flat if {*converter.flat} <= {*names} else ()
    if len({*lowered}) < len(names) or not (len(messages) == 1 or flat):
        return None
    read = (*flat,) if flat else (messages[0],)
    beside = [name for name in names if name not in read and _matters(name.lower(), bool(flat))]
    if flat and any(map(means_something_beside, lowered)):
        return None
    left = [name for name in names if name not in read and name not in beside]
    in_order = [name for name in names if name in read]
    return _Columns("" if flat else messages[0], flat, tuple(beside), UseCounter(in_order, left))


def _matters(name: str, is_flat: bool) -> bool:
    return name == PROVENANCE or (not is_flat and (name in THOUGHTS or means_something_beside(name)))


def _read_messages(value: Any, repairs: set[str]) -> CleanRow | None:
    messages = read_plain_messages(value)
    if messages is None:
        return None
    texts, system = messages
    if not need_nothing(texts):
        clean: list[str] = []
        for at, raw in enumerate(texts):
            text = clean_text(raw, at % 2 == 1, repairs)
            if text is None or (at % 2 and _may_warn(text)):
                return None
            clean.append(text)
        texts = tuple(clean)
    if not system:
        return CleanRow(texts)
    known = clean_system(system)
    if known is None:
        return None
    repairs.update(["crlf"] * known[1])
    return CleanRow(texts, "", known[0])


def _read_flat(columns: tuple[str, ...], row: Row, repairs: set[str]) -> CleanRow | None:
    question, thinking, answer = itemgetter(*columns)(row)
    if type(question) is not str or type(thinking) is not str or type(answer) is not str:
        return None
    if not is_filled(thinking):
        return None
    asked = clean_text(question, False, repairs)
    thought = clean_thinking(thinking, repairs)
    answered = clean_text(answer, True, repairs)
    if asked is None or thought is None or answered is None or _may_warn(answered):
        return None
    return CleanRow((asked, answered), thought)


def _may_warn(answer: str) -> bool:
    """Return whether convert may have to warn of an answer (`WarnedRows`)."""
    return ("\n" not in answer and "\\n" in answer) or ("{" in answer and "{{" in answer)
