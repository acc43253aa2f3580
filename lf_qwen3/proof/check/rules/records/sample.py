"""One record as the checks see it: what the trainer reads, the think frames taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lf_qwen3.base.conversation import Row
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.qwen3.thinking import Split, split
from lf_qwen3.trainer.records import Dropped, Message, Record, RecordReader, split_off_label
from lf_qwen3.trainer.render.text import (
    TrainerStopsError,
    has_thinking,
    is_kept_call,
    is_tool_result,
    without_thinking,
    write_function,
)

ANSWERING = ("assistant", "function")
"""The roles of answers."""

SYSTEM_PROMPT = "the system prompt"
"""The name of the system text's place, in findings."""


class AssistantText(NamedTuple):
    """An assistant's text: its parts, or the fault that keeps it from being split."""

    where: str
    text: str
    parts: Split
    fault: Reject | None = None


@dataclass(slots=True)
class Sample:
    """What the checks of this group get.

    `learns_empty` says that an empty block which is written out is learnt; `label`, of KTO data, whether the
    answer is good. `assistant_texts` are the texts of the assistant, its tool calls as the trainer writes
    them; `prompts` (where, text) what the user, a tool or the system says.
    """

    record: Record
    kind: DatasetKind = "sft"
    learns_empty: bool = True
    label: bool | None = None
    assistant_texts: list[AssistantText] = field(init=False)
    prompts: list[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.prompts = list(self._prompt_texts())
        self.assistant_texts = [
            _split_text(where, _written(message)) for where, message in self._assistant_messages()
        ]

    @property
    def is_thinking(self) -> bool:
        """Return whether an answer reasons that may be learnt; of a ranking record that is the chosen one.

        What convert keeps in the history of a tool loop is learnt in a record of its own.
        """
        if self.record.rejected is not None:
            return any(text.parts.thinking for text in self.learnt_texts[:1])
        answers = [message for message in self.record.messages if message["role"] in ANSWERING]
        return any(
            text.parts.thinking and not is_kept_call(message["content"])
            for message, text in zip(answers, self.assistant_texts, strict=True)
        )

    @property
    def half_thinks(self) -> bool:
        """Return whether one side of a ranking record reasons and the other does not."""
        return self.record.rejected is not None and (
            len({bool(text.parts.thinking) for text in self.learnt_texts}) == 2
        )

    @property
    def loses_loop_thinking(self) -> bool:
        """Return whether the trainer takes reasoning out of a history where Qwen3's own template keeps it."""
        return any(since and has_block for since, has_block, _ in self._earlier_answers())

    @property
    def has_bare_history(self) -> bool:
        """Return whether Qwen3's own template writes an answer of the history without any think block."""
        return any(not since or not is_tagged for since, _, is_tagged in self._earlier_answers())

    @property
    def learnt_texts(self) -> list[AssistantText]:
        """Return the answer to learn; a ranking record has two."""
        return self.assistant_texts[-2:] if self.record.rejected else self.assistant_texts[-1:]

    def _earlier_answers(self) -> Iterator[tuple[bool, bool, bool]]:
        """Yield of every answer in the history: it came since the last question, it has a block, or a tag."""
        since = True
        for message in self.record.messages[-2::-1]:
            content = message["content"]
            if message["role"] in ANSWERING:
                has_block = without_thinking(content) != content.lstrip("\n")
                yield since, has_block, has_thinking(content)
            elif message["role"] == "user" and not is_tool_result(content):
                since = False

    def _prompt_texts(self) -> Iterator[tuple[str, str]]:
        if self.record.system:
            yield SYSTEM_PROMPT, self.record.system
        for number, message in enumerate(self.record.messages, 1):
            if message["role"] in ("user", "observation"):
                yield f"message {number}", message["content"]

    def _assistant_messages(self) -> Iterator[tuple[str, Message]]:
        for number, message in enumerate(self.record.messages, 1):
            if message["role"] in ANSWERING:
                yield f"message {number}", message
        if self.record.rejected and self.record.rejected["role"] in ANSWERING:
            yield "the rejected answer", self.record.rejected


def sample_of(
    *texts: str, rejected: str | None = None, system: str = "", kind: DatasetKind = "sft"
) -> Sample:
    """Return a record of user and assistant in turn: the examples of the checks are made by it."""
    messages: list[Message] = [
        {"role": "assistant" if number % 2 else "user", "content": text} for number, text in enumerate(texts)
    ]
    losing: Message | None = None if rejected is None else {"role": "assistant", "content": rejected}
    return Sample(Record(messages, system, rejected=losing), kind)


class SampleReader:
    """Reads the rows of a dataset of any kind; KTO and pretraining data too, which SFT would drop.

    Raises `UsageError` for a formatting that the trainer does not have.
    """

    def __init__(self, entry: dict[str, Any], kind: DatasetKind, learns_empty: bool = True) -> None:
        self._kind = kind
        self._learns_empty = learns_empty
        self._prompt = entry.get("columns", {}).get("prompt") if kind == "pretrain" else None
        plain_entry, label = split_off_label(entry)
        self._tag = label if kind == "kto" else ""
        self._read = RecordReader(plain_entry if self._tag else entry)

    def __call__(self, row: Row) -> Sample | Dropped:
        """Return the record of one row as the checks see it, or why there is none."""
        record, label = self.read_record(row)
        if isinstance(record, Dropped):
            return record
        return Sample(record, self._kind, self._learns_empty, label)

    def read_record(self, row: Row) -> tuple[Record | Dropped, bool | None]:
        """Return the record of one row, or why there is none, and its label."""
        if self._kind == "pretrain":
            text = row.get(self._prompt or "")
            if not isinstance(text, str):
                return Dropped(f"{self._prompt} is {type(text).__name__}, not text", stops=True), None
            return Record([{"role": "user", "content": text}]), None
        label = row.get(self._tag) if self._tag else None
        if self._tag and not isinstance(label, bool):
            return Dropped(f"{self._tag} is neither true nor false"), None
        return self._read(row), label


def _written(message: Message) -> str:
    if message["role"] == "assistant":
        return message["content"]
    try:
        return write_function(message["content"])
    except TrainerStopsError:
        return message["content"]


def _split_text(where: str, text: str) -> AssistantText:
    if "<" not in text:
        return AssistantText(where, text, Split(None, text))
    try:
        return AssistantText(where, text, split(text))
    except Reject as fault:
        return AssistantText(where, text, Split(None, text), fault)
