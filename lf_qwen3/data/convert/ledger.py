"""The ledger: one line per accepted source row, and every decision that needs them all.

Workers convert rows without knowing of each other; what one row means beside the others (duplicate,
conflict, left out of the mix, held out for validation) is decided here, over all of them in the order of the
sources, so that neither the size of the parts nor the number of workers can change the outcome. `rows` below
are indices into `Ledger`, always in ascending order.

| column | meaning |
|---|---|
| spool, offset, length | where the row's records lie, in bytes |
| records, thinking | how many records, how many of them reason |
| thinking_size | bytes of the records that reason |
| history | whether an alpaca record of it has a history (0 or 1) |
| question | seeded hash of the folded first question: what must not stand in two splits |
| prompt | hash of all that comes before the answer, and of the kind (thinking or plain) |
| answer | seeded hash of the last answer |
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from lf_qwen3.base.errors import UsageError

Rows = Sequence[int]

_PIECES, _PIECE_SHIFT = 256, 56


class LedgerLine(NamedTuple):
    """One accepted source row; the columns are explained in the table above."""

    spool: int
    offset: int
    length: int
    records: int
    thinking: int
    thinking_size: int
    history: bool
    question: int
    prompt: int
    answer: int


LineValues = tuple[int, int, int, int, int, int, bool, int, int, int]
"""The values of a `LedgerLine`, unnamed: to name them for each row takes a tenth of a conversion's time."""


class Ledger:
    """Ledger lines, column by column: 61 bytes a row, cheap to hand from process to process."""

    def __init__(self) -> None:
        self.spool, self.records, self.thinking = (array("I") for _ in range(3))
        self.offset, self.length, self.thinking_size = (array("Q") for _ in range(3))
        self.question, self.prompt, self.answer = (array("Q") for _ in range(3))
        self.history = array("B")

    def __len__(self) -> int:
        return len(self.spool)

    def add(self, lines: Iterable[LineValues]) -> None:
        """Add lines at the end."""
        for column, values in zip(LedgerLine._fields, zip(*lines, strict=True), strict=False):
            getattr(self, column).extend(values)

    def extend(self, other: Ledger) -> None:
        """Add all lines of another ledger."""
        for column in LedgerLine._fields:
            getattr(self, column).extend(getattr(other, column))


def drop_duplicates(lines: Ledger, folded_answer: Callable[[int], int]) -> tuple[Rows, int, int]:
    """Keep the first of the rows with the same question and the same answer, both normalised.

    `folded_answer` reads a row's answer back and hashes it normalised; it is asked only for rows that share
    their prompt with a row of another answer. Returns the rows kept, the number of duplicates dropped and
    the number of conflicts left: rows whose question was answered otherwise before.
    """
    every = range(len(lines))
    shared: dict[int, dict[int, int]] = {prompt: {} for prompt in _repeated(lines.prompt)}
    if not shared:
        return every, 0, 0
    dropped: set[int] = set()
    for row, prompt in enumerate(lines.prompt):
        if prompt in shared and shared[prompt].setdefault(lines.answer[row], row) != row:
            dropped.add(row)
    conflicts = 0
    for rivals in (first_of.values() for first_of in shared.values() if len(first_of) > 1):
        folded: set[int] = set()
        for row in rivals:
            answer = folded_answer(row)
            if answer in folded:
                dropped.add(row)
            folded.add(answer)
        conflicts += len(folded) - 1
    return _chosen(row for row in every if row not in dropped), len(dropped), conflicts


def _repeated(hashes: Iterable[int]) -> Iterator[int]:
    """Yield each hash that stands there more than once."""
    for piece in _pieces(hashes):
        if len(set(piece)) < len(piece):
            yield from (value for value, count in Counter(piece).items() if count > 1)


def _pieces(hashes: Iterable[int]) -> list[array[int]]:
    """Part 64-bit hashes by their first byte: equal ones come together, and the set of a piece is small."""
    pieces = [array("Q") for _ in range(_PIECES)]
    add = [piece.append for piece in pieces]
    for value in hashes:
        add[value >> _PIECE_SHIFT](value)
    return pieces


def _chosen(rows: Iterable[int]) -> Rows:
    return array("Q", rows)


def mix(lines: Ledger, rows: Rows, share: float, by: str) -> Rows:
    """Leave out rows of the kind there is too much of, until thinking makes up `share` of all records.

    `by` is "rows" (records) or "tokens" (estimated by their bytes). Rows are left out in the order of a
    seeded hash; none is ever repeated. Raises `UsageError` where a kind that the mix needs is missing.
    """
    whole, reasoning = (
        (lines.length, lines.thinking_size) if by == "tokens" else (lines.records, lines.thinking)
    )
    thinking = sum(reasoning[row] for row in rows)
    plain = sum(whole[row] for row in rows) - thinking
    if (share > 0 and not thinking) or (share < 1 and not plain):
        raise UsageError(
            f"--mix thinking={share:g}: the data hold no {'plain' if thinking else 'thinking'} records",
            "add a source that has some",
            code="mix_lacks_kind",
        )
    thins_thinking = thinking * (1 - share) > plain * share
    surplus = [row for row in rows if (lines.thinking[row] > 0) == thins_thinking]
    thinking -= sum(reasoning[row] for row in surplus)
    plain -= sum(whole[row] - reasoning[row] for row in surplus)
    chosen: set[int] = set()
    for row in sorted(surplus, key=lines.answer.__getitem__):
        thinking += reasoning[row]
        plain += whole[row] - reasoning[row]
        if _is_beyond(thinking, plain, share, thins_thinking):
            break
        chosen.add(row)
    return _chosen(row for row in rows if (lines.thinking[row] > 0) != thins_thinking or row in chosen)


def _is_beyond(thinking: int, plain: int, share: float, thins_thinking: bool) -> bool:
    """Tell whether there is more of the kind that is thinned than `share` allows, to the nearest record."""
    if thins_thinking:
        return thinking > round(plain * share / (1 - share))
    return share > 0 and plain > round(thinking * (1 - share) / share)


def split(lines: Ledger, rows: Rows, val: float, test: float) -> dict[str, Rows]:
    """Cut the rows into train, val and test; a share below 1 or a number of rows each.

    Rows with the same question stay together; thinking and plain rows are held out in proportion; which
    ones is decided by the seeded hash of their question. Raises `UsageError` when no row would be left.
    """
    sizes = {name: _size(value, len(rows)) for name, value in (("test", test), ("val", val)) if value}
    if sum(sizes.values()) >= len(rows) and sizes:
        asked = " and ".join(f"{size} {name}" for name, size in sizes.items())
        raise UsageError(
            f"{asked} rows leave none of {len(rows)} to train on",
            "ask for smaller --val and --test",
            code="split_too_large",
        )
    if not sizes:
        return {"train": rows}
    questions = _Questions(lines, rows)
    taken = {name: questions.hold_out(size) for name, size in sizes.items()}
    every = set[int]().union(*taken.values())
    parts = {"train": _chosen(row for row in rows if lines.question[row] not in every)}
    for name in ("val", "test"):
        if name in taken:
            own = taken[name]
            parts[name] = _chosen(row for row in rows if lines.question[row] in own)
    return parts


def _size(value: float, total: int) -> int:
    return int(value) if value >= 1 else max(1, round(value * total))


class _Questions:
    """The questions of the rows, of two kinds: those of which a row thinks, and the others.

    Few are held out, those of the lowest hashes, so rows are counted by question one piece of the hashes
    after the other, as far as it is needed.
    """

    def __init__(self, lines: Ledger, rows: Rows) -> None:
        reasoned = (lines.question[row] for row in rows if lines.thinking[row])
        plain = (lines.question[row] for row in rows if not lines.thinking[row])
        self.pieces = list(zip(_pieces(reasoned), _pieces(plain), strict=True))
        self.counted: list[tuple[Counter[int], Counter[int]]] = []
        self.reasoned = sum(_share(*piece) for piece in self.pieces)
        self.plain = len(rows) - self.reasoned

    def hold_out(self, size: int) -> set[int]:
        """Take the questions of `size` rows out of each kind by its share, in the order of their hashes."""
        quota = round(size * self.reasoned / (self.reasoned + self.plain))
        left = [quota, size - quota]
        taken: set[int] = set()
        for piece in range(_PIECES):
            if not any(left):
                break
            for kind, counts in enumerate(self._count(piece)):
                for question in sorted(counts) if left[kind] else ():
                    if counts[question] <= left[kind]:
                        left[kind] -= counts.pop(question)
                        taken.add(question)
        self.reasoned -= quota - left[0]
        self.plain -= size - quota - left[1]
        return taken

    def _count(self, piece: int) -> tuple[Counter[int], Counter[int]]:
        """Count the rows of each question of a piece, by kind."""
        if piece == len(self.counted):
            reasoned, plain = map(Counter, self.pieces[piece])
            for question in reasoned.keys() & plain.keys():
                reasoned[question] += plain.pop(question)
            self.counted.append((reasoned, plain))
        return self.counted[piece]


def _share(reasoned: array[int], plain: array[int]) -> int:
    """Return how many of the rows are of a question that one of them thinks about."""
    own = set(reasoned) if plain else ()
    return len(reasoned) + sum(question in own for question in plain)
