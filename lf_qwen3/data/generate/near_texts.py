"""Texts that are nearly the same: the share of character 5-grams that they have in common, exactly."""

from __future__ import annotations

import re
from collections import Counter

import xxhash

from lf_qwen3.data.convert.keys import fold

NEAR = 0.7
"""Jaccard; from here on two texts count as the same."""

_GRAM = 5
_NUMBER = re.compile(r"\d+")


class NearTexts:
    """An index of texts under names.

    Bytes after `fold` are compared, so that white space, case and full-width forms do not count; a gram is
    5 bytes of ASCII or two Chinese characters.
    """

    def __init__(self) -> None:
        self._places: dict[int, list[int]] = {}
        self._sizes: list[int] = []
        self._names: list[str] = []
        self._numbers: list[list[str]] = []

    def __len__(self) -> int:
        return len(self._names)

    def add(self, name: str, text: str) -> None:
        """Take a text in."""
        grams = _cut_grams(text)
        for gram in grams:
            self._places.setdefault(gram, []).append(len(self._names))
        self._names.append(name)
        self._numbers.append(_NUMBER.findall(text))
        self._sizes.append(len(grams))

    def find_nearest(self, text: str, same_numbers: bool = False) -> tuple[str, float] | None:
        """Return the name of the nearest text and its similarity, None where none reaches `NEAR`.

        With `same_numbers` texts with other numbers are not near: exercises of one form are many exercises.
        """
        numbers = _NUMBER.findall(text)
        grams = _cut_grams(text)
        common: Counter[int] = Counter()
        for gram in grams:
            common.update(self._places.get(gram, ()))
        nearest, most = "", 0.0
        for place, count in common.items():
            similarity = count / (len(grams) + self._sizes[place] - count)
            if similarity > most and not (same_numbers and self._numbers[place] != numbers):
                nearest, most = self._names[place], similarity
        return (nearest, most) if most >= NEAR else None


def _cut_grams(text: str) -> set[int]:
    folded = fold(text)
    width = _GRAM if folded.isascii() else _GRAM + 1
    pieces = range(max(1, len(folded) - width + 1))
    return {xxhash.xxh3_64_intdigest(folded[place : place + width]) for place in pieces}
