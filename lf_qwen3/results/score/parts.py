"""Take a generated text apart into thinking and answer, however broken it is."""

from __future__ import annotations

import re
from typing import NamedTuple

from lf_qwen3.qwen3 import special_tokens
from lf_qwen3.qwen3.thinking import CLOSE, OPEN, has_tag

END = "<|im_end|>"
PAD = "<|endoftext|>"

_FIRST_PLAIN = special_tokens.ADDED_TOKENS.index("<tool_call>")
_SPECIAL = re.compile("|".join(re.escape(token) for token in special_tokens.ADDED_TOKENS[:_FIRST_PLAIN]))
_OPENS = re.compile(rf"^[ \t]*{OPEN}", re.MULTILINE)
_CLOSES_LINE = re.compile(rf"^[ \t]*{CLOSE}|{CLOSE}[ \t]*$", re.MULTILINE)


class Parts(NamedTuple):
    """Where thinking and answer are in `text`: `text[start:stop]` and `text[answer_at:]`.

    All three are 0 where there is no thinking. `opened` and `closed` tell whether the block has that end.
    """

    text: str
    start: int
    stop: int
    answer_at: int
    opened: bool
    closed: bool

    @property
    def thinking(self) -> str:
        """Return the thinking, trimmed; "" if there is none or an empty block."""
        return self.text[self.start : self.stop].strip()

    @property
    def answer(self) -> str:
        """Return the answer, trimmed; "" where the thinking never ends."""
        return self.text[self.answer_at :].strip()

    @property
    def is_unclosed(self) -> bool:
        """Return whether a block begins and does not end."""
        return self.opened and not self.closed


def split_parts(text: str, starts_thinking: bool = False) -> Parts:
    """Find thinking and answer; `starts_thinking` says that the prompt has opened the block already.

    A tag opens a block at the start of a line, so that an answer may mention the tag. Several blocks count
    as one, from the first opening to the last closing; what is before the block is neither part.
    """
    opening = None if starts_thinking or OPEN not in text else _OPENS.search(text)
    start = opening.end() if opening else 0
    if starts_thinking or opening:
        stop = text.rfind(CLOSE, start)
        if stop < 0:
            return Parts(text, start, len(text), len(text), True, False)
        return Parts(text, start, stop, stop + len(CLOSE), True, True)
    closing = list(_CLOSES_LINE.finditer(text)) if CLOSE in text else []
    if not closing:
        return Parts(text, 0, 0, 0, False, False)
    stop = text.find(CLOSE, closing[-1].start())
    return Parts(text, 0, stop, stop + len(CLOSE), False, True)


def is_well_formed(parts: Parts, wants_thinking: bool, may_mention: bool = False) -> bool:
    """Return whether a text has one block, first and whole, or where none is wanted, none or an empty one.

    White space around the tags is free. `may_mention` lets the answer mention the tags.
    """
    before = parts.text[: parts.start].removesuffix(OPEN).strip()
    has_block = parts.opened and parts.closed and not before
    is_clean = not has_tag(parts.thinking) and (may_mention or not has_tag(parts.answer))
    if wants_thinking:
        return has_block and is_clean and bool(parts.thinking)
    return is_clean and not parts.thinking and (has_block or not (parts.opened or parts.closed))


def prompt_opens_thinking(prompt: str) -> bool:
    """Return whether a rendered prompt ends inside a think block."""
    return prompt.rstrip().endswith(OPEN)


def without_special(text: str) -> str:
    """Take out what decoding with `skip_special_tokens: true` takes out; think and tool tags stay."""
    return _SPECIAL.sub("", text) if "<|" in text else text
