"""The files of an evaluation: below saves/evaluations/, a folder for each run, dataset and preset."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.board.handlers import places
from lf_qwen3.recipes import commented, contradictions, files, predict, presets, shared, splits
from lf_qwen3.recipes.splits import Splits
from lf_qwen3.results.evaluate.evaluation import YAMLS
from lf_qwen3.results.evaluate.predict_run import STAMP
from lf_qwen3.trainer import schema

FOLDER = Path(places.SAVES) / "evaluations"

_LOCK = ".lock"
_MODELS = ("the model before training", "the trained model")


@dataclass(frozen=True, slots=True)
class EvaluationFiles:
    """The folder of an evaluation, the dataset that is answered, and its YAML files by name."""

    folder: Path
    rows: str
    texts: Mapping[str, str]

    def write(self) -> None:
        """Write the YAML files; those of an earlier evaluation of the same are written again."""
        for name, text in self.texts.items():
            (self.folder / name).write_text(text, "utf-8")


def plan(asked: Mapping[str, Any]) -> tuple[EvaluationFiles, list[str]]:
    """Work out the files of an evaluation from the settings of the trained run; notes are for the user.

    Raises `UsageError` where the run's settings, its weights or the dataset are not found, and for a setting
    that the trainer would not take.
    """
    run, settings = read_training(Path(asked["run"]))
    train = {**settings, "dataset_dir": asked["dataset_dir"], "output_dir": str(run)}
    registered, rows, notes = _choose_rows(train, asked["rows"])
    folder = evaluation_folder(run, f"{rows}-{asked['preset']}")
    chosen = [presets.find_preset(asked["preset"])]
    mode = shared.choose_mode(
        train, chosen, registered.conversion.thinking if registered.conversion else None
    )
    common = shared.share_settings(train, mode, chosen, {"max_new_tokens": asked["new_tokens"]})
    contradictions.refuse_contradictions(chosen, common)
    texts: dict[str, str] = {}
    for name, model, weights in zip(YAMLS, _MODELS, (common.base, common.tuned), strict=True):
        sections = predict.build_sections(common, weights, rows, str(folder / Path(name).stem))
        schema.check_settings(commented.flatten(sections), name)
        command = commented.format_command("train", folder / name)
        opening = commented.format_opening(f"Answer {rows} with {model}.", command)
        texts[name] = commented.format_yaml(opening, sections, files.list_predict_comments(common))
    return EvaluationFiles(folder, rows, texts), notes


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make a folder and keep others out of it. Raises `LfQwen3Error` while another evaluates there."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / _LOCK
    try:
        with FileLock(lock, timeout=0):
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
    except Timeout as error:
        raise LfQwen3Error(
            f"{folder} is being evaluated in another window",
            "wait for it, or choose another preset",
            code="lock_timeout",
        ) from error


def remove_unfinished(folder: Path) -> None:
    """Remove what is not finished: predictions without a stamp with their logs, a folder without any."""
    for yaml in (folder / name for name in YAMLS):
        output = yaml.with_suffix("")
        if not (output / STAMP).is_file():
            shutil.rmtree(output, ignore_errors=True)
            yaml.with_suffix(".log").unlink(missing_ok=True)
    if any(folder.glob(f"*/{STAMP}")):
        return
    shutil.rmtree(folder, ignore_errors=True)
    for parent in folder.parents:
        if not parent.is_relative_to(FOLDER) or any(parent.iterdir()):
            return
        parent.rmdir()


def evaluation_folder(run: Path, name: str) -> Path:
    """Return the evaluation's folder: below saves/, named after run, dataset and preset."""
    return folder_named_after(run, FOLDER, name)


def folder_named_after(run: Path, top: Path, *names: str) -> Path:
    """Return a folder below `top`, one of saves/, named after a run and `names`."""
    parts = [part for part in run.parts if part not in (run.anchor, places.SAVES)]
    folder = top.joinpath(*map(_plain, [*parts, *names]))
    places.require_inside(folder)
    return folder


def read_training(named: Path) -> tuple[Path, Mapping[str, Any]]:
    """Return the folder of a training run and its settings.

    Raises `UsageError` for one outside the roots, without settings, or without weights.
    """
    from lf_qwen3.results.diagnose import reading

    folder = places.from_here(places.require_inside(reading.locate(named)))
    run, _ = reading.read_run(folder)
    if not run.settings:
        raise UsageError(
            f"there are no settings of {folder}: neither {reading.BOARD} nor {reading.RECIPE} beside it",
            "predict in a terminal, then compare the two runs below",
            code="no_settings",
        )
    if not run.has_weights:
        raise UsageError(
            f"there are no weights in {folder}",
            "wait for the end of the training, or select another run",
            code="weights_missing",
        )
    return folder, run.settings


def _choose_rows(train: Mapping[str, Any], asked: str) -> tuple[Splits, str, list[str]]:
    """Return the dataset to answer, with notes: the one asked for, or the test split of the first one."""
    datasets = train.get("dataset") or ""
    first = str((datasets if isinstance(datasets, list) else str(datasets).split(","))[0]).strip()
    hint = "select a registered dataset of questions and answers as the rows to answer"
    try:
        registered = splits.find_splits(asked or first, train["dataset_dir"])
    except UsageError as error:
        raise UsageError(error.message, hint, code=error.code) from error
    is_answerable = not asked or asked in registered.answerable
    rows, notes = splits.choose_answered(registered, asked) if is_answerable else (None, [])
    if rows is None:
        message = f"{asked or registered.train} has no answers to score"
        raise UsageError(message, hint, code="dataset_not_answerable")
    return registered, rows, notes


def _plain(name: str) -> str:
    """Return a name that is one part of a path and no other."""
    plain = "".join(char if char.isalnum() or char in "_-." else "_" for char in name)
    return plain.lstrip(".") or "_"
