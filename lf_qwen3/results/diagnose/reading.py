"""Read a run from the files that the trainer leaves; `training_args.bin` is a pickle and is never opened."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data.registry import fingerprint
from lf_qwen3.results.diagnose import answers, history
from lf_qwen3.results.diagnose.folders import beside
from lf_qwen3.results.diagnose.training_run import TrainingRun
from lf_qwen3.trainer import yaml_reader

RECIPE = "train.yaml"
BOARD = "training_args.yaml"
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "adapter_model.bin")


def read_run(folder: Path, most_bytes: int | None = None) -> tuple[TrainingRun, list[str]]:
    """Return the run in `folder`, and notes on what could not be read.

    With `most_bytes` no more are read of a log, from its end, a longer state and the answers are left out.
    `folder` is the trainer's output_dir, one of its checkpoints, or the folder with a recipe's train.yaml.
    Raises `UsageError` where there is no run, `LfQwen3Error` where its log cannot be read.
    """
    place = locate(folder)
    run_history = history.read_history(place, most_bytes)
    if not run_history.curves:
        raise LfQwen3Error(
            f"{place}: the run has not logged a step yet",
            "wait for the first lines of trainer_log.jsonl",
            code="no_steps_logged",
        )
    settings, yaml = _settings(place)
    written, wrong = answers.find(place, yaml) if most_bytes is None else (None, [])
    run = TrainingRun(
        folder=place,
        train=run_history.points("loss"),
        validation=run_history.validation(),
        learning_rate=run_history.points("learning_rate"),
        gradient=run_history.points("grad_norm"),
        step=run_history.step,
        total=run_history.total,
        is_finished=run_history.is_finished,
        has_weights=any(any(place.glob(pattern)) for pattern in _WEIGHTS),
        settings=settings,
        state=run_history.state,
        checkpoints=_checkpoints(place),
        adapter=_json(place / "adapter_config.json"),
        tokenizer=_json(place / "tokenizer_config.json"),
        generation=_json(place / "generation_config.json"),
        answers=written,
    )
    return run, [*run_history.notes, *wrong, *_going_on(run), *_describe_replaced(find_replaced(place))]


def find_replaced(place: Path) -> list[str] | None:
    """Return the datasets of a run whose files are others than at its start, None where nothing tells."""
    settings, yaml = _settings(place)
    folder = beside(yaml.parent, settings.get("dataset_dir") or "data") if yaml else None
    if yaml is None or folder is None:
        return None
    return fingerprint.find_replaced(yaml.read_text("utf-8", errors="replace"), folder)


def locate(folder: Path) -> Path:
    """Return the folder with the trainer's log: `folder`, or the output_dir of the train.yaml in it."""
    if folder.is_file():
        raise UsageError(
            f"{folder} is a file", f"name the folder it is in: {folder.parent}", code="not_a_folder"
        )
    if not folder.is_dir():
        raise UsageError(
            f"there is no folder {folder}", "name the output_dir of a training run", code="file_missing"
        )
    if _is_run(folder):
        return folder
    if (folder / RECIPE).is_file():
        place = beside(folder, yaml_reader.read(folder / RECIPE).settings.get("output_dir"))
        if place is not None and _is_run(place):
            return place
        raise UsageError(
            f"{folder} holds a train.yaml that was not run yet: its output_dir has no training log",
            f"train first: llamafactory-cli train {folder / RECIPE}",
            code="not_trained",
        )
    raise UsageError(
        f"{folder} is not a training run: it has neither {history.LOG} nor {history.STATE}",
        _hint(folder),
        code="no_training_run",
    )


def _is_run(folder: Path) -> bool:
    has_log = (folder / history.LOG).is_file() and not (folder / "predict_results.json").is_file()
    return has_log or (folder / history.STATE).is_file()


def _hint(folder: Path) -> str:
    if (folder / "generated_predictions.jsonl").is_file():
        return f"these are predictions: lf-qwen3 score {folder}"
    if (folder / "dataset_info.json").is_file():
        return f"this is a dataset folder: lf-qwen3 check --dataset-dir {folder}"
    below = sorted(
        {file.parent for name in (history.LOG, history.STATE) for file in folder.glob(f"*/{name}")}
    )
    if below:
        return f"did you mean {' or '.join(map(str, below[:3]))}?"
    return "name the output_dir of a training run"


def _settings(place: Path) -> tuple[Mapping[str, Any], Path | None]:
    """Return the training settings and the file they are in: LLaMA Board's copy, or the recipe's YAML."""
    run = place.parent if place.name.startswith("checkpoint-") else place
    candidates = [run / BOARD, run / RECIPE, run.parent / RECIPE]
    for yaml in candidates:
        if not yaml.is_file():
            continue
        try:
            settings = yaml_reader.read(yaml).settings
        except LfQwen3Error:
            continue
        output = beside(yaml.parent, settings.get("output_dir"))
        if yaml.parent == run or (output is not None and output.resolve() == run.resolve()):
            return settings, yaml
    return {}, None


def _describe_replaced(names: list[str] | None) -> list[str]:
    return [f"the dataset {name} was replaced after this run: its files have changed" for name in names or ()]


def _checkpoints(place: Path) -> tuple[int, ...]:
    names = [
        folder.name.removeprefix("checkpoint-") for folder in place.glob("checkpoint-*") if folder.is_dir()
    ]
    return tuple(sorted(int(name) for name in names if name.isdecimal()))


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _going_on(run: TrainingRun) -> list[str]:
    """Say that a run is not over, and for how long it has been silent."""
    if run.folder.name.startswith("checkpoint-"):
        return [f"{run.folder.name} is a checkpoint; the whole run is {run.folder.parent}"]
    log = run.folder / history.LOG
    if run.is_finished or not log.is_file():
        return []
    minutes = max(0, round((time.time() - log.stat().st_mtime) / 60))
    silent = (
        f"its last log line is {minutes} minutes old"
        if minutes
        else "its last log line is less than a minute old"
    )
    planned = f" of {run.total}" if run.total else ""
    where = f"step {run.step}{planned}, {silent}"
    return [f"the run is still going or was interrupted: {where}; these are the figures so far"]
