"""Preference pairs for DPO: one prompt, the chosen answer and the rejected one."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._columns import CONTEXT, prompt
from lf_qwen3.data.converters._dialogue import add_columns, read
from lf_qwen3.data.converters.fields import text
from lf_qwen3.data.converters.roles import INPUTS
from lf_qwen3.data.converters.source_row import SourceRow

QUESTIONS = ("prompt", "question", "instruction")
DIALOGUES = ("conversations", "conversation", "messages", "prompt")
CHOSEN = ("chosen", "messages", "response")
REJECTED = ("rejected", "rejected_response")


@converter(
    "preference",
    needs=[CHOSEN, REJECTED],
    may=(*QUESTIONS, *DIALOGUES, *INPUTS, *CONTEXT),
    precedence=2,
)
def convert(row: SourceRow) -> Conversation:
    """Take the prompt from its column, or from what the chosen and the rejected dialogue share.

    The answers are texts, messages, or whole dialogues whose last turns differ.

    {"prompt": "Name a prime.", "chosen": "7", "rejected": "9"}
    {"chosen": [{"role": "user", "content": "Name a prime."}, {"role": "assistant", "content": "7"}],
     "rejected": [{"role": "user", "content": "Name a prime."}, {"role": "assistant", "content": "9"}]}
    """
    chosen, rejected = _side(row, CHOSEN), _side(row, REJECTED)
    shared = rejected.turns[:-1]
    if shared and (shared, rejected.system) != (chosen.turns[:-1], chosen.system):
        raise Reject("preference_prompts")
    if chosen.turns[0].role != "user":
        before = _prompt(row)
        chosen.turns[:0] = before.turns
        chosen.system = chosen.system or before.system
    chosen.rejected = rejected.turns[-1]
    return add_columns(chosen, row)


def _side(row: SourceRow, names: tuple[str, ...]) -> Conversation:
    """Read one of the two answers, with the dialogue it may bring; its last turn is the answer."""
    name = next((name for name in names if name in row), names[0])
    value = row.get(name)
    if isinstance(value, dict | list):
        answer = read(row, name)
    else:
        answer = Conversation([Turn("assistant", text(row, name))])
    if not answer.turns:
        raise Reject("no_answer", name)
    if answer.turns[-1].role != "assistant":
        raise Reject("roles", f"{name} ends with a turn of {answer.turns[-1].role}")
    return answer


def _prompt(row: SourceRow) -> Conversation:
    """Read what comes before the two answers: a dialogue, or a question with its input and history."""
    for name in DIALOGUES:
        if isinstance(row.peek(name), list):
            return read(row, name)
    return Conversation(prompt(row, QUESTIONS))
