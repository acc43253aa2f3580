"""Check on a Ray cluster: parts as tasks, their records compared in partitions by the question's hash.

    parts -> a report and the pieces of each partition -> pieces of many parts joined -> partitions compared

The driver gets the reports; the hashes of records it only sees where near-duplicates are searched for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.cluster_tasks import TaskRunner, count_partitions
from lf_qwen3.data.convert.cluster.partition import split_by
from lf_qwen3.proof.check.duplicates import FoundDuplicate, RecordHashes, compare_records, count_orphans
from lf_qwen3.proof.check.engines import RecordComparison
from lf_qwen3.proof.check.part_checks import PartChecker, PartCheckOptions, PartCheckTask, PartReport

if TYPE_CHECKING:
    import polars as pl

_MOST_PARTITIONS = 64
"""Fewer than of `convert`: here each part makes a piece of every partition, not each group of parts."""
_GROUP = 256
"""Parts whose pieces are joined by one task."""


@dataclass(frozen=True, slots=True)
class HashPiece:
    """Of some records of a dataset what one partition compares.

    `records` is of `RecordHashes.frame`; `links` has the hashes of dialogues, and of those (`is_before`) that
    an answer of a history ends.
    """

    records: pl.DataFrame
    links: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _AddedPart:
    name: str
    before: int
    pieces: list[Any]


class RayCheckEngine:
    """Checks on a cluster; see `CheckEngine`."""

    def __init__(self, address: str) -> None:
        self._runner = TaskRunner(address)
        self._partitions = 1
        self._pieces: list[Any] = []
        self._added: list[_AddedPart] = []

    def run(
        self, tasks: Sequence[PartCheckTask], options: PartCheckOptions, total: int
    ) -> Iterator[PartReport]:
        """Yield the report of each part, in order. Raises `LfQwen3Error` where one fails for good."""
        self._partitions = count_partitions(total, _MOST_PARTITIONS)
        handed = self._runner.put(replace(options, threads=1))
        calls = ((task, handed, self._partitions) for task in tasks)
        started = self._runner.start_in_turn(1 + self._partitions, check_part, calls)
        for task, (report, *pieces) in zip(tasks, started, strict=True):
            self._pieces = pieces
            yield self._runner.get(report, f"{task.files.shown(task.part.file)}, block {task.part.block}")

    def add(self, name: str, hashes: RecordHashes, before: int) -> None:
        """Take in the records of the part that came last."""
        self._added.append(_AddedPart(name, before, self._pieces))

    def compare(self, names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> RecordComparison:
        """Compare the records of datasets, partition by partition."""
        groups = [self._added[at : at + _GROUP] for at in range(0, len(self._added), _GROUP)]
        compared = []
        for number in range(self._partitions):
            joined = [
                self._runner.start(
                    join_pieces,
                    [(part.name, part.before) for part in group],
                    *(part.pieces[number] for part in group),
                )
                for group in groups
            ]
            compared.append(self._runner.start(compare_partition, list(names), list(pairs), *joined))
        orphans = Counter(dict.fromkeys(names, 0))
        duplicates: list[FoundDuplicate] = []
        for own in compared:
            comparison: RecordComparison = self._runner.get(own, "the comparison of the records")
            orphans.update(comparison.orphans)
            duplicates += comparison.duplicates
        return RecordComparison(dict(orphans), sorted(duplicates, key=lambda own: own[:3]))

    def close(self) -> None:
        """Leave the cluster."""
        self._runner.close()


def check_part(task: PartCheckTask, options: PartCheckOptions, partitions: int) -> list[Any]:
    """Check one part; return its report, then its piece of each partition."""
    import polars as pl

    report = PartChecker(options).run(task)
    records = split_by(report.hashes.frame(), pl.col("question") % partitions, partitions)
    links = split_by(report.hashes.links(), pl.col("hash") % partitions, partitions)
    if not task.near:
        report.hashes = RecordHashes()
    return [report, *map(HashPiece, records, links)]


def join_pieces(places: Sequence[tuple[str, int]], *pieces: HashPiece) -> dict[str, HashPiece]:
    """Return the pieces of a partition by dataset, joined; `places` are the names, and the rows before."""
    import polars as pl

    own: dict[str, list[HashPiece]] = {}
    for (name, before), piece in zip(places, pieces, strict=True):
        moved = piece.records.with_columns(row=pl.col("row") + before)
        own.setdefault(name, []).append(HashPiece(moved, piece.links))
    return {name: _concat(parts) for name, parts in own.items()}


def compare_partition(
    names: Sequence[str], pairs: Sequence[tuple[str, str]], *groups: dict[str, HashPiece]
) -> RecordComparison:
    """Compare the records of one partition."""
    empty = HashPiece(RecordHashes().frame(), RecordHashes().links())
    pieces = {name: _concat([empty, *(group[name] for group in groups if name in group)]) for name in names}
    frames = {name: piece.records for name, piece in pieces.items()}
    orphans = {name: count_orphans(piece.links) for name, piece in pieces.items()}
    return RecordComparison(orphans, list(compare_records(frames, pairs)))


def _concat(pieces: Sequence[HashPiece]) -> HashPiece:
    import polars as pl

    return HashPiece(
        pl.concat([piece.records for piece in pieces]), pl.concat([piece.links for piece in pieces])
    )
