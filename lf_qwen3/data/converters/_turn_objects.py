"""Spread what a column of messages holds into messages: turn objects, pairs, objects of numbered turns.

| source | turn |
|---|---|
| XTuner | {"system": …, "input": …, "output": …} |
| Firefly | {"human": …, "assistant": …} |
| MOSS | {"turn_1": {"Human": …, "MOSS": …}, "turn_2": …} |
| pandas, HF datasets | {"role": ["user", …], "content": ["Hi", …]} |
| others | {"user": …}, {"assistant": …}; [question, answer]; [role, text]; texts "[role] …" |
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lf_qwen3.data.converters._message_roles import role_key_of, speaker_of
from lf_qwen3.data.converters.source_row import is_filled

_ASKS = ("instruction", "input", "human", "user", "query", "question", "prompt", "ask")
_REPLIES = ("output", "assistant", "response", "answer", "gpt", "bot", "ai", "moss", "completion", "reply")
_TURN_KEYS = ("system", *_ASKS, *_REPLIES)
_TEXT_KEYS = frozenset({"content", "value"})
_MARKED = re.compile(r"\s*[\[【]([^\[\]【】\n]{1,20})[\]】][:：]?\s*")
_NUMBERED = re.compile(r"\D*(\d+)\D*")


def spread_turns(value: object) -> object:
    """Return the messages that a cell holds, as a list of {role, content} or {from, value} objects.

    What is not a turn of a known shape stays as it is, for the reader of messages to refuse by name. A key
    of a turn object that is neither question nor answer goes with the answer's message.
    """
    if isinstance(value, dict):
        if turns := _from_columns(value):
            value = turns
        elif role_key_of(value) or _is_turn(_lowered(value)):
            value = [value]
        elif turns := _numbered(value):
            value = turns
    if not isinstance(value, list):
        return value
    if all(type(item) is dict and ("role" in item or "from" in item) for item in value):
        return value
    if marked := read_marked_texts(value):
        return marked
    spoken = len(value) > 1 and all(_is_pair(item) and speaker_of(item[0]) for item in value)
    return [message for item in value for message in _messages(item, spoken)]


def read_marked_texts(value: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the messages of texts that begin with a role in brackets each; [] where one does not."""
    messages: list[dict[str, Any]] = []
    for text in value:
        mark = _MARKED.match(text) if isinstance(text, str) else None
        if mark is None or speaker_of(mark[1]) is None:
            return []
        messages.append({"role": mark[1], "content": text[mark.end() :]})
    return messages


def _messages(item: Any, spoken: bool) -> Iterator[object]:
    """Yield the messages of one item; `spoken` where pairs are a role and a text."""
    if isinstance(item, dict):
        lowered = _lowered(item)
        if role_key_of(item):
            yield item
        elif role_key_of(lowered):
            yield lowered
        elif _is_turn(lowered):
            yield from _messages_of_turn(lowered)
        else:
            yield item
    elif _is_pair(item):
        roles = [item[0]] if spoken else ["user", "assistant"]
        texts = [item[1]] if spoken else item
        yield from ({"role": role, "content": text} for role, text in zip(roles, texts, strict=True))
    else:
        yield item


def _messages_of_turn(turn: dict[str, Any]) -> list[dict[str, Any]]:
    texts = {
        "system": [turn.pop("system")] if is_filled(turn.get("system")) else [],
        "user": _asked(turn),
        "assistant": _pop_first(turn, _REPLIES),
    }
    messages = [{"role": role, "content": text} for role, own in texts.items() for text in own]
    if not messages:
        return [{"role": role, "content": text} for role, text in turn.items()] if len(turn) == 1 else [turn]
    messages[-1] = {**turn, **messages[-1]}
    return messages


def _asked(turn: dict[str, Any]) -> list[Any]:
    """Take the question out; an instruction and its input are one, as in alpaca records."""
    pair = turn.get("instruction"), turn.get("input")
    if all(isinstance(text, str) and is_filled(text) for text in pair):
        return ["\n".join(turn.pop(name) for name in ("instruction", "input"))]
    return _pop_first(turn, _ASKS)


def _pop_first(turn: dict[str, Any], names: Sequence[str]) -> list[Any]:
    """Take out the first of `names` that is filled, or else the first that is there."""
    there = [name for name in names if name in turn]
    filled = [name for name in there if is_filled(turn[name])]
    return [turn.pop(name) for name in (filled or there)[:1]]


def _is_turn(item: Mapping[str, Any]) -> bool:
    """Return whether an object (its keys in lower case) names its texts by who says them."""
    if _TEXT_KEYS.intersection(item):
        return False
    return any(name in item for name in _TURN_KEYS) or (len(item) == 1 and bool(speaker_of(next(iter(item)))))


def _is_pair(item: Any) -> bool:
    return isinstance(item, list | tuple) and len(item) == 2 and all(isinstance(text, str) for text in item)


def _from_columns(value: Mapping[str, Any]) -> list[Any]:
    """Return the messages of {"role": [...], "content": [...]}; none where it is no such object."""
    lists = [column for column in value.values() if isinstance(column, list)]
    if len(lists) < max(len(value), 2) or len({len(column) for column in lists}) > 1:
        return []
    rows = [dict(zip(value, row, strict=True)) for row in zip(*lists, strict=True)]
    return rows if all(role_key_of(row) for row in rows) else []


def _numbered(value: Mapping[str, Any]) -> list[Any]:
    """Return the turns of {"turn_1": {…}, "turn_2": {…}} in their order; none where it is no such object."""
    numbers = {name: _NUMBERED.fullmatch(name) for name in value}
    turns = [(int(match[1]), value[name]) for name, match in numbers.items() if match]
    if len(turns) < len(value) or not all(isinstance(turn, dict) for _, turn in turns):
        return []
    return [turn for _, turn in sorted(turns, key=lambda turn: turn[0])]


def _lowered(item: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in item.items()}
