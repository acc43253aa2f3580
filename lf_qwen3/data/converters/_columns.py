"""Read one question and its answer from columns, with the dialogue before them if there is one."""

from __future__ import annotations

from collections.abc import Sequence

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters._dialogue import add_columns
from lf_qwen3.data.converters.fields import first_present, kind, optional_text, parse_cell, text
from lf_qwen3.data.converters.roles import INPUTS
from lf_qwen3.data.converters.source_row import SourceRow, is_filled

CONTEXT = ("system", "tools", "history")


def exchange(
    row: SourceRow, *, questions: Sequence[str], answers: Sequence[str], thoughts: Sequence[str] = ()
) -> Conversation:
    """Make a conversation of the first filled column of each kind. Raises `Reject` as the parts do.

    The input (or query) column is joined to the question; history, system and tools are taken along.
    """
    answer = Turn("assistant", text(row, first_present(row, answers)))
    if thoughts:
        answer.thinking = optional_text(row, first_present(row, thoughts)) or None
    return add_columns(Conversation([*prompt(row, questions), answer]), row)


def prompt(row: SourceRow, questions: Sequence[str]) -> list[Turn]:
    """Return the turns of `history`, then the question.

    Question and input are joined by a line end, as LLaMA-Factory does (AlpacaDatasetConverter). Raises
    `Reject` (missing_field, not_text, bad_turns).
    """
    names = first_present(row, questions), first_present(row, INPUTS)
    if all(row.get(name) is None for name in names):
        raise Reject("missing_field", names[0])
    parts = [part for part in (optional_text(row, name) for name in names) if part.strip()]
    return [*_history(row.get("history")), Turn("user", "\n".join(parts))]


def _history(pairs: object) -> list[Turn]:
    """Return the turns of a list of [question, answer] pairs, or of its text; null, "" and [] are none."""
    pairs = parse_cell(pairs)
    if not is_filled(pairs):
        return []
    if not isinstance(pairs, list):
        raise Reject("bad_turns", f"history is {kind(pairs)}")
    turns: list[Turn] = []
    for number, pair in enumerate(pairs, 1):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise Reject("bad_turns", f"history: item {number} is no [question, answer] pair")
        texts = {f"history: question {number}": pair[0], f"history: answer {number}": pair[1]}
        question, answer = (text(texts, name) for name in texts)
        turns += Turn("user", question), Turn("assistant", answer)
    return turns
