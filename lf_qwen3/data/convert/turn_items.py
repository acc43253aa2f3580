"""Turns as the items of a sharegpt record, and the dialogue that each answer is learnt to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import orjson

from lf_qwen3.base.conversation import Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.qwen3.thinking import frame, frame_json
from lf_qwen3.trainer.render.text import is_tool_result, write_kept_call

HUMAN, GPT, _OBSERVATION, _CALL = (
    b'{"from":"%b","value":' % role for role in (b"human", b"gpt", b"observation", b"function_call")
)

_PARALLEL_SEAM = "\n</tool_response>\n<tool_response>\n"

_json = orjson.dumps


def write_item(turn: Turn) -> bytes:
    """Return a turn as one message of a sharegpt record."""
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

    The JSON of LLaMA-Factory's function_call turn has no place for text beside the calls (data/formatter.py),
    so a learnt turn that has some is written as plain text.
    """
    if not turn.calls:
        return frame(turn.thinking, turn.content)
    calls = "\n".join(
        f"<tool_call>\n{json.dumps(call, ensure_ascii=False)}\n</tool_call>"
        for call in json.loads(turn.calls)
    )
    return frame(turn.thinking, f"{turn.content}\n{calls}" if turn.content else calls)


def unroll_items(steps: Sequence[Turn], ends: Sequence[int], repairs: set[str]) -> list[list[bytes]]:
    """Return for each assistant turn in `ends` the items of the dialogue up to it, as it is learnt.

    Qwen3's template takes the thinking out of what was said before the last question, and of nothing since.
    Thinking that stays in a history is noted in `repairs`. Raises `Reject` ("special_token") where the
    trainer would misread it.
    """
    bare = [write_item(without_thinking(turn)) for turn in steps[:-1]]
    kept: dict[int, bytes] = {}
    dialogues = []
    for end in ends:
        items = bare[:end]
        for place in range(end - 1, -1, -1):
            turn = steps[place]
            if _is_question(turn):
                break
            if turn.thinking is not None:
                items[place] = kept[place] = kept.get(place) or _write_kept_item(turn)
        dialogues.append([*items, write_item(steps[end])])
    if kept:
        repairs.add("tool_loop_thinking")
    return dialogues


def _is_question(turn: Turn) -> bool:
    return turn.role == "user" and not is_tool_result(turn.content)


def _write_kept_item(turn: Turn) -> bytes:
    """Write a turn of the history whose thinking the trainer must not take out."""
    try:
        return _CALL + _json(write_kept_call(turn.thinking or "", turn.content, turn.calls)) + b"}"
    except ValueError as error:
        raise Reject("special_token", f"before the result of a tool: {error}") from None


def without_thinking(turn: Turn) -> Turn:
    """Return a turn without its reasoning."""
    return turn if turn.thinking is None else replace(turn, thinking=None)


def merge_parallel_tools(turns: Sequence[Turn]) -> Sequence[Turn]:
    """Join the answers to parallel tool calls into one turn, as the chat template shows them."""
    if "tool" not in [turn.role for turn in turns]:
        return turns
    merged: list[Turn] = []
    for role, group in groupby(turns, key=lambda turn: turn.role):
        run = list(group)
        merged += run if role != "tool" else [Turn("tool", _PARALLEL_SEAM.join(turn.content for turn in run))]
    return merged
