"""The order of scoring: the rows, their lengths, the cuts, the summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.qwen3 import tokenizer_files as tokenizers
from lf_qwen3.results.score import interval
from lf_qwen3.results.score.lengths import cuts_of, lengths_of
from lf_qwen3.results.score.predictions import Prediction
from lf_qwen3.results.score.result import FLAGS, KINDS, LENGTHS, METRICS, PARTS, Figure, Scores, Summary
from lf_qwen3.results.score.rows import Progress, RowScore, score_rows
from lf_qwen3.results.score.similarity import require_packages


def score(
    predictions: Sequence[Prediction],
    *,
    workers: int | None = None,
    tokenizer: Path | str | None = None,
    max_new_tokens: int | None = None,
    progress: Progress | None = None,
    seed: int = 42,
) -> Scores:
    """Score predictions: similarity by part, defects, lengths, each by kind and with a 95 % interval.

    `tokenizer` is a folder with a tokenizer.json or a hub id; without it lengths are in characters.
    `max_new_tokens` is the limit the predictions were made with. `seed` fixes the bootstrap. Raises
    `LfQwen3Error` without the `eval` extra, `UsageError` for a tokenizer that is not there or no predictions.
    """
    require_packages()
    if not predictions:
        raise UsageError("there are no predictions to score", "read them with lf_qwen3.results.score.read")
    loaded = tokenizers.load(tokenizers.find(tokenizer)) if tokenizer else None
    rows = score_rows(predictions, workers, progress)
    kinds = ["thinking" if one.is_thinking else "plain" for one in rows]
    metrics = {part: {name: _column(rows, part, name) for name in METRICS} for part in PARTS}
    flags = {name: [one.flags[name] for one in rows] for name in FLAGS}
    evidence, flags["cut"] = cuts_of(predictions, flags["cut"], loaded, max_new_tokens)
    lengths = lengths_of(predictions, loaded)
    return Scores(
        rows=[one.row for one in predictions],
        kinds=kinds,
        metrics=metrics,
        flags=flags,
        lengths=lengths,
        length_unit="tokens" if loaded else "characters",
        cut_evidence=evidence,
        summary=_summary(kinds, metrics, flags, lengths, seed),
    )


def _column(rows: Sequence[RowScore], part: str, name: str) -> list[float | None]:
    return [one.metrics[part][name] if part in one.metrics else None for one in rows]


def _summary(
    kinds: Sequence[str],
    metrics: dict[str, dict[str, list[float | None]]],
    flags: dict[str, list[bool | None]],
    lengths: dict[str, list[int | None]],
    seed: int,
) -> Summary:
    found = Summary({}, {part: {} for part in PARTS}, {}, {})
    for kind in KINDS:
        at = [row for row, one in enumerate(kinds) if kind in (one, "all")]
        columns: dict[str, list[Any]] = {
            f"{part}/{name}": values for part, by in metrics.items() for name, values in by.items()
        }
        columns |= {f"lengths/{name}": values for name, values in lengths.items()}
        figures = interval.means({name: [values[i] for i in at] for name, values in columns.items()}, seed)
        found.rows[kind] = len(at)
        for part in PARTS:
            found.metrics[part][kind] = _named(figures, part, METRICS)
        found.lengths[kind] = _named(figures, "lengths", LENGTHS)
        found.rates[kind] = {name: interval.rate([values[i] for i in at]) for name, values in flags.items()}
    return found


def _named(figures: dict[str, Figure], group: str, names: Sequence[str]) -> dict[str, Figure]:
    return {name: figures[f"{group}/{name}"] for name in names}
