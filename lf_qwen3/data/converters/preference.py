"""Preference pairs for DPO: one prompt, the chosen answer and the rejected one."""

from __future__ import annotations

from collections.abc import Sequence

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import PAIRS, converter
from lf_qwen3.data.converters._columns import CONTEXT, prompt
from lf_qwen3.data.converters._dialogue import add_columns, holds_messages, read
from lf_qwen3.data.converters._transcript import read_transcript
from lf_qwen3.data.converters.fields import first_present, text
from lf_qwen3.data.converters.roles import CHOSEN, QUESTIONS, REJECTED, TASKS
from lf_qwen3.data.converters.source_row import SourceRow, is_filled

DIALOGUES = ("conversations", "conversation", "messages", "prompt")
ANSWERS = ("messages", "conversations", "response", "output", "answer", "completion")
"""What is the better answer beside a column that is called rejected."""


@converter(
    "preference",
    needs=[CHOSEN, REJECTED],
    or_needs=[ANSWERS, tuple(name for name in REJECTED if name.startswith("reject"))],
    may=(*QUESTIONS, *TASKS, *DIALOGUES, *CONTEXT),
    precedence=PAIRS,
)
def convert(row: SourceRow) -> Conversation:
    """Take the prompt from its column, or from what the chosen and the rejected dialogue share.

    The answers are texts, messages, whole dialogues or their transcripts, whose last turns differ. Of a list
    of texts the first chosen and the last rejected one is taken. Beside a rejected answer alone, the answer
    or the dialogue of the row is the chosen one.

    {"prompt": "Name a prime.", "chosen": "7", "rejected": "9"}
    {"chosen": [{"role": "user", "content": "Name a prime."}, {"role": "assistant", "content": "7"}],
     "rejected": [{"role": "user", "content": "Name a prime."}, {"role": "assistant", "content": "9"}]}
    {"question": "Name a prime.", "response_j": "7", "response_k": "9"}
    """
    return read_pair(row, _present(row, (*CHOSEN, *ANSWERS)), _present(row, REJECTED))


def read_pair(row: SourceRow, better: str, worse: str) -> Conversation:
    """Make a pair of the answers, or the dialogues with their answers, in two columns.

    Raises `Reject`: preference_prompts where two dialogues differ before their answers, no_answer, roles, and
    as `read` and `read_prompt` do.
    """
    chosen, rejected = _transcripts(row, better, worse) or (_side(row, better, 0), _side(row, worse, -1))
    shared = rejected.turns[:-1]
    if shared and (shared, rejected.system) != (chosen.turns[:-1], chosen.system):
        raise Reject("preference_prompts")
    before = read_prompt(row) if chosen.turns[0].role != "user" else Conversation([])
    chosen.turns[:0] = before.turns
    chosen.system = chosen.system or before.system
    chosen.rejected = rejected.turns[-1]
    pair = add_columns(chosen, row)
    pair.tools = pair.tools or before.tools
    return pair


def _present(row: SourceRow, names: Sequence[str]) -> str:
    return next((name for name in names if name in row), names[0])


def _transcripts(row: SourceRow, better: str, worse: str) -> tuple[Conversation, Conversation] | None:
    """Return both sides where each is the transcript of a dialogue that begins with the prompt, if any."""
    chosen, rejected = (
        read_transcript(value) if isinstance(value, str) else None for value in map(row.peek, (better, worse))
    )
    if not chosen or not rejected or not chosen.turns[-1].role == rejected.turns[-1].role == "assistant":
        return None
    asked = [row.peek(name) for name in (*QUESTIONS, *TASKS, *DIALOGUES) if name not in (better, worse)]
    if any(is_filled(value) and chosen.turns[0].content not in str(value) for value in asked):
        return None
    row.get(better), row.get(worse)
    return chosen, rejected


def _side(row: SourceRow, name: str, place: int) -> Conversation:
    """Read one of the two answers, with the dialogue it may contain; its last turn is the answer.

    `place` says which of several texts is taken.
    """
    value = row.get(name)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        answer = Conversation([Turn("assistant", value[place])])
        if len(value) > 1:
            row.leave(f"{row.column(name)}[].others")
    elif holds_messages(value):
        answer = read(row, name)
    else:
        answer = Conversation([Turn("assistant", text(row, name))])
    if not answer.turns:
        raise Reject("no_answer", name)
    if answer.turns[-1].role != "assistant":
        raise Reject("roles", f"{name} ends with the role {answer.turns[-1].role}")
    return answer


def read_prompt(row: SourceRow) -> Conversation:
    """Read what comes before the answers: a dialogue or its transcript, or a question with its input.

    Raises `Reject` as `prompt` and `read` do.
    """
    for name in DIALOGUES:
        if holds_messages(row.peek(name)):
            return read(row, name)
    asked = row.peek("input")
    if isinstance(asked, dict) and holds_messages(asked.get("messages")):
        return _openai_prompt(row)
    name = first_present(row, QUESTIONS + TASKS)
    value = row.peek(name)
    before = read_transcript(value) if isinstance(value, str) else None
    if before and before.turns[-1].role == "user" and before.turns[0].content != value:
        row.get(name)
        return before
    return Conversation(prompt(row))


def _openai_prompt(row: SourceRow) -> Conversation:
    """Read the input object of OpenAI's preference data: messages, and the tools beside them."""
    asked = SourceRow(row.get("input"))
    before = add_columns(read(asked, "messages"), asked)
    for place in asked.use().left:
        row.leave(f"{row.column('input')}[].{place}")
    return before
