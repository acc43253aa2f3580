"""Dialogues that are in one text: glaive's chats, another model's template, Human: and Assistant:."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._dialogue import add_columns
from lf_qwen3.data.converters._transcript import is_transcript, read_transcript
from lf_qwen3.data.converters.fields import first_present, text
from lf_qwen3.data.converters.source_row import SourceRow

TEXTS = ("chat", "text", "sample", "transcript", "dialogue", "dialog")
_SYSTEM_MARK = "SYSTEM:"


def _is_dialogue(row: SourceRow) -> bool:
    return is_transcript(row.peek(first_present(row, TEXTS)))


@converter("transcript", needs=[TEXTS], may=("system", "tools"), precedence=-1, recognise=_is_dialogue)
def convert(row: SourceRow) -> Conversation:
    r"""Cut the text at the marks of its speakers; a text that is not all dialogue is rejected.

    {"text": "Human: Name a prime.\nAssistant: 7"}
    {"system": "SYSTEM: You are a helpful assistant with access to the following functions. Use them if
     required -\n{\"name\": …}", "chat": "USER: Lamp on.\n\n\nASSISTANT: <functioncall> {\"name\": …,
     \"arguments\": '{\"on\": true}'} <|endoftext|>\n\n\nFUNCTION RESPONSE: {\"ok\": true}"}
    """
    name = first_present(row, TEXTS)
    conversation = read_transcript(text(row, name))
    if conversation is None:
        raise Reject("bad_turns", f"{name} is not a dialogue as a whole")
    conversation = add_columns(conversation, row)
    conversation.system = conversation.system.removeprefix(_SYSTEM_MARK).lstrip()
    return conversation
