"""Dialogues of two speakers whose names say nothing, or that have none: who speaks first is the user.

No file is recognised as such, for nothing in it says so: `two_speakers:FILE` does.
"""

from __future__ import annotations

from typing import Any

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._dialogue import add_columns, read_messages
from lf_qwen3.data.converters._message_roles import ROLE_KEYS, speaker_of
from lf_qwen3.data.converters.dialogue import NAMES
from lf_qwen3.data.converters.fields import first_present, kind, parse_cell
from lf_qwen3.data.converters.roles import DIALOGUES
from lf_qwen3.data.converters.source_row import SourceRow
from lf_qwen3.qwen3.thinking import excerpt

_COLUMNS = (*DIALOGUES, *NAMES)
_NAME_KEYS = (*ROLE_KEYS[:-1], "name")
_ROLES = ("user", "assistant")


@converter("two_speakers", needs=[_COLUMNS], may=("system", "tools", "id"), is_by_name=True)
def convert(row: SourceRow) -> Conversation:
    """Take the speaker of the first message as the user, the other as the assistant.

    {"dialogue": [{"role": "Ron", "text": "Where is it?"}, {"role": "Luna", "text": "Harry has it."}]}
    {"messages": [{"message": "Where is it?"}, {"message": "Harry has it."}]}

    Messages without a name alternate. Raises `Reject` (unknown_role) for another number of speakers, and as
    `read_messages` does.
    """
    where = first_present(row, _COLUMNS)
    messages = parse_cell(row.get(where))
    if not isinstance(messages, list):
        raise Reject("bad_turns", f"{where} is {kind(messages)}")
    return add_columns(read_messages(_with_roles(messages, row, where), row, where), row)


def _with_roles(messages: list[Any], row: SourceRow, where: str) -> list[Any]:
    """Return the messages with the roles user and assistant, or as they are where a name is a known role.

    The names are noted as left.
    """
    keys = [_name_key(message) for message in messages]
    names = [str(message[key]) if key else "" for message, key in zip(messages, keys, strict=True)]
    speakers = list(dict.fromkeys(names))
    if any(map(speaker_of, speakers)):
        return messages
    if speakers == [""]:
        roles = [_ROLES[number % 2] for number in range(len(messages))]
    elif len(speakers) == 2 and "" not in speakers:
        roles = [_ROLES[speakers.index(name)] for name in names]
    else:
        named = ", ".join(name or "(no name)" for name in speakers) or "none"
        raise Reject("unknown_role", f"two speakers are wanted: {excerpt(named)}")
    for key in filter(None, dict.fromkeys(keys)):
        row.leave(f"{row.column(where)}[].{key}")
    return [_with_role(message, key, role) for message, key, role in zip(messages, keys, roles, strict=True)]


def _name_key(message: Any) -> str:
    """Return the key of the speaker's name, which may be a number; "" for none."""
    if not isinstance(message, dict):
        return ""
    return next((key for key in _NAME_KEYS if message.get(key) not in (None, "")), "")


def _with_role(message: Any, key: str, role: str) -> Any:
    if isinstance(message, str):
        return {"role": role, "content": message}
    if not isinstance(message, dict):
        return message
    return {"role": role} | {name: value for name, value in message.items() if name not in (key, "role")}
