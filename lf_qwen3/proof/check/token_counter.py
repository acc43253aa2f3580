"""Count the tokens of a dataset as the trainer will feed them, and report what the cut takes."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lf_qwen3.proof.check.dataset_records import DatasetFiles, PlacedSample
from lf_qwen3.proof.check.rules.records.row_outcome import RowOutcome
from lf_qwen3.proof.check.rules.records.sample import Sample
from lf_qwen3.proof.check.rules.tokens.cut import CutRecord
from lf_qwen3.proof.check.runner import CheckRunner
from lf_qwen3.trainer.records import Dropped, as_pair
from lf_qwen3.trainer.render import Encoded, Template

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

PARTS = ("prompt", "thinking", "answer", "whole")
KINDS = ("thinking", "plain")

_BATCH = 256
_BATCH_CHARACTERS = 1 << 20


@dataclass(slots=True)
class PartLengths:
    """Tokens by part of the records of one kind, each in the order of the records."""

    parts: dict[str, array[int]] = field(default_factory=lambda: {part: array("I") for part in PARTS})

    def add(self, encoded: Encoded) -> None:
        """Take one record in."""
        for part in ("prompt", "thinking", "answer"):
            self.parts[part].append(encoded.count(part))
        self.parts["whole"].append(encoded.length)

    def extend(self, other: PartLengths) -> None:
        """Take more records in."""
        for part, lengths in other.parts.items():
            self.parts[part].extend(lengths)


@dataclass(slots=True)
class TokenCounts:
    """The tokens of one dataset; `kept` are the lengths after the cut, in the order of the records.

    `labels` are the lengths of each record's last answer, its reasoning included, before the cut. `rows`
    holds by data file the length of each row before the cut: 0 for one that is not fed, of a pair the longer.
    """

    cutoff_len: int
    kinds: dict[str, PartLengths] = field(default_factory=lambda: {kind: PartLengths() for kind in KINDS})
    kept: array[int] = field(default_factory=lambda: array("I"))
    labels: array[int] = field(default_factory=lambda: array("I"))
    rows: dict[str, array[int]] = field(default_factory=dict)
    learnt: int = 0
    cut: int = 0
    lost_close: int = 0
    lost_end: int = 0

    def add(self, encoded: Encoded, is_thinking: bool) -> None:
        """Take one record in."""
        self.kinds["thinking" if is_thinking else "plain"].add(encoded)
        self.kept.append(len(encoded.input_ids))
        last = encoded.pieces[-1].turn
        answer = [piece.whole for piece in encoded.pieces if piece.turn == last and piece.part != "prompt"]
        self.labels.append(sum(answer))
        self.learnt += encoded.learnt
        self.cut += encoded.is_cut
        self.lost_close += encoded.lost_close
        self.lost_end += encoded.lost_end

    def place(self, file: str, row: int, length: int) -> None:
        """Note the length of a row, which is counted from 1."""
        lengths = self.rows.setdefault(file, array("I"))
        lengths.extend(bytes(max(0, row - len(lengths))))
        lengths[row - 1] = max(lengths[row - 1], length)

    def merge(self, other: TokenCounts, before: int) -> None:
        """Take in the tokens of more records of the same dataset; their rows are counted on from `before`."""
        for kind, lengths in other.kinds.items():
            self.kinds[kind].extend(lengths)
        self.kept.extend(other.kept)
        self.labels.extend(other.labels)
        for file, rows in other.rows.items():
            own = self.rows.setdefault(file, array("I"))
            own.extend(bytes(before - len(own)))
            own.extend(rows)
        for count in ("learnt", "cut", "lost_close", "lost_end"):
            setattr(self, count, getattr(self, count) + getattr(other, count))

    def wholes(self) -> list[int]:
        """Return the lengths before the cut, sorted."""
        return sorted(length for lengths in self.kinds.values() for length in lengths.parts["whole"])


class TokenCounter:
    """Feeds records to the tokenizer in batches, in another thread; `counts` is complete after `finish`."""

    def __init__(
        self, tokenizer: Tokenizer, template: Template, files: DatasetFiles, runner: CheckRunner
    ) -> None:
        self.counts = TokenCounts(template.cutoff_len)
        self._tokenizer = tokenizer
        self._template = template
        self._files = files
        self._runner = runner
        self._waiting: list[PlacedSample] = []
        self._characters = 0
        self._thread = ThreadPoolExecutor(1)  # the tokenizer leaves Python free to check the next records
        self._under_way: tuple[list[PlacedSample], Future[list[tuple[Encoded, ...]]]] | None = None

    def add(self, placed: PlacedSample) -> None:
        """Take one record in."""
        self._waiting.append(placed)
        self._characters += sum(len(message["content"]) for message in placed[1].record.messages)
        if len(self._waiting) >= _BATCH or self._characters >= _BATCH_CHARACTERS:
            self._submit()

    def finish(self) -> None:
        """Count what is left, and end the thread."""
        self._submit()
        self._settle()
        self._thread.shutdown()

    def _submit(self) -> None:
        self._settle()
        if self._waiting:
            samples = [sample for _, sample in self._waiting]
            self._under_way = self._waiting, self._thread.submit(self._encoded, samples)
        self._waiting, self._characters = [], 0

    def _settle(self) -> None:
        """Count the batch that is under way."""
        if self._under_way is None:
            return
        batch, encoded = self._under_way
        self._under_way = None
        for placed, sides in zip(batch, encoded.result(), strict=True):
            for side in sides:
                self._count(placed, side)

    def _count(self, placed: PlacedSample, encoded: Encoded) -> None:
        place, sample = placed
        file = self._files.shown(place.file)
        if encoded.stopped:
            self._runner.run(RowOutcome(Dropped(encoded.stopped, stops=True)), file, place.row)
            return
        self.counts.add(encoded, sample.is_thinking)
        self.counts.place(file, place.row, encoded.length)
        if encoded.is_cut or not encoded.learnt:
            lost = encoded.lost_close, encoded.lost_end
            cut = CutRecord(encoded.length, len(encoded.input_ids), encoded.learnt, *lost)
            self._runner.run(cut, file, place.row)

    def _encoded(self, samples: Sequence[Sample]) -> list[tuple[Encoded, ...]]:
        """Return what is fed of each record; a ranking record is fed twice."""
        supervised = [sample.record for sample in samples if _is_supervised(sample)]
        encoded = iter(self._template.encode_batch(self._tokenizer, supervised))
        return [
            (next(encoded),) if _is_supervised(sample) else self._encode_sides(sample) for sample in samples
        ]

    def _encode_sides(self, sample: Sample) -> tuple[Encoded, ...]:
        if sample.label is None:
            return self._template.encode_pair(self._tokenizer, sample.record)
        return self._template.encode_pair(self._tokenizer, as_pair(sample.record))[:1]


def _is_supervised(sample: Sample) -> bool:
    return sample.record.rejected is None and sample.label is None
