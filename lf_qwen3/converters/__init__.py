"""Converters: one file per source shape; a converter turns one row into a `Conversation`.

Adding one is one file here (or an entry point in the group `lf_qwen3.converters`):

    @converter("name", needs=[{"question"}, {"answer", "response"}])
    def convert(row: Row) -> Conversation: ...

`needs` lists the columns that must be there: one name of each set. Every name that the sets and `may`
hold counts as the converter's own when it is weighed against others. The docstring shows one real row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from lf_qwen3.discovery import import_all
from lf_qwen3.errors import UsageError
from lf_qwen3.types import Conversation, Row

ENTRY_POINT_GROUP = "lf_qwen3.converters"

Convert = Callable[[Row], Conversation]


@dataclass(frozen=True, slots=True)
class Converter:
    """A source shape: how it is recognised and how a row of it becomes a conversation."""

    name: str
    convert: Convert
    needs: tuple[frozenset[str], ...]
    may: frozenset[str]
    doc: str

    def fits(self, columns: Collection[str]) -> bool:
        """Tell whether every needed column is among `columns`."""
        return all(not need.isdisjoint(columns) for need in self.needs)

    def rank(self, columns: Collection[str]) -> tuple[int, int, str]:
        """Order fitting converters: the one that needs most, then the one that knows most columns."""
        known = self.may.union(*self.needs)
        return (-len(self.needs), -len(known.intersection(columns)), self.name)

    def missing(self, columns: Collection[str]) -> list[frozenset[str]]:
        """Return the needs that `columns` do not fill."""
        return [need for need in self.needs if need.isdisjoint(columns)]


_CONVERTERS: dict[str, Converter] = {}


def converter(
    name: str, *, needs: Sequence[Collection[str]], may: Collection[str] = ()
) -> Callable[[Convert], Convert]:
    """Register the decorated function as the converter `name`."""

    def register(function: Convert) -> Convert:
        sets = tuple(frozenset(need) for need in needs)
        _CONVERTERS[name] = Converter(name, function, sets, frozenset(may), function.__doc__ or "")
        return function

    return register


def all_converters() -> dict[str, Converter]:
    """Return every converter by name, third-party ones included."""
    import_all(__name__, ENTRY_POINT_GROUP)
    return dict(sorted(_CONVERTERS.items()))


def get(name: str) -> Converter:
    """Return the converter `name`. Raises `UsageError` with the nearest names."""
    found = all_converters()
    if name not in found:
        near = get_close_matches(name, found, n=1)
        guess = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"no converter is called '{name}'", f"{guess}there are: {', '.join(found)}")
    return found[name]


def detect(columns: Collection[str], where: str) -> Converter:
    """Return the converter that fits the columns best.

    Raises `UsageError` that lists the columns seen and what the nearest converters lack.
    """
    found = all_converters().values()
    fitting = [one for one in found if one.fits(columns)]
    if fitting:
        return min(fitting, key=lambda one: one.rank(columns))
    nearest = sorted(found, key=lambda one: (len(one.missing(columns)), one.rank(columns)))[:3]
    lacks = "; ".join(f"{one.name} lacks {_names(one.missing(columns))}" for one in nearest)
    raise UsageError(
        f"{where}: no converter fits the columns {', '.join(sorted(columns)) or '(none)'}",
        f"nearest: {lacks}. Rename the columns, or name a converter: CONVERTER:PATH",
    )


def _names(missing: list[frozenset[str]]) -> str:
    return " and ".join("/".join(sorted(need)) for need in missing)
