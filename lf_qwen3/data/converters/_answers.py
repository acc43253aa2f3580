"""Read the answers of a row of columns, each with the reasoning that belongs to it."""

from __future__ import annotations

from typing import Any

from lf_qwen3.base.conversation import Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters._options import Options
from lf_qwen3.data.converters.column_groups import judges_generations
from lf_qwen3.data.converters.fields import first_of, is_reasoning, kind, text
from lf_qwen3.data.converters.source_row import SourceRow, is_filled
from lf_qwen3.qwen3.foreign_tags import has_reasoning

_TEXTS = ("text", "content", "response", "generation", "completion", "answer", "output", "value")
_STEPS = ("text", "content", "step", "thought", "reasoning", "description", "explanation", "value")
_THOUGHTS = ("reasoning_content", "reasoning", "thinking", "thought")


def read_answers(row: SourceRow, options: Options) -> list[Turn]:
    """Return the answers to take: one, or with `Reading.every` each that the row has.

    A reasoning is read with the answer that it led to: from a model's own pair of columns, from columns of
    reasoning and answer, from a list of attempts of which the correct ones count, or from an answer that
    holds it. Raises `Reject` (missing_field, not_text, attempts_uneven, none_correct, several_answers,
    option_number).
    """
    turns = _of_pairs(row) or _of_columns(row, options)
    if len(turns) == 1 or row.reading.every:
        return turns
    row.repairs.add("first_of_several")
    return turns[:1]


def _of_pairs(row: SourceRow) -> list[Turn]:
    turns: list[Turn] = []
    for thoughts, answer in row.names.pairs:
        is_whole = is_filled(row.peek(thoughts)) and is_filled(row.peek(answer))
        if is_whole and (row.reading.every or not turns):
            turns += _join(row, thoughts, answer, Options())
    return turns


def _of_columns(row: SourceRow, options: Options) -> list[Turn]:
    answer = first_of(row, "answer")
    thoughts = first_of(row, "thinking")
    if is_reasoning(row.peek(thoughts)):
        return _join(row, thoughts, answer, options)
    for name in (answer, first_of(row, "attempts")):
        items = row.peek(name)
        is_list = isinstance(items, list) and items and _is_plural(row, name)
        if is_list and (name == answer or _verdicts(row, name) or any(map(has_reasoning, items))):
            return _of_attempts(row, name)
    names = row.names.in_order["answer"]
    reasoned = next((name for name in names if has_reasoning(row.peek(name))), answer)
    return _join(row, "", reasoned, options)


def _join(row: SourceRow, thoughts_column: str, answer_column: str, options: Options) -> list[Turn]:
    """Return a turn for each reasoning and its answer."""
    answers = _answer_texts(row, answer_column, options)
    thoughts = _thought_texts(row, thoughts_column) if thoughts_column else []
    if not thoughts:
        return [Turn("assistant", answer) for answer in answers]
    if 1 not in (len(thoughts), len(answers)) and len(thoughts) != len(answers):
        raise Reject("attempts_uneven", f"{len(thoughts)} and {len(answers)}")
    count = max(len(thoughts), len(answers))
    if count > 1 and not row.reading.every:
        for name, texts in ((thoughts_column, thoughts), (answer_column, answers)):
            if len(texts) > 1:
                row.leave(f"{row.column(name)}[].others")
    pairs = zip(thoughts * (count // len(thoughts)), answers * (count // len(answers)), strict=True)
    return [Turn("assistant", answer, thinking=thought) for thought, answer in pairs]


def _answer_texts(row: SourceRow, name: str, options: Options) -> list[str]:
    """Return the answer; of a list in a column of answers each that differs."""
    value = row.get(name)
    if letter := options.letter_of(value):
        row.repairs.add("option_letter")
        return [letter]
    if isinstance(value, dict) and isinstance(value.get("text"), list):  # SQuAD's {"text", "answer_start"}
        for key in value:
            if key != "text" and is_filled(value[key]):
                row.leave(f"{row.column(name)}[].{key}")
        value = value["text"]
    elif not _is_plural(row, name) and not _is_single(value):
        return [text(row, name)]
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return list(dict.fromkeys(value))
    return [text(row, name)]


def _is_single(value: object) -> bool:
    """Return whether a list holds nothing but one text."""
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], str)


def _thought_texts(row: SourceRow, name: str) -> list[str]:
    """Return the reasoning: a text, a list of steps, or a list of whole ways to the answer."""
    value = row.get(name)
    if not isinstance(value, list):
        return [text(row, name)]
    items = [item for item in value if is_filled(item)]
    if any(
        isinstance(item, dict) and any(isinstance(part, list) for part in item.values()) for item in items
    ):
        return [_way(row, name, item) for item in items]
    steps = [_step(row, name, item, _STEPS) for item in items]
    return steps if "traject" in row.column(name).lower() else ["\n".join(steps)]


def _way(row: SourceRow, name: str, item: Any) -> str:
    """Return one of several ways to the answer: the steps in the list that it holds."""
    if not isinstance(item, dict):
        return _step(row, name, item, _STEPS)
    key = next(key for key, value in item.items() if isinstance(value, list))
    _leave_others(row, name, item, (key,))
    return "\n".join(_step(row, name, step, _STEPS) for step in item[key])


def _step(row: SourceRow, name: str, item: Any, keys: tuple[str, ...]) -> str:
    if isinstance(item, dict):
        key = next((key for key in keys if isinstance(item.get(key), str)), "")
        if key:
            _leave_others(row, name, item, (key,))
            return str(item[key])
    if not isinstance(item, str):
        raise Reject("not_text", f"an item of {name} is {kind(item)}")
    return item


def _leave_others(row: SourceRow, name: str, item: dict[str, Any], read: tuple[str, ...]) -> None:
    for key, value in item.items():
        if key not in read and is_filled(value):
            row.leave(f"{row.column(name)}[].{key}")


def _of_attempts(row: SourceRow, name: str) -> list[Turn]:
    """Return the attempts that are correct, where a column says so, else all of them."""
    items = row.get(name)
    verdicts = _verdicts(row, name)
    are_rated = all(isinstance(item, dict) for item in items)
    if not verdicts and len(items) > 1 and are_rated and not row.reading.every:
        raise Reject("several_answers", f"{name} holds {len(items)}")
    turns: list[Turn] = []
    for item, is_right in zip(items, verdicts or [True] * len(items), strict=True):
        turn = _attempt(row, name, item) if is_right else None
        if turn is not None and turn not in turns:
            turns.append(turn)
    if not turns:
        raise Reject("none_correct", f"{name} holds {len(items)}")
    if len(items) > 1 and not (row.reading.every and not verdicts):
        row.leave(f"{row.column(name)}[].others")
    return turns


def _attempt(row: SourceRow, name: str, item: Any) -> Turn:
    if not isinstance(item, dict):
        return Turn("assistant", _step(row, name, item, ()))
    texts = [key for key, value in item.items() if isinstance(value, str) and is_filled(value)]
    content = next((key for key in _TEXTS if key in texts), "")
    thought = next((key for key in _THOUGHTS if key in texts), "")
    if not content:
        raise Reject("not_text", f"an item of {name} has no text")
    _leave_others(row, name, item, (content, thought))
    return Turn("assistant", item[content], thinking=item[thought] if thought else None)


def _verdicts(row: SourceRow, attempts: str) -> list[bool]:
    """Return for each attempt whether it is correct; empty where no column says so.

    One of several columns that says yes is enough; an attempt that is called incomplete is not correct.
    """
    count = len(row.peek(attempts))
    right: list[list[bool]] = []
    complete: list[list[bool]] = []
    for name in row.names.column:
        value = row.peek(name)
        if (
            isinstance(value, list)
            and len(value) == count
            and judges_generations(name)
            and any(map(_is_truth, value))
        ):
            row.get(name)
            (complete if "complete" in name else right).append([item in (True, 1, "true") for item in value])
    if not right:
        return []
    return [
        any(votes) and all(whole[at] for whole in complete)
        for at, votes in enumerate(zip(*right, strict=True))
    ]


def _is_truth(value: object) -> bool:
    return isinstance(value, bool) or value in (0, 1, "true", "false")


def _is_plural(row: SourceRow, name: str) -> bool:
    """Return whether a column is called as one that holds a list of answers."""
    return row.column(name).lower().endswith("s")
