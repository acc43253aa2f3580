"""Read a list of messages, whether they say {from, value} or {role, content}."""

from __future__ import annotations

from typing import Any

from lf_qwen3.base.conversation import Conversation, Role, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.fields import kind, optional_text
from lf_qwen3.data.converters.roles import ROLES
from lf_qwen3.data.converters.source_row import SourceRow, is_filled
from lf_qwen3.data.converters.tools import calls_text, describes_tools, joined_calls, joined_tools, tools_text
from lf_qwen3.qwen3.thinking import CLOSE, excerpt

_ROLES: dict[str, Role] = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "tool": "tool",
    "observation": "tool",
    "function": "tool",
    "tool_response": "tool",
    "function_response": "tool",
}
_SYSTEM_ROLES = frozenset({"system", "developer"})
_CALL_ROLES = frozenset({"function_call", "tool_call"})
_THINKING_KEYS = ("reasoning_content", "reasoning", "thinking")
_CALL_KEYS = ("tool_calls", "function_call")
_KEYS = frozenset({"from", "role", "value", "content"})
_ASSISTANT_KEYS = _KEYS.union(_THINKING_KEYS, _CALL_KEYS)
_TOOL_KEYS = ROLES["tools"]
_SYSTEM_KEYS = _KEYS.union(_TOOL_KEYS)
_MEDIA = ("image", "audio", "video")


def read(row: SourceRow, where: str) -> Conversation:
    """Make the turns of the messages in the column `where`: a list of them, or one alone.

    A message is {from, value} or {role, content}; roles are read in any case, and a system message that
    comes first is the system text; it may bring tools. An assistant's message may bring reasoning_content
    (or reasoning, thinking) and tool_calls; a call that stands in a message of its own belongs to the
    assistant turn before it. Other keys are noted as left. Raises `Reject` (missing_field, bad_turns,
    unknown_role, roles, not_text, multimodal, bad_tool_call, bad_tools).
    """
    messages = row.get(where)
    if messages is None:
        raise Reject("missing_field", where)
    if isinstance(messages, dict) and ("role" in messages or "from" in messages):
        messages = [messages]
    if not isinstance(messages, list):
        raise Reject("bad_turns", f"{where} is {kind(messages)}")
    conversation = Conversation([])
    turns = conversation.turns
    for number, message in enumerate(messages, 1):
        role = _role(message, number)
        if len(message) > 2:
            _leave_unread(message, role, row, where)
        content = message.get("value")
        if content is None:
            content = message.get("content")
        if role in _CALL_ROLES:
            _add_calls(turns, content, number)
        elif role in _SYSTEM_ROLES:
            if number > 1:
                raise Reject("roles", f"turn {number} is {role}; the system text comes first")
            conversation.system = _text(content, number)
            conversation.tools = next(filter(None, map(tools_text, map(message.get, _TOOL_KEYS))), "")
        elif role == "assistant" and len(message) > 2:
            turns.append(_assistant(message, content, number))
        else:
            turns.append(Turn(_ROLES[role], content if type(content) is str else _text(content, number)))
    return conversation


def add_columns(conversation: Conversation, row: SourceRow) -> Conversation:
    """Take the system text and the tools from columns beside the messages.

    Raises `Reject` (not_text, bad_tools, and system_twice or tools_twice when the messages bring others).
    """
    system = optional_text(row, "system")
    if system.strip():
        if conversation.system.strip() not in ("", system.strip()):
            raise Reject("system_twice", excerpt(system))
        conversation.system = system
    conversation.tools = joined_tools(_tools_beside(row), conversation.tools)
    return conversation


def _tools_beside(row: SourceRow) -> str:
    """Return the tools of a row; a column of another name than tools counts where it describes some."""
    names = [name for name in _TOOL_KEYS[1:] if describes_tools(row.peek(name))]
    return tools_text(row.get("tools")) or next((tools_text(row.get(name)) for name in names), "")


def _leave_unread(message: dict[str, Any], role: str, row: SourceRow, where: str) -> None:
    """Note the filled keys of a message that nobody reads."""
    known = _ASSISTANT_KEYS if role == "assistant" else _SYSTEM_KEYS if role in _SYSTEM_ROLES else _KEYS
    for key, value in message.items():
        if key not in known and is_filled(value):
            row.leave(f"{row.column(where)}[].{key}")


def _role(message: Any, number: int) -> str:
    """Return the role's name in lower case, checked to be one we know."""
    if not isinstance(message, dict):
        raise Reject("bad_turns", f"turn {number} is {kind(message)}")
    role = message.get("from") or message.get("role")
    if not isinstance(role, str):
        raise Reject("unknown_role", f"turn {number}: {kind(role)}")
    if role not in _ROLES:
        role = role.strip().lower()
    if role in _ROLES:
        return "assistant" if _ROLES[role] == "assistant" else role
    if role in _SYSTEM_ROLES or role in _CALL_ROLES:
        return role
    raise Reject("unknown_role", f"turn {number}: {excerpt(role)}")


def _text(content: object, number: int) -> str:
    """Return a message's text; the text parts of a list are one text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_part(part, number) for part in content)
    if content is None:
        raise Reject("missing_field", f"the text of turn {number}")
    raise Reject("not_text", f"turn {number} is {kind(content)}")


def _part(part: object, number: int) -> str:
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return str(part["text"])
    named = str(part.get("type")) if isinstance(part, dict) else ""
    if any(medium in named for medium in _MEDIA):
        raise Reject("multimodal", f"turn {number}: {named}")
    raise Reject("not_text", f"turn {number} holds a part of type {named or kind(part)}")


def _assistant(message: dict[str, Any], content: object, number: int) -> Turn:
    """Read an assistant's message that has more than a role and a text."""
    where = f"turn {number}"
    calls = ""
    for key in _CALL_KEYS:
        calls = calls or calls_text(message.get(key), where)
    text = "" if calls and content is None else _text(content, number)
    thinking = ""
    for key in _THINKING_KEYS:
        thinking = thinking or optional_text(message, key)
    return Turn("assistant", text, thinking or None, calls)


def _add_calls(turns: list[Turn], content: object, number: int) -> None:
    """Read a message that is a call; a think block before its JSON is left to be taken apart later."""
    where, text = f"turn {number}", ""
    if isinstance(content, str):
        before, close, behind = content.rpartition(CLOSE)
        content = behind.lstrip()
        text = before + close + behind[: len(behind) - len(content)]
    calls = calls_text(content, where)
    if not calls:
        raise Reject("bad_tool_call", f"{where} is empty")
    if turns and turns[-1].role == "assistant" and not text.strip():
        turns[-1].calls = joined_calls(turns[-1].calls, calls)
    else:
        turns.append(Turn("assistant", text, calls=calls))
