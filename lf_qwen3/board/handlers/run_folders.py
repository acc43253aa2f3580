"""The folders that runs are in: trainings, and predictions, near the board."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, islice
from pathlib import Path

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.handlers import places
from lf_qwen3.trainer.yaml_reader import read

PREDICTIONS = "generated_predictions.jsonl"
"""What the trainer calls the answers that it writes (sft/trainer.py)."""

LOGS = ("trainer_log.jsonl", "trainer_state.json")
_DEPTH_IN_SAVES, _DEPTH, _MOST_READ = 8, 3, 5000


def trainings(top: Path | None = None, most: int = places.MOST_OFFERED) -> list[str]:
    """Return the folders of training runs below `top`, or below the board's folder, the newest first."""
    return _newest_first(_training_log, top, most)


def predictions() -> list[str]:
    """Return the folders that hold predictions below the board's folder, the newest first."""
    return _newest_first(lambda names: PREDICTIONS if PREDICTIONS in names else None)


def find_tuned(dataset: str) -> Path:
    """Return saves/MODEL/lora/RUN of the board's newest training on a dataset that has ended.

    Raises `LfQwen3Error` ("not_trained") if there is none.
    """
    ended = Path(places.SAVES).glob("*/lora/*/adapter_config.json")
    for folder in (file.parent for file in sorted(ended, key=_time, reverse=True)):
        if _dataset_of(folder) == dataset:
            return folder
    raise LfQwen3Error(
        f"no training on {dataset} is finished yet", "the Train tab shows its progress", code="not_trained"
    )


def _dataset_of(folder: Path) -> str:
    try:
        return str(read(folder / "training_args.yaml").settings.get("dataset", ""))
    except LfQwen3Error:
        return ""


def _training_log(names: set[str]) -> str | None:
    """Return the newest file of a training; predicting and validating write a log as well."""
    if "trainer_state.json" not in names and names & {"predict_results.json", PREDICTIONS}:
        return None
    return next((name for name in LOGS if name in names), None)


def _newest_first(
    mark: Callable[[set[str]], str | None], top: Path | None = None, most: int = places.MOST_OFFERED
) -> list[str]:
    """Return the folders with a file that `mark` picks, those in saves/ searched first, and deeper."""
    near = (
        places.walk(Path(places.SAVES), _DEPTH_IN_SAVES),
        places.walk(Path(), _DEPTH, leave_out=places.SAVES),
    )
    folders = places.walk(top, _DEPTH_IN_SAVES) if top else chain(*near)
    marked = [
        (-_time(folder / name), str(folder))
        for folder, names in islice(folders, _MOST_READ)
        if (name := mark(names))
    ]
    return [folder for _, folder in sorted(marked)][:most]


def _time(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # gone since it was listed
        return 0.0
