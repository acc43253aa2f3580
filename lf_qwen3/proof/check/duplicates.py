"""Find duplicates: inside a dataset, and between a held-out dataset and the one that is trained on."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from xxhash import xxh3_64_intdigest as _hash

from lf_qwen3.data.convert.keys import fold, fold_whole
from lf_qwen3.proof.check.dataset_rows import RowPlace
from lf_qwen3.proof.check.rules.records.sample import ANSWERING, Sample
from lf_qwen3.proof.check.rules.splits.duplicate import Duplicate
from lf_qwen3.qwen3.thinking import Split

if TYPE_CHECKING:
    import polars as pl

_HASHES = ("whole", "exchange", "question", "dialogue", "before")
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


class FoldedRecord(NamedTuple):
    """What is hashed of a record: the folded texts before the answers to learn, and these.

    `prompt` is all before the answers as convert compares it, `whole` the answers with their reasoning;
    `context` are system and tools as they are.
    """

    texts: Sequence[bytes]
    answers: Sequence[bytes]
    prompt: bytes
    whole: bytes
    is_thinking: bool
    context: bytes


@dataclass(slots=True)
class RecordHashes:
    """Hashes of every record of a dataset, 64 bits each.

    `whole` is what convert takes for the same record: all of it, white space and case apart in its first
    question and its answer. The others are folded and do without reasoning: `exchange` is questions and
    answers, kind, system and tools, `question` all before the answer, `dialogue` that with the answer.
    `before` is the dialogue up to the answer before the last, 0 if there is none: a record of it exists
    if it is among the `dialogue` hashes.
    """

    file: array[int] = field(default_factory=lambda: array("H"))
    row: array[int] = field(default_factory=lambda: array("Q"))
    whole: array[int] = field(default_factory=lambda: array("Q"))
    exchange: array[int] = field(default_factory=lambda: array("Q"))
    question: array[int] = field(default_factory=lambda: array("Q"))
    dialogue: array[int] = field(default_factory=lambda: array("Q"))
    before: array[int] = field(default_factory=lambda: array("Q"))

    def __len__(self) -> int:
        return len(self.row)

    def add(self, place: RowPlace, sample: Sample) -> bytes:
        """Take a record in; return its folded text, as `add_folded` does."""
        *before, last = _split_texts(sample)
        learnt = [last, *_losing(sample)]
        texts = [fold(parts.answer) for parts in before]
        answers = [fold(parts.answer) for parts in learnt]
        whole = fold_whole(zip(answers, learnt, strict=True), sample.label)
        context = encode_exactly(sample.record.system, sample.record.tools)
        folded = FoldedRecord(texts, answers, _prompt(sample, texts), whole, bool(last.thinking), context)
        return self.add_folded(place.file, place.row, folded)

    def add_folded(self, file: int, row: int, record: FoldedRecord) -> bytes:
        """Take a record in; return its folded text, questions and answers without their reasoning."""
        question, answer = b"\0".join(record.texts), b"\0".join(record.answers)
        kind = b"thinking" if record.is_thinking else b"plain"
        self.file.append(file)
        self.row.append(row)
        self.whole.append(_hash(b"\1".join((record.prompt, record.whole, record.context))))
        self.exchange.append(_hash(b"\1".join((question, answer, kind, record.context))))
        self.question.append(_hash(question or answer))
        self.dialogue.append(_hash(question + b"\0" + answer))
        self.before.append(_hash(b"\0".join(record.texts[:-1])) if len(record.texts) > 1 else 0)
        return question + b"\n" + answer

    def merge(self, other: RecordHashes, before: int) -> None:
        """Take in the hashes of more records; their rows are counted on from `before`."""
        self.row.extend(before + row for row in other.row)
        for name in ("file", *_HASHES):
            getattr(self, name).extend(getattr(other, name))

    def orphans(self) -> int:
        """Return how many records hold an earlier answer that is the last one of no record."""
        return count_orphans(self.links())

    def links(self) -> pl.DataFrame:
        """Return the hashes that `count_orphans` compares as a frame: `hash`, and `is_before`."""
        import polars as pl

        before = [hash_ for hash_ in self.before if hash_]
        hashes = pl.Series("hash", [*self.dialogue, *before], pl.UInt64)
        return pl.DataFrame([hashes]).with_columns(is_before=pl.int_range(pl.len()) >= len(self))

    def frame(self) -> pl.DataFrame:
        """Return the hashes as a Polars frame."""
        import polars as pl

        hashes = dict.fromkeys(("whole", "exchange", "question"), pl.UInt64)
        columns = {"file": pl.UInt16, "row": pl.UInt64, **hashes}
        return pl.DataFrame([pl.Series(name, getattr(self, name), kind) for name, kind in columns.items()])


def count_orphans(links: pl.DataFrame) -> int:
    """Return how many hashes of a history are those of no dialogue; `links` is of `RecordHashes.links`."""
    import polars as pl

    dialogues = links.filter(~pl.col("is_before")).select("hash")
    return links.filter("is_before").join(dialogues, on="hash", how="anti").height


def _split_texts(sample: Sample) -> list[Split]:
    """Return every message taken apart; what is not a text of the assistant is all answer."""
    texts = iter(sample.assistant_texts)
    return [
        next(texts).parts if message["role"] in ANSWERING else Split(None, message["content"])
        for message in sample.record.messages
    ]


def _losing(sample: Sample) -> list[Split]:
    """Return the losing answer of a ranking record taken apart; none if there is none."""
    rejected = sample.record.rejected
    if rejected is None:
        return []
    is_answer = rejected["role"] in ANSWERING
    return [sample.assistant_texts[-1].parts if is_answer else Split(None, rejected["content"])]


def _prompt(sample: Sample, folded: Sequence[bytes]) -> bytes:
    """Return all turns before the answer as convert compares them: the first one folded, the others exact.

    `folded` are these turns folded, those of the assistant without their reasoning.
    """
    if not folded:
        return b""
    first, *others = sample.record.messages[:-1]
    opening = fold(first["content"]) if first["role"] in ANSWERING else folded[0]
    exact = (encode_exactly(message["role"], message["content"]) for message in others)
    return b"\0".join((opening, *exact))


def encode_exactly(*texts: str) -> bytes:
    """Return texts as bytes that are the same only for the same texts."""
    return "\0".join(texts).encode("utf-8", "surrogatepass")


class FoundDuplicate(NamedTuple):
    """A record that is found again: its dataset, file and row; `order` is that of the comparisons."""

    order: int
    file: int
    row: int
    name: str
    duplicate: Duplicate


def compare_records(
    frames: Mapping[str, pl.DataFrame], pairs: Iterable[tuple[str, str]]
) -> Iterator[FoundDuplicate]:
    """Yield the duplicates inside each dataset, then the held-out records that are trained on.

    A frame is of `RecordHashes.frame`. Records with the same hash have the same `question`, so that sets of
    records which are apart by this hash may be compared apart.
    """
    order = 0
    for order, (name, frame) in enumerate(frames.items()):
        for row in _duplicates(frame):
            yield FoundDuplicate(order, row["file"], row["row"], name, Duplicate(row["first"]))
    for held_out, trained in pairs:
        for leaks in _leaks(frames[held_out], frames[trained], trained):
            order += 1
            for row, leak in leaks:
                yield FoundDuplicate(order, row["file"], row["row"], held_out, leak)


def _duplicates(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield every row that is the same as an earlier one, whose row is `first`."""
    import polars as pl

    with_first = frame.with_columns(first=pl.col("row").first().over("whole"))
    yield from with_first.filter(~pl.col("whole").is_first_distinct()).iter_rows(named=True)


def _leaks(
    held_out: pl.DataFrame, trained: pl.DataFrame, name: str
) -> Iterator[list[tuple[dict[str, Any], Duplicate]]]:
    """Yield the held-out rows that are trained on whole, then those by their question alone."""
    import polars as pl

    for key, similarity in (("exchange", 1.0), ("question", 0.0)):
        others = trained.unique(key, keep="first", maintain_order=True).select(key, other=pl.col("row"))
        leaking = held_out.join(others, on=key, maintain_order="left").iter_rows(named=True)
        yield [(row, Duplicate(row["other"], name, similarity)) for row in leaking]
        held_out = held_out.join(others, on=key, how="anti", maintain_order="left")
