"""Decide over all records of a conversion on a cluster, from the lines of its parts.

    lines of parts -> groups of parts -> partitions by question -> decisions -> groups -> fates of parts

A group is a run of parts: it keeps the number of pieces that change hands small. The driver holds references,
and of each partition some sums; the lines themselves it never sees.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from operator import add
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.cluster_tasks import TaskRunner
from lf_qwen3.data.convert import ledger
from lf_qwen3.data.convert.cluster import partition
from lf_qwen3.data.convert.cluster.shards import FATES
from lf_qwen3.data.convert.keys import answer_keys
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.data.convert.outcome import ConvertOutcome
from lf_qwen3.data.convert.splits import choose_sizes, share_out

if TYPE_CHECKING:
    import polars as pl

_DECIDING = "duplicates, mix and splits"


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """Into how many partitions the questions go, and how many parts make a group."""

    partitions: int
    group_size: int

    def group(self, items: Sequence[Any]) -> list[Sequence[Any]]:
        """Return the items of the parts by group."""
        return [items[at : at + self.group_size] for at in range(0, len(items), self.group_size)]


class Decisions:
    """The fate of each record; the outcome is not yet counted by split."""

    def __init__(
        self,
        runner: TaskRunner,
        plan: ClusterPlan,
        options: ConvertOptions,
        lines: list[Any],
        records: list[Any],
    ) -> None:
        self._runner = runner
        self._plan = plan
        self._options = options
        self._records = records
        self.outcome = ConvertOutcome()
        shuffled = [
            runner.start_many(plan.partitions, split_lines, plan.partitions, *group)
            for group in plan.group(lines)
        ]
        self._whole = [runner.start(concat, *blocks) for blocks in zip(*shuffled, strict=True)]
        self._kept = list(self._whole)

    def drop_duplicates(self, is_labelled: bool) -> None:
        """Drop the duplicates of every partition, and leave out what the mix has too much of."""
        by = self._options.by
        keys = self._hash_rivals()
        dropped = [
            self._runner.start_many(2, partition.drop_duplicates, whole, own, is_labelled, by)
            for whole, own in zip(self._whole, keys, strict=True)
        ]
        self._kept = [kept for kept, _ in dropped]
        sums: list[partition.PartitionSums] = [self._get(own) for _, own in dropped]
        self.outcome.duplicates = sum(own.rows - own.kept_rows for own in sums)
        self.outcome.duplicate_records = sum(own.duplicates for own in sums)
        self.outcome.conflicts = sum(own.conflicts for own in sums)
        self.outcome.generated = sum(own.generated for own in sums)
        if self._options.mix is not None:
            before = sum(own.kept_rows for own in sums)
            self._mix(sum(own.thinking for own in sums), sum(own.plain for own in sums), self._options.mix)
            rows = [self._runner.start(partition.count_rows, kept) for kept in self._kept]
            self.outcome.left_out = before - sum(map(self._get, rows))

    def hold_out(self) -> list[Any]:
        """Choose what is held out; return the fates of all records that are not trained on, by group."""
        taken: list[dict[str, Any]] = [{} for _ in self._kept]
        if self._options.val or self._options.test:
            counted = [self._runner.start_many(2, partition.count_questions, kept) for kept in self._kept]
            rows, reasoned, plain = map(sum, zip(*(self._get(sums) for sums, _ in counted), strict=True))
            sizes = choose_sizes(self._options.val, self._options.test, reasoned + plain, rows)
            before: list[list[tuple[int, int]]] = [[] for _ in self._kept]
            for split, size in sizes.items():
                quota = left = share_out(size, reasoned, plain)
                for number, (_, questions) in enumerate(counted):
                    if not any(left):
                        break
                    after, taken[number][split] = self._runner.start_many(
                        2, partition.take_questions, questions, before[number], left
                    )
                    before[number].append(left)
                    left = self._get(after)
                reasoned, plain = reasoned - quota[0] + left[0], plain - quota[1] + left[1]
        groups = len(self._plan.group(self._records))
        size = self._plan.group_size
        routed = [
            self._runner.start_many(groups, route_fates, groups, size, whole, kept, list(own), *own.values())
            for whole, kept, own in zip(self._whole, self._kept, taken, strict=True)
        ]
        return [self._runner.start(concat, *blocks) for blocks in zip(*routed, strict=True)]

    def _get(self, reference: Any) -> Any:
        return self._runner.get(reference, _DECIDING)

    def _hash_rivals(self) -> list[Any]:
        """Return by partition the keys of the answers to compare, which are read where their parts are."""
        start, plan = self._runner.start, self._plan
        groups = plan.group(self._records)
        routed = [
            self._runner.start_many(len(groups), route_rivals, len(groups), plan.group_size, number, whole)
            for number, whole in enumerate(self._whole)
        ]
        keys: list[list[Any]] = [[start(concat, no_keys())] for _ in self._whole]
        asked = [self._runner.start_many(2, merge_rivals, *blocks) for blocks in zip(*routed, strict=True)]
        for rivals, parts in asked:
            hashed = [start(hash_answers, part, self._records[part], rivals) for part in self._get(parts)]
            if hashed:
                own = self._runner.start_many(plan.partitions, split_keys, plan.partitions, *hashed)
                for mine, block in zip(keys, own, strict=True):
                    mine.append(block)
        return [start(concat, *own) for own in keys]

    def _mix(self, thinking: int, plain: int, share: float) -> None:
        """Leave out rows as `ledger.mix` does, in the order of their answers' hashes over all partitions."""
        by, start = self._options.by, self._runner.start
        thins_thinking = ledger.find_surplus(thinking, plain, share)
        surplus = [start(partition.list_surplus, kept, thins_thinking, by) for kept in self._kept]
        sums = [array("Q", bytes(8 * partition.MIX_BUCKETS)) for _ in range(2)]
        for own in [start(partition.sum_buckets, rows) for rows in surplus]:
            sums = [array("Q", map(add, *pair)) for pair in zip(sums, self._get(own), strict=True)]
        thinking, plain = thinking - sum(sums[0]), plain - sum(sums[1])
        end = self._find_end(surplus, sums, (thinking, plain), share, thins_thinking)
        if end is not None:
            pairs = zip(self._kept, surplus, strict=True)
            self._kept = [start(partition.leave_out, kept, rows, end) for kept, rows in pairs]

    def _find_end(
        self,
        surplus: list[Any],
        sums: Sequence[array[int]],
        left: tuple[int, int],
        share: float,
        thins_thinking: bool,
    ) -> tuple[int, int, int] | None:
        """Return the first row that is dropped; only the rows of buckets that may contain it are fetched."""
        thinking, plain = left
        for bucket, (more_thinking, more_plain) in enumerate(zip(*sums, strict=True)):
            most_thinking = thinking + more_thinking * thins_thinking
            most_plain = plain + more_plain * (not thins_thinking)
            if ledger.is_beyond(most_thinking, most_plain, share, thins_thinking):
                own = [self._runner.start(partition.rows_of_bucket, rows, bucket) for rows in surplus]
                reached = thinking, plain
                for answer, part, index, reasons, plainly in sorted(
                    row for rows in own for row in self._get(rows)
                ):
                    reached = reached[0] + reasons, reached[1] + plainly
                    if ledger.is_beyond(*reached, share, thins_thinking):
                        return answer, part, index
            thinking, plain = thinking + more_thinking, plain + more_plain
        return None


def split_lines(partitions: int, *frames: pl.DataFrame) -> list[pl.DataFrame]:
    """Part the lines of a group by the partitions of their questions."""
    return partition.split_by_question(frames, partitions)


def concat(*frames: pl.DataFrame) -> pl.DataFrame:
    """Put frames together."""
    import polars as pl

    return pl.concat(frames)


def no_keys() -> pl.DataFrame:
    """Return the frame of no keys."""
    import polars as pl

    return pl.DataFrame(
        schema=dict.fromkeys(("part", "index"), pl.UInt32) | dict.fromkeys(("whole", "answer"), pl.UInt64)
    )


def route_rivals(groups: int, group_size: int, number: int, whole: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the rivals of a partition by the group of their part."""
    import polars as pl

    rivals = partition.list_rivals(whole).with_columns(partition=pl.lit(number, pl.UInt32))
    return partition.split_by(rivals, pl.col("part") // group_size, groups)


def merge_rivals(*blocks: pl.DataFrame) -> tuple[pl.DataFrame, list[int]]:
    """Put the rivals of a group together; return them and the parts that hold some."""
    rivals = concat(*blocks)
    return rivals, rivals["part"].unique().sort().to_list()


def hash_answers(part: int, records: Any, rivals: pl.DataFrame) -> pl.DataFrame:
    """Read the answers of the rivals in a part back, and hash them normalised."""
    import polars as pl

    own = rivals.filter(pl.col("part") == part)
    view = memoryview(records)
    places = zip(own["offset"], own["length"], strict=True)
    keys = [answer_keys(bytes(view[offset : offset + length])) for offset, length in places]
    schema = dict.fromkeys(("whole", "answer"), pl.UInt64)
    return own.select("part", "index", "partition").hstack(pl.DataFrame(keys, schema=schema, orient="row"))


def split_keys(partitions: int, *keys: pl.DataFrame) -> list[pl.DataFrame]:
    """Part the keys of a group by the partition that asked for them."""
    import polars as pl

    pieces = partition.split_by(concat(*keys), pl.col("partition"), partitions)
    return [piece.drop("partition") for piece in pieces]


def route_fates(
    groups: int, group_size: int, whole: pl.DataFrame, kept: pl.DataFrame, splits: list[str], *taken: set[int]
) -> list[pl.DataFrame]:
    """Return the fates of a partition's records by the group of their part."""
    import polars as pl

    fates = partition.list_fates(whole, kept, dict(zip(splits, taken, strict=True)), FATES)
    return partition.split_by(fates, pl.col("part") // group_size, groups)
