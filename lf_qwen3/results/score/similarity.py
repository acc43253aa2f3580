"""BLEU-4 and ROUGE-1, -2 and -L as LLaMA-Factory computes them (train/sft/metric.py), to the last decimal.

The words are jieba's and the sentences rouge-chinese's. What is counted over them is counted here: the
libraries' own longest common subsequence takes 0.6 seconds and 40 MB for two texts of 1,000 characters, and
grows with their product, so a base model's 8,000 tokens of thinking could not be scored with it.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import dropwhile, pairwise
from typing import Any, NamedTuple

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.score.parts import Parts
from lf_qwen3.results.score.result import METRICS

INSTALL = "pip install 'lf-qwen3[eval]'"
_PACKAGES = ("jieba", "rouge_chinese", "numpy")


class Segments(NamedTuple):
    """A text, and the words that jieba cuts it into, white space included."""

    text: str
    words: list[str]


def require_packages() -> None:
    """Raise `LfQwen3Error` with the command to type when a package of the `eval` extra is missing."""
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise LfQwen3Error(
            f"scoring needs {', '.join(missing)}, which is not installed",
            f"run: {INSTALL}",
            code="extra_missing",
        )


@cache
def load_cutter() -> Callable[[str], list[str]]:
    """Return jieba's cut, its dictionary loaded (about a second, once a process) and its log kept quiet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba  # type: ignore[import-untyped]
    jieba.setLogLevel("ERROR")
    jieba.initialize()
    cut: Callable[[str], list[str]] = jieba.lcut
    return cut


@cache
def _sentences() -> Callable[[str], list[str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from rouge_chinese import Rouge  # type: ignore[import-untyped]
    split: Callable[[str], list[str]] = Rouge().cut_sent
    return split


def cut_words(parts: Parts) -> dict[str, Segments]:
    """Cut a text into words once, and return the words of its answer, its thinking and of both.

    Cutting on the inner side of a tag gives the words of the whole: `<` and `>` end a word for jieba, which
    treats each run of letters and Chinese characters by itself.
    """
    cut, text = load_cutter(), parts.text
    head, thinking = cut(text[: parts.start]), cut(text[parts.start : parts.stop])
    seam, answer = cut(text[parts.stop : parts.answer_at]), cut(text[parts.answer_at :])
    return {
        "answer": Segments(parts.answer, list(dropwhile(str.isspace, answer))),
        "thinking": Segments(parts.thinking, list(dropwhile(str.isspace, thinking))),
        "both": Segments(text, [*head, *thinking, *seam, *answer]),
    }


def compute_similarity(predict: Segments, label: Segments) -> dict[str, float]:
    """Return the four metrics, 0 to 100, rounded to 4 decimals; 0 where a text has no word."""
    bleu = compute_bleu_4(predict.text, label.text)
    rouge = compute_rouge(_rouge_words(predict.words), _rouge_words(label.words))
    return {name: round(value * 100, 4) for name, value in zip(METRICS, [bleu, *rouge], strict=True)}


def compute_bleu_4(predict: str, label: str) -> float:
    """Return sentence BLEU-4 over characters, smoothed as nltk's `SmoothingFunction().method3` does.

    Papineni et al. 2002, with the NIST smoothing, number 3 of Chen and Cherry 2014.
    """
    if not predict:
        return 0.0
    precisions, halvings = [], 0
    for n in range(1, 5):
        met, of = _overlap(predict, label, n), max(1, len(predict) - n + 1)
        if n == 1 and not met:
            return 0.0
        halvings += not met
        precisions.append(met / of if met else 1 / (2**halvings * of))
    short = 1.0 if len(predict) > len(label) else math.exp(1 - len(label) / len(predict))
    return short * math.exp(math.fsum(0.25 * math.log(precision) for precision in precisions))


def compute_rouge(predict: Sequence[str], label: Sequence[str]) -> list[float]:
    """Return the F1 of ROUGE-1 and -2 (each word or pair counted once) and ROUGE-L of two lists of words."""
    pairs: list[tuple[set[Any], set[Any]]] = [
        (set(predict), set(label)),
        (set(pairwise(predict)), set(pairwise(label))),
    ]
    scores = [_f1(len(ours & theirs), len(ours), len(theirs)) for ours, theirs in pairs]
    return [*scores, _f1(measure_lcs(predict, label), len(predict), len(label))]


def measure_lcs(words: Sequence[str], others: Sequence[str]) -> int:
    """Return the length of the longest common subsequence; bit-parallel, one bit a word (Hyyrö 2004)."""
    short, long = sorted((words, others), key=len)
    places: dict[str, int] = {}
    for at, word in enumerate(long):
        places[word] = places.get(word, 0) | 1 << at
    every = (1 << len(long)) - 1
    unmet = every
    for word in short:
        if at := places.get(word, 0):
            met = unmet & at
            unmet = ((unmet + met) | (unmet - met)) & every
    return len(long) - unmet.bit_count()


def _overlap(predict: str, label: str, n: int) -> int:
    """Count the character n-grams of `predict` that `label` has too, each as often as `label` has it."""
    ours, theirs = _grams(predict, n), _grams(label, n)
    return sum(min(count, theirs[gram]) for gram, count in ours.items() if gram in theirs)


def _grams(text: str, n: int) -> Counter[str]:
    return Counter([text[at : at + n] for at in range(len(text) - n + 1)])


def _f1(met: int, predicted: int, wanted: int) -> float:
    """Return F1 as rouge-chinese computes it: 1e-8 in place of a test for zero."""
    if not met:
        return 0.0
    precision, recall = met / predicted, met / wanted
    return 2.0 * ((precision * recall) / (precision + recall + 1e-8))


def _rouge_words(words: list[str]) -> list[str]:
    """Return the words rouge-chinese sees: of each sentence, where one of spaces alone is one empty word.

    White space at the end makes no word: rouge-chinese strips it.
    """
    sentences = _sentences()(" ".join(words))
    return [word for sentence in sentences if sentence for word in " ".join(sentence.split()).split(" ")]
