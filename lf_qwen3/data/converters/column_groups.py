"""Columns that belong together by their names: a reasoning with its answer, the options of a question.

Names are in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lf_qwen3.data.converters.roles import BESIDE

_THOUGHTS = (
    *("thinking_trajectories", "thinking_trajectory", "reasoning_trajectory", "reasoning_content"),
    *("chain_of_thought", "reasoning_trace", "thinking_trace", "reasoning_process", "thinking_process"),
    *("trajectories", "trajectory", "reasoning", "thinking", "thoughts", "thought", "think", "rationale"),
    *("cot", "思考", "推理"),
)
_ANSWERS = (
    *("attempts", "attempt", "final_answer", "solution", "answer", "response", "completion", "output"),
    *("reply", "content", "回答", "答案"),
)
_FIRST = ("deepseek", "r1")
"""The models whose reasoning goes before another's: sets add theirs later, as the better one."""
_UNWANTED = ("reject", "chosen", "incorrect", "wrong", "bad", "negative", "worse", "losing", "loser")
_OPTION = re.compile(
    r"(?P<family>|options?|choices?|op|opt|ending|选项)[ _-]?(?P<mark>[a-j]|\d{1,2})", re.ASCII
)
_MEDIA = re.compile(
    r"(?:(?:input|question|query|prompt|source|original|main|raw|user|local)_)?"
    r"(?:image|img|picture|pic|photo|video|audio|screenshot|图片|图像)s?"
    r"(?:_?(?:paths?|urls?|uris?|files?|filename|name|base64|b64|bytes|data|list))?"
)

_VERDICT = re.compile(r"correct|verif|passed|accepted|is_valid|complete")


def reasoning_pairs(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the columns (reasoning, answer) of each model, such as gemini_thinking and gemini_attempt.

    Their names are the same but for the word that says which of the two they are. A pair that is called
    rejected, or chosen, is none.
    """
    names = list(names)
    answers: dict[str, str] = {}
    for name in names:
        if model := _model(name, _ANSWERS):
            answers.setdefault(model, name)
    pairs: dict[str, tuple[str, str]] = {}
    for name in names:
        model = _model(name, _THOUGHTS)
        if model in answers and not model.startswith(_UNWANTED):
            pairs.setdefault(model, (name, answers[model]))
    return tuple(pairs[model] for model in sorted(pairs, key=lambda model: not model.startswith(_FIRST)))


def option_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that hold an option each, in order: A, B, C; choice1, choice2; opa, opb.

    Their marks follow one another from a, 0 or 1 on; one alone is not an option.
    """
    families: dict[tuple[str, bool], dict[int, str]] = {}
    for name in names:
        match = _OPTION.fullmatch(name)
        if match and (match["family"] or match["mark"].isalpha()):
            is_number = match["mark"].isdigit()
            place = int(match["mark"]) if is_number else ord(match["mark"]) - ord("a")
            families.setdefault((match["family"], is_number), {})[place] = name
    runs = [_run(columns, 1 if is_number else 0) for (_, is_number), columns in families.items()]
    return max(runs, key=len, default=())


def judges_generations(name: str) -> bool:
    """Return whether a column says which of several answers are correct, or whole, by its name."""
    return _VERDICT.search(name) is not None and not name.startswith(_UNWANTED)


def is_media(column: str) -> bool:
    """Return whether a column holds pictures, video or audio, by its name in any case."""
    return _MEDIA.fullmatch(column.lower().replace(" ", "_").replace("-", "_")) is not None


def means_something_beside(name: str) -> bool:
    """Return whether a column means something beside a question and its answer, or beside a dialogue."""
    return name in BESIDE or is_media(name) or _OPTION.fullmatch(name) is not None


def _model(name: str, words: Sequence[str]) -> str:
    """Return a name without the word that it begins or ends with, "" where it has none or nothing else."""
    for word in words:
        if name.endswith(f"_{word}"):
            return name[: -len(word) - 1]
        if name.startswith(f"{word}_"):
            return name[len(word) + 1 :]
    return ""


def _run(columns: dict[int, str], latest_first: int) -> tuple[str, ...]:
    """Return the columns whose places follow one another; none where they begin too late, or are one."""
    first = min(columns)
    last = first
    while last + 1 in columns:
        last += 1
    return (
        tuple(columns[place] for place in range(first, last + 1))
        if first <= latest_first and last > first
        else ()
    )
