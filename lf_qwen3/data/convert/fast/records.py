"""Write clean rows as records, and hash them, without building a conversation."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from xxhash import xxh3_64
from xxhash import xxh3_64_intdigest as _hash

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.convert.fast.rows import CleanRow
from lf_qwen3.data.convert.formats import (
    OPENING,
    Format,
    Turns,
    WrittenRecord,
    context_of,
)
from lf_qwen3.data.convert.keys import fold, keys_of, prompt_of
from lf_qwen3.data.convert.turn_items import GPT, HUMAN
from lf_qwen3.qwen3.thinking import frame

_FIRST, _THEN_GPT, _THEN_HUMAN = OPENING + HUMAN, b"}," + GPT, b"}," + HUMAN
_NO_CONTEXT = context_of("", "")
_LINE = orjson.OPT_APPEND_NEWLINE

HashedRecord = tuple[bytes, bool, bool, int, int, int]
"""A line, whether it thinks and has a history, and its `Keys`: unnamed, to name them takes time."""


def hash_records(question: str, records: Sequence[WrittenRecord], seed: int) -> list[HashedRecord]:
    """Hash the records of any conversation."""
    keys = keys_of(question, records, seed)
    return [
        (record.line, record.thinking, record.history, *own)
        for record, own in zip(records, keys, strict=True)
    ]


def write_clean(row: CleanRow, form: Format, turns: Turns, seed: int) -> list[HashedRecord]:
    """Write and hash the records of a clean row, as `Format.write` and `hash_records` would."""
    texts, thinking, system = row
    if form.name != "sharegpt":
        steps = [Turn("assistant" if at % 2 else "user", text) for at, text in enumerate(texts)]
        steps[-1].thinking = thinking or None
        return hash_records(texts[0], form.encode(Conversation(steps, system), turns), seed)
    if len(texts) > 2:
        return _write_dialogue(texts, system, turns, seed)
    question, answer = texts
    messages = [
        {"from": "human", "value": question},
        {"from": "gpt", "value": frame(thinking, answer) if thinking else answer},
    ]
    line = orjson.dumps({"conversations": messages, "system": system, "tools": ""}, option=_LINE)
    folded = fold(question)
    context = context_of(system, "") if system else _NO_CONTEXT
    prompt = _hash(prompt_of(folded, bool(thinking)) + context)
    return [(line, bool(thinking), False, _hash(folded, seed), prompt, _hash(line, seed))]


def _write_dialogue(texts: Sequence[str], system: str, turns: Turns, seed: int) -> list[HashedRecord]:
    """Write a dialogue of several answers; a prompt's hash continues from that of the one before."""
    pieces: list[bytes] = []
    for at, text in enumerate(texts):
        pieces += (_THEN_GPT if at % 2 else _THEN_HUMAN, orjson.dumps(text))
    pieces[0] = _FIRST
    closing = b'}],"system":%b,"tools":""}\n' % orjson.dumps(system)
    folded = fold(texts[0])
    question = _hash(folded, seed)
    before = xxh3_64(prompt_of(folded, thinking=False) + context_of(system, ""))
    records: list[HashedRecord] = []
    for end in range(4, len(pieces) + 1, 4):  # a question and its answer are four pieces
        if turns == "unroll" or end == len(pieces):
            line = b"".join((*pieces[:end], closing))
            records.append((line, False, False, question, before.intdigest(), _hash(line, seed)))
        before.update(b"".join(pieces[end - 2 : end + 2]))
    return records
