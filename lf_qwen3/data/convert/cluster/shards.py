"""Write the records of some parts: plan the files, take the records of a split, put files together."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from xxhash import xxh3_128

from lf_qwen3.data.convert.formats import GOOD
from lf_qwen3.data.convert.manifest import SPLITS

if TYPE_CHECKING:
    import polars as pl

FATES = {split: number for number, split in enumerate(SPLITS, 1)}
"""How a frame names the split of a record; 0 is left out, and what has no fate is trained on."""

_RUN = 1 << 20
"""Bytes that are written at once."""


class SplitCounts(NamedTuple):
    """What a part gives to a split."""

    records: int
    rows: int
    bytes: int
    thinking: int
    histories: int


NOTHING = SplitCounts(0, 0, 0, 0, 0)


@dataclass(slots=True)
class SplitPiece:
    """The records of one split of a part, in order: runs of their text, the numbers of their source rows.

    `history` locates the first record with an alpaca history: its place, offset and length.
    """

    texts: list[Any]
    numbers: array[int]
    history: tuple[int, int, int] | None = None


class WrittenShard(NamedTuple):
    """A file that was written: its hash, the numbers of its records' source rows, the KTO labels "good"."""

    digest: str
    numbers: array[int]
    good: int


def add_fates(frame: pl.DataFrame, fates: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of a part with the fate of each record."""
    import polars as pl

    joined = frame.join(fates, on=["part", "index"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("fate").fill_null(FATES["train"]))


def count_splits(frame: pl.DataFrame, fates: pl.DataFrame) -> dict[str, SplitCounts]:
    """Return what a part gives to each split."""
    import polars as pl

    sums = (
        add_fates(frame, fates)
        .group_by("fate")
        .agg(
            pl.len(),
            pl.col("row").n_unique(),
            pl.col("length", "thinking", "history").cast(pl.UInt64).sum(),
        )
    )
    found = {row[0]: SplitCounts(row[1], row[2], *row[3:]) for row in sums.iter_rows()}
    return {split: found.get(number, NOTHING) for split, number in FATES.items()}


def plan_shards(counts: Sequence[SplitCounts], shard_bytes: int) -> list[range]:
    """Cut parts into runs that give a split at least `shard_bytes` each; see `outputs.cut_shards`."""
    has_history = any(part.histories for part in counts)
    runs: list[range] = []
    start = size = 0
    is_typed = not has_history
    for at, part in enumerate(counts, 1):
        size += part.bytes
        is_typed = is_typed or part.histories > 0
        if size >= shard_bytes and is_typed:
            runs.append(range(start, at))
            start, size, is_typed = at, 0, not has_history
    if size:
        before = runs.pop() if runs and not is_typed else range(start, start)
        runs.append(range(before.start, len(counts)))
    elif runs:
        runs[-1] = range(runs[-1].start, len(counts))
    return runs


def take_piece(
    split: str, first_number: int, frame: pl.DataFrame, records: Any, fates: pl.DataFrame
) -> SplitPiece:
    """Return what a part gives to a split; `first_number` is the number of its first row in all sources."""
    import polars as pl

    own = add_fates(frame, fates).filter(pl.col("fate") == FATES[split])
    end = pl.col("offset") + pl.col("length")
    spans = own.group_by(
        (pl.col("offset") != end.shift(1)).fill_null(True).cum_sum(), maintain_order=True
    ).agg(start=pl.col("offset").first(), stop=end.last())
    view = memoryview(records)
    texts = [view[start:stop] for start, stop in spans.select("start", "stop").iter_rows()]
    piece = SplitPiece(texts, array("I", (own["number"].cast(pl.UInt64) + first_number).to_list()))
    place = own["history"].arg_max() if own["history"].max() else None
    if place is not None:
        piece.history = (place, int(own["length"][:place].sum()), int(own["length"][place]))
    return piece


def copy_piece(split: str, *part: Any) -> SplitPiece:
    """Return what `take_piece` does, with a text of its own, so that the part need not travel with it."""
    import pyarrow as pa

    piece = take_piece(split, *part)
    piece.texts = [pa.py_buffer(b"".join(piece.texts))]
    return piece


def gives_most(counts: Mapping[str, SplitCounts], split: str) -> bool:
    """Return whether a split gets most of a part, so that its file is written from the part itself."""
    return 2 * counts[split].bytes >= sum(own.bytes for own in counts.values())


def write_shard(path: Path, is_labelled: bool, split: str, *inputs: Any) -> WrittenShard:
    """Write one file of a split; its first record with an alpaca history comes first.

    An input is a piece, or what `take_piece` takes of one after the split, as four inputs.
    """
    rest = iter(inputs)
    pieces = [
        own if isinstance(own, SplitPiece) else take_piece(split, own, *islice(rest, 3)) for own in rest
    ]
    for at, piece in enumerate(pieces):
        if piece.history:
            first, pieces[at] = _part_history(piece, *piece.history)
            pieces.insert(0, first)
            break
    digest, good, numbers = xxh3_128(), 0, array("I")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for text in _join_runs(text for piece in pieces for text in piece.texts):
            file.write(text)
            digest.update(text)
            good += text.count(GOOD) if is_labelled else 0
    for piece in pieces:
        numbers += piece.numbers
    return WrittenShard(digest.hexdigest(), numbers, good)


def _part_history(piece: SplitPiece, place: int, offset: int, length: int) -> tuple[SplitPiece, SplitPiece]:
    """Return the first record with an alpaca history, and the other records."""
    text, end = memoryview(b"".join(piece.texts)), offset + length
    rows = piece.numbers
    own = SplitPiece([text[offset:end]], rows[place : place + 1])
    return own, SplitPiece([text[:offset], text[end:]], rows[:place] + rows[place + 1 :])


def _join_runs(texts: Iterable[Any]) -> Iterator[bytes]:
    """Yield texts joined to runs of about `_RUN` bytes, which stay in the cache of the processor."""
    run, size = [], 0
    for text in texts:
        run.append(text)
        size += len(text)
        if size >= _RUN:
            yield b"".join(run)
            run, size = [], 0
    yield b"".join(run)
