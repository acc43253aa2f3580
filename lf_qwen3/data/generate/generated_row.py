"""A row that a model wrote: messages as convert takes them, with their provenance, nothing left to repair."""

from __future__ import annotations

from typing import Any

import orjson

from lf_qwen3.base.conversation import Turn
from lf_qwen3.data import converters
from lf_qwen3.data.convert.conversations import choose_rules, convert_row
from lf_qwen3.data.converters.source_row import SourceRow
from lf_qwen3.data.generate.questions import SourceQuestion
from lf_qwen3.data.provenance import PROVENANCE, Provenance

CONVERTER = "messages"


def write_row(
    question: SourceQuestion, thinking: str | None, answer: str, origin: Provenance | None
) -> bytes:
    """Return one line of `rows.jsonl`, as convert would leave it; a row of a person has no `origin`.

    Raises `Reject` with the code of the rule that the row breaks.
    """
    messages = [{"role": "system", "content": question.system}] if question.system else []
    messages += [_message(turn) for turn in (*question.turns, Turn("assistant", answer, thinking))]
    converter = converters.get(CONVERTER).convert
    conversation = next(convert_row(SourceRow({"messages": messages}), converter, choose_rules(False)))
    messages = [{"role": "system", "content": conversation.system}] if conversation.system else []
    messages += [_message(turn) for turn in conversation.turns]
    row: dict[str, Any] = {"messages": messages} | ({PROVENANCE: origin} if origin else {})
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def _message(turn: Turn) -> dict[str, str]:
    reasoning = {"reasoning_content": turn.thinking} if turn.thinking else {}
    return {"role": turn.role, **reasoning, "content": turn.content}
