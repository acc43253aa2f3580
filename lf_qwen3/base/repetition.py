"""Detect a text that ends in a loop: a character, a phrase or a line repeated to the end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

LOOKED_AT = 4096
"""Characters at the end of a text that are looked at; a loop of up to a third of them is seen."""

_RULE_CHARACTERS = frozenset("-=*_#~. ")
_DIGITS = re.compile(r"\d+")
_COUNTED_LETTERS = 6


def find_loop_at_end(text: str) -> str:
    """Return the unit that a text repeats to its end, "" if there is none; time is linear in the tail.

    One character counts from 16 in a row (200 for the characters of rules and leaders, `- = * _ # ~ .`), a
    unit of 2 to 19 characters from 4 copies and 24 characters, a longer one from 3 copies. The last copy may
    be cut. A unit with 6 letters or more also counts where only its numbers change: "3. walk", "4. walk".
    """
    tail = text.rstrip()[-LOOKED_AT:]
    if unit := _loop(tail):
        return unit
    counted = _loop(_DIGITS.sub("0", tail))
    return counted if sum(character.isalpha() for character in counted) >= _COUNTED_LETTERS else ""


def _loop(tail: str) -> str:
    """Return the shortest unit for which the end of `tail` is periodic for long enough."""
    backwards = tail[::-1]
    for period, matched in _prefix_matches(backwards):
        if 2 * matched >= 3 * period and _is_loop(unit := backwards[:period][::-1], period + matched):
            return unit
    return ""


def _is_loop(unit: str, length: int) -> bool:
    """Return whether `length` characters of a repeated unit are a loop, without white space at the end."""
    length += len(unit) - len(unit.lstrip())
    if len(unit) == 1:
        return length >= (200 if unit in _RULE_CHARACTERS else 16)
    if set(unit) <= _RULE_CHARACTERS:
        return length >= 200
    if len(unit) < 20:
        return length >= max(24, 4 * len(unit))
    return length >= 3 * len(unit)


def _prefix_matches(text: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield (shift, how far the text equals itself shifted) up to two fifths of it: the Z algorithm."""
    size = len(text)
    matches, left, right = [0] * size, 0, 0
    for at in range(1, 2 * size // 5 + 1):
        matched = min(right - at, matches[at - left]) if at < right else 0
        while at + matched < size and text[matched] == text[at + matched]:
            matched += 1
        if at + matched > right:
            left, right = at, at + matched
        matches[at] = matched
        yield at, matched
