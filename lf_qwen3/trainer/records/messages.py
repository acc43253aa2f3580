"""Formattings sharegpt and openai: a list of messages (SharegptDatasetConverter, OpenAIDatasetConverter)."""

from __future__ import annotations

import json
from typing import Any

from lf_qwen3.base.conversation import Row
from lf_qwen3.trainer.records.record import (
    Aligned,
    BrokenRowError,
    Message,
    Names,
    kto_answers,
    message,
    require_text,
)

_ASKING = ("user", "observation")
_ANSWERING = ("assistant", "function")
_NEXT_RESULT = "\n</tool_response>\n<tool_response>\n"
_THINKING_OFF = "detailed thinking off"


def align(names: Names, row: Row) -> Aligned:
    """Return prompt and answers of a sharegpt row."""
    messages, system = _opening(names, row)
    aligned = [message(names.role(turn), turn.get(names.content_tag)) for turn in messages]
    return _answered(names, row, Aligned(aligned, [], system, names.column(row, "tools")))


def align_openai(names: Names, row: Row) -> Aligned:
    """Return prompt and answers of an openai row; without tools, the system prompt turns thinking off."""
    messages, system = _opening(names, row)
    aligned: list[Message] = []
    results: list[Any] = []
    for turn in messages:
        role, content = names.role(turn), turn.get(names.content_tag)
        if role == "observation":
            results.append(content)
            continue
        if results:
            texts = [require_text(result, "a tool's result") for result in results]
            aligned.append(message("observation", _NEXT_RESULT.join(texts)))
            results = []
        if role in _ANSWERING and turn.get("tool_calls"):
            role, content = "function", _calls(turn["tool_calls"])
        if not names.is_known(role):
            raise BrokenRowError(f"no tag of the entry names the role {role}", stops=True)
        aligned.append(message(role, content))
    tools = names.column(row, "tools")
    if isinstance(tools, dict | list):
        tools = json.dumps(tools, ensure_ascii=False)
    return _answered(names, row, Aligned(aligned, [], _thinking_off(system, bool(tools)), tools))


def _opening(names: Names, row: Row) -> tuple[list[dict[str, Any]], Any]:
    """Return the messages without an opening system message, and the system prompt."""
    messages = names.column(row, "messages")
    if not isinstance(messages, list):
        raise BrokenRowError(
            f"{names.columns.get('messages') or 'messages'} is not a list of messages", stops=True
        )
    if any(not isinstance(turn, dict) for turn in messages):
        raise BrokenRowError("a message is not an object", stops=True)
    if messages and not (names.role_tag and names.content_tag):
        raise BrokenRowError("the tags of the entry do not name role_tag and content_tag", stops=True)
    system_tag = names.tags.get("system_tag")
    if system_tag and messages and messages[0].get(names.role_tag) == system_tag:
        return messages[1:], messages[0].get(names.content_tag)
    return messages, names.column(row, "system")


def _answered(names: Names, row: Row, aligned: Aligned) -> Aligned:
    """Check the order of the roles, and separate the answer from what precedes it."""
    messages = aligned.prompt
    for number, turn in enumerate(messages, 1):
        due = _ANSWERING if number % 2 == 0 else _ASKING
        if turn["role"] not in due:
            raise BrokenRowError(f"message {number} is {turn['role']}, expected {' or '.join(due)}")
    if len(messages) % 2 != names.is_ranking:
        raise BrokenRowError(f"{len(messages)} messages: user and assistant do not alternate until the end")
    if isinstance(wanted := names.column(row, "kto_tag"), bool):
        aligned.prompt, aligned.response = messages[:-1], kto_answers(wanted, messages[-1:])
    elif names.is_ranking and (pair := names.pair(row, dict)):
        aligned.response = [_answer(names, answer) for answer in pair]
    else:
        aligned.prompt, aligned.response = messages[:-1], messages[-1:]
    return aligned


def _answer(names: Names, answer: dict[str, Any]) -> Message:
    """Return a chosen or rejected message; the trainer says so, but continues, when it is a question."""
    role = names.role(answer)
    if role not in (*_ANSWERING, *_ASKING):
        raise BrokenRowError(f"chosen or rejected has the role {role}", stops=True)
    return message(role, answer.get(names.content_tag))


def _calls(tool_calls: Any) -> str:
    try:
        return json.dumps([call["function"] for call in tool_calls], ensure_ascii=False)
    except (TypeError, KeyError) as error:
        raise BrokenRowError("tool_calls is not a list of objects with function", stops=True) from error


def _thinking_off(system: Any, has_tools: bool) -> Any:
    if not system:
        return system if has_tools else _THINKING_OFF
    if has_tools:
        return f"{require_text(system, 'the system prompt')}\n"
    known = "detailed thinking on" in require_text(system, "the system prompt") or _THINKING_OFF in system
    return system if known else f"{system}\n{_THINKING_OFF}"
