"""Read one question and its answer from columns, with the dialogue before them if there is one.

The question is the task, the question itself, its options, the input and the context, each from the first
filled column of its kind. Parts are joined by a line end, as LLaMA-Factory joins them
(AlpacaDatasetConverter); the context comes last, where Dolly's users put it too.
"""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters._answers import read_answers
from lf_qwen3.data.converters._dialogue import add_columns, read, read_messages
from lf_qwen3.data.converters._options import Options, read_options
from lf_qwen3.data.converters.fields import first_of, first_present, kind, optional_text, parse_cell, text
from lf_qwen3.data.converters.roles import BESIDE, OPTIONS
from lf_qwen3.data.converters.source_row import SourceRow, is_filled

CONTEXT = tuple(sorted(BESIDE))
_PARTS = ("task", "question", "input", "context")


def exchange(row: SourceRow) -> Conversation:
    """Make a conversation of the first filled column of each kind. Raises `Reject` as the parts do.

    History, system and tools are taken along. Of several answers the one is taken that `row.attempt` counts.
    """
    answer_column = first_of(row, "answer")
    if turns := _side_by_side(row):
        return add_columns(Conversation(turns), row)
    if _is_dialogue(row.peek(answer_column)):
        ending = read(row, answer_column)
        options = read_options(row, "")
        answers = ending.turns
    else:
        options = read_options(row, row.peek(answer_column))
        several = read_answers(row, options)
        row.attempts = len(several)
        answers = [several[row.attempt]]
    before = _before(row, options)
    return add_columns(Conversation([*before.turns, *answers], before.system), row)


def is_side_by_side(row: SourceRow) -> bool:
    """Return whether a row holds a dialogue in two lists, the questions and their answers."""
    return bool(_list_of_questions(row))


def _side_by_side(row: SourceRow) -> list[Turn]:
    if not (name := _list_of_questions(row)):
        return []
    pairs = zip(row.get(name), row.get(first_of(row, "answer")), strict=True)
    return [turn for asked, said in pairs for turn in (Turn("user", asked), Turn("assistant", said))]


def _list_of_questions(row: SourceRow) -> str:
    """Return the column of questions, "" where no list of them goes with a list of answers."""
    answers = row.peek(first_of(row, "answer"))
    if not _is_list_of_texts(answers):
        return ""
    for name in (first_of(row, "question"), first_of(row, "input")):
        asked = row.peek(name)
        if _is_list_of_texts(asked) and len(asked) == len(answers):
            return name
    return ""


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(item, str) for item in value)


def prompt(row: SourceRow) -> list[Turn]:
    """Return the turns of `history`, then the question.

    Raises `Reject` (missing_field, not_text, bad_turns).
    """
    return _before(row, read_options(row, "")).turns


def _before(row: SourceRow, options: Options) -> Conversation:
    """Return what comes before the answer: a dialogue in the question's column, or history and question."""
    for part in ("question", "input"):
        name = first_of(row, part)
        if _is_dialogue(row.peek(name)):
            return read(row, name)
    history = _history(row)
    history.turns.append(Turn("user", _question(row, options)))
    return history


def _question(row: SourceRow, options: Options) -> str:
    names = {part: first_of(row, part) for part in _PARTS}
    asked = [names[part] for part in _PARTS[:3]]
    if all(row.get(name) is None for name in asked):
        raise Reject("missing_field", first_present(row, asked))
    task, question, given = (_asked(row, name) for name in asked)
    if task.strip() and task.strip() in question:
        task = ""
    elif question.strip() and question.strip() in task:
        question = ""
    context = _context(row, names["context"])
    if context.strip() in "\n".join((task, question, given)):
        context = ""
    lines = options.lines_under("\n".join((task, question, given)))
    asked_in_full = (question, lines, given) if question.strip() else (given, lines)
    return "\n".join(part for part in (task, *asked_in_full, context) if part.strip())


def _asked(row: SourceRow, name: str) -> str:
    """Return a text, or the stem of an object that holds the options too (ARC, CommonsenseQA)."""
    value = row.get(name)
    if not isinstance(value, dict) or not isinstance(value.get("stem"), str):
        return optional_text(row, name)
    for key in value:
        if key not in ("stem", *OPTIONS) and is_filled(value[key]):
            row.leave(f"{row.column(name)}[].{key}")
    return str(value["stem"])


def _context(row: SourceRow, name: str) -> str:
    """Return a text, or the texts of a list, parted by an empty line."""
    value = row.get(name)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n\n".join(value)
    return optional_text(row, name)


def _is_dialogue(value: object) -> bool:
    """Return whether a cell holds messages: a list of them, its text, or a message alone."""
    messages = parse_cell(value)
    value = messages if isinstance(messages, list) else value
    message = value[0] if isinstance(value, list) and value else value
    return isinstance(message, dict) and ("role" in message or "from" in message)


def _history(row: SourceRow) -> Conversation:
    """Return what `history` holds: [question, answer] pairs, messages, or a text of either.

    Null, "" and [] are no history.
    """
    pairs = parse_cell(row.get("history"))
    if not is_filled(pairs):
        return Conversation([])
    if isinstance(pairs, list) and any(isinstance(item, dict) for item in pairs):
        return read_messages(pairs, row, "history")
    if not isinstance(pairs, list):
        raise Reject("bad_turns", f"history is {kind(pairs)}")
    turns: list[Turn] = []
    for number, pair in enumerate(pairs, 1):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise Reject("bad_turns", f"history: item {number} is not a [question, answer] pair")
        texts = {f"history: question {number}": pair[0], f"history: answer {number}": pair[1]}
        question, answer = (text(texts, name) for name in texts)
        turns += Turn("user", question), Turn("assistant", answer)
    return Conversation(turns)
