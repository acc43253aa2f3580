"""What makes two conversations the same question, the same prompt or the same answer."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

import xxhash

from lf_qwen3.types import Conversation

_BLANKS = b" \t\r\n\f\v"
_WIDE = re.compile("[\uff01-\uff5e\u3000]")
"""Full-width ASCII and the ideographic space: what NFKC folds in Chinese text, at a fifth of its time."""


def _narrow(wide: re.Match[str]) -> str:
    return " " if wide[0] == "\u3000" else chr(ord(wide[0]) - 0xFEE0)


class Keys(NamedTuple):
    """64-bit hashes, the same on every machine; `question` and `answer` depend on the seed."""

    question: int
    prompt: int
    answer: int


def fold(text: str) -> bytes:
    """Normalise a text for comparison: full-width forms, letter case and white space do not count."""
    plain = unicodedata.normalize("NFC", _WIDE.sub(_narrow, text)).casefold()
    return plain.encode("utf-8", "surrogatepass").translate(None, _BLANKS)


def keys_of(conversation: Conversation, records: bytes, seed: int) -> Keys:
    """Hash a conversation for splitting (question) and for finding duplicates (prompt and answer).

    The prompt is all that comes before the last answer, system text and tools included; its first question
    is folded. A thinking and a plain answer count as different prompts, for they teach different modes.
    `records` are the conversation's lines: the same lines mean the same answer; whether others do is for
    `folded_answer` to say.
    """
    first, *between, last = conversation.turns
    question = fold(first.content)
    prompt = xxhash.xxh3_64(question)
    prompt.update(b"\0thinking" if last.thinking is not None else b"\0plain")
    for text in (conversation.system, conversation.tools):
        if text:
            prompt.update(b"\0" + text.encode())
    for turn in between:
        prompt.update(f"\0{turn.role}\0{turn.content}{turn.calls}".encode())
    return Keys(
        xxhash.xxh3_64_intdigest(question, seed), prompt.intdigest(), xxhash.xxh3_64_intdigest(records, seed)
    )


def folded_answer(answer: str) -> int:
    """Hash an answer after `fold`, to tell apart answers that differ in more than white space and case."""
    return xxhash.xxh3_64_intdigest(fold(answer))
