"""The two record formats, and beside each the dataset_info columns and tags that describe it.

Both are made from one `Conversation`, so a record and its description cannot disagree. Every record of a
file has the same keys and the same types: HF datasets needs one schema per file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import Any, Literal, NamedTuple

import orjson

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.qwen3.thinking import frame, frame_json
from lf_qwen3.trainer.records.record import SHAREGPT_TAGS

FormatName = Literal["sharegpt", "alpaca"]
Turns = Literal["unroll", "last", "all"]

_PARALLEL_SEAM = "\n</tool_response>\n<tool_response>\n"
HUMAN, GPT, _OBSERVATION, _CALL = (
    b'{"from":"%b","value":' % role for role in (b"human", b"gpt", b"observation", b"function_call")
)

GOOD, _BAD = (b',"kto_tag":%b}\n' % label for label in (b"true", b"false"))
"""How the records of KTO data end."""

OPENING = b'{"conversations":['

_json = orjson.dumps


class WrittenRecord(NamedTuple):
    """One line of a dataset file, line end included; `thinking` tells whether the learnt turn reasons.

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

    The thinking of earlier turns is left out as Qwen3's chat template leaves it out, except by `all`. Raises
    `Reject` ("needs_unroll") where `all` would learn a turn that must not be learnt.
    """
    steps = _merge_parallel_tools(conversation.turns)
    tail = b',"system":%b,"tools":%b}\n' % (_json(conversation.system), _json(conversation.tools))
    context = context_of(conversation)
    if conversation.rejected:
        pair = b',"chosen":%b,"rejected":%b' % (_item(steps[-1]), _item(conversation.rejected))
        prompt = [_item(_bare(turn)) for turn in steps[:-1]]
        thinks = steps[-1].thinking is not None
        return [WrittenRecord(_line(prompt, pair + tail), thinks, context + _between(prompt))]
    if turns == "all":
        _require_all_learnt(steps)
        items = [_item(turn) for turn in steps]
        thinks = any(turn.thinking is not None for turn in steps)
        return [WrittenRecord(_line(items, tail), thinks, context + _between(items[:-1]))]
    records: list[WrittenRecord] = []
    history: list[bytes] = []
    for turn in steps:
        is_last = turn is steps[-1]
        item = _item(turn)
        if turn.role == "assistant" and turn.learn and (is_last or turns == "unroll"):
            line = _line([*history, item], tail)
            records.append(WrittenRecord(line, turn.thinking is not None, context + _between(history)))
        if not is_last:
            history.append(item if turn.thinking is None else _item(_bare(turn)))
    return records


def encode_alpaca(conversation: Conversation, turns: Turns) -> list[WrittenRecord]:
    """Write alpaca records: one per assistant turn (unroll), or one of the whole dialogue.

    Raises `Reject` ("needs_sharegpt") for a dialogue with tools, which alpaca has no place for, and
    ("needs_unroll") as `encode_sharegpt` does.
    """
    steps = conversation.turns
    if conversation.tools or any(turn.role == "tool" or turn.calls for turn in steps):
        raise Reject("needs_sharegpt")
    pairs = list(zip(steps[::2], steps[1::2], strict=True))
    keep = (lambda turn: turn) if turns == "all" else _bare
    history = [[user.content, assistant_text(keep(assistant))] for user, assistant in pairs[:-1]]
    if turns == "all" and not conversation.rejected:
        _require_all_learnt(steps)
    chosen_ends = range(len(pairs)) if turns == "unroll" and not conversation.rejected else [len(pairs) - 1]
    context = context_of(conversation)
    records = []
    for end in chosen_ends:
        user, assistant = pairs[end]
        if not assistant.learn:
            continue
        answer = {"output": assistant_text(assistant)}
        if conversation.rejected:
            answer = {"chosen": assistant_text(assistant), "rejected": assistant_text(conversation.rejected)}
        fields = {"instruction": user.content, "input": "", **answer, "system": conversation.system}
        line = orjson.dumps({**fields, "history": history[:end]}, option=orjson.OPT_APPEND_NEWLINE)
        learnt = steps if turns == "all" else [assistant]
        thinks = any(turn.thinking is not None for turn in learnt)
        texts = [*chain.from_iterable(history[:end]), user.content][1:]
        before = context + b"".join(map(_json, texts))
        records.append(WrittenRecord(line, thinks, before, history=end > 0))
    return records


def context_of(conversation: Conversation) -> bytes:
    """Return system and tools as JSON strings: what the prompt begins with, see `WrittenRecord`."""
    return _json(conversation.system) + _json(conversation.tools)


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
    """Return what stands between the text of the first turn and the end of the text of the last one."""
    return b",".join(items)[len(items[0]) - 1 : -1]


def _item(turn: Turn) -> bytes:
    if turn.role != "assistant":
        role = HUMAN if turn.role == "user" else _OBSERVATION
        return role + _json(turn.content) + b"}"
    if not turn.calls:
        answer = _json(turn.content)
        framed = (answer,) if turn.thinking is None else frame_json(_json(turn.thinking), answer)
        return b"".join((GPT, *framed, b"}"))
    if not turn.content and turn.thinking is None:
        return _CALL + _json(turn.calls) + b"}"
    return GPT + _json(assistant_text(turn)) + b"}"


def assistant_text(turn: Turn) -> str:
    """Return an assistant's text, its tool calls spelled as Qwen3's chat template spells them.

    LLaMA-Factory's own function_call turn cannot hold text beside the calls, and loses the empty line
    between thinking and call (data/formatter.py), so those two are written as plain text.
    """
    if not turn.calls:
        return frame(turn.thinking, turn.content)
    calls = "\n".join(
        f"<tool_call>\n{json.dumps(call, ensure_ascii=False)}\n</tool_call>"
        for call in json.loads(turn.calls)
    )
    return frame(turn.thinking, f"{turn.content}\n{calls}" if turn.content else calls)


def _require_all_learnt(turns: Sequence[Turn]) -> None:
    for number, turn in enumerate(turns, 1):
        if not turn.learn:
            raise Reject("needs_unroll", f"turn {number}")


def _bare(turn: Turn) -> Turn:
    return turn if turn.thinking is None else replace(turn, thinking=None)


def _merge_parallel_tools(turns: Sequence[Turn]) -> Sequence[Turn]:
    """Join the answers to parallel tool calls into one turn, as the chat template shows them."""
    if "tool" not in [turn.role for turn in turns]:
        return turns
    merged: list[Turn] = []
    for role, group in groupby(turns, key=lambda turn: turn.role):
        run = list(group)
        merged += run if role != "tool" else [Turn("tool", _PARALLEL_SEAM.join(turn.content for turn in run))]
    return merged
