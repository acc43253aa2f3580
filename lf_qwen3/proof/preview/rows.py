"""A row as it is fed: its texts with the loss mask and the cut, compared with the official rendering."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lf_qwen3.base.reasons import describe
from lf_qwen3.data import sources
from lf_qwen3.recipes.trainers import OtherTrainer
from lf_qwen3.recipes.trainers.data_file import write_checked
from lf_qwen3.recipes.trainers.records import LeftOut
from lf_qwen3.recipes.trainers.rows import TrainerRow, as_fed
from lf_qwen3.trainer.chat_template import UNCUT, ChatTemplate, TemplateComparison, compare
from lf_qwen3.trainer.records import Dropped, Record, RecordReader, as_pair
from lf_qwen3.trainer.render import MASKED, Encoded, PartName, Template

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]


@dataclass(frozen=True)
class PreviewSegment:
    """Text of one part of one turn, learnt or not; with `lost`, what the cut took there, in tokens."""

    part: PartName
    turn: int
    learnt: bool
    text: str
    lost: int = 0


@dataclass(frozen=True)
class PreviewRendering:
    """One sequence that is fed: a record, or one side (chosen, rejected) of a ranking record.

    Of KTO data `side` is the label: good or bad.
    """

    encoded: Encoded
    segments: list[PreviewSegment]
    side: str = ""


@dataclass(frozen=True)
class PreviewRow:
    """One row; without renderings, `problem` says why the trainer does not train on it.

    `elsewhere` says what another trainer learns from it, "" if none was named.
    """

    file: str
    row: int
    renderings: list[PreviewRendering] = field(default_factory=list)
    problem: str = ""
    official: TemplateComparison | None = None
    elsewhere: str = ""


@dataclass(frozen=True)
class RowRenderer:
    """Renders rows of a dataset as the trainer feeds them; `label` is the column of KTO's label, or "".

    With an `other` trainer each row says what that one learns of the row that is written for it.
    """

    tokenizer: Tokenizer
    template: Template
    chat_template: ChatTemplate | None
    reader: RecordReader
    label: str = ""
    other: OtherTrainer | None = None

    def render(self, file: str, row: int, item: sources.Item) -> PreviewRow:
        """Return one row as it is fed, or why it is not."""
        record = self._read(item)
        if isinstance(record, str):
            return PreviewRow(file, row, problem=record)
        sides = self._sides(record, item)
        encoded, whole = (
            self._encoded(record, template)
            for template in (self.template, replace(self.template, cutoff_len=UNCUT))
        )
        if encoded[0].stopped:
            return PreviewRow(file, row, problem=f"the trainer stops at this row: {encoded[0].stopped}")
        renderings = [
            PreviewRendering(cut, self._segments(cut, uncut), side)
            for cut, uncut, side in zip(encoded, whole, sides, strict=True)
        ]
        elsewhere = self._describe_other(encoded, item) if self.other else ""
        return PreviewRow(file, row, renderings, official=self._official(record), elsewhere=elsewhere)

    def _describe_other(self, encoded: list[Encoded], item: sources.Item) -> str:
        """Return what the other trainer learns of the row that is written for it."""
        assert self.other
        stage = "kto" if self.label else "dpo" if len(encoded) > 1 else "sft"
        name = self.other.name
        if not self.other.does(stage):
            return f"{name} does not support stage {stage}"
        form = self.other.choose_rows(stage)
        label = bool((item or {})[self.label]) if self.label and isinstance(item, dict) else None
        fed = TrainerRow(tuple(as_fed(side) for side in encoded), label)
        written = write_checked(form, [fed], self.tokenizer)[0]
        if isinstance(written, LeftOut):
            return f"{name}: no row is written: {written}"
        same = [form.fit(side, self.tokenizer) for side in fed.sides] == list(fed.sides)
        return f"{name}: the same ids and labels" + ("" if same else ", but the newline behind <|im_end|>")

    def _read(self, item: sources.Item) -> Record | str:
        """Return the record of a row, or why there is none."""
        if isinstance(item, sources.BadRow):
            detail = f" ({item.detail})" if item.detail else ""
            return f"the trainer cannot read this row: {describe(item.code)}{detail}"
        record = self.reader(item or {})
        if self.label and not isinstance((item or {}).get(self.label), bool):
            return f"the trainer drops this row: {self.label} is neither true nor false"
        if isinstance(record, Dropped):
            return f"the trainer {'stops at' if record.stops else 'drops'} this row: {record.reason}"
        return record

    def _sides(self, record: Record, item: sources.Item) -> tuple[str, ...]:
        """Return what the sequences are called that a row is fed as."""
        if self.label and isinstance(item, dict):
            return ("good" if item[self.label] else "bad",)
        return ("chosen", "rejected") if record.rejected else ("",)

    def _encoded(self, record: Record, template: Template) -> list[Encoded]:
        if self.label:
            return [template.encode_pair(self.tokenizer, as_pair(record))[0]]
        if record.rejected:
            return [*template.encode_pair(self.tokenizer, record)]
        return template.encode_batch(self.tokenizer, [record])

    def _official(self, record: Record) -> TemplateComparison | None:
        if self.chat_template is None:
            return None
        compared = as_pair(record) if self.label else record
        return compare(self.tokenizer, self.template, self.chat_template, [compared])[0]

    def _segments(self, encoded: Encoded, whole: Encoded) -> list[PreviewSegment]:
        """Return the texts that are fed, each followed by what the cut took behind it."""
        segments = []
        for piece, full in zip(encoded.pieces, whole.pieces, strict=True):
            kept = piece.stop - piece.start
            if kept:
                is_learnt = encoded.labels[piece.start] != MASKED
                text = self._text(encoded.input_ids[piece.start : piece.stop])
                segments.append(PreviewSegment(piece.part, piece.turn, is_learnt, text))
            if lost := full.whole - kept:
                text = self._text(whole.input_ids[full.start + kept : full.stop])
                segments.append(PreviewSegment(piece.part, piece.turn, False, text, lost))
        return segments

    def _text(self, ids: list[int]) -> str:
        text: str = self.tokenizer.decode(ids, skip_special_tokens=False)
        return text
