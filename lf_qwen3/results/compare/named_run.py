"""One run of predictions under a short name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lf_qwen3.base.errors import UsageError
from lf_qwen3.results.score import Prediction, Scores, predictions

_PREFIX = "predict_"


@dataclass(frozen=True, slots=True)
class NamedRun:
    """Predictions read from `path`; `scores` belong to `rows` in their order, None before scoring."""

    name: str
    path: Path
    rows: Sequence[Prediction]
    scores: Scores | None = None

    @property
    def scored(self) -> Scores:
        """The scores of a run that has been scored."""
        if self.scores is None:
            raise ValueError(f"{self.name} has not been scored")
        return self.scores

    def with_scores(self, scores: Scores) -> NamedRun:
        """Return the same run with its scores."""
        return replace(self, scores=scores)


def read_named_runs(paths: Sequence[Path]) -> list[NamedRun]:
    """Read the runs, each named by its folder or file; a name that occurs twice gets a number.

    Raises `UsageError` for fewer than two runs or the same one twice, and what `score.read` raises.
    """
    if len(paths) < 2:
        raise UsageError(
            "only one run is named", "name two: lf-qwen3 compare BASE TUNED", code="too_few_runs"
        )
    files = [predictions.locate(path).resolve() for path in paths]
    for path, file in zip(paths, files, strict=True):
        if files.count(file) > 1:
            raise UsageError(f"{path} is named twice", "name two different runs", code="run_given_twice")
    names = name_runs(files)
    return [NamedRun(*fields) for fields in zip(names, paths, map(predictions.read, paths), strict=True)]


def name_runs(files: Sequence[Path]) -> list[str]:
    """Return a short name for every file: predict_base/generated_predictions.jsonl is `base`."""
    named = [file.parent.name if file.name == predictions.FILE else file.stem for file in files]
    short = [name.removeprefix(_PREFIX) or name for name in named]
    return [
        name if short.count(name) == 1 else f"{name} {short[: at + 1].count(name)}"
        for at, name in enumerate(short)
    ]
