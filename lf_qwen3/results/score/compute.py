"""Compute scores: of the rows, their lengths, the cuts, the summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.qwen3 import tokenizer_files as tokenizers
from lf_qwen3.results.score import interval
from lf_qwen3.results.score.lengths import find_cuts, measure_lengths
from lf_qwen3.results.score.predictions import Prediction
from lf_qwen3.results.score.result import FLAGS, KINDS, LENGTHS, METRICS, PARTS, Figure, Scores, Summary
from lf_qwen3.results.score.rows import RowScore, score_rows
from lf_qwen3.results.score.similarity import require_packages


def score_predictions(
    predictions: Sequence[Prediction],
    *,
    workers: int | None = 1,
    tokenizer: Path | str | None = None,
    max_new_tokens: int | None = None,
    progress: Progress = NoProgress(),
    phase: str = "scoring",
    seed: int = 42,
) -> Scores:
    """Score predictions: similarity by part, defects, lengths, each by kind and with a 95 % interval.

    `tokenizer` is a folder with a tokenizer.json or a hub id; without it lengths are in characters.
    `max_new_tokens` is the limit the predictions were made with. `workers` are processes; None takes one a
    core where that is worth it. `phase` names the work in `progress`. `seed` fixes the bootstrap. Raises
    `LfQwen3Error` without the `eval` extra, `UsageError` for a tokenizer that does not exist or no
    predictions.
    """
    require_packages()
    if not predictions:
        raise UsageError("there are no predictions to score", code="no_rows")
    loaded = tokenizers.load(tokenizers.find(tokenizer)) if tokenizer else None
    rows = score_rows(predictions, workers, progress, phase)
    kinds = ["thinking" if row.is_thinking else "plain" for row in rows]
    metrics = {part: {name: _column(rows, part, name) for name in METRICS} for part in PARTS}
    flags = {name: [row.flags[name] for row in rows] for name in FLAGS}
    evidence, flags["cut"] = find_cuts(predictions, flags["cut"], loaded, max_new_tokens)
    lengths = measure_lengths(predictions, loaded)
    return Scores(
        rows=[prediction.row for prediction in predictions],
        kinds=kinds,
        metrics=metrics,
        flags=flags,
        lengths=lengths,
        length_unit="tokens" if loaded else "characters",
        cut_evidence=evidence,
        summary=_summary(kinds, metrics, flags, lengths, seed),
    )


def _column(rows: Sequence[RowScore], part: str, name: str) -> list[float | None]:
    return [row.metrics[part][name] if part in row.metrics else None for row in rows]


def _summary(
    kinds: Sequence[str],
    metrics: dict[str, dict[str, list[float | None]]],
    flags: dict[str, list[bool | None]],
    lengths: dict[str, list[int | None]],
    seed: int,
) -> Summary:
    summary = Summary({}, {part: {} for part in PARTS}, {}, {})
    for kind in KINDS:
        at = [row for row, row_kind in enumerate(kinds) if kind in (row_kind, "all")]
        columns: dict[str, list[Any]] = {
            f"{part}/{name}": values for part, by in metrics.items() for name, values in by.items()
        }
        columns |= {f"lengths/{name}": values for name, values in lengths.items()}
        figures = interval.means({name: [values[i] for i in at] for name, values in columns.items()}, seed)
        summary.rows[kind] = len(at)
        for part in PARTS:
            summary.metrics[part][kind] = _named(figures, part, METRICS)
        summary.lengths[kind] = _named(figures, "lengths", LENGTHS)
        summary.rates[kind] = {name: interval.rate([values[i] for i in at]) for name, values in flags.items()}
    return summary


def _named(figures: dict[str, Figure], group: str, names: Sequence[str]) -> dict[str, Figure]:
    return {name: figures[f"{group}/{name}"] for name in names}
