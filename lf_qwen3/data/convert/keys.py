"""What makes two records the same question, the same prompt or the same answer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson
from xxhash import xxh3_64_intdigest as _hash

from lf_qwen3.base.errors import Reject
from lf_qwen3.data.convert.formats import WrittenRecord
from lf_qwen3.qwen3.thinking import Split, split

_BLANKS = b" \t\r\n\f\v"
_LOWER = bytes(range(256)).lower()
_WIDE = re.compile("[\uff01-\uff5e\u3000]")
"""Full-width ASCII and the ideographic space: what NFKC folds in Chinese text, at a fifth of its time."""
_is_plain = re.compile(
    "[\0-\x7f\u2010-\u2027\u3001-\u3029\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff]*"
).fullmatch
"""ASCII and characters that neither NFC nor case folding change, in a tenth of their time: Chinese, kana."""
_MARKS = tuple((mark, chr(ord(mark) - 0xFEE0)) for mark in "，？！：；（）")


class Keys(NamedTuple):
    """64-bit hashes, the same on every machine; `question` and `answer` depend on the seed."""

    question: int
    prompt: int
    answer: int


class AnswerKeys(NamedTuple):
    """Hashes of a learnt answer after `fold`: with its reasoning, and without it."""

    whole: int
    answer: int


def fold(text: str) -> bytes:
    """Normalise a text for comparison: full-width forms, letter case and white space do not count."""
    if text.isascii():
        return text.encode().translate(_LOWER, _BLANKS)
    for mark, plain in _MARKS:
        text = text.replace(mark, plain)
    if _is_plain(text):
        return text.encode().translate(_LOWER, _BLANKS)
    text = unicodedata.normalize("NFC", _WIDE.sub(_narrow, text) if _WIDE.search(text) else text)
    return text.casefold().encode("utf-8", "surrogatepass").translate(None, _BLANKS)


def keys_of(question: str, records: Iterable[WrittenRecord], seed: int) -> list[Keys]:
    """Hash the records of a conversation for splitting (question) and for duplicates (prompt and answer).

    `question` is the first question: it is folded, and what else is before the learnt answer counts as
    it is written. A thinking and a plain answer count as different prompts, for they teach different modes.
    The same line means the same answer; whether others do is for `answer_keys` to say.
    """
    folded = fold(question)
    own = _hash(folded, seed)
    return [
        Keys(own, _hash(prompt_of(folded, record.thinking) + record.before), _hash(record.line, seed))
        for record in records
    ]


def prompt_of(question: bytes, thinking: bool) -> bytes:
    """Return what a prompt's hash begins with: the folded question and the kind; `before` follows."""
    return question + (b"\0thinking\0" if thinking else b"\0plain\0")


def answer_keys(line: bytes) -> AnswerKeys:
    """Hash the learnt answer of a record of either format, to tell whether two differ in form only.

    A preference record has two answers, the chosen and the rejected one: both count. Of KTO data `whole`
    holds the label, and `answer` the reasoning, which the label judges too.
    """
    record = orjson.loads(line)
    texts = [record[key] for key in ("output", "chosen", "rejected") if key in record]
    answers = list(map(_parts, texts or record["conversations"][-1:]))
    label = record.get("kto_tag")
    if label is not None:
        return AnswerKeys(_hash(fold_answers(answers, label)), _hash(fold_answers(answers)))
    return AnswerKeys(
        _hash(fold_answers(answers)), _hash(b"\0".join(fold(parts.answer) for parts in answers))
    )


def fold_answers(answers: Iterable[Split], label: bool | None = None) -> bytes:
    """Fold learnt answers with their reasoning, and their label in KTO data; none is not the same as any."""
    return fold_whole(((fold(parts.answer), parts) for parts in answers), label)


def fold_whole(answers: Iterable[tuple[bytes, Split]], label: bool | None = None) -> bytes:
    """Return what `fold_answers` does, of answers that are folded already, each with its origin."""
    folded = b"\0".join(
        answer if parts.thinking is None else answer + b"\1" + fold(parts.thinking)
        for answer, parts in answers
    )
    return folded if label is None else b"%b\0%d" % (folded, label)


def _parts(answer: Any) -> Split:
    """Take an alpaca text or a sharegpt turn apart; calls, and what cannot be split, are all answer."""
    text: str = answer if isinstance(answer, str) else answer["value"]
    if text is not answer and answer["from"] != "gpt":
        return Split(None, text)
    try:
        return split(text)
    except Reject:
        return Split(None, text)


def _narrow(wide: re.Match[str]) -> str:
    return " " if wide[0] == "\u3000" else chr(ord(wide[0]) - 0xFEE0)
