"""Where parts are checked and their records compared: on this machine, or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from lf_qwen3.base import worker_pool
from lf_qwen3.proof.check.duplicates import FoundDuplicate, RecordHashes, compare_records
from lf_qwen3.proof.check.part_checks import PartChecker, PartCheckOptions, PartCheckTask, PartReport
from lf_qwen3.proof.check.rules.records.column_types import BLOCK


@dataclass(frozen=True, slots=True)
class RecordComparison:
    """What all records together say: the orphans of each dataset (see `DatasetCounts`), the duplicates."""

    orphans: dict[str, int]
    duplicates: list[FoundDuplicate]


class CheckEngine(Protocol):
    """Checks parts; its methods are called in the order in which they stand, `run` once or twice."""

    def run(
        self, tasks: Sequence[PartCheckTask], options: PartCheckOptions, total: int
    ) -> Iterator[PartReport]:
        """Yield the report of each part, in order; `total` are the bytes of the parts of all calls."""

    def add(self, name: str, hashes: RecordHashes, before: int) -> None:
        """Take in the records of the part that came last, to be compared; rows count on from `before`."""

    def compare(self, names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> RecordComparison:
        """Compare the records of datasets, and those of the pairs (held-out dataset, training dataset)."""

    def close(self) -> None:
        """Give back what it holds."""


class LocalCheckEngine:
    """Checks on this machine, by so many processes; 0 stays in this one."""

    def __init__(self, workers: int = 0) -> None:
        self._workers = workers
        self._hashes: dict[str, RecordHashes] = {}

    def run(
        self, tasks: Sequence[PartCheckTask], options: PartCheckOptions, total: int
    ) -> Iterator[PartReport]:
        """Yield the report of each part, in order. Raises what `worker_pool.run` raises."""
        is_small = sum(task.part.size for task in tasks) <= BLOCK
        workers = 0 if is_small else min(self._workers, len(tasks))
        threads = -(-worker_pool.count_workers() // workers) if workers > 1 else 0
        start = partial(PartChecker, replace(options, threads=threads))
        return worker_pool.run(list(tasks), start, workers)

    def add(self, name: str, hashes: RecordHashes, before: int) -> None:
        """Take in the records of the part that came last."""
        self._hashes.setdefault(name, RecordHashes()).merge(hashes, before)

    def compare(self, names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> RecordComparison:
        """Compare the records of datasets."""
        hashes = {name: self._hashes.get(name, RecordHashes()) for name in names}
        frames = {name: own.frame() for name, own in hashes.items()}
        orphans = {name: own.orphans() for name, own in hashes.items()}
        return RecordComparison(orphans, list(compare_records(frames, pairs)))

    def close(self) -> None:
        """Do nothing: the processes have ended."""
