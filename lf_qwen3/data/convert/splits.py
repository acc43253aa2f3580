"""Which rows are held out for validation and test."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from itertools import compress
from operator import not_

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.convert.ledger import (
    PIECES,
    Ledger,
    Records,
    first_of_rows,
    pack_records,
    part_hashes,
    values_of,
)


def split_records(lines: Ledger, records: Records, val: float, test: float) -> dict[str, Records]:
    """Cut the records into train, val and test; a share below 1 or a number of source rows each.

    Records with the same question stay together, and so do those of a row; rows that think and plain ones
    are held out in proportion; which ones is decided by the seeded hash of their question. Rows that a model
    wrote, and those with the question of one, are never held out; the shares are of the others. Raises
    `UsageError` when no row would be left to train on (`split_too_large`) or there is none to hold out
    (`only_generated_rows`).
    """
    if not val and not test:
        return {"train": records}
    every = first_of_rows(lines, records)
    firsts = without_generated(lines, records, every)
    questions = SplitQuestions(lines, records, firsts)
    reasoned, plain = questions.reasoned, questions.plain
    taken: dict[str, set[int]] = {}
    for name, size in choose_sizes(val, test, len(firsts), len(every)).items():
        quota = share_out(size, reasoned, plain)
        left, taken[name] = questions.take(quota)
        reasoned, plain = reasoned - quota[0] + left[0], plain - quota[1] + left[1]
    held_out = set[int]().union(*taken.values())
    parts = {"train": pack_records(compress(records, map(not_, _have(lines, records, held_out))))}
    for name in ("val", "test"):
        if name in taken:
            parts[name] = pack_records(compress(records, _have(lines, records, taken[name])))
    return parts


def choose_sizes(val: float, test: float, rows: int, every: int) -> dict[str, int]:
    """Return the rows to hold out for test and val, of `rows` out of `every` row that is left.

    Raises what `split_records` raises.
    """
    if not rows:
        raise UsageError(
            "--val and --test need rows that people wrote, but the question of every row "
            "here was answered by a model",
            "split before a model answers: convert the rows of people with --val and --test, "
            "then name NAME_train.jsonl to lf-qwen3 distil",
            code="only_generated_rows",
        )
    sizes = {name: _size(value, rows) for name, value in (("test", test), ("val", val)) if value}
    if sum(sizes.values()) >= every or sum(sizes.values()) > rows:
        asked = " and ".join(f"{size} {name}" for name, size in sizes.items())
        lack = f"leave none of {rows} rows to train on" if rows == every else _too_few(rows)
        raise UsageError(f"{asked} rows {lack}", "ask for smaller --val and --test", code="split_too_large")
    return sizes


def share_out(size: int, reasoned: int, plain: int) -> tuple[int, int]:
    """Return how many rows of each kind are held out of those that are left of it."""
    quota = round(size * reasoned / (reasoned + plain))
    return quota, size - quota


def _too_few(rows: int) -> str:
    return (
        f"are more than the {rows} rows that people wrote and no model answered: other rows never "
        "go into a validation or test split"
    )


def without_generated(lines: Ledger, records: Records, firsts: Records) -> Records:
    """Leave out the rows whose question is that of a row that a model wrote."""
    if not lines.generated:
        return firsts
    generated = set(lines.generated)
    questions = {lines.question[record] for record in records if lines.row[record] in generated}
    return pack_records(record for record in firsts if lines.question[record] not in questions)


def _have(lines: Ledger, records: Records, questions: set[int]) -> Iterator[bool]:
    """Return for each record whether its question is one of those given."""
    return map(questions.__contains__, values_of(lines.question, records))


def _size(value: float, total: int) -> int:
    return int(value) if value >= 1 else max(1, round(value * total))


class SplitQuestions:
    """The questions of the rows, of two kinds: those of which a row thinks, and the others.

    Few are held out, those of the lowest hashes, so rows are counted by question one piece of the hashes
    after the other, as far as it is needed.
    """

    def __init__(self, lines: Ledger, records: Records, firsts: Records) -> None:
        thinks = bytearray(lines.rows)
        for row in compress(values_of(lines.row, records), values_of(lines.thinking, records)):
            thinks[row] = True
        kinds = bytes(map(thinks.__getitem__, values_of(lines.row, firsts)))
        reasoned = compress(values_of(lines.question, firsts), kinds)
        plain = compress(values_of(lines.question, firsts), map(not_, kinds))
        self.pieces = list(zip(part_hashes(reasoned), part_hashes(plain), strict=True))
        self.counted: list[tuple[Counter[int], Counter[int]]] = []
        self.reasoned = sum(_share(*piece) for piece in self.pieces)
        self.plain = len(firsts) - self.reasoned

    def take(self, quota: tuple[int, int]) -> tuple[tuple[int, int], set[int]]:
        """Take the questions of so many rows of each kind out, in the order of their hashes.

        Questions that were taken before are gone. Returns how many rows are lacking, and the questions.
        """
        left = list(quota)
        taken: set[int] = set()
        for piece in range(PIECES):
            if not any(left):
                break
            for kind, counts in enumerate(self._count(piece)):
                for question in sorted(counts) if left[kind] else ():
                    if counts[question] <= left[kind]:
                        left[kind] -= counts.pop(question)
                        taken.add(question)
        return (left[0], left[1]), taken

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
