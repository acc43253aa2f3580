"""One row as a converter reads it, which remembers what was read of it.

names = names_of_columns(tuple(row), roles)   # once for all rows of the same columns
source = SourceRow(row, names)
source.get("question")                        # in whatever case the column is written
source.use()                                  # which columns were read, and which were left
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from lf_qwen3.base.conversation import Row
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.column_groups import (
    is_media,
    means_something_beside,
    option_columns,
    reasoning_pairs,
)
from lf_qwen3.data.converters.roles import ANSWERS, READ_IN_ORDER, ROLES, THOUGHTS, Roles

LONG = 100
"""Characters; a column with texts longer than that may be material to train on."""

YES = frozenset(
    [
        *(
            "1",
            "1.0",
            "+1",
            "true",
            "yes",
            "correct",
            "right",
            "good",
            "valid",
            "verified",
            "accepted",
            "pass",
        ),
        *("passed", "chosen", "preferred", "desirable", "up", "thumbs_up", "thumbs up", "like"),
    ]
)
NO = frozenset(
    [
        *("0", "0.0", "-1", "-1.0", "false", "no", "incorrect", "wrong", "bad", "invalid", "unverified"),
        *("rejected", "fail", "failed", "undesirable", "down", "thumbs_down", "thumbs down", "dislike"),
    ]
)
TRUTH_LENGTH = len("undesirable")
"""Characters of the longest text that says yes or no."""


_NUMBERS, _CONTAINERS = (bool, int, float), (list, dict)
"""Names of their own: to write a union takes as long as to look at it."""

Fill = Literal["", "filled", "long", "yes", "no"]
"""What a cell holds, see `fill_of`."""


class ColumnUse(NamedTuple):
    """The columns that a row fills: those that were read and those that were left.

    Of those that were left, `long` holds those of long text, `truths` those that say yes or no, and `noes`
    those that say no. What was left inside a message is called `messages[].key`.
    """

    read: tuple[str, ...]
    left: tuple[str, ...]
    long: tuple[str, ...] = ()
    truths: tuple[str, ...] = ()
    noes: tuple[str, ...] = ()


class ColumnNames(NamedTuple):
    """The column behind each name that converters ask for.

    `clashes` are names that several columns fit, `media` the columns of pictures, video and audio,
    `given` the roles that were given by hand.
    `in_order` holds the names of each kind that the row has (`READ_IN_ORDER`), `pairs` the columns of a
    reasoning and of the answer that belongs to it, `options` the columns that hold an option each. `beside`
    tells that a column means something beside a question and its answer.
    """

    column: dict[str, str]
    clashes: dict[str, tuple[str, ...]]
    media: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()
    in_order: Mapping[str, tuple[str, ...]] = {}
    pairs: tuple[tuple[str, str], ...] = ()
    options: tuple[str, ...] = ()
    beside: bool = False


class Reading(NamedTuple):
    """How rows are read.

    `every` makes a record of each of several answers instead of the first; `as_text` takes numbers, objects
    and lists in place of text as their JSON text; `unescape` makes line ends of the two
    characters that some texts have in their place.
    """

    every: bool = False
    as_text: bool = False
    unescape: bool = False


AS_IT_IS = Reading()
"""Nothing but what a row plainly says."""


@lru_cache(maxsize=4096)
def names_of_columns(columns: tuple[str, ...], roles: Roles = ()) -> ColumnNames:
    """Return how the columns of a row answer to the names of converters: in lower case, or by their role.

    A role that `roles` gives to a column belongs to that column alone. Of columns that differ in case only,
    the one counts that is written as the row's columns of thinking and answer are; where that does not
    decide, none does.
    """
    given = [column for _, column in roles]
    fitting: dict[str, list[str]] = {}
    for column in columns:
        if column not in given:
            fitting.setdefault(column.lower(), []).append(column)
    for role, column in roles:
        for name in (role, *ROLES[role]):
            fitting.pop(name, None)
        if column in columns and role != "ignore":
            fitting[role] = [column]
    style = _style_of_siblings(fitting)
    chosen: dict[str, str] = {}
    clashes: dict[str, tuple[str, ...]] = {}
    for name, several in fitting.items():
        alike = several if len(several) == 1 else [column for column in several if _style(column) == style]
        if len(alike) == 1:
            chosen[name] = alike[0]
        else:
            clashes[name] = tuple(several)
    known = {*chosen, *clashes}
    by_hand = {role for role, _ in roles}
    return ColumnNames(
        chosen,
        clashes,
        media=tuple(column for column in columns if is_media(column) and column not in given),
        in_order={
            kind: tuple(name for name in names if name in known) for kind, names in READ_IN_ORDER.items()
        },
        pairs=_pairs(chosen, by_hand),
        options=() if "options" in by_hand else option_columns(chosen),
        given=frozenset(by_hand),
        beside=any(map(means_something_beside, known)),
    )


def _pairs(names: dict[str, str], by_hand: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of reasoning and answer; "model_answer" is then a name of the first one's answer.

    A role that a column was given by hand goes before them.
    """
    pairs = () if {"thinking", "answer"} & {*by_hand} else reasoning_pairs(names)
    if pairs:
        names.setdefault("model_answer", names[pairs[0][1]])
    return pairs


def _style_of_siblings(fitting: Mapping[str, Sequence[str]]) -> str:
    """Return how the columns of thinking, or else of the answer, are written; "" where they differ."""
    for names in (THOUGHTS, ANSWERS):
        styles = {_style(fitting[name][0]) for name in names if len(fitting.get(name, ())) == 1}
        if len(styles) == 1:
            return styles.pop()
    return ""


def _style(column: str) -> str:
    if column == column.lower():
        return "lower"
    return "upper" if column == column.upper() else "capital"


class SourceRow(Mapping[str, Any]):
    """A row by the names that converters use. Reading a name marks its column as read.

    A converter notes its repairs in `repairs`. Of a row with several answers it takes the one that `attempt`
    counts from 0, and says in `attempts` how many there are to take.
    """

    __slots__ = ("_inside", "_taken", "attempt", "attempts", "names", "reading", "repairs", "row")

    def __init__(self, row: Row, names: ColumnNames | None = None, reading: Reading = AS_IT_IS) -> None:
        self.row = row
        self.names = names or names_of_columns(tuple(row))
        self.reading = reading
        self.attempt = 0
        self.attempts = 1
        self.repairs: set[str] = set()
        self._taken: set[str] = set()
        self._inside: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a column, None where there is no such column or the cell is empty (NaN).

        Raises `Reject` ("column_clash") where two columns differ in case only and both may be meant.
        """
        column = self.names.column.get(name)
        if column is None:
            if name in self.names.clashes:
                raise Reject("column_clash", " and ".join(self.names.clashes[name]))
            return default
        self._taken.add(column)
        value = self.row[column]
        return None if value != value else value  # NaN: how pandas writes a missing value

    def peek(self, name: str) -> Any:
        """Return the value of a column without counting it as read, None if there is none."""
        column = self.names.column.get(name)
        return None if column is None else self.row[column]

    def column(self, name: str) -> str:
        """Return the column as the source calls it, for messages."""
        return self.names.column.get(name, name)

    def leave(self, place: str) -> None:
        """Note that something inside a column is read by nobody, such as `messages[].weight`."""
        self._inside.add(place)

    def use(self) -> ColumnUse:
        """Return which of the filled columns were read, and which were left."""
        taken = self._taken
        read: list[tuple[str, Fill]] = []
        left: list[tuple[str, Fill]] = [(place, "filled") for place in sorted(self._inside)]
        for name, value in self.row.items():
            if name not in taken:
                left.append((name, fill_of(value)))
            elif is_filled(value):
                read.append((name, "filled"))
        return use_of_columns(read, left)

    def __getitem__(self, name: str) -> Any:
        if name in self:
            return self.get(name)
        self._taken.add(name)
        return self.row[name]

    def __contains__(self, name: object) -> bool:
        return name in self.names.column or name in self.names.clashes

    def __iter__(self) -> Iterator[str]:
        return iter([*self.names.column, *self.names.clashes])

    def __len__(self) -> int:
        return len(self.names.column) + len(self.names.clashes)


def use_of_columns(read: Iterable[tuple[str, Fill]], left: Iterable[tuple[str, Fill]]) -> ColumnUse:
    """Return the use of a row of which the columns `read` were read and the columns `left` were not."""
    left = list(left)
    return ColumnUse(
        tuple([name for name, fill in read if fill]),
        tuple([name for name, fill in left if fill]),
        tuple([name for name, fill in left if fill == "long"]),
        tuple([name for name, fill in left if fill in ("yes", "no")]),
        tuple([name for name, fill in left if fill == "no"]),
    )


def fill_of(value: Any) -> Fill:
    """Return what a cell holds: nothing (""), something, a long text or list of texts, or yes or no."""
    if not is_filled(value):
        return ""
    if isinstance(value, list):
        return "long" if sum([len(item) for item in value if isinstance(item, str)]) > LONG else "filled"
    if isinstance(value, str):
        if len(value) > LONG:
            return "long"
        return _said(value.strip(" ").lower()) if len(value) <= TRUTH_LENGTH else "filled"
    if isinstance(value, _NUMBERS) and value in (-1, 0, 1):
        return "yes" if value == 1 else "no"
    return "filled"


def _said(text: str) -> Fill:
    return "yes" if text in YES else "no" if text in NO else "filled"


def is_filled(value: Any) -> bool:
    """Return whether a cell holds anything: null, NaN, a blank text, an empty list or object are nothing."""
    if value is None or value != value:
        return False
    if isinstance(value, str):
        return bool(value) and not value.isspace()
    return not isinstance(value, _CONTAINERS) or bool(value)
