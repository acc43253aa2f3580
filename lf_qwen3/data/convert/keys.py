"""What makes two conversations the same question, the same prompt or the same answer."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from xxhash import xxh3_64_intdigest as _hash

from lf_qwen3.base.conversation import Conversation

_BLANKS = b" \t\r\n\f\v"
_LOWER = bytes(range(256)).lower()
_WIDE = re.compile("[\uff01-\uff5e\u3000]")
"""Full-width ASCII and the ideographic space: what NFKC folds in Chinese text, at a fifth of its time."""
_MARKS = tuple((mark, chr(ord(mark) - 0xFEE0)) for mark in "，？！：；（）")


class Keys(NamedTuple):
    """64-bit hashes, the same on every machine; `question` and `answer` depend on the seed."""

    question: int
    prompt: int
    answer: int


def fold(text: str) -> bytes:
    """Normalise a text for comparison: full-width forms, letter case and white space do not count."""
    if text.isascii():
        return text.encode().translate(_LOWER, _BLANKS)
    for mark, plain in _MARKS:
        text = text.replace(mark, plain)
    text = unicodedata.normalize("NFC", _WIDE.sub(_narrow, text) if _WIDE.search(text) else text)
    return text.casefold().encode("utf-8", "surrogatepass").translate(None, _BLANKS)


def keys_of(conversation: Conversation, records: bytes, seed: int) -> Keys:
    """Hash a conversation for splitting (question) and for finding duplicates (prompt and answer).

    The prompt is all that comes before the last answer, system text and tools included; its first question
    is folded. A thinking and a plain answer count as different prompts, for they teach different modes.
    `records` are the conversation's lines: the same lines mean the same answer; whether others do is for
    `folded_answer` to say.
    """
    first, *between, last = conversation.turns
    question = fold(first.content)
    prompt = [question, b"plain" if last.thinking is None else b"thinking"]
    if between or conversation.system or conversation.tools:
        prompt += [conversation.system.encode(), conversation.tools.encode()]
        prompt += [f"{turn.role}\0{turn.content}{turn.calls}".encode() for turn in between]
    return Keys(_hash(question, seed), _hash(b"\0".join(prompt)), _hash(records, seed))


def folded_answer(answer: str) -> int:
    """Hash an answer after `fold`, to tell apart answers that differ in more than white space and case."""
    return _hash(fold(answer))


def _narrow(wide: re.Match[str]) -> str:
    return " " if wide[0] == "\u3000" else chr(ord(wide[0]) - 0xFEE0)
