"""A template with its options: records become the ids and labels that LLaMA-Factory 0.9.5 feeds.

Sources: data/template.py (Template, ReasoningTemplate and its two encode functions),
data/processor/supervised.py and pairwise.py, hparams/data_args.py for the options and their defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.qwen3.thinking import CLOSE, OPEN
from lf_qwen3.trainer.records import Message, Record
from lf_qwen3.trainer.render.cut import Encoded, Marks, TurnTokens, assemble, fit, fit_turns
from lf_qwen3.trainer.render.text import (
    EMPTY_THINKING,
    IM_END,
    TrainerStopsError,
    has_thinking,
    message_texts,
    without_thinking,
)

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

NAMES = ("qwen3", "qwen3_nothink")

_Texts = list[list[str]]
"""The texts of every message of a record; each is tokenised by itself."""

_NOT_FOLLOWED = (
    *("tool_format", "tokenized_path", "split_special_tokens"),
    *("add_tokens", "add_special_tokens", "new_special_tokens_config"),
)


@dataclass(frozen=True)
class Template:
    """The options that decide how a record is rendered; the defaults are the trainer's own.

    `cutoff_len` is in tokens. Raises `UsageError` for a template outside `NAMES`, and for `mask_history`
    together with `train_on_prompt`, which the trainer refuses.
    """

    name: str = "qwen3"
    enable_thinking: bool | None = True
    mask_history: bool = False
    preserve_thinking: bool = False
    train_on_prompt: bool = False
    cutoff_len: int = 2048
    default_system: str = ""

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise UsageError(
                f"template '{self.name}' is not a Qwen3 chat template",
                f"set template: {' or '.join(NAMES)}",
                code="unknown_template",
            )
        if self.mask_history and self.train_on_prompt:
            raise UsageError(
                "mask_history and train_on_prompt exclude each other",
                "set one of them to false",
                code="option_conflict",
            )

    @classmethod
    def named(cls, name: str, **options: Any) -> Template:
        """Return the template of that name with the given options."""
        return cls(name, **options)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Template:
        """Return the template that a training YAML asks for.

        Packing takes one token off cutoff_len. Raises `UsageError` for a missing template, for values the
        trainer would not take and for keys that change the tokens in a way that is not followed here.
        """
        thinking, cutoff_len = _checked(settings)
        packs = bool(settings.get("packing") or settings.get("neat_packing"))
        return cls(
            str(settings["template"]),
            thinking,
            mask_history=bool(settings.get("mask_history")),
            preserve_thinking=bool(settings.get("preserve_thinking")),
            train_on_prompt=bool(settings.get("train_on_prompt")),
            cutoff_len=cutoff_len - packs,
            default_system=str(settings.get("default_system") or ""),
        )

    def encode(
        self, tokenizer: Tokenizer, messages: Sequence[Message], system: str = "", tools: str = ""
    ) -> Encoded:
        """Return the ids and labels of one conversation, as `encode_batch` does."""
        return self.encode_batch(tokenizer, [Record(list(messages), system, tools)])[0]

    def encode_batch(self, tokenizer: Tokenizer, records: Sequence[Record]) -> list[Encoded]:
        """Return the ids and labels of every record, as in supervised fine-tuning.

        All texts go through one call of the tokenizer. A record at which the trainer would end with an
        error has no ids and says why in `stopped`.
        """
        made = [self._texts_or_problem(record) for record in records]
        ids = _encode_texts(tokenizer, [texts for texts in made if not isinstance(texts, str)])
        marks = _marks(tokenizer)
        return [
            Encoded([], [], stopped=texts) if isinstance(texts, str) else self._feed(next(ids), marks)
            for texts in made
        ]

    def encode_pair(self, tokenizer: Tokenizer, record: Record) -> tuple[Encoded, Encoded]:
        """Return the chosen and the rejected sequence of a ranking record (PairwiseDatasetProcessor).

        The losing answer goes with the prompt of the chosen one; the longer of the two decides the cut.
        Raises `ValueError` for a record without a rejected answer.
        """
        if record.rejected is None:
            raise ValueError("the record has no rejected answer")
        other = Record([*record.messages[:-1], record.rejected], record.system, record.tools)
        try:
            texts = [self._one_turn_texts(side) for side in (record, other)]
        except TrainerStopsError as stop:
            return (Encoded([], [], stopped=str(stop)),) * 2
        chosen_ids, rejected_ids = _encode_texts(tokenizer, texts)
        prompt = [*chain.from_iterable(chosen_ids[:-1])]
        longest = max(len(chosen_ids[-1]), len(rejected_ids[-1]))
        kept = fit(len(prompt), longest, self.cutoff_len)
        marks = _marks(tokenizer)
        chosen, rejected = (
            assemble(
                [TurnTokens(prompt, ids[-1], False, True)], [(kept[0], min(kept[1], len(ids[-1])))], marks
            )
            for ids in (chosen_ids, rejected_ids)
        )
        return chosen, rejected

    def _feed(self, ids: Sequence[list[int]], marks: Marks) -> Encoded:
        """Turn the tokens of each message into what is fed."""
        last = len(ids) - 2
        turns = [
            TurnTokens(ids[at], ids[at + 1], self.train_on_prompt, not self.mask_history or at == last)
            for at in range(0, len(ids), 2)
        ]
        return assemble(turns, fit_turns(turns, self.cutoff_len, last_first=self.mask_history), marks)

    def _texts_or_problem(self, record: Record) -> _Texts | str:
        if len(record.messages) % 2 or not record.messages:
            return "the messages do not alternate between user and assistant"
        try:
            return self._texts(record)
        except TrainerStopsError as stop:
            return str(stop)

    def _texts(self, record: Record) -> _Texts:
        """Return the texts of each message (ReasoningTemplate.encode_multiturn)."""
        messages, last = record.messages, len(record.messages) - 1
        system = record.system or self.default_system
        if self.name != "qwen3":
            return message_texts(messages, system, record.tools)
        drops_history = self.mask_history and not self.preserve_thinking
        answers = range(1, last + 1, 2)
        bare = {at for at in answers if self.enable_thinking is False or (drops_history and at != last)}
        messages = _bare(messages, bare)
        texts = message_texts(messages, system, record.tools)
        for at in (last,) if drops_history else answers:
            self._add_empty_thinking(messages[at], texts[at - 1], texts[at])
        return texts

    def _one_turn_texts(self, record: Record) -> _Texts:
        """Return the texts with the last answer as the only target (ReasoningTemplate.encode_oneturn)."""
        messages, last = record.messages, len(record.messages) - 1
        system = record.system or self.default_system
        if self.name != "qwen3":
            return message_texts(messages, system, record.tools)
        bare = set() if self.preserve_thinking else set(range(1, last - 1, 2))
        messages = _bare(messages, bare | ({last} if self.enable_thinking is False else set()))
        texts = message_texts(messages, system, record.tools)
        self._add_empty_thinking(messages[last], texts[last - 1], texts[last])
        return texts

    def _add_empty_thinking(self, answer: Message, asked: list[str], answered: list[str]) -> None:
        """Give an answer without reasoning its empty block: in the loss if `enable_thinking` is true."""
        if has_thinking(answer["content"]):
            return
        if self.enable_thinking:
            answered.insert(0, EMPTY_THINKING)
        else:
            asked.append(EMPTY_THINKING)


def _checked(settings: Mapping[str, Any]) -> tuple[bool | None, int]:
    """Return enable_thinking and cutoff_len of a training YAML that can be followed."""
    for key in _NOT_FOLLOWED:
        if settings.get(key):
            raise UsageError(
                f"{key} changes the tokens, and lf-qwen3 does not support it",
                f"remove {key}",
                code="setting_not_followed",
            )
    if not settings.get("template"):
        raise UsageError(
            "the YAML sets no template", f"set template: {' or '.join(NAMES)}", code="template_missing"
        )
    thinking = settings.get("enable_thinking", True)
    if thinking not in (True, False, None):
        raise UsageError(
            f"enable_thinking is {thinking!r}", "set it to true, false or null", code="setting_value"
        )
    cutoff_len = settings.get("cutoff_len", 2048)
    if not isinstance(cutoff_len, int) or cutoff_len < 1:
        raise UsageError(
            f"cutoff_len is {cutoff_len!r}",
            "set it to a number of tokens, such as 4096",
            code="setting_value",
        )
    return thinking, cutoff_len


def _bare(messages: Sequence[Message], at: set[int]) -> list[Message]:
    """Return the messages, those at the given places without their reasoning."""
    return [
        {"role": message["role"], "content": without_thinking(message["content"])}
        if number in at
        else message
        for number, message in enumerate(messages)
    ]


def _encode_texts(tokenizer: Tokenizer, records: Sequence[_Texts]) -> Iterator[list[list[int]]]:
    """Yield the tokens of each message, record after record; the tokenizer is called once, no text twice."""
    texts = list(dict.fromkeys(text for record in records for message in record for text in message))
    encoded = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    ids = dict(zip(texts, (encoding.ids for encoding in encoded), strict=True))
    for record in records:
        yield [[*chain.from_iterable(ids[text] for text in message)] for message in record]


def _marks(tokenizer: Tokenizer) -> Marks:
    ids = (tokenizer.token_to_id(token) for token in (OPEN, CLOSE, IM_END))
    return Marks(*(-1 if token_id is None else token_id for token_id in ids))
