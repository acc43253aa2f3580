"""Prompts for GRPO: the question of a record, and the gold answer that its answer holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from lf_qwen3.base.errors import Reject
from lf_qwen3.qwen3.thinking import frame, split
from lf_qwen3.recipes.grpo.golds import Gold, NoGoldError, find_gold, judge_gold
from lf_qwen3.trainer.records import Message, Record
from lf_qwen3.trainer.render import MASKED, Template

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

_ASKS = "\\boxed"
_AROUND = 12
"""Tokens that a template may put around a message, the empty think block among them."""


class Prompt(NamedTuple):
    """A question with all that goes before it, and its gold answer; `number` counts the records from 1.

    The messages have the roles system, user and assistant and end with the user's; no thinking is in them.
    """

    number: int
    messages: list[Message]
    gold: Gold


@dataclass
class Prompts:
    """The prompts of a dataset; records left out by reason, how many of all have a gold answer.

    `instructed` counts the prompts that were given the instruction.
    """

    rows: list[Prompt] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    judged: int = 0
    instructed: int = 0

    @property
    def share(self) -> float:
        """The share of records with a gold answer, 0 to 1."""
        return self.judged / (len(self.rows) + self.left.total() or 1)

    @property
    def doubts(self) -> list[Prompt]:
        """The prompts whose gold answer needs a reader."""
        return [row for row in self.rows if row.gold.doubt]


class PromptLength(NamedTuple):
    """How long a prompt may be, in tokens of a template."""

    tokenizer: Tokenizer
    template: str
    thinks: bool
    longest: int

    def is_over(self, messages: list[Message]) -> bool:
        """Return whether a prompt is longer; no token is less than a byte."""
        most = sum(len(turn["content"].encode()) + _AROUND for turn in messages) + _AROUND
        return most > self.longest and self.count(messages) > self.longest

    def count(self, messages: list[Message]) -> int:
        """Return the tokens up to where the model begins to answer."""
        system = messages[0]["content"] if messages[0]["role"] == "system" else ""
        rest = [turn for turn in messages if turn["role"] != "system"]
        answer: Message = {"role": "assistant", "content": frame("x" if self.thinks else None, "y")}
        template = Template.named(self.template, enable_thinking=None, mask_history=True, cutoff_len=1 << 30)
        return template.encode(self.tokenizer, [*rest, answer], system).labels.count(MASKED)


def gather_prompts(
    records: Iterable[Record | str],
    instruction: str,
    room: PromptLength | None,
    others: Collection[str] = (),
) -> Prompts:
    r"""Return the prompts of records; a text in place of a record says why there is none.

    `instruction` goes to the end of a question that asks for no `\boxed{}`. `others` are keys of prompts that
    may not come again, as of the training rows for validation. `room` is None where nothing counts tokens.
    """
    prompts, seen = Prompts(), set(others)
    for number, record in enumerate(records, 1):
        try:
            if isinstance(record, str):
                raise NoGoldError(record)
            messages, is_instructed = _question(record, instruction)
            gold = judge_gold(find_gold(split(record.messages[-1]["content"]).answer))
            prompts.judged += 1
            key = key_of(messages)
            if key in seen:
                raise NoGoldError("duplicate question")
            if room and room.is_over(messages):
                raise NoGoldError(f"the question is longer than {room.longest} tokens (max_prompt_length)")
        except Reject:
            prompts.left["its think tags are ambiguous"] += 1
            continue
        except NoGoldError as error:
            prompts.left[str(error)] += 1
            continue
        seen.add(key)
        prompts.instructed += is_instructed
        prompts.rows.append(Prompt(number, messages, gold))
    return prompts


def key_of(messages: Iterable[Message]) -> str:
    """Return what makes two prompts the same: roles and words, without the spaces around them."""
    return "\0".join(f"{turn['role']}\0{' '.join(turn['content'].split())}" for turn in messages)


def _question(record: Record, instruction: str) -> tuple[list[Message], bool]:
    roles = {turn["role"] for turn in record.messages}
    if record.tools or roles - {"user", "assistant"} or record.rejected:
        raise NoGoldError("it calls tools" if not record.rejected else "it is a preference pair")
    messages: list[Message] = [{"role": "system", "content": record.system}] if record.system else []
    for turn in record.messages[:-1]:
        content = split(turn["content"]).answer if turn["role"] == "assistant" else turn["content"]
        messages.append({"role": turn["role"], "content": content})
    asks = any(_ASKS in turn["content"] for turn in messages if turn["role"] != "assistant")
    if instruction and not asks:
        last = messages[-1]
        messages[-1] = {"role": "user", "content": f"{last['content'].rstrip()}\n\n{instruction}"}
    return messages, bool(instruction) and not asks
