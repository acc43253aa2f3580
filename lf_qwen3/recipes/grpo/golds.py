r"""Gold answers for GRPO: where they are in an answer, and what a reward function makes of them.

A gold answer goes out as `\boxed{...}`, since ms-swift and TRL read a bare `2,3` as 2.3 and a bare `(1,2)` as
nothing. math-verify (the extra `math`) says whether it counts as right against itself.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lf_qwen3.base import math_answers
from lf_qwen3.data.generate.matching import find_final

LONGEST = 120
"""Characters of a gold answer; a longer text is not a short answer."""

_TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_COMMAND = re.compile(r"\\[A-Za-z]+")
_PHRASE = re.compile(r"[^\W\d_]{2,}[^\n]*\s[^\n]*[^\W\d_]{2,}|[。，；！？]|(?:[^\W\d_]\W*){16,}")
_WORDS = re.compile(r"[A-Za-z]{2,}")


class Gold(NamedTuple):
    """A gold answer, and its `doubt`: what a reader should know of it, "" if nothing."""

    text: str
    doubt: str = ""

    @property
    def boxed(self) -> str:
        r"""The answer as math-verify is to read it; a word as \text{}, or `Pairs` would be `Paris`."""
        return f"\\boxed{{\\text{{{self.text}}}}}" if _is_word(self.text) else f"\\boxed{{{self.text}}}"


class NoGoldError(Exception):
    """An answer holds no gold answer that a function can judge; the text says why."""


def find_gold(answer: str) -> str:
    r"""Return the short answer inside an answer without its thinking.

    It is what is in `<answer>` tags, or what `data.generate.matching.find_final` finds, where that is no
    phrase. Raises `NoGoldError`.
    """
    tagged = _TAGGED.search(answer)
    gold = find_final(tagged[1] if tagged else answer)
    is_phrase = gold and ("\\boxed" in gold or _PHRASE.search(_COMMAND.sub("", gold)))
    if not gold or is_phrase or len(gold) > LONGEST:
        raise NoGoldError("it contains no short answer")
    return gold


def judge_gold(text: str) -> Gold:
    """Return a gold answer with its doubt.

    Raises `NoGoldError` for one that does not count as right against itself. Without math-verify only
    words are distinguished from mathematics.
    """
    if _is_word(text):
        return Gold(text, "a word, which a reward for mathematics compares letter by letter")
    if not math_answers.is_available():
        return Gold(text)
    reading = math_answers.read_boxed(text)
    if not reading.is_right:
        raise NoGoldError("math-verify does not accept it as equal to itself")
    if not reading.is_same_bare:
        boxed, bare = reading.boxed, reading.bare
        return Gold(text, f"ambiguous: read as {boxed} inside \\boxed{{}}, as {bare} without")
    return Gold(text)


def _is_word(text: str) -> bool:
    return bool(_WORDS.fullmatch(text))
