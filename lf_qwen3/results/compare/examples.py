"""The rows to look at: those that changed most, and some drawn by chance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from lf_qwen3.results.compare.measures import HEADLINE
from lf_qwen3.results.compare.named_run import NamedRun
from lf_qwen3.results.score.prompts import find_conversation
from lf_qwen3.results.score.result import DEFECTS
from lf_qwen3.results.score.rows import split_prediction

EACH = 5


@dataclass(frozen=True, slots=True)
class RunText:
    """What one run wrote: its score by the headline measure, and the codes of its defects."""

    run: str
    thinking: str
    answer: str
    score: float | None
    defects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """One row side by side: the question, the reference, what each run wrote. `change` is of the last run.

    `row` is the line in the first run's file, from 1.
    """

    row: int
    kind: str
    question: str
    label_thinking: str
    label_answer: str
    texts: list[RunText]
    change: float | None


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows that improved most, rows that fell most, and a sample of the rest, without duplicates."""

    improved: list[ExampleRow]
    fell: list[ExampleRow]
    sampled: list[ExampleRow]


def choose_examples(runs: Sequence[NamedRun], seed: int, each: int = EACH) -> Examples:
    """Choose up to `each` rows of every sort, by the last run against the first; `seed` draws the sample."""
    gains = _gains(runs)
    order = sorted(
        (row for row, gain in enumerate(gains) if gain is not None), key=lambda row: gains[row] or 0
    )
    improved = [row for row in reversed(order) if (gains[row] or 0) > 0][:each]
    fell = [row for row in order if (gains[row] or 0) < 0][:each]
    rest = [row for row in range(len(gains)) if row not in {*improved, *fell}]
    sampled = sorted(random.Random(seed).sample(rest, min(each, len(rest))))
    return Examples(
        *([_shown(runs, row, gains[row]) for row in chosen] for chosen in (improved, fell, sampled))
    )


def _gains(runs: Sequence[NamedRun]) -> list[float | None]:
    first, last = (HEADLINE.values(run.scored) for run in (runs[0], runs[-1]))
    return [None if a is None or b is None else b - a for a, b in zip(first, last, strict=True)]


def _shown(runs: Sequence[NamedRun], row: int, change: float | None) -> ExampleRow:
    first = runs[0].rows[row]
    label = split_prediction(first)[1]
    return ExampleRow(
        row=first.row,
        kind=runs[0].scored.kinds[row],
        question=find_conversation(first.prompt),
        label_thinking=label.thinking,
        label_answer=label.answer,
        texts=[_text(run, row) for run in runs],
        change=change,
    )


def _text(run: NamedRun, row: int) -> RunText:
    parts = split_prediction(run.rows[row])[0]
    defects = tuple(name for name in DEFECTS if run.scored.flags[name][row])
    return RunText(run.name, parts.thinking, parts.answer, HEADLINE.values(run.scored)[row], defects)
