"""The ledger: one line per record, and every decision that needs them all.

Workers convert rows without knowing of each other; what one record means beside the others (duplicate,
conflict, left out of the mix, held out for validation) is decided here, over all of them in the order of the
sources, so that neither the size of the parts nor the number of workers can change the outcome. `records`
below are indices into `Ledger`, always in ascending order. A source row has one record, or one for each of
its answers: those follow one another.

| column | meaning |
|---|---|
| spool, offset, length | the place of the record, in bytes |
| row | which source row it is of, counted from 0 over the rows that were accepted |
| thinking | whether it reasons (0 or 1) |
| history | whether it has an alpaca history (0 or 1) |
| question | seeded hash of the folded first question: what must not be in two splits |
| prompt | hash of all that comes before the answer, and of the kind (thinking or plain) |
| answer | seeded hash of the line |
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, compress
from operator import ne
from typing import NamedTuple

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.convert.keys import AnswerKeys

Records = Sequence[int]

PIECES, _PIECE_SHIFT = 256, 56


class LedgerLine(NamedTuple):
    """One record of an accepted row; the columns are explained in the table above."""

    spool: int
    row: int
    offset: int
    length: int
    thinking: bool
    history: bool
    question: int
    prompt: int
    answer: int


LineValues = tuple[int, int, int, int, bool, bool, int, int, int]
"""The values of a `LedgerLine`, unnamed: naming them takes a tenth of a conversion's time."""


class Ledger:
    """Ledger lines, column by column: 50 bytes a record, cheap to hand from process to process.

    `generated` are the rows that a model wrote, in ascending order.
    """

    def __init__(self) -> None:
        self.spool, self.row = (array("I") for _ in range(2))
        self.offset, self.length = (array("Q") for _ in range(2))
        self.question, self.prompt, self.answer = (array("Q") for _ in range(3))
        self.thinking, self.history = (array("B") for _ in range(2))
        self.generated = array("I")

    def __len__(self) -> int:
        return len(self.spool)

    @property
    def rows(self) -> int:
        """The number of source rows that the records are of."""
        return self.row[-1] + 1 if self.row else 0

    def add(self, lines: Iterable[LineValues]) -> None:
        """Add lines at the end."""
        self.add_columns(zip(*lines, strict=True))

    def add_columns(self, columns: Iterable[Iterable[int]]) -> None:
        """Add lines at the end, given by their columns in the order of `LedgerLine`; none adds nothing."""
        for column, values in zip(LedgerLine._fields, columns, strict=False):
            getattr(self, column).extend(values)

    def extend(self, other: Ledger) -> None:
        """Add all lines of another ledger; its rows follow those that are here."""
        rows = map(self.rows.__add__, other.row)
        self.generated.extend(map(self.rows.__add__, other.generated))
        for column in LedgerLine._fields:
            getattr(self, column).extend(rows if column == "row" else getattr(other, column))


def count_rows(lines: Ledger, records: Records) -> int:
    """Return how many source rows the records are of."""
    return lines.rows if len(records) == len(lines) else len(first_of_rows(lines, records))


def first_of_rows(lines: Ledger, records: Records) -> Records:
    """Return the first record of each row."""
    if len(lines) == lines.rows:
        return records
    rows, before = (values_of(lines.row, records) for _ in range(2))
    return pack_records(compress(records, map(ne, rows, chain((-1,), before))))


def values_of(column: array[int], records: Records) -> Iterable[int]:
    """Return the values of a column for some records; for all of them it is the column itself."""
    return column if len(records) == len(column) else (column[record] for record in records)


def drop_duplicates(
    lines: Ledger, answer_keys: Callable[[int], AnswerKeys], labelled: bool = False
) -> tuple[Records, int, int]:
    """Keep the first of the records with the same prompt and the same answer, reasoning included.

    `answer_keys` reads a record's answer back and hashes it normalised; it is asked only for records that
    share their prompt with a record of another line. Returns the records kept, the number of duplicates
    dropped and the number of conflicts left: records whose prompt was answered otherwise before, where
    another reasoning is no other answer. Of KTO data, which are `labelled`, only the same answer that is
    marked otherwise conflicts: to one prompt it has good answers and bad ones.
    """
    every = range(len(lines))
    shared: dict[int, dict[int, int]] = {prompt: {} for prompt in _repeated(lines.prompt)}
    if not shared:
        return every, 0, 0
    dropped: set[int] = set()
    for record, prompt in enumerate(lines.prompt):
        if prompt in shared and shared[prompt].setdefault(lines.answer[record], record) != record:
            dropped.add(record)
    conflicts = 0
    for rivals in (first_of.values() for first_of in shared.values() if len(first_of) > 1):
        wholes: set[int] = set()
        answers: set[int] = set()
        for record in rivals:
            whole, answer = answer_keys(record)
            if whole in wholes:
                dropped.add(record)
            wholes.add(whole)
            answers.add(answer)
        conflicts += len(wholes) - len(answers) if labelled else len(answers) - 1
    return pack_records(record for record in every if record not in dropped), len(dropped), conflicts


def _repeated(hashes: Iterable[int]) -> Iterator[int]:
    """Yield each hash that is there more than once."""
    for piece in part_hashes(hashes):
        if len(set(piece)) < len(piece):
            yield from (value for value, count in Counter(piece).items() if count > 1)


def part_hashes(hashes: Iterable[int]) -> list[array[int]]:
    """Part 64-bit hashes by their first byte: equal ones come together, and the set of a piece is small."""
    pieces = [array("Q") for _ in range(PIECES)]
    add = [piece.append for piece in pieces]
    for value in hashes:
        add[value >> _PIECE_SHIFT](value)
    return pieces


def pack_records(records: Iterable[int]) -> Records:
    """Return the records as an array."""
    return array("Q", records)


def mix(lines: Ledger, records: Records, share: float, by: str) -> Records:
    """Leave out rows of the kind there is too much of, until thinking makes up `share` of all records.

    `by` is "rows" (records) or "tokens" (estimated by their bytes). Rows are left out whole, lest the answers
    of a dialogue's history are learnt nowhere, in the order of a seeded hash; none is ever repeated. A row
    thinks if one of its records does. Raises `UsageError` where a kind that the mix needs is missing.
    """
    reasoned, plain = weigh_rows(lines, records, by)
    thinking_left, plain_left = sum(reasoned), sum(plain)
    thins_thinking = find_surplus(thinking_left, plain_left, share)
    surplus = [
        record
        for record in first_of_rows(lines, records)
        if (reasoned[lines.row[record]] > 0) == thins_thinking
    ]
    thinking_left -= sum(reasoned[lines.row[record]] for record in surplus)
    plain_left -= sum(plain[lines.row[record]] for record in surplus)
    left_out = {lines.row[record] for record in surplus}
    for row in (lines.row[record] for record in sorted(surplus, key=lines.answer.__getitem__)):
        thinking_left += reasoned[row]
        plain_left += plain[row]
        if is_beyond(thinking_left, plain_left, share, thins_thinking):
            break
        left_out.remove(row)
    return pack_records(record for record in records if lines.row[record] not in left_out)


def find_surplus(thinking: int, plain: int, share: float) -> bool:
    """Return whether thinking rows are to be left out, by what all rows of both kinds weigh.

    Raises `UsageError` where a kind that the mix needs is missing.
    """
    if (share > 0 and not thinking) or (share < 1 and not plain):
        raise UsageError(
            f"--mix thinking={share:g}: the data has no {'plain' if thinking else 'thinking'} records",
            "add a source that has some",
            code="mix_lacks_kind",
        )
    return thinking * (1 - share) > plain * share


def weigh_rows(lines: Ledger, records: Records, by: str) -> tuple[array[int], array[int]]:
    """Return for every row of the ledger what its records weigh that think, and those that do not."""
    reasoned, plain = (array("Q", bytes(8 * lines.rows)) for _ in range(2))
    for record in records:
        weights = reasoned if lines.thinking[record] else plain
        weights[lines.row[record]] += lines.length[record] if by == "tokens" else 1
    return reasoned, plain


def is_beyond(thinking: int, plain: int, share: float, thins_thinking: bool) -> bool:
    """Return whether there is more of the kind that is thinned than `share` allows, to the nearest record."""
    if thins_thinking:
        return thinking > round(plain * share / (1 - share))
    return share > 0 and plain > round(thinking * (1 - share) / share)
