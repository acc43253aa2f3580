"""Converters: one file per source shape; a converter turns one row into a `Conversation`.

Adding one is one file here (or an entry point in the group `lf_qwen3.converters`):

    @converter("name", needs=["question", ("answer", "response")], may=["score"])
    def convert(row: SourceRow) -> Conversation: ...

`needs` lists the columns that must be there: a name, or several of which one is enough; `or_needs` those that
do instead. Every name in them and in `may` counts as the converter's own when it is compared with others;
names are compared in lower case. A column that the function does not read is reported as left; `leaves` lists
those that are left on purpose. The docstring shows one real row. A converter raises `Reject` for a row that
it cannot take; think tags inside a text are not its business (`lf_qwen3.data.convert.normalise`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from lf_qwen3.base.conversation import Conversation, Row
from lf_qwen3.base.discovery import import_all
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.data.converters.roles import Roles
from lf_qwen3.data.converters.source_row import SourceRow, names_of_columns

ENTRY_POINT_GROUP = "lf_qwen3.converters"

PAIRS = 2
"""The precedence of converters whose rows are pairs of answers."""

Convert = Callable[[SourceRow], Conversation]
Recognise = Callable[[SourceRow], bool]


@dataclass(frozen=True, slots=True)
class Converter:
    """A source shape: how it is recognised and how a row of it becomes a conversation."""

    name: str
    convert: Convert
    needs: tuple[tuple[str, ...], ...]
    may: frozenset[str]
    precedence: int
    doc: str
    flat: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    leaves: frozenset[str] = frozenset()
    recognise: Recognise | None = None
    or_needs: tuple[tuple[str, ...], ...] = ()
    is_by_name: bool = False

    @property
    def takes_pairs(self) -> bool:
        """Return whether a row is a pair of answers, of which one is better."""
        return self.precedence == PAIRS

    def missing(self, columns: Collection[str]) -> list[tuple[str, ...]]:
        """Return the needs that `columns` (in lower case) do not fill, none where they fill `or_needs`."""
        missing, instead = (
            [need for need in needs if not any(name in columns for name in need)]
            for needs in (self.needs, self.or_needs)
        )
        return [] if self.or_needs and not instead else missing

    def rank(self, columns: Collection[str]) -> tuple[int, int, int, str]:
        """Order fitting converters: by precedence, then who needs most, then who knows most columns."""
        known = self.may.union(*self.needs, *self.or_needs).intersection(columns)
        return (-self.precedence, -len(self.needs), -len(known), self.name)

    def fits(self, rows: Iterable[SourceRow]) -> bool:
        """Return whether most of the first rows of a source hold what the converter reads."""
        answers = [self.recognise is None or self.recognise(row) for row in rows]
        return 2 * sum(answers) > len(answers)


_CONVERTERS: dict[str, Converter] = {}


def converter(
    name: str,
    *,
    needs: Sequence[str | tuple[str, ...]],
    may: Collection[str] = (),
    precedence: int = 0,
    flat: Sequence[str] = (),
    messages: Sequence[str] = (),
    leaves: Collection[str] = (),
    recognise: Recognise | None = None,
    or_needs: Sequence[tuple[str, ...]] = (),
    is_by_name: bool = False,
) -> Callable[[Convert], Convert]:
    """Register the decorated function as the converter `name`.

    `precedence` goes before the number of needs: `PAIRS` (2) for a pair of answers, 1 for a whole dialogue
    in one column, 0 for columns, -1 for a text that may be anything. `recognise` tells of such a converter
    whether a row holds what it reads. A row that holds a dialogue often repeats its question and answer
    beside it. With `is_by_name` it reads only what NAME:FILE gives to it.
    Two hints let rows that need nothing go a short way: `flat` names the columns of question, thinking and
    answer, where the function takes no other into account; `messages` what a column of messages may be
    called, where it takes none but system and tools beside it (`data.convert.fast.rows`).
    """

    def register(function: Convert) -> Convert:
        every = tuple((need,) if isinstance(need, str) else need for need in needs)
        doc = function.__doc__ or ""
        _CONVERTERS[name] = Converter(
            name,
            function,
            every,
            frozenset(may),
            precedence,
            doc,
            tuple(flat),
            tuple(messages),
            frozenset(leaves),
            recognise,
            tuple(or_needs),
            is_by_name,
        )
        return function

    return register


def all_converters() -> dict[str, Converter]:
    """Return every converter by name, third-party ones included."""
    import_all(__name__, ENTRY_POINT_GROUP)
    return dict(sorted(_CONVERTERS.items()))


def get(name: str) -> Converter:
    """Return the converter `name`. Raises `UsageError` with the nearest names."""
    known = all_converters()
    if name not in known:
        raise unknown_name("converter", name, known, code="unknown_converter")
    return known[name]


def detect(
    columns: Collection[str], roles: Roles = (), first_rows: Callable[[], Iterable[Row]] | None = None
) -> Converter | None:
    """Return the converter that fits the columns best, in whatever case they are written; None for none.

    `roles` are the roles that columns were given by hand. `first_rows` gives the first rows of the source,
    for the converters that need more than columns to know their rows; without it they count as fitting.
    """
    names = names_of_columns(tuple(columns), roles)
    known = {*names.column, *names.clashes}
    every = [candidate for candidate in all_converters().values() if not candidate.is_by_name]
    fitting = [candidate for candidate in every if not candidate.missing(known)]
    rows: list[SourceRow] | None = None
    for candidate in sorted(fitting, key=lambda candidate: candidate.rank(known)):
        if candidate.recognise and first_rows:
            rows = rows or [SourceRow(row, names_of_columns(tuple(row), roles)) for row in first_rows()]
            if not candidate.fits(rows):
                continue
        return candidate
    return None
