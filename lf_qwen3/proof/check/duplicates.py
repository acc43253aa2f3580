"""Find records that stand twice: inside a dataset, and in a held-out one beside the one it is held out of."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import xxhash

from lf_qwen3.data.convert.keys import fold
from lf_qwen3.proof.check.dataset_records import Files
from lf_qwen3.proof.check.dataset_rows import RowPlace
from lf_qwen3.proof.check.findings import CheckRunner
from lf_qwen3.proof.check.rules.records.sample import Sample
from lf_qwen3.proof.check.rules.splits.duplicate import Duplicate

if TYPE_CHECKING:
    import polars as pl

_SPLIT = re.compile(r"(?P<stem>.+)_(?P<split>train|val|valid|validation|dev|eval|test)")


def pair_splits(names: Iterable[str], also: Iterable[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """Return the pairs (held-out dataset, the training dataset it belongs to) among `names`.

    They are told by their names; `also` holds those that a YAML names.
    """
    known = list(names)
    pairs = [(held, trained) for held, trained in also if held != trained and {held, trained} <= set(known)]
    for name in known:
        found = _SPLIT.fullmatch(name)
        if found and found["split"] != "train":
            trained = (f"{found['stem']}_train", found["stem"])
            pairs += [(name, other) for other in trained if other in known]
    return list(dict.fromkeys(pairs))


@dataclass(slots=True)
class RecordHashes:
    """Hashes of every record of a dataset, 64 bits each: the whole of it, its question, its dialogue.

    `before` is the dialogue up to the answer before the last, 0 where there is none: a record of it exists
    if it is found among the `dialogue` hashes.
    """

    files: Files
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
        *asked, last = [fold(one["content"]) for one in sample.record.messages]
        question = b"\0".join(asked)
        answer = b"\0".join(fold(one.parts.answer) for one in sample.learnt) or last
        kind = b"thinking" if sample.is_thinking else b"plain"
        context = f"{sample.record.system}\0{sample.record.tools}".encode()
        self.file.append(place.file)
        self.row.append(place.row)
        self.whole.append(xxhash.xxh3_64_intdigest(b"\1".join((question, answer, kind, context))))
        self.question.append(xxhash.xxh3_64_intdigest(question or answer))
        self.dialogue.append(xxhash.xxh3_64_intdigest(question + b"\0" + answer))
        self.before.append(xxhash.xxh3_64_intdigest(b"\0".join(asked[:-1])) if len(asked) > 1 else 0)
        return question + b"\n" + answer

    def orphans(self) -> int:
        """Return how many records hold an earlier answer that is the last one of no record."""
        known = set(self.dialogue) if any(self.before) else set()
        return sum(1 for one in self.before if one and one not in known)

    def frame(self) -> pl.DataFrame:
        """Return the hashes as a Polars frame."""
        import polars as pl

        columns = {"file": pl.UInt16, "row": pl.UInt64, "whole": pl.UInt64, "question": pl.UInt64}
        return pl.DataFrame([pl.Series(name, getattr(self, name), kind) for name, kind in columns.items()])


def find_duplicates(
    keys: dict[str, RecordHashes], pairs: Iterable[tuple[str, str]], look: CheckRunner
) -> None:
    """Report duplicates inside each dataset, then what is held out and trained on alike."""
    frames = {name: one.frame() for name, one in keys.items()}
    for name, frame in frames.items():
        for row in _duplicates(frame):
            look(Duplicate(row["first"]), keys[name].files.shown(row["file"]), row["row"])
    for held, trained in pairs:
        for row, twin in _leaks(frames[held], frames[trained], trained):
            look(twin, keys[held].files.shown(row["file"]), row["row"])


def _duplicates(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    import polars as pl

    again = frame.with_columns(first=pl.col("row").first().over("whole"))
    yield from again.filter(~pl.col("whole").is_first_distinct()).iter_rows(named=True)


def _leaks(
    held: pl.DataFrame, trained: pl.DataFrame, name: str
) -> Iterator[tuple[dict[str, Any], Duplicate]]:
    """Yield the held-out rows that are trained on, whole or by their question alone."""
    import polars as pl

    for key, similarity in (("whole", 1.0), ("question", 0.0)):
        there = trained.unique(key, keep="first", maintain_order=True).select(key, other=pl.col("row"))
        for row in held.join(there, on=key, maintain_order="left").iter_rows(named=True):
            yield row, Duplicate(row["other"], name, similarity)
        held = held.join(there, on=key, how="anti", maintain_order="left")
