"""Read the content of a message that is a list of parts: text, thinking, tool calls and their results.

| source | parts |
|---|---|
| OpenAI | {"type": "text", "text": …}, input_text, output_text |
| LLaMA-Factory v1 | {"type": "text", "value": …}, reasoning, tool_call |
| Anthropic | {"type": "thinking", "thinking": …}, tool_use, tool_result |
| Bedrock | {"text": …}, {"reasoningContent": …}, {"toolUse": …}, {"toolResult": …} |
| Gemini | {"text": …, "thought": true}, {"functionCall": …}, {"functionResponse": …} |
| Vercel | {"type": "reasoning", "text": …}, tool-call, tool-result |
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.column_groups import is_media
from lf_qwen3.data.converters.fields import kind
from lf_qwen3.data.converters.source_row import is_filled
from lf_qwen3.qwen3.thinking import excerpt

Leave = Callable[[str], object]
"""Notes a key that nobody reads."""

_PartKind = Literal["text", "thinking", "call", "result", "media"]
_KINDS: Mapping[_PartKind, tuple[str, ...]] = {
    "text": ("text", "inputtext", "outputtext"),
    "thinking": (
        *("thinking", "reasoning", "reasoningcontent", "thought", "think", "redactedthinking"),
        *("redactedreasoning", "reasoningtext", "summarytext"),
    ),
    "call": ("toolcall", "tooluse", "functioncall"),
    "result": ("toolresult", "functionresponse", "toolresponse", "functionresult"),
}
_KIND_OF = {name: part_kind for part_kind, names in _KINDS.items() for name in names}
_MEDIA_TYPES = ("image", "audio", "video", "picture", "document", "file")
_FILE_KEYS = frozenset({"inputaudio", "inlinedata", "filedata", "document", "file"})
_TEXT = ("text", "value", "content")
_THINKING = ("thinking", "reasoning", "reasoning_content", "reasoningtext", "thought", "summary", *_TEXT)
_RESULT = ("content", "result", "output", "response", "value", "text", "json")
_NAMES = ("name", "toolname", "tool_name")
_ARGUMENTS = ("arguments", "input", "args", "parameters")


@dataclass(slots=True)
class MessageContent:
    """What a message says: its text, its reasoning, its tool calls, and the results of earlier calls."""

    text: str = ""
    thoughts: list[str] = field(default_factory=list)
    calls: list[Any] = field(default_factory=list)
    results: list[str] = field(default_factory=list)

    @property
    def is_text(self) -> bool:
        """Return whether there is nothing but text."""
        return not (self.thoughts or self.calls or self.results)


def read_content(content: object, where: str, leave: Leave) -> MessageContent:
    """Read a message's content: a text, or one part or a list of them.

    The texts of parts are one text. `where` names the message in rejections. Raises `Reject`: missing_field
    for null, not_text, multimodal, bad_tool_call for a text behind a call, think_not_first and think_several
    for a text before the reasoning.
    """
    if isinstance(content, str):
        return MessageContent(content)
    if content is None:
        raise Reject("missing_field", f"the text of {where}")
    read = MessageContent()
    if isinstance(content, dict) and isinstance(content.get("parts"), list):
        content = content["parts"]
    if isinstance(content, dict) and _kind_of(content):
        content = [content]
    if not isinstance(content, list):
        raise Reject("not_text", f"{where} is {kind(content)}")
    if len(content) == 1 and isinstance(content[0], str):
        return MessageContent(content[0])
    for part in content:
        if part is not None:
            _read_part(read, part, where, leave)
    return read


def _read_part(read: MessageContent, part: object, where: str, leave: Leave) -> None:
    part_kind = _kind_of(part)
    if not isinstance(part, dict) or not part_kind:
        named = part.get("type") if isinstance(part, dict) else None
        raise Reject("not_text", f"{where} has a part of type {named or kind(part)}")
    if part_kind == "media":
        raise Reject("multimodal", f"{where}: {_media_of(part)}")
    payload = _payload(part, leave)
    if part_kind == "text":
        text = _take_text(payload, _TEXT, where, leave)
        if read.calls and text.strip():
            raise Reject("bad_tool_call", f"{where}: text after the call: {excerpt(text)}")
        read.text += text
    elif part_kind == "thinking":
        if read.text.strip() or read.calls:
            code = "think_several" if read.thoughts else "think_not_first"
            raise Reject(code, f"{where}: {excerpt(read.text)}")
        read.thoughts += filter(str.strip, [thinking_text(payload, where, leave)])
    elif part_kind == "call":
        read.calls += _calls(payload, leave)
    else:
        read.results.append(_result_text(payload, where, leave))


def thinking_text(value: object, where: str, leave: Leave = lambda key: None) -> str:
    """Return the reasoning that a text, a part or a list of them holds, "" for none.

    Encrypted reasoning is none; its key is left. Raises `Reject` ("not_text").
    """
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list):
        return "\n\n".join(filter(str.strip, (thinking_text(item, where, leave) for item in value)))
    if not isinstance(value, dict):
        raise Reject("not_text", f"{where}: the thinking is {kind(value)}")
    key = _first_filled(value, _THINKING)
    if value.get(key) is True:  # Gemini marks a text as a thought
        key = _first_filled(value, _TEXT)
    _leave_others(value, (key, "type", "thought"), leave)
    return thinking_text(value.get(key), where, leave)


def _kind_of(part: object) -> _PartKind | None:
    """Return what a part is, by its type or, where it has none, by its keys; None for nothing we know."""
    if not isinstance(part, dict):
        return None
    if _media_of(part):
        return "media"
    named = part.get("type")
    if isinstance(named, str) and named:
        return _KIND_OF.get(_squeezed(named))
    for key, value in part.items():
        part_kind = _KIND_OF.get(_squeezed(key))
        if part_kind and part_kind != "text" and (value is True or (is_filled(value) and value is not False)):
            return part_kind
    return "text" if _first_filled(part, _TEXT) or any(key in part for key in ("text", "value")) else None


def _media_of(part: Mapping[str, Any]) -> str:
    """Return what names a picture, a sound, a film or a file in a part, "" where nothing does."""
    named = part.get("type")
    if isinstance(named, str) and any(medium in _squeezed(named) for medium in _MEDIA_TYPES):
        return named
    return media_key_of(part)


def media_key_of(item: Mapping[str, Any]) -> str:
    """Return the key of a message or a part that holds a picture, a sound, a film or a file, "" for none."""
    for key, value in item.items():
        named = is_media(key) or _squeezed(key) in _FILE_KEYS
        if named and is_filled(value) and not isinstance(value, bool | int | float):
            return key
    return ""


def _payload(part: Mapping[str, Any], leave: Leave) -> Any:
    """Return what a part holds: the value of {"toolUse": …}, else the part itself."""
    for key, value in part.items():
        if _KIND_OF.get(_squeezed(key), "text") != "text" and isinstance(value, dict):
            _leave_others(part, (key, "type"), leave)
            return value
    return part


def _take_text(part: Mapping[str, Any], keys: tuple[str, ...], where: str, leave: Leave) -> str:
    key = _first_filled(part, keys) or next((key for key in keys if key in part), "")
    text = part.get(key)
    if not isinstance(text, str):
        raise Reject("not_text", f"{where} has a part whose text is {kind(text)}")
    _leave_others(part, (key, "type"), leave)
    return text


def _calls(payload: object, leave: Leave) -> list[Any]:
    """Return the calls of a part as `tools.calls_text` reads them."""
    if not isinstance(payload, dict):
        return [payload]
    if isinstance(payload.get("function"), dict):
        _leave_others(payload, ("function", "type"), leave)
        return [{"function": payload["function"]}]
    names = {key.lower(): key for key in payload}
    name = next((names[key] for key in _NAMES if key in names), "")
    arguments = next((names[key] for key in _ARGUMENTS if key in names), "")
    if not name:
        value = payload.get(_first_filled(payload, _TEXT))
        return value if isinstance(value, list) else [value]
    _leave_others(payload, (name, arguments, "type"), leave)
    return [{"name": payload[name], "arguments": payload.get(arguments)}]


def _result_text(payload: object, where: str, leave: Leave) -> str:
    """Return a tool's result as text; an object that is not a part is written as JSON."""
    if not isinstance(payload, dict):
        return payload if isinstance(payload, str) else _json(payload)
    key = _first_filled(payload, _RESULT)
    _leave_others(payload, (key, "type"), leave)
    value = payload.get(key)
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else [value]
    return "".join([_piece_of_result(part, where, leave) for part in parts])


def _piece_of_result(part: object, where: str, leave: Leave) -> str:
    part_kind = _kind_of(part)
    if part_kind == "media":
        raise Reject("multimodal", f"{where}: a tool's result")
    if part_kind == "text" and isinstance(part, dict):
        return _take_text(part, _TEXT, where, leave)
    if isinstance(part, dict) and set(part) == {"json"}:
        part = part["json"]
    return part if isinstance(part, str) else _json(part)


def _json(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _first_filled(part: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    names = {key.lower(): key for key in part}
    return next((names[key] for key in keys if key in names and is_filled(part[names[key]])), "")


def _leave_others(part: Mapping[str, Any], keys: tuple[str, ...], leave: Leave) -> None:
    for key, value in part.items():
        if key not in keys and is_filled(value):
            leave(key)


def _squeezed(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
