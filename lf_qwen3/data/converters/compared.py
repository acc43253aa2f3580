"""Two numbered answers to one question, and a column that says which of them is better."""

from __future__ import annotations

import re

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import PAIRS, converter
from lf_qwen3.data.converters._columns import CONTEXT
from lf_qwen3.data.converters.preference import read_pair
from lf_qwen3.data.converters.roles import INPUTS, QUESTIONS, TASKS
from lf_qwen3.data.converters.source_row import SourceRow

_STEMS = ("response", "answer", "output", "completion", "conversation", "model_response", "summary")
_ENDS = (("a", "b"), ("0", "1"), ("1", "2"))
_SIDES = {
    (f"{stem}{joint}{first}", f"{stem}{joint}{second}"): (first, second)
    for stem in _STEMS
    for joint in ("_", "")
    for first, second in _ENDS
}
"""The names of two answers, and what tells them apart."""
_SCORES = {ends: (f"score_{ends[0]}", f"score_{ends[1]}") for ends in _ENDS}
VERDICTS = (
    *("better_response_id", "preference", "human_preference", "preferred", "preferred_response", "winner"),
    *("better", "better_response", "choice", "chosen", "judgement", "judgment", "verdict", "label"),
)
_NAMED = re.compile(rf"(?:(?:{'|'.join(_STEMS)}|model|assistant|option|candidate|system)[ _-]?)?(\w)")
_NUMBERED = tuple(zip(*_SIDES, strict=True))


def _is_told(row: SourceRow) -> bool:
    return _better_and_worse(row) is not None


@converter(
    "compared",
    needs=[*_NUMBERED, (*VERDICTS, *(name for names in _SCORES.values() for name in names))],
    may=(*QUESTIONS, *TASKS, *INPUTS, *CONTEXT),
    precedence=PAIRS,
    recognise=_is_told,
)
def convert(row: SourceRow) -> Conversation:
    """Take the answer that the row calls better, by its number or letter or by its score, as the chosen one.

    Raises `Reject` ("ranks_unfit") where neither is: a tie, or a verdict of another kind.

    {"prompt": "Name a prime.", "response_0": "9", "response_1": "7", "better_response_id": 1}
    """
    names = _better_and_worse(row)
    if names is None:
        raise Reject("ranks_unfit", next((row.column(name) for name in VERDICTS if name in row), "score"))
    return read_pair(row, *names)


def _better_and_worse(row: SourceRow) -> tuple[str, str] | None:
    """Return the columns of the better and of the worse answer, None where the row does not tell."""
    for (first, second), ends in _SIDES.items():
        if first not in row or second not in row:
            continue
        place = _by_verdict(row, ends, (first, second))
        if place is None:
            place = _by_scores(row, ends)
        if place is not None:
            return (second, first) if place else (first, second)
    return None


def _by_verdict(row: SourceRow, ends: tuple[str, str], names: tuple[str, str]) -> int | None:
    """Return which of two answers the first verdict names: by its end, such as `b` or `model_b`."""
    name = next((name for name in VERDICTS if name in row), "")
    value = row.peek(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    said = (value if isinstance(value, str) else f"{value:g}").strip().lower()
    named = _NAMED.fullmatch(said)
    places = [at for at, end in enumerate(ends) if said == names[at] or (named and named[1] == end)]
    if places:
        row.get(name)
    return places[0] if places else None


def _by_scores(row: SourceRow, ends: tuple[str, str]) -> int | None:
    scores = [row.peek(name) for name in _SCORES[ends]]
    if not all(isinstance(score, int | float) for score in scores) or scores[0] == scores[1]:
        return None
    for name in _SCORES[ends]:
        row.get(name)
    return int(scores[1] > scores[0])
