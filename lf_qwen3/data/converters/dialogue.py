"""Dialogues in a column of any other name: Vertex AI's contents, UltraChat's data, chat_history."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._dialogue import add_columns, read_dialogue, read_messages
from lf_qwen3.data.converters._message_roles import role_key_of, speaker_of
from lf_qwen3.data.converters._turn_objects import spread_turns
from lf_qwen3.data.converters.fields import first_present, parse_cell
from lf_qwen3.data.converters.roles import THOUGHTS
from lf_qwen3.data.converters.source_row import SourceRow

NAMES = (
    *("dialogue", "dialogues", "dialog", "dialogs", "turns", "items", "chat", "chats", "thread", "contents"),
    *("chat_history", "conversation_history", "message_list", "utterances", "convo", "data"),
)
_ULTRACHAT = "data"


def _is_dialogue(row: SourceRow) -> bool:
    """Return whether a row holds messages, some of them by the assistant."""
    name = first_present(row, NAMES)
    messages = spread_turns(parse_cell(row.peek(name)))
    if not isinstance(messages, list):
        return False
    roles = [message.get(role_key_of(message)) for message in messages if isinstance(message, dict)]
    return "assistant" in map(speaker_of, roles) or (name == _ULTRACHAT and _alternates(messages))


@converter(
    "dialogue",
    needs=[NAMES],
    may=("system", "tools", "id", *THOUGHTS),
    precedence=-2,
    recognise=_is_dialogue,
)
def convert(row: SourceRow) -> Conversation:
    """Take the messages as in `messages` and `finetome`; UltraChat's texts are user and assistant in turn.

    {"contents": [{"role": "user", "parts": [{"text": "Name a prime."}]},
     {"role": "model", "parts": [{"text": "7"}]}]}
    {"id": "0", "data": ["Name a prime.", "7"]}
    """
    name = first_present(row, NAMES)
    texts = row.peek(name)
    if name != _ULTRACHAT or not _alternates(texts):
        return read_dialogue(row, NAMES)
    pairs = [texts[at : at + 2] for at in range(0, len(texts), 2)]
    return add_columns(read_messages(pairs, row, name), row) if row.get(name) else Conversation([])


def _alternates(texts: object) -> bool:
    """Return whether a value is a list of texts, of which each second one answers the one before it."""
    return (
        isinstance(texts, list)
        and len(texts) > 1
        and len(texts) % 2 == 0
        and all(isinstance(text, str) for text in texts)
    )
