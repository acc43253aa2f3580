"""Count the tokens of a dataset as the trainer will feed them, and report what the cut takes."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lf_qwen3.checking.findings import Looker
from lf_qwen3.checking.records import Files, Taken
from lf_qwen3.checks.records.reading import Reading
from lf_qwen3.checks.tokens.fed import Fed
from lf_qwen3.records import Dropped
from lf_qwen3.render import Encoded, Template

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

PARTS = ("prompt", "thinking", "answer", "whole")
KINDS = ("thinking", "plain")

_BATCH = 256
_BATCH_CHARACTERS = 1 << 20


@dataclass(slots=True)
class Lengths:
    """Tokens by part of the records of one kind, each in the order of the records."""

    parts: dict[str, array[int]] = field(default_factory=lambda: {part: array("I") for part in PARTS})

    def add(self, encoded: Encoded) -> None:
        """Take one record in."""
        for part in ("prompt", "thinking", "answer"):
            self.parts[part].append(encoded.count(part))
        self.parts["whole"].append(encoded.length)


@dataclass(slots=True)
class TokenCounts:
    """The tokens of one dataset; `kept` are the lengths after the cut, in the order of the records."""

    cutoff_len: int
    kinds: dict[str, Lengths] = field(default_factory=lambda: {kind: Lengths() for kind in KINDS})
    kept: array[int] = field(default_factory=lambda: array("I"))
    learnt: int = 0
    cut: int = 0
    lost_close: int = 0
    lost_end: int = 0

    def add(self, encoded: Encoded, is_thinking: bool) -> None:
        """Take one record in."""
        self.kinds["thinking" if is_thinking else "plain"].add(encoded)
        self.kept.append(len(encoded.input_ids))
        self.learnt += encoded.learnt
        self.cut += encoded.is_cut
        self.lost_close += encoded.lost_close
        self.lost_end += encoded.lost_end

    def wholes(self) -> list[int]:
        """Return the lengths before the cut, sorted."""
        return sorted(length for one in self.kinds.values() for length in one.parts["whole"])


class TokenCounter:
    """Feeds records to the tokenizer in batches; `counts` is complete after `flush`."""

    def __init__(self, tokenizer: Tokenizer, template: Template, files: Files, look: Looker) -> None:
        self.counts = TokenCounts(template.cutoff_len)
        self._tokenizer = tokenizer
        self._template = template
        self._files = files
        self._look = look
        self._waiting: list[Taken] = []
        self._characters = 0

    def add(self, taken: Taken) -> None:
        """Take one record in."""
        self._waiting.append(taken)
        self._characters += sum(len(one["content"]) for one in taken[1].record.messages)
        if len(self._waiting) >= _BATCH or self._characters >= _BATCH_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Count what is waiting."""
        for (place, sample), sides in zip(self._waiting, self._encoded(), strict=True):
            file = self._files.shown(place.file)
            for encoded in sides:
                if encoded.stopped:
                    self._look(Reading(Dropped(encoded.stopped, stops=True)), file, place.row)
                    break
                self.counts.add(encoded, sample.is_thinking)
                lost = encoded.lost_close, encoded.lost_end
                fed = Fed(encoded.length, len(encoded.input_ids), encoded.learnt, *lost)
                if fed.kept < fed.length or not fed.learnt:
                    self._look(fed, file, place.row)
        self._waiting.clear()
        self._characters = 0

    def _encoded(self) -> Iterator[tuple[Encoded, ...]]:
        """Yield what is fed of each record; a ranking record is fed twice."""
        records = [sample.record for _, sample in self._waiting]
        single = iter(
            self._template.encode_batch(self._tokenizer, [one for one in records if one.rejected is None])
        )
        for record in records:
            if record.rejected is None:
                yield (next(single),)
            else:
                yield self._template.encode_pair(self._tokenizer, record)
