"""Find duplicates: inside a dataset, and between a held-out dataset and the one that is trained on."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import xxhash

from lf_qwen3.data.convert.keys import fold
from lf_qwen3.proof.check.dataset_records import DatasetFiles
from lf_qwen3.proof.check.dataset_rows import RowPlace
from lf_qwen3.proof.check.rules.records.sample import Sample
from lf_qwen3.proof.check.rules.splits.duplicate import Duplicate
from lf_qwen3.proof.check.runner import CheckRunner

if TYPE_CHECKING:
    import polars as pl

_SPLIT = re.compile(r"(?P<stem>.+)_(?P<split>train|val|valid|validation|dev|eval|test)")


def pair_splits(names: Iterable[str], also: Iterable[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """Return the pairs (held-out dataset, the training dataset it belongs to) among `names`.

    The names say which; `also` holds the pairs that a YAML names.
    """
    known = list(names)
    pairs = [pair for pair in also if pair[0] != pair[1] and set(pair) <= set(known)]
    for name in known:
        split = _SPLIT.fullmatch(name)
        if split and split["split"] != "train":
            trained = (f"{split['stem']}_train", split["stem"])
            pairs += [(name, other) for other in trained if other in known]
    return list(dict.fromkeys(pairs))


@dataclass(slots=True)
class RecordHashes:
    """Hashes of every record of a dataset, 64 bits each: the whole of it, its question, its dialogue.

    `before` is the dialogue up to the answer before the last, 0 where there is none: a record of it exists
    if it is among the `dialogue` hashes.
    """

    files: DatasetFiles
    file: array[int] = field(default_factory=lambda: array("H"))
    row: array[int] = field(default_factory=lambda: array("Q"))
    whole: array[int] = field(default_factory=lambda: array("Q"))
    question: array[int] = field(default_factory=lambda: array("Q"))
    dialogue: array[int] = field(default_factory=lambda: array("Q"))
    before: array[int] = field(default_factory=lambda: array("Q"))

    def __len__(self) -> int:
        return len(self.row)

    def add(self, place: RowPlace, sample: Sample) -> bytes:
        """Take a record in; return its folded text, questions and answers without their reasoning."""
        *before, last = [fold(message["content"]) for message in sample.record.messages]
        question = b"\0".join(before)
        answer = b"\0".join(fold(text.parts.answer) for text in sample.learnt_texts) or last
        kind = b"thinking" if sample.is_thinking else b"plain"
        context = f"{sample.record.system}\0{sample.record.tools}".encode()
        self.file.append(place.file)
        self.row.append(place.row)
        self.whole.append(xxhash.xxh3_64_intdigest(b"\1".join((question, answer, kind, context))))
        self.question.append(xxhash.xxh3_64_intdigest(question or answer))
        self.dialogue.append(xxhash.xxh3_64_intdigest(question + b"\0" + answer))
        self.before.append(xxhash.xxh3_64_intdigest(b"\0".join(before[:-1])) if len(before) > 1 else 0)
        return question + b"\n" + answer

    def orphans(self) -> int:
        """Return how many records hold an earlier answer that is the last one of no record."""
        known = set(self.dialogue) if any(self.before) else set()
        return sum(1 for before in self.before if before and before not in known)

    def frame(self) -> pl.DataFrame:
        """Return the hashes as a Polars frame."""
        import polars as pl

        columns = {"file": pl.UInt16, "row": pl.UInt64, "whole": pl.UInt64, "question": pl.UInt64}
        return pl.DataFrame([pl.Series(name, getattr(self, name), kind) for name, kind in columns.items()])


def find_duplicates(
    hashes: dict[str, RecordHashes], pairs: Iterable[tuple[str, str]], runner: CheckRunner
) -> None:
    """Report duplicates inside each dataset, then the held-out records that are trained on."""
    frames = {name: dataset.frame() for name, dataset in hashes.items()}
    for name, frame in frames.items():
        for row in _duplicates(frame):
            runner.run(Duplicate(row["first"]), hashes[name].files.shown(row["file"]), row["row"])
    for held_out, trained in pairs:
        for row, leak in _leaks(frames[held_out], frames[trained], trained):
            runner.run(leak, hashes[held_out].files.shown(row["file"]), row["row"])


def _duplicates(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield every row that is the same as an earlier one, whose row is `first`."""
    import polars as pl

    with_first = frame.with_columns(first=pl.col("row").first().over("whole"))
    yield from with_first.filter(~pl.col("whole").is_first_distinct()).iter_rows(named=True)


def _leaks(
    held_out: pl.DataFrame, trained: pl.DataFrame, name: str
) -> Iterator[tuple[dict[str, Any], Duplicate]]:
    """Yield the held-out rows that are trained on, whole or by their question alone."""
    import polars as pl

    for key, similarity in (("whole", 1.0), ("question", 0.0)):
        others = trained.unique(key, keep="first").select(key, other=pl.col("row"))
        for row in held_out.join(others, on=key, maintain_order="left").iter_rows(named=True):
            yield row, Duplicate(row["other"], name, similarity)
        held_out = held_out.join(others, on=key, how="anti", maintain_order="left")
