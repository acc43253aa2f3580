"""Read a list of messages, whether they say {from, value} or {role, content}, and what is beside it."""

from __future__ import annotations

from collections.abc import Sequence

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters._message_reader import MessageReader, plain_turn
from lf_qwen3.data.converters._message_roles import role_key_of
from lf_qwen3.data.converters._parts import read_content
from lf_qwen3.data.converters._transcript import read_transcript
from lf_qwen3.data.converters._turn_objects import spread_turns
from lf_qwen3.data.converters.fields import (
    first_of,
    first_present,
    is_reasoning,
    kind,
    optional_text,
    parse_cell,
)
from lf_qwen3.data.converters.roles import ROLES, THOUGHTS
from lf_qwen3.data.converters.source_row import SourceRow
from lf_qwen3.data.converters.tools import describes_tools, joined_tools, tools_text
from lf_qwen3.qwen3.thinking import excerpt

_THOUGHTS = frozenset(THOUGHTS)


def read_dialogue(row: SourceRow, names: Sequence[str]) -> Conversation:
    """Make a conversation of the first filled column of `names`, with all that is beside the messages.

    Raises `Reject` as `read` and `add_columns` do.
    """
    conversation = add_columns(read(row, first_present(row, names)), row)
    _add_thinking(conversation, row)
    return conversation


def read(row: SourceRow, where: str) -> Conversation:
    """Make the turns of the messages in the column `where`: a list of them, one alone, or a text of them.

    The text is JSON, what Python writes, or a transcript (`_transcript`).

    A message is {from, value} or {role, content}, or a turn object (`_turn_objects`); roles are read in any
    case, and a system message that comes first is the system text; it may have tools. Content may be a list
    of parts (`_parts`). An assistant's message may have reasoning, tool calls, and a mark that it must not
    be learnt (`_message_keys`); a call in a message of its own belongs to the assistant turn before it.
    Other keys, and messages that are null, are noted as left. Raises `Reject` (missing_field, bad_turns,
    unknown_role, late_system, system_twice, not_text, multimodal, bad_tool_call, bad_tools, tools_twice,
    think_twice, think_not_first, think_several).
    """
    value = row.get(where)
    if value is None:
        raise Reject("missing_field", where)
    return read_messages(parse_cell(value), row, where)


def holds_messages(value: object) -> bool:
    """Return whether a cell holds messages, as a list, as an object, or as the JSON text of a list."""
    if not isinstance(value, str):
        return isinstance(value, list | dict)
    messages = parse_cell(value)
    return isinstance(messages, list) and bool(messages) and all(map(_is_message, messages))


def read_messages(value: object, row: SourceRow, where: str) -> Conversation:
    """Make the turns of the messages in `value`, which are in the column `where`; see `read`."""
    if isinstance(value, list):
        plain = [turn for message in value if (turn := plain_turn(message))]
        if len(plain) == len(value):
            return Conversation(plain)
    if isinstance(value, str) and (dialogue := read_transcript(value)):
        return dialogue
    messages = spread_turns(value)
    if not isinstance(messages, list):
        raise Reject("bad_turns", f"{where} is {kind(messages)}")
    reader = MessageReader(row, where)
    for number, message in enumerate(messages, 1):
        reader.add(message, number)
    return reader.conversation


def add_columns(conversation: Conversation, row: SourceRow) -> Conversation:
    """Take the system text and the tools from columns beside the messages.

    Raises `Reject` (not_text, bad_tools, and system_twice or tools_twice when the messages have others).
    """
    system = _system_column(row)
    if system.strip():
        if conversation.system.strip() not in ("", system.strip()):
            raise Reject("system_twice", excerpt(system))
        conversation.system = system
    conversation.tools = joined_tools(_tools_beside(row), conversation.tools)
    return conversation


def _tools_beside(row: SourceRow) -> str:
    """Return the tools of a row; a column of another name than tools counts where it describes some."""
    names = [name for name in ROLES["tools"][1:] if describes_tools(row.peek(name))]
    return tools_text(row.get("tools")) or next((tools_text(row.get(name)) for name in names), "")


def _is_message(item: object) -> bool:
    return isinstance(item, dict) and bool(role_key_of(item))


def _system_column(row: SourceRow) -> str:
    """Return the system text; Anthropic and Bedrock write a list of parts."""
    name = first_of(row, "system")
    value = row.get(name)
    if not isinstance(value, list | dict):
        return optional_text(row, name)
    content = read_content(value, name, lambda key: row.leave(f"{row.column(name)}[].{key}"))
    if not content.is_text:
        raise Reject("not_text", f"{name} contains more than text")
    return content.text


def _add_thinking(conversation: Conversation, row: SourceRow) -> None:
    """Give the last answer the reasoning of a column beside the messages.

    Raises `Reject` ("think_twice") where the answer has another one.
    """
    if _THOUGHTS.isdisjoint(row.names.column):
        return
    name = first_present(row, THOUGHTS)
    answers = [turn for turn in conversation.turns if turn.role == "assistant"]
    if not answers or not isinstance(row.peek(name), str) or not is_reasoning(row.peek(name)):
        return
    thinking = optional_text(row, name)
    own = answers[-1].thinking
    if own and own.split() != thinking.split():
        raise Reject("think_twice", excerpt(own))
    answers[-1].thinking = thinking
