"""The order of an evaluation: predict with base and tuned, compare, write the reports, log them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress, Progress, Status
from lf_qwen3.results.compare import Comparison, compare, save
from lf_qwen3.results.compare.saving import NAMES
from lf_qwen3.results.evaluate import prediction, tracking
from lf_qwen3.results.evaluate.prediction import Prediction
from lf_qwen3.results.score.rows import Progress as RowProgress
from lf_qwen3.results.score.similarity import require_packages
from lf_qwen3.trainer import process, yaml_reader

YAMLS = ("predict_base.yaml", "predict_tuned.yaml")

# The trainer fetches a model that is not there, as when it is started by hand.
_NETWORK = dict.fromkeys(process.OFFLINE, "0")


@dataclass(slots=True)
class Evaluation:
    """What an evaluation came to: `predicted` are the YAMLs that were run, `kept` those that were not."""

    comparison: Comparison
    reports: list[Path]
    predicted: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    tracked: str = ""
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the evaluation as one JSON object."""
        return {
            "predicted": [str(one) for one in self.predicted],
            "kept": [str(one) for one in self.kept],
            "reports": [str(one) for one in self.reports],
            "tracked": self.tracked,
            "comparison": self.comparison.as_json(),
            "notes": self.notes,
        }


def evaluate(
    out: Path,
    listener: Progress,
    given: Sequence[Path] = (),
    *,
    html: Path | None = None,
    progress: RowProgress | None = None,
) -> Evaluation:
    """Predict with both YAMLs in `out`, compare, and write report.html, report.md and scores.json there.

    A run whose predictions are there, with YAML, rows and weights unchanged, is not repeated. With `given`
    (base, tuned, more) nothing is run. `html` puts the page elsewhere. Where train.yaml says use_swanlab, the
    scores and the page go to the same SwanLab project. Raises `UsageError` for what is missing,
    `LfQwen3Error` where a run fails.
    """
    require_packages()
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file", "name the folder that recipe new wrote")
    predicted: list[Path] = []
    kept: list[Path] = []
    if given:
        paths = list(given)
    else:
        runs = [prediction.read(out, name) for name in YAMLS]
        for number, run in enumerate(runs, 1):
            (predicted if _predict(run, number, listener) else kept).append(run.yaml)
        paths = [run.file for run in runs]
    listener.start("scoring and comparing", 3, 3)
    found = compare(paths, progress=progress)
    reports = [html or out / NAMES[0], *(out / name for name in NAMES[1:])]
    save(found, reports)
    made = Evaluation(found, reports, predicted, kept)
    _track(out, made)
    listener.finish(f"{found.rows:,} rows compared: {', '.join(map(str, reports))}")
    return made


def _predict(run: Prediction, number: int, listener: Progress) -> bool:
    """Run one YAML through the trainer where it is needed; tell whether it was."""
    listener.start(f"{run.output.name}: llamafactory-cli train {run.yaml}", number, 3)
    if run.is_current:
        listener.finish(f"{run.file}: kept, as YAML, rows and weights are the same")
        return False
    made_from = run.fingerprint()
    run.clear()
    env = {name: os.environ.get(name, value) for name, value in _NETWORK.items()}
    log = run.yaml.with_suffix(".log")
    ran = process.train(run.yaml, log, _Predicting(listener), run.output, env)
    if not run.file.is_file():
        raise LfQwen3Error(f"the trainer ended, and wrote no {run.file}", f"its whole output: {log}")
    run.stamp(made_from)
    listener.finish(f"{run.file}: written in {ran.seconds:.0f} seconds, the trainer's own output is {log}")
    return True


class _Predicting(NoProgress):
    """Calls the steps what they are: the trainer logs batches of answers as it logs steps of training."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def update(self, status: Status) -> None:
        """Pass the state on."""
        self._progress.update(replace(status, phase="predicting") if status.done else status)


def _track(out: Path, made: Evaluation) -> None:
    """Log the evaluation where the training was logged; a tracker that fails costs no evaluation."""
    yaml = out / "train.yaml"
    settings = yaml_reader.read(yaml).settings if yaml.is_file() else {}
    if not settings.get("use_swanlab"):
        return
    try:
        made.tracked = tracking.log(settings, made.comparison, made.reports[0])
    except LfQwen3Error as error:
        made.notes.append(f"nothing was logged to SwanLab: {error.message}; {error.hint}")
