"""The think frame: written and read here, as an inverse pair, and nowhere else.

The canonical frame is the one Qwen3's own chat template renders and the only one LLaMA-Factory can
take away again (`ReasoningTemplate.remove_thought` needs the newlines):

    <think>\\n{thinking}\\n</think>\\n\\n{answer}

A turn without reasoning carries no tag at all: the `qwen3` template adds the empty block itself.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lf_qwen3.errors import Reject

OPEN = "<think>"
CLOSE = "</think>"
WHITESPACE = " \t\r\n\f\v"

_HEAD = f"{OPEN}\n"
_SEAM = f"\n{CLOSE}\n\n"
_TAG = re.compile(r"<(?P<slash>/?)think(?:ing)?\s*>|<\|(?P<word>begin|end)_of_thought\|>", re.IGNORECASE)
_SOLUTION = re.compile(r"<\|(?:begin|end)_of_solution\|>")


class Split(NamedTuple):
    """An assistant text taken apart; `repair` is the code of what was not canonical, or None."""

    thinking: str | None
    answer: str
    repair: str | None = None


def frame(thinking: str | None, answer: str) -> str:
    """Write one assistant text; no thinking means no tag."""
    return answer if thinking is None else f"{_HEAD}{thinking}{_SEAM}{answer}"


def has_tag(text: str) -> bool:
    """Tell whether a think tag of any spelling stands in `text`."""
    return "<" in text and _TAG.search(text) is not None


def split(text: str) -> Split:
    """Take an assistant text apart, mending what can be mended without guessing.

    Inverse of `frame` for canonical texts. Raises `Reject` (think_unclosed, think_nested,
    think_not_first, think_several) where the parts cannot be told.
    """
    if "<" not in text:
        return Split(None, text.strip(WHITESPACE))
    text = _SOLUTION.sub("", text)
    tags = list(_TAG.finditer(text))
    if not tags:
        return Split(None, text.strip(WHITESPACE))
    if len(tags) == 1 and _closes(tags[0]):
        return _made(text[: tags[0].start()], text[tags[0].end() :], "think_open_missing")
    _require_pairs(tags)
    if text[: tags[0].start()].strip():
        raise Reject("think_not_first", _excerpt(text))
    answer = text[tags[-1].end() :]
    blocks = [text[a.end() : b.start()] for a, b in zip(tags[::2], tags[1::2], strict=True)]
    if len(blocks) == 1:
        plain_tags = (tags[0][0], tags[1][0]) == (OPEN, CLOSE)
        found = _made(blocks[0], answer, "think_whitespace" if plain_tags else "think_tag_renamed")
        is_canonical = found.thinking is not None and text == frame(found.thinking, found.answer)
        return found._replace(repair=None) if is_canonical else found
    between = [text[a.end() : b.start()] for a, b in zip(tags[1::2], tags[2::2], strict=False)]
    if any(gap.strip() for gap in between):
        raise Reject("think_several", f"{len(blocks)} blocks with text between them")
    filled = [block.strip(WHITESPACE) for block in blocks]
    return _made("\n\n".join(block for block in filled if block), answer, "think_merged")


def join_column(thinking: str, answer: str) -> Split:
    """Bring a thinking column and its answer column together.

    Tags around the column's text are taken off; a blank column means a plain turn. Raises `Reject`
    (think_nested, think_twice) when tags are left inside, or the answer brings another reasoning.
    """
    repair: str | None = None
    if has_tag(thinking):
        thinking, repair = _untagged(thinking), "think_column_tags"
    thinking = thinking.strip(WHITESPACE)
    if has_tag(answer):
        inner = split(answer)
        if thinking and inner.thinking not in (None, thinking):
            raise Reject("think_twice", _excerpt(inner.thinking or ""))
        thinking = thinking or inner.thinking or ""
        answer, repair = inner.answer, "think_twice_same"
    answer = answer.strip(WHITESPACE)
    return Split(thinking or None, answer, repair)


def _made(thinking: str, answer: str, repair: str) -> Split:
    thinking = thinking.strip(WHITESPACE)
    if not thinking:
        return Split(None, answer.strip(WHITESPACE), "think_empty")
    return Split(thinking, answer.strip(WHITESPACE), repair)


def _closes(tag: re.Match[str]) -> bool:
    return tag["slash"] == "/" or (tag["word"] or "").lower() == "end"


def _require_pairs(tags: list[re.Match[str]]) -> None:
    is_open = False
    for tag in tags:
        if _closes(tag) != is_open:
            raise Reject("think_nested" if is_open else "think_several", f"at character {tag.start()}")
        is_open = not is_open
    if is_open:
        raise Reject("think_unclosed", f"opened at character {tags[-1].start()}")


def _untagged(thinking: str) -> str:
    tags = list(_TAG.finditer(thinking))
    start, stop = 0, len(thinking)
    if not _closes(tags[0]) and not thinking[: tags[0].start()].strip():
        start = tags.pop(0).end()
    if tags and _closes(tags[-1]) and not thinking[tags[-1].end() :].strip():
        stop = tags.pop().start()
    if tags:
        raise Reject("think_nested", f"in the thinking column, at character {tags[0].start()}")
    return thinking[start:stop]


def _excerpt(text: str, width: int = 40) -> str:
    return text[:width] + ("…" if len(text) > width else "")
