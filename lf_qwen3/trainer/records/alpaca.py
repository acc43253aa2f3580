"""Formatting alpaca: instruction, input, output and history (AlpacaDatasetConverter)."""

from __future__ import annotations

from lf_qwen3.base.conversation import Row
from lf_qwen3.trainer.records.record import (
    Aligned,
    BrokenRowError,
    Message,
    Names,
    kto_answers,
    message,
    require_text,
)


def align(names: Names, row: Row) -> Aligned:
    """Return prompt and answers; the question is the prompt and the query column, joined by a line end."""
    prompt: list[Message] = []
    history = names.column(row, "history")
    for pair in history if isinstance(history, list) else ():
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise BrokenRowError("history holds an item that is not a pair of texts", stops=True)
        prompt += message("user", pair[0]), message("assistant", pair[1])
    query = [text for name in ("prompt", "query") if (text := names.column(row, name))]
    prompt.append(message("user", "\n".join(require_text(text, "the question") for text in query)))
    return Aligned(prompt, _answers(names, row), names.column(row, "system"), names.column(row, "tools"))


def _answers(names: Names, row: Row) -> list[Message]:
    response = names.column(row, "response")
    if isinstance(wanted := names.column(row, "kto_tag"), bool):
        return kto_answers(wanted, [message("assistant", response)])
    if names.is_ranking and (pair := names.pair(row, str)):
        return [message("assistant", text) for text in pair]
    return [message("assistant", response)] if isinstance(response, str) else []
