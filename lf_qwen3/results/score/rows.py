"""Score one row, and many of them in several processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lf_qwen3.base.progress import NoProgress, Progress, Status
from lf_qwen3.results.score import defects
from lf_qwen3.results.score.parts import Parts, prompt_opens_thinking, split_parts, without_special
from lf_qwen3.results.score.predictions import Prediction
from lf_qwen3.results.score.similarity import compute_similarity, cut_words, load_cutter

_CHUNK = 32
_WORTH_A_PROCESS = 300_000  # characters: below that starting one takes longer than the work


class RowScore(NamedTuple):
    """What one row comes to. A part that does not count for it is missing in `metrics`."""

    is_thinking: bool
    metrics: dict[str, dict[str, float]]
    flags: dict[str, bool | None]


def split_prediction(prediction: Prediction) -> tuple[Parts, Parts]:
    """Take prediction and reference apart, without special tokens, as the trainer's metric has them."""
    opens = prompt_opens_thinking(prediction.prompt)
    predict = split_parts(without_special(prediction.predict), opens)
    return predict, split_parts(without_special(prediction.label), opens)


def score_row(prediction: Prediction) -> RowScore:
    """Compute metrics and flags of one row; `cut` is here the guess from the ending."""
    predict, label = split_prediction(prediction)
    ours, theirs = cut_words(predict), cut_words(label)
    wanted = {"answer": bool(label.answer), "thinking": bool(label.thinking), "both": True}
    metrics = {part: compute_similarity(ours[part], theirs[part]) for part, wants in wanted.items() if wants}
    flags = defects.find_flags(prediction, predict, label)
    return RowScore(bool(label.thinking), metrics, flags | {"cut": defects.looks_cut(predict)})


def score_rows(
    predictions: Sequence[Prediction],
    workers: int | None = 1,
    progress: Progress = NoProgress(),
    phase: str = "scoring",
) -> list[RowScore]:
    """Score all rows, in their order, in `workers` processes.

    None is one a core, and for few rows this process alone. `progress` counts bytes of text.
    """
    sizes = [_size(prediction) for prediction in predictions]
    total, done, started = sum(sizes), 0, time.monotonic()
    load_cutter()  # the dictionary is loaded before the processes part, so that they share it
    scores: list[RowScore] = []
    for score in _scored(predictions, _processes(workers, total)):
        done += sizes[len(scores)]
        scores.append(score)
        if len(scores) % _CHUNK == 0 or len(scores) == len(predictions):
            progress.update(Status(phase, done, total, "bytes", time.monotonic() - started))
    return scores


def _size(prediction: Prediction) -> int:
    return len(prediction.predict.encode()) + len(prediction.label.encode())


def _processes(workers: int | None, characters: int) -> int:
    if workers is not None:
        return max(1, workers)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, characters // _WORTH_A_PROCESS))


def _scored(predictions: Sequence[Prediction], processes: int) -> Iterator[RowScore]:
    if processes == 1:
        yield from map(score_row, predictions)
        return
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with context.Pool(processes, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:  # Ctrl-C is ours
        yield from pool.imap(score_row, predictions, _CHUNK)
