"""Write clean rows as records, and hash them, without building a conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import orjson
from xxhash import xxh3_64_intdigest as _hash

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.convert.formats import GPT, HUMAN, OPENING, FormatName, Turns, encode_alpaca
from lf_qwen3.data.convert.keys import Keys, fold
from lf_qwen3.qwen3.thinking import frame_json

Buffer = bytes | memoryview
"""JSON text."""

_ROLES = (b"assistant", b"user")
_CLOSING = b'}],"system":"","tools":""}\n'
_FIRST, _THEN_GPT, _THEN_HUMAN = OPENING + HUMAN, b"}," + GPT, b"}," + HUMAN


class FastFormat(NamedTuple):
    """How clean rows become records of a format.

    `copied` takes a question, its thinking and its answer as JSON strings; `dialogue` the texts of user and
    assistant in turn, and also counts the records.
    """

    copied: Callable[[Buffer, Buffer, Buffer], bytes]
    dialogue: Callable[[Sequence[str], Turns], tuple[bytes, int]]


def keys_of_copied(question: str, record: bytes, seed: int) -> Keys:
    """Hash a conversation of one question, one reasoned answer and nothing else, as `keys_of` would."""
    folded = fold(question)
    return Keys(_hash(folded, seed), _hash(folded + b"\0thinking"), _hash(record, seed))


def keys_of_dialogue(texts: Sequence[str], records: bytes, seed: int) -> Keys:
    """Hash a dialogue of user and assistant in turn, without thinking, as `keys_of` would."""
    folded = fold(texts[0])
    prompt = folded + b"\0plain"
    if len(texts) > 2:
        between = [
            b"\0\0",
            *(b"\0%b\0%b" % (_ROLES[at % 2], text.encode()) for at, text in enumerate(texts[1:-1])),
        ]
        prompt += b"".join(between)
    return Keys(_hash(folded, seed), _hash(prompt), _hash(records, seed))


def _copied_sharegpt(question: Buffer, thinking: Buffer, answer: Buffer) -> bytes:
    """Write the record of one question out of JSON strings, as `encode_sharegpt` would."""
    framed = frame_json(thinking, answer)
    return b"".join((_FIRST, question, _THEN_GPT, *framed, _CLOSING))


def _copied_alpaca(question: Buffer, thinking: Buffer, answer: Buffer) -> bytes:
    """Write the record of one question out of JSON strings, as `encode_alpaca` would."""
    framed = frame_json(thinking, answer)
    head, middle, tail = b'{"instruction":', b',"input":"","output":', b',"system":"","history":[]}\n'
    return b"".join((head, question, middle, *framed, tail))


def _plain_sharegpt(texts: Sequence[str], turns: Turns) -> tuple[bytes, int]:
    """Write the records of a dialogue without thinking, as `encode_sharegpt` would, and count them."""
    pieces: list[bytes] = []
    for at, text in enumerate(texts):
        pieces += (_THEN_GPT if at % 2 else _THEN_HUMAN, orjson.dumps(text))
    pieces[0] = _FIRST
    if turns != "unroll" or len(texts) == 2:
        pieces.append(_CLOSING)
        return b"".join(pieces), 1
    lines: list[bytes] = []
    for end in range(4, len(pieces) + 1, 4):  # a question and its answer are four pieces
        lines += (*pieces[:end], _CLOSING)
    return b"".join(lines), len(texts) // 2


def _plain_alpaca(texts: Sequence[str], turns: Turns) -> tuple[bytes, int]:
    """Write the records of a dialogue without thinking, as `encode_alpaca` would, and count them."""
    steps = [Turn("assistant" if at % 2 else "user", text) for at, text in enumerate(texts)]
    records = encode_alpaca(Conversation(steps), turns)
    return b"".join([record.line for record in records]), len(records)


FAST_FORMATS: dict[FormatName, FastFormat] = {
    "sharegpt": FastFormat(_copied_sharegpt, _plain_sharegpt),
    "alpaca": FastFormat(_copied_alpaca, _plain_alpaca),
}
