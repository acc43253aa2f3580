"""What is decided over all records, one partition of the questions' hashes after the other.

Records with the same question are in one partition, in the order of the sources, and so are those of a row.
So a partition decides on duplicates alone, by the code that decides for a whole ledger; mix and splits
need some sums of all partitions besides.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Literal

from lf_qwen3.data.convert import ledger
from lf_qwen3.data.convert.cluster.part_lines import ledger_of, series_of
from lf_qwen3.data.convert.keys import AnswerKeys
from lf_qwen3.data.convert.splits import SplitQuestions, without_generated

if TYPE_CHECKING:
    import polars as pl

MIX_BUCKETS = 1 << 12
_BUCKET_SHIFT = 64 - 12

MixRow = tuple[int, int, int, int, int]
"""A row that the mix may leave out: the hash of its first answer, its part and index there, its weights."""


@dataclass(slots=True)
class PartitionSums:
    """What a partition says of the records that are left in it; `holdable` are rows that may be held out."""

    rows: int
    kept_rows: int
    duplicates: int
    conflicts: int
    thinking: int
    plain: int
    generated: int


def split_by_question(frames: Iterable[pl.DataFrame], partitions: int) -> list[pl.DataFrame]:
    """Part the lines of several parts by the first bits of their questions' hashes."""
    import polars as pl

    frame = pl.concat(frames)
    if partitions == 1:
        return [frame]
    first_bits = pl.col("question") // pl.lit(1 << (65 - partitions.bit_length()), pl.UInt64)
    return split_by(frame, first_bits, partitions)


def split_by(frame: pl.DataFrame, key: pl.Expr, count: int) -> list[pl.DataFrame]:
    """Split a frame by the number of each row, below `count`; the order is kept in each part."""
    pieces = frame.with_columns(_key=key).partition_by("_key", as_dict=True, include_key=False)
    return [pieces.get((number,), frame.clear()) for number in range(count)]


def list_rivals(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the records whose answers tell whether they are duplicates: they share a prompt with others."""
    asked: list[int] = []

    def note(record: int) -> AnswerKeys:
        asked.append(record)
        return AnswerKeys(record, record)

    suspects = _suspects(frame)
    ledger.drop_duplicates(ledger_of(suspects), note)
    return suspects[asked].select("part", "index", "offset", "length")


def drop_duplicates(
    frame: pl.DataFrame, keys: pl.DataFrame, is_labelled: bool, by: Literal["rows", "tokens"]
) -> tuple[pl.DataFrame, PartitionSums]:
    """Drop the duplicates of a partition; `keys` are the `AnswerKeys` of its rivals by part and index."""
    import polars as pl

    suspects = _suspects(frame)
    record_of = {place: record for record, place in enumerate(suspects.select("part", "index").iter_rows())}
    known = {
        record_of[part, index]: AnswerKeys(whole, answer) for part, index, whole, answer in keys.iter_rows()
    }
    records, duplicates, conflicts = ledger.drop_duplicates(
        ledger_of(suspects), known.__getitem__, is_labelled
    )
    kept = frame
    if duplicates:
        dropped = suspects.with_row_index("at").filter(~pl.col("at").is_in(pl.Series(records).implode()))
        kept = frame.join(dropped, on=["part", "index"], how="anti", maintain_order="left")
    weight = pl.col("length") if by == "tokens" else pl.lit(1)
    thinks = pl.col("thinking") > 0
    thinking, plain = kept.select(
        thinking=(weight * thinks).cast(pl.UInt64).sum(), plain=(weight * ~thinks).cast(pl.UInt64).sum()
    ).row(0)
    written = frame.filter("generated")
    sums = PartitionSums(
        count_rows(frame), count_rows(kept), duplicates, conflicts, thinking, plain, count_rows(written)
    )
    return kept, sums


def _suspects(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the records that share their prompt with another: no other one can be a duplicate."""
    return frame.filter(frame["prompt"].is_duplicated())


def count_rows(frame: pl.DataFrame) -> int:
    """Return how many source rows the records are of."""
    import polars as pl

    return int(frame.select(pl.struct("part", "row").rle_id().max() + 1).item() or 0) if len(frame) else 0


def list_surplus(frame: pl.DataFrame, thins_thinking: bool, by: Literal["rows", "tokens"]) -> pl.DataFrame:
    """Return the rows that the mix may leave out, as `MixRow`, in the order in which they stay."""
    import polars as pl

    lines = ledger_of(frame)
    every = range(len(lines))
    weights = ledger.weigh_rows(lines, every, by)
    firsts = list(ledger.first_of_rows(lines, every))
    rows = frame[firsts].select("answer", "part", "index", "row")
    rows = rows.with_columns(reasoned=series_of(weights[0]), plain=series_of(weights[1]))
    return rows.filter((pl.col("reasoned") > 0) == thins_thinking).sort("answer", "part", "index")


def sum_buckets(surplus: pl.DataFrame) -> tuple[array[int], array[int]]:
    """Return what the rows weigh, thinking and plain, by the first bits of their answers' hashes."""
    import polars as pl

    sums = surplus.group_by(bucket=_bucket()).agg(pl.col("reasoned", "plain").sum())
    reasoned, plain = (array("Q", bytes(8 * MIX_BUCKETS)) for _ in range(2))
    for bucket, thinking_sum, plain_sum in sums.iter_rows():
        reasoned[bucket], plain[bucket] = thinking_sum, plain_sum
    return reasoned, plain


def rows_of_bucket(surplus: pl.DataFrame, bucket: int) -> list[MixRow]:
    """Return the rows of one bucket."""
    own = surplus.filter(_bucket() == bucket)
    return own.select("answer", "part", "index", "reasoned", "plain").rows()


def _bucket() -> pl.Expr:
    import polars as pl

    return pl.col("answer") // pl.lit(1 << _BUCKET_SHIFT, pl.UInt64)


def leave_out(frame: pl.DataFrame, surplus: pl.DataFrame, end: tuple[int, int, int]) -> pl.DataFrame:
    """Leave out the rows of the surplus from `end` on: the hash of an answer, a part and an index there."""
    import polars as pl

    answer, part, index = pl.lit(end[0], pl.UInt64), *end[1:]
    is_same = pl.col("answer") == answer
    is_out = (pl.col("answer") > answer) | (is_same & (pl.col("part") > part))
    is_out |= is_same & (pl.col("part") == part) & (pl.col("index") >= index)
    out = surplus.filter(is_out).select("part", "row")
    return frame.join(out, on=["part", "row"], how="anti", maintain_order="left")


def count_questions(frame: pl.DataFrame) -> tuple[tuple[int, int, int], SplitQuestions]:
    """Return the rows, and how many of them may be held out of those that think and of the others.

    The questions of both are the second result.
    """
    lines = ledger_of(frame)
    records = range(len(lines))
    every = ledger.first_of_rows(lines, records)
    questions = SplitQuestions(lines, records, without_generated(lines, records, every))
    return (len(every), questions.reasoned, questions.plain), questions


def take_questions(
    questions: SplitQuestions, before: Sequence[tuple[int, int]], quota: tuple[int, int]
) -> tuple[tuple[int, int], set[int]]:
    """Take the questions of a split: see `SplitQuestions`; `before` are the quotas of the splits before."""
    for earlier in before:
        questions.take(earlier)
    return questions.take(quota)


def list_fates(
    whole: pl.DataFrame, kept: pl.DataFrame, taken: dict[str, set[int]], codes: dict[str, int]
) -> pl.DataFrame:
    """Return the part, the index and the fate of all records that are not trained on; 0 is left out."""
    import polars as pl

    left_out = whole.join(kept.select("part", "index"), on=["part", "index"], how="anti")
    fates = [left_out.select("part", "index", fate=pl.lit(0, pl.UInt8))]
    for split, questions in taken.items():
        chosen = list(compress(range(len(kept)), map(questions.__contains__, kept["question"])))
        fates.append(kept[chosen].select("part", "index", fate=pl.lit(codes[split], pl.UInt8)))
    return pl.concat(fates)
