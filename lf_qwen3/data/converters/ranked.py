"""Several answers to one question with their ranks or scores: the best and the worst make a pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import PAIRS, converter
from lf_qwen3.data.converters._columns import CONTEXT
from lf_qwen3.data.converters._dialogue import add_columns
from lf_qwen3.data.converters.fields import first_present
from lf_qwen3.data.converters.preference import read_prompt
from lf_qwen3.data.converters.roles import INPUTS, QUESTIONS, TASKS
from lf_qwen3.data.converters.source_row import SourceRow

LISTS = ("responses", "answers", "outputs", "completions", "candidates")
RANKS = ("ranks", "rankings", "ranking", "rank")
SCORES = ("scores", "ratings", "rewards", "score", "rating", "reward")
_SEVERAL = tuple(name for name in RANKS + SCORES if name.endswith("s"))


def _has_list(row: SourceRow) -> bool:
    return is_ranked(row, first_present(row, LISTS))


@converter(
    "ranked",
    needs=[QUESTIONS + TASKS + INPUTS, LISTS, _SEVERAL],
    may=(*RANKS, *SCORES, *CONTEXT),
    precedence=PAIRS,
    recognise=_has_list,
)
def convert(row: SourceRow) -> Conversation:
    """Take the answer of rank 1, or of the highest score, and the one at the other end; the rest is left.

    {"prompt": "Name a prime.", "responses": ["9", "7", "one"], "ranks": [3, 1, 2]}
    """
    return read_ranked(row, first_present(row, LISTS))


def is_ranked(row: SourceRow, name: str) -> bool:
    """Return whether a column has several texts, the best first, as in LLaMA-Factory's comparison data."""
    value = row.peek(name)
    return isinstance(value, list) and len(value) > 1 and all(isinstance(item, str) for item in value)


def read_ranked(row: SourceRow, name: str) -> Conversation:
    """Make a pair of the list of answers in the column `name`; without ranks the first is the best.

    Counts the repair `ranked_list`. Raises `Reject`: as `read_prompt` does, not_text for anything but several
    texts, ranks_unfit where they do not tell the answers apart.
    """
    if not is_ranked(row, name):
        raise Reject("not_text", f"{name} is not a list of several texts")
    answers = row.get(name)
    best, worst = _ends(row, len(answers))
    if len(answers) > 2:
        row.leave(f"{row.column(name)}[].others")
    pair = read_prompt(row)
    pair.turns.append(Turn("assistant", answers[best]))
    pair.rejected = Turn("assistant", answers[worst])
    pair.repairs.add("ranked_list")
    return add_columns(pair, row)


def _ends(row: SourceRow, count: int) -> tuple[int, int]:
    """Return the places of the best and of the worst answer."""
    for names, sign in ((RANKS, -1), (SCORES, 1)):
        name = first_present(row, names)
        if isinstance(row.peek(name), list):
            return _ends_of(row.get(name), count, sign, row.column(name))
    return 0, count - 1


def _ends_of(values: Sequence[Any], count: int, sign: int, place: str) -> tuple[int, int]:
    are_numbers = all(isinstance(value, int | float) and value == value for value in values)
    if len(values) != count or not are_numbers or len(set(values)) == 1:
        raise Reject("ranks_unfit", place)
    order = sorted(range(count), key=lambda at: sign * values[at], reverse=True)
    return order[0], order[-1]
