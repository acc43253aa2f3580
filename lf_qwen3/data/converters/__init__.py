"""Converters: one file per source shape; a converter turns one row into a `Conversation`.

Adding one is one file here (or an entry point in the group `lf_qwen3.converters`):

    @converter("name", needs=["question", ("answer", "response")], may=["score"])
    def convert(row: SourceRow) -> Conversation: ...

`needs` lists the columns that must be there: a name, or several of which one is enough. Every name in
`needs` and `may` counts as the converter's own when it is weighed against others; names are compared in
lower case. A column that the function does not read is reported as left; `leaves` lists those that are left
on purpose. The docstring shows one real row. A converter raises `Reject` for a row that it cannot take;
think tags inside a text are not its business (`lf_qwen3.data.convert.normalise`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.base.discovery import import_all
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.data.converters.roles import Roles
from lf_qwen3.data.converters.source_row import SourceRow, names_of_columns

ENTRY_POINT_GROUP = "lf_qwen3.converters"

PAIRS = 2
"""The precedence of converters whose rows are pairs of answers."""

Convert = Callable[[SourceRow], Conversation]


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

    @property
    def takes_pairs(self) -> bool:
        """Tell whether a row is a pair of answers, of which one is better."""
        return self.precedence == PAIRS

    def missing(self, columns: Collection[str]) -> list[tuple[str, ...]]:
        """Return the needs that `columns` (in lower case) do not fill."""
        return [need for need in self.needs if not any(name in columns for name in need)]

    def rank(self, columns: Collection[str]) -> tuple[int, int, int, str]:
        """Order fitting converters: by precedence, then who needs most, then who knows most columns."""
        known = self.may.union(*self.needs).intersection(columns)
        return (-self.precedence, -len(self.needs), -len(known), self.name)


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
) -> Callable[[Convert], Convert]:
    """Register the decorated function as the converter `name`.

    `precedence` goes before the number of needs: `PAIRS` (2) for a pair of answers, 1 for a whole dialogue
    in one column, 0 for columns. A row that holds a dialogue often repeats its question and answer beside it.
    Two hints let rows that need nothing go a short way: `flat` names the columns of question, thinking and
    answer, where the function takes no other into account (`data.convert.fast.jsonl`); `messages` what a
    column of messages may be called, where it takes none but system and tools beside it
    (`data.convert.fast.parquet`).
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


def detect(columns: Collection[str], roles: Roles = ()) -> Converter | None:
    """Return the converter that fits the columns best, in whatever case they are written; None for none.

    `roles` are the roles that columns were given by hand.
    """
    names = names_of_columns(tuple(columns), roles)
    known = {*names.column, *names.clashes}
    fitting = [candidate for candidate in all_converters().values() if not candidate.missing(known)]
    return min(fitting, key=lambda candidate: candidate.rank(known)) if fitting else None
