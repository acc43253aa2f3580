"""The two record formats, and beside each the dataset_info columns and tags that describe it.

Both are made from one `Conversation`, so a record and its description cannot disagree. Every record of a
file has the same keys and the same types: HF datasets needs one schema per file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal, NamedTuple

import orjson

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.convert.turn_items import (
    assistant_text,
    merge_parallel_tools,
    unroll_items,
    without_thinking,
    write_item,
)
from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.trainer.records.record import SHAREGPT_TAGS
from lf_qwen3.trainer.render.text import tools_text

FormatName = Literal["sharegpt", "alpaca"]
Turns = Literal["unroll", "last", "all"]

GOOD, _BAD = (b',"kto_tag":%b}\n' % label for label in (b"true", b"false"))
"""How the records of KTO data end."""

OPENING = b'{"conversations":['

_json = orjson.dumps


class WrittenRecord(NamedTuple):
    """One line of a dataset file, line end included; `thinking` says whether the learnt turn reasons.

    `before` is what the model reads before the answer it learns, as it is written: `context_of` system and
    tools, then every turn after the first question. `history` tells of an alpaca record whether it has one:
    HF datasets types a file by its first 10 MB, and fails at a later history where every one there is [].
    """

    line: bytes
    thinking: bool
    before: bytes
    history: bool = False


@dataclass(frozen=True, slots=True)
class Format:
    """How conversations become records, and the dataset_info entry that says so."""

    name: FormatName
    encode: Callable[[Conversation, Turns], list[WrittenRecord]]
    columns: dict[str, str]
    preference_columns: dict[str, str]
    tags: dict[str, str]

    def write(self, conversation: Conversation, turns: Turns) -> list[WrittenRecord]:
        """Return the records of a conversation.

        A label judges the last answer alone, so a labelled conversation is one record. Raises `Reject` as
        `encode` does.
        """
        if conversation.label is None:
            return self.encode(conversation, turns)
        end = GOOD if conversation.label else _BAD
        records = self.encode(conversation, "last")
        return [record._replace(line=record.line.removesuffix(b"}\n") + end) for record in records]

    def entry(self, file_name: str, kind: DatasetKind = "sft") -> dict[str, Any]:
        """Return the dataset_info entry of a file in this format, every column and tag written out.

        Naming any column resets the unnamed ones to None in LLaMA-Factory (data/parser.py), so none is
        left to its default.
        """
        entry: dict[str, Any] = {"file_name": file_name, "formatting": self.name}
        if kind == "ranking":
            entry["ranking"] = True
        entry["columns"] = dict(self.preference_columns if kind == "ranking" else self.columns)
        if kind == "kto":
            entry["columns"]["kto_tag"] = "kto_tag"
        if self.tags:
            entry["tags"] = dict(self.tags)
        return entry


def encode_sharegpt(conversation: Conversation, turns: Turns) -> list[WrittenRecord]:
    """Write sharegpt records: one per assistant turn to learn (unroll), or one of the whole dialogue.

    The thinking about earlier questions is left out as Qwen3's chat template leaves it out, except by `all`;
    that of the tool calls since the last question stays. What is written otherwise than the source has it,
    so that the trainer feeds what Qwen3's template writes, is noted in `repairs`. Raises `Reject`:
    "needs_unroll" where `all` would learn a turn that must not be learnt, "special_token" where the trainer
    would misread the thinking between two tool calls.
    """
    steps = merge_parallel_tools(conversation.turns)
    system, tools = _system_and_tools(conversation)
    tail = b',"system":%b,"tools":%b}\n' % (_json(system), _json(tools))
    context = context_of(system, tools)
    last = len(steps) - 1
    if conversation.rejected:
        (items,) = unroll_items(steps, [last], conversation.repairs)
        chosen, rejected = _frame_pair(steps[last], conversation.rejected, conversation.repairs)
        pair = b',"chosen":%b,"rejected":%b' % (write_item(chosen), write_item(rejected))
        thinks = steps[last].thinking is not None
        return [WrittenRecord(_line(items[:-1], pair + tail), thinks, context + _between(items[:-1]))]
    if turns == "all":
        _require_all_learnt(steps)
        items = [write_item(turn) for turn in steps]
        thinks = any(turn.thinking is not None for turn in steps)
        return [WrittenRecord(_line(items, tail), thinks, context + _between(items[:-1]))]
    answers = [at for at, turn in enumerate(steps) if turn.role == "assistant" and turn.learn]
    ends = answers if turns == "unroll" else [at for at in answers if at == last]
    dialogues = unroll_items(steps, ends, conversation.repairs)
    return [
        WrittenRecord(_line(items, tail), steps[end].thinking is not None, context + _between(items[:-1]))
        for end, items in zip(ends, dialogues, strict=True)
    ]


def encode_alpaca(conversation: Conversation, turns: Turns) -> list[WrittenRecord]:
    """Write alpaca records: one per assistant turn (unroll), or one of the whole dialogue.

    A pair of which one side thinks is framed as in `encode_sharegpt`. Raises `Reject` ("needs_sharegpt") for
    a dialogue with tools, which alpaca has no place for, and ("needs_unroll") as `encode_sharegpt` does.
    """
    steps = conversation.turns
    if conversation.tools or any(turn.role == "tool" or turn.calls for turn in steps):
        raise Reject("needs_sharegpt")
    pairs = list(zip(steps[::2], steps[1::2], strict=True))
    keep = (lambda turn: turn) if turns == "all" else without_thinking
    history = [[user.content, assistant_text(keep(assistant))] for user, assistant in pairs[:-1]]
    if turns == "all" and not conversation.rejected:
        _require_all_learnt(steps)
    chosen_ends = range(len(pairs)) if turns == "unroll" and not conversation.rejected else [len(pairs) - 1]
    context = context_of(conversation.system, conversation.tools)
    records = []
    for end in chosen_ends:
        user, assistant = pairs[end]
        if not assistant.learn:
            continue
        answer = {"output": assistant_text(assistant)}
        if conversation.rejected:
            pair = _frame_pair(assistant, conversation.rejected, conversation.repairs)
            answer = dict(zip(("chosen", "rejected"), map(assistant_text, pair), strict=True))
        fields = {"instruction": user.content, "input": "", **answer, "system": conversation.system}
        line = orjson.dumps({**fields, "history": history[:end]}, option=orjson.OPT_APPEND_NEWLINE)
        learnt = steps if turns == "all" else [assistant]
        thinks = any(turn.thinking is not None for turn in learnt)
        texts = [*chain.from_iterable(history[:end]), user.content][1:]
        before = context + b"".join(map(_json, texts))
        records.append(WrittenRecord(line, thinks, before, history=end > 0))
    return records


def context_of(system: str, tools: str) -> bytes:
    """Return system and tools as JSON strings: what the prompt begins with, see `WrittenRecord`."""
    return _json(system) + _json(tools)


FORMATS: dict[str, Format] = {
    "sharegpt": Format(
        "sharegpt",
        encode_sharegpt,
        columns={"messages": "conversations", "system": "system", "tools": "tools"},
        preference_columns={
            "messages": "conversations",
            "chosen": "chosen",
            "rejected": "rejected",
            "system": "system",
            "tools": "tools",
        },
        tags=SHAREGPT_TAGS,
    ),
    "alpaca": Format(
        "alpaca",
        encode_alpaca,
        columns={
            "prompt": "instruction",
            "query": "input",
            "response": "output",
            "system": "system",
            "history": "history",
        },
        preference_columns={
            "prompt": "instruction",
            "query": "input",
            "chosen": "chosen",
            "rejected": "rejected",
            "system": "system",
            "history": "history",
        },
        tags={},
    ),
}


def _line(items: Iterable[bytes], tail: bytes) -> bytes:
    return OPENING + b",".join(items) + b"]" + tail


def _between(items: Sequence[bytes]) -> bytes:
    """Return what is between the text of the first turn and the end of the text of the last one."""
    return b",".join(items)[len(items[0]) - 1 : -1]


def _system_and_tools(conversation: Conversation) -> tuple[str, str]:
    """Return the system text and the tools; tools without a system text become the system text.

    LLaMA-Factory opens them with an empty line even where nothing is before them (Template._encode),
    Qwen3's template does not: as a system text of its own they are the same tokens in both.
    """
    if conversation.system or not conversation.tools:
        return conversation.system, conversation.tools
    conversation.repairs.add("tools_as_system")
    return tools_text(conversation.tools).lstrip("\n"), ""


def _frame_pair(chosen: Turn, rejected: Turn, repairs: set[str]) -> tuple[Turn, Turn]:
    """Write out the empty block of the plain side where the other side thinks.

    The trainer frames both sides as the chosen one asks for (PairwiseDatasetProcessor), and leaves a side
    alone that has a block.
    """
    if (chosen.thinking is None) == (rejected.thinking is None):
        return chosen, rejected
    repairs.add("pair_framed")
    return replace(chosen, thinking=chosen.thinking or ""), replace(
        rejected, thinking=rejected.thinking or ""
    )


def _require_all_learnt(turns: Sequence[Turn]) -> None:
    for number, turn in enumerate(turns, 1):
        if not turn.learn:
            raise Reject("needs_unroll", f"turn {number}")
