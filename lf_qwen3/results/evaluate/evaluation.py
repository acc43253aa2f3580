"""The order of an evaluation: predict with base and tuned, compare, write the reports, log them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress, Progress, Status
from lf_qwen3.data.generate.options import ServerOptions
from lf_qwen3.results.compare import Comparison, compare, save_reports
from lf_qwen3.results.compare.saving import NAMES
from lf_qwen3.results.evaluate import tracking
from lf_qwen3.results.evaluate.predict_run import PredictRun, read_predict_run
from lf_qwen3.results.evaluate.served import ServedModel, predict_by_server
from lf_qwen3.results.score.similarity import require_packages
from lf_qwen3.trainer import process, yaml_reader

YAMLS = ("predict_base.yaml", "predict_tuned.yaml")

# The trainer fetches a model that is not there, as when it is started by hand.
_NETWORK = dict.fromkeys(process.OFFLINE, "0")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation came to.

    `predicted` are the YAMLs that were run, `kept` those that were not; `tracked` says where it was logged.
    """

    comparison: Comparison
    reports: list[Path]
    predicted: list[Path]
    kept: list[Path]
    tracked: str
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """Return the evaluation as one JSON object."""
        return {
            "predicted": [str(yaml) for yaml in self.predicted],
            "kept": [str(yaml) for yaml in self.kept],
            "reports": [str(report) for report in self.reports],
            "tracked": self.tracked,
            "comparison": self.comparison.as_json(),
            "notes": self.notes,
        }


def evaluate(
    out: Path | str,
    given: Sequence[Path | str] = (),
    *,
    html: Path | str | None = None,
    workers: int | None = 1,
    served: Served | None = None,
    progress: Progress = NoProgress(),
) -> Evaluation:
    """Predict with both YAMLs in `out`, compare, and write report.html, report.md and scores.json there.

    A run whose predictions are there, with YAML, rows and weights unchanged, is not repeated. With `given`
    (base, tuned, more) nothing is run. `served` names a server that predicts in place of the trainer. `html`
    puts the page elsewhere. `workers` score, as in `compare`. Where train.yaml says use_swanlab, the scores
    and the page go to the same SwanLab project. Raises `UsageError` for what is missing, `LfQwen3Error` where
    a run fails.
    """
    require_packages()
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file", "name the folder that recipe new wrote", code="not_a_folder")
    runs = [] if given else [read_predict_run(out, name) for name in YAMLS]
    models = served.find() if served and runs else [None, None]
    notes: list[str] = []
    was_run = [
        _predict(run, number, model, notes, progress)
        for number, (run, model) in enumerate(zip(runs, models, strict=False), 1)
    ]
    progress.start("scoring and comparing", 3, 3)
    comparison = compare(*(given or [run.file for run in runs]), workers=workers, progress=progress)
    reports = [Path(html) if html else out / NAMES[0], *(out / name for name in NAMES[1:])]
    save_reports(comparison, reports)
    tracked, untracked = _track(out, comparison, reports[0])
    notes += untracked
    progress.finish(f"{comparison.rows:,} rows compared: {', '.join(map(str, reports))}")
    predicted = [run.yaml for run, is_new in zip(runs, was_run, strict=True) if is_new]
    kept = [run.yaml for run, is_new in zip(runs, was_run, strict=True) if not is_new]
    return Evaluation(comparison, reports, predicted, kept, tracked, notes)


@dataclass(frozen=True, slots=True)
class Served:
    """A server that has both models loaded, and what it calls them; `options` holds its base model."""

    options: ServerOptions
    tuned: str

    def find(self) -> list[ServedModel | None]:
        """Return the base and the tuned model; see `ServerOptions.find`."""
        server = self.options.find()
        return [ServedModel(server, name, self.options.client) for name in (self.options.model, self.tuned)]


def _predict(
    run: PredictRun, number: int, model: ServedModel | None, notes: list[str], progress: Progress
) -> bool:
    """Run one YAML by a server or through the trainer, where it is needed; return whether it was."""
    how = f"{model.name} at {model.server.root}" if model else f"llamafactory-cli train {run.yaml}"
    progress.start(f"{run.output.name}: {how}", number, 3)
    if run.is_current:
        progress.finish(f"{run.file}: kept, because YAML, rows and weights are the same")
        return False
    made_from = run.fingerprint()
    run.clear()
    if model:
        if cut := predict_by_server(run, model, progress):
            notes.append(f"{run.file}: {cut:,} answers are truncated at max_new_tokens")
        run.stamp(made_from)
        progress.finish(f"{run.file}: written by {model.name}")
        return True
    env = {name: os.environ.get(name, value) for name, value in _NETWORK.items()}
    log = run.yaml.with_suffix(".log")
    ran = process.train(run.yaml, log, _Predicting(progress), run.output, env)
    if not run.file.is_file():
        raise LfQwen3Error(
            f"the trainer ended but wrote no {run.file}",
            f"see its whole output: {log}",
            code="trainer_wrote_nothing",
        )
    run.stamp(made_from)
    progress.finish(f"{run.file}: written in {ran.seconds:.0f} seconds; the trainer's own output is {log}")
    return True


class _Predicting(NoProgress):
    """Calls the steps what they are: the trainer logs batches of answers as it logs steps of training."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def update(self, status: Status) -> None:
        """Pass the state on."""
        self._progress.update(replace(status, phase="predicting") if status.done else status)


def _track(out: Path, comparison: Comparison, page: Path) -> tuple[str, list[str]]:
    """Log the evaluation where the training was logged; return where, or a note on why it failed."""
    yaml = out / "train.yaml"
    settings = yaml_reader.read(yaml).settings if yaml.is_file() else {}
    if not settings.get("use_swanlab"):
        return "", []
    try:
        return tracking.log(settings, comparison, page), []
    except LfQwen3Error as error:
        return "", [f"nothing was logged to SwanLab: {error.message}; {error.hint}"]
