"""The passages of a corpus, found by BM25 over character 3-grams: no embeddings, and no words to cut."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from lf_qwen3.base.errors import UsageError

_K, _B = 1.5, 0.75
_GRAM, _LONGEST, _SHORTEST = 3, 1500, 80
_KINDS = (".txt", ".md")


class PassageIndex:
    """Okapi BM25 (Robertson and Zaragoza 2009, k1 1.5, b 0.75) over the passages of a corpus."""

    def __init__(self, passages: list[str]) -> None:
        self.passages = passages
        self._places: dict[str, list[tuple[int, int]]] = {}
        lengths = []
        for number, passage in enumerate(passages):
            grams = _count_grams(passage)
            lengths.append(grams.total())
            for gram, count in grams.items():
                self._places.setdefault(gram, []).append((number, count))
        mean = sum(lengths) / max(1, len(lengths))
        self._scales = [_K * (1 - _B + _B * length / mean) for length in lengths]

    def find_nearest(self, text: str, count: int) -> list[str]:
        """Return the passages that fit a text best, the best first."""
        scores: dict[int, float] = defaultdict(float)
        for gram in _count_grams(text):
            places = self._places.get(gram, ())
            weight = math.log(1 + (len(self.passages) - len(places) + 0.5) / (len(places) + 0.5))
            for number, times in places:
                scores[number] += weight * times * (_K + 1) / (times + self._scales[number])
        best = heapq.nsmallest(count, scores.items(), key=lambda item: (-item[1], item[0]))
        return [self.passages[number] for number, _ in best]


def read_passages(path: Path) -> list[str]:
    """Return the passages of a text file, or of the .txt and .md files below a folder.

    Paragraphs are joined up to 1,500 characters; shorter ones than 80 at the end are left out. Raises
    `UsageError` where there is no text.
    """
    files = [path] if path.is_file() else sorted(file for kind in _KINDS for file in path.rglob(f"*{kind}"))
    passages = [passage for file in files for passage in _cut(file.read_text("utf-8", errors="replace"))]
    if not passages:
        raise UsageError(
            f"{path} has no text to make questions from",
            "name a .txt or .md file, or a folder of them; without texts use --method cot or evol",
            code="corpus_missing",
        )
    return passages


def _cut(text: str) -> Iterator[str]:
    passage = ""
    for paragraph in text.split("\n\n"):
        if passage and len(passage) + len(paragraph) > _LONGEST:
            yield passage
            passage = ""
        passage = f"{passage}\n\n{paragraph.strip()}".strip()[:_LONGEST]
    if len(passage) >= _SHORTEST:
        yield passage


def _count_grams(text: str) -> Counter[str]:
    folded = " ".join(text.casefold().split())
    return Counter(folded[place : place + _GRAM] for place in range(len(folded) - _GRAM + 1))
