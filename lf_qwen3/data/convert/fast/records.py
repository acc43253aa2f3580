"""Write clean rows as records, and hash them, without building a conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import orjson
from xxhash import xxh3_64
from xxhash import xxh3_64_intdigest as _hash

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.convert.formats import (
    OPENING,
    FormatName,
    Turns,
    WrittenRecord,
    context_of,
    encode_alpaca,
)
from lf_qwen3.data.convert.keys import fold, keys_of, prompt_of
from lf_qwen3.data.convert.turn_items import GPT, HUMAN
from lf_qwen3.qwen3.thinking import frame_json

Buffer = bytes | memoryview
"""JSON text."""

_CLOSING = b'}],"system":"","tools":""}\n'
_FIRST, _THEN_GPT, _THEN_HUMAN = OPENING + HUMAN, b"}," + GPT, b"}," + HUMAN
_THINKING, _PLAIN = (prompt_of(b"", thinking) + context_of("", "") for thinking in (True, False))
"""What follows a folded question in the hash of its prompt."""


HashedRecord = tuple[bytes, bool, bool, int, int, int]
"""A line, whether it thinks and has a history, and its `Keys`: unnamed, to name them takes time."""


class FastFormat(NamedTuple):
    """How clean rows become the records of a format, as its `encode` and `keys_of` would make them.

    `copied` takes a question, its thinking and its answer as JSON strings; `dialogue` the texts of user and
    assistant in turn, without thinking, and the seed of the keys.
    """

    copied: Callable[[Buffer, Buffer, Buffer], bytes]
    dialogue: Callable[[Sequence[str], Turns, int], list[HashedRecord]]


def hash_copied(question: str, line: bytes, seed: int) -> HashedRecord:
    """Hash the record of one question, one reasoned answer and nothing else."""
    folded = fold(question)
    prompt = _hash(folded + _THINKING)
    return line, True, False, _hash(folded, seed), prompt, _hash(line, seed)


def hash_records(question: str, records: Sequence[WrittenRecord], seed: int) -> list[HashedRecord]:
    """Hash the records of any conversation."""
    keys = keys_of(question, records, seed)
    return [
        (record.line, record.thinking, record.history, *own)
        for record, own in zip(records, keys, strict=True)
    ]


def _copied_sharegpt(question: Buffer, thinking: Buffer, answer: Buffer) -> bytes:
    framed = frame_json(thinking, answer)
    return b"".join((_FIRST, question, _THEN_GPT, *framed, _CLOSING))


def _copied_alpaca(question: Buffer, thinking: Buffer, answer: Buffer) -> bytes:
    framed = frame_json(thinking, answer)
    head, middle, tail = b'{"instruction":', b',"input":"","output":', b',"system":"","history":[]}\n'
    return b"".join((head, question, middle, *framed, tail))


def _plain_sharegpt(texts: Sequence[str], turns: Turns, seed: int) -> list[HashedRecord]:
    """Write and hash the records of a dialogue; a prompt's hash goes on from that of the one before."""
    pieces: list[bytes] = []
    for at, text in enumerate(texts):
        pieces += (_THEN_GPT if at % 2 else _THEN_HUMAN, orjson.dumps(text))
    pieces[0] = _FIRST
    folded = fold(texts[0])
    question = _hash(folded, seed)
    if len(texts) == 2:
        line = b"".join((*pieces, _CLOSING))
        return [(line, False, False, question, _hash(folded + _PLAIN), _hash(line, seed))]
    before = xxh3_64(folded + _PLAIN)
    records: list[HashedRecord] = []
    for end in range(4, len(pieces) + 1, 4):  # a question and its answer are four pieces
        if turns == "unroll" or end == len(pieces):
            line = b"".join((*pieces[:end], _CLOSING))
            records.append((line, False, False, question, before.intdigest(), _hash(line, seed)))
        before.update(b"".join(pieces[end - 2 : end + 2]))
    return records


def _plain_alpaca(texts: Sequence[str], turns: Turns, seed: int) -> list[HashedRecord]:
    steps = [Turn("assistant" if at % 2 else "user", text) for at, text in enumerate(texts)]
    return hash_records(texts[0], encode_alpaca(Conversation(steps), turns), seed)


FAST_FORMATS: dict[FormatName, FastFormat] = {
    "sharegpt": FastFormat(_copied_sharegpt, _plain_sharegpt),
    "alpaca": FastFormat(_copied_alpaca, _plain_alpaca),
}
