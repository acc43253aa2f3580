"""How long thinking and answer are, and which predictions reached the limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lf_qwen3.results.score import defects
from lf_qwen3.results.score.parts import without_special
from lf_qwen3.results.score.predictions import Prediction
from lf_qwen3.results.score.rows import split_prediction

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

NEAR_THE_LIMIT = 0.98
"""A text written back into tokens may come to a few fewer than were generated."""

_BATCH = 512


def measure_lengths(
    predictions: Sequence[Prediction], tokenizer: Tokenizer | None
) -> dict[str, list[int | None]]:
    """Return the lengths of `LENGTHS`, in tokens or without a tokenizer in characters.

    The thinking counts for the rows whose reference thinks; a prediction without any has length 0 there.
    """
    parts = [split_prediction(prediction) for prediction in predictions]
    wants = [bool(label.thinking) for _, label in parts]
    texts = {
        "thinking": [predict.thinking for predict, _ in parts],
        "answer": [predict.answer for predict, _ in parts],
        "label_thinking": [label.thinking for _, label in parts],
        "label_answer": [label.answer for _, label in parts],
    }
    return {
        name: [
            count if counts or name.endswith("answer") else None
            for count, counts in zip(count_all(part_texts, tokenizer), wants, strict=True)
        ]
        for name, part_texts in texts.items()
    }


def find_cuts(
    predictions: Sequence[Prediction],
    guesses: Sequence[bool | None],
    tokenizer: Tokenizer | None,
    max_new_tokens: int | None,
) -> tuple[str, list[bool | None]]:
    """Return how truncation was detected, and for each row whether generation ended at its limit.

    With `skip_special_tokens: false` the end token is in the file. Without it the tokens are counted,
    where tokenizer and limit are known: 98 % of the limit is a cut. Otherwise the guess from the ending
    stays.
    """
    if any(defects.has_end(prediction.label.rstrip()) for prediction in predictions):
        return "end token", [not defects.has_end(prediction.predict.rstrip()) for prediction in predictions]
    if tokenizer is None or not max_new_tokens:
        return "ending", list(guesses)
    counts = count_all([without_special(prediction.predict) for prediction in predictions], tokenizer)
    return "max_new_tokens", [count >= NEAR_THE_LIMIT * max_new_tokens for count in counts]


def count_cut_labels(
    predictions: Sequence[Prediction], tokenizer: Tokenizer | None, cutoff_len: int | None
) -> int:
    """Return how many references lost their end to cutoff_len, as far as it is known.

    As in `find_cuts` the end token tells, or question and reference counted together, which the trainer cuts.
    """
    labels = [prediction.label.rstrip() for prediction in predictions]
    if any(map(defects.has_end, labels)):
        return sum(not defects.has_end(label) for label in labels)
    if tokenizer is None or not cutoff_len:
        return 0
    counts = count_all([prediction.prompt + prediction.label for prediction in predictions], tokenizer)
    return sum(count >= NEAR_THE_LIMIT * cutoff_len for count in counts)


def count_all(texts: Sequence[str], tokenizer: Tokenizer | None) -> list[int]:
    """Return the length of every text, in tokens or without a tokenizer in characters."""
    if tokenizer is None:
        return [len(text) for text in texts]
    counts: list[int] = []
    for at in range(0, len(texts), _BATCH):
        batch = tokenizer.encode_batch_fast(list(texts[at : at + _BATCH]), add_special_tokens=False)
        counts += [len(encoding) for encoding in batch]
    return counts
