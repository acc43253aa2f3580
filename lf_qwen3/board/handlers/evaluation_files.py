"""The files of an evaluation: below saves/evaluations/, a folder for each run, dataset and preset."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.board.handlers import places, run_folders
from lf_qwen3.recipes import commented, predict, presets, shared, splits
from lf_qwen3.recipes.splits import Splits
from lf_qwen3.results.evaluate.evaluation import YAMLS
from lf_qwen3.results.evaluate.predict_run import STAMP
from lf_qwen3.trainer import schema

FOLDER = "evaluations"

_LOCK = ".lock"
_NAMES = ("base", "tuned")
_WITH = {"base": "the model as it was before training", "tuned": "what the run wrote"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an evaluation lies, the dataset that is answered, and its YAML files by name."""

    folder: Path
    rows: str
    texts: Mapping[str, str]


def plan(asked: Mapping[str, Any]) -> tuple[Place, list[str]]:
    """Work out the files of an evaluation from the settings of the trained run; notes are for the user.

    Raises `UsageError` where the run's settings, its weights or the dataset are not found, and for a setting
    that the trainer would not take.
    """
    notes: list[str] = []
    run, train = _trained(Path(asked["run"]))
    train |= {"dataset_dir": asked["dataset_dir"], "output_dir": str(run)}
    found, rows = _rows(train, asked["rows"], notes)
    out = _out(run, f"{rows}-{asked['preset']}")
    chosen = [presets.find_preset(asked["preset"])]
    mode = shared.choose_mode(train, chosen, found.conversion.thinking if found.conversion else None)
    common = shared.share_settings(train, mode, chosen, {"max_new_tokens": asked["new_tokens"]})
    texts: dict[str, str] = {}
    for name, weights in zip(_NAMES, (common.base, common.tuned), strict=True):
        yaml = f"predict_{name}.yaml"
        sections = predict.build_sections(common, weights, rows, str(out / f"predict_{name}"))
        schema.check(commented.flatten(sections), yaml)
        opening = commented.format_opening(
            f"Answer {rows} with {_WITH[name]}.", commented.format_command("train", out / yaml)
        )
        texts[yaml] = commented.format_yaml(opening, sections)
    return Place(out, rows, texts), notes


def write(place: Place) -> None:
    """Write the YAML files; those of an earlier evaluation of the same are written anew."""
    for name, text in place.texts.items():
        (place.folder / name).write_text(text, "utf-8")


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make a folder and keep others out of it. Raises `LfQwen3Error` while another holds it."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        with lock:
            try:
                yield
            finally:
                (folder / _LOCK).unlink(missing_ok=True)
    except Timeout as error:
        raise LfQwen3Error(
            f"{folder} is being evaluated in another window", "wait for it, or choose another preset"
        ) from error


def tidy(folder: Path) -> None:
    """Take away what is not finished: predictions without a stamp with their logs, a folder without any."""
    for yaml in (folder / name for name in YAMLS):
        output = yaml.with_suffix("")
        if not (output / STAMP).is_file():
            shutil.rmtree(output, ignore_errors=True)
            yaml.with_suffix(".log").unlink(missing_ok=True)
    if any(folder.glob(f"*/{STAMP}")):
        return
    shutil.rmtree(folder, ignore_errors=True)
    for parent in folder.parents:
        if not parent.is_relative_to(_top()) or any(parent.iterdir()):
            return
        parent.rmdir()


def _trained(named: Path) -> tuple[Path, dict[str, Any]]:
    """Return the folder of a training run and its settings."""
    from lf_qwen3.results.diagnose import reading

    place = run_folders.from_here(places.require_inside(reading.locate(named)))
    run, _ = reading.read_run(place)
    if not run.settings:
        raise UsageError(
            f"the settings of {place} are not found: neither {reading.BOARD} nor {reading.RECIPE} beside it",
            "predict by hand, then compare the two runs below",
        )
    if not run.has_weights:
        raise UsageError(f"there are no weights in {place}", "let the training end, or choose another run")
    return place, dict(run.settings)


def _rows(train: Mapping[str, Any], asked: str, notes: list[str]) -> tuple[Splits, str]:
    """Return the dataset to answer: the one asked for, or the test split of the run's first dataset."""
    learnt = train.get("dataset") or ""
    names = learnt if isinstance(learnt, list) else str(learnt).split(",")
    wanted = "choose a registered dataset of questions and answers as the rows to answer"
    try:
        found = splits.find_splits(asked or str(names[0]).strip(), train["dataset_dir"])
    except UsageError as error:
        raise UsageError(error.message, wanted) from error
    rows = None
    if not asked or asked in found.answerable:
        rows, about_rows = splits.choose_answered(found, asked)
        notes += about_rows
    if rows is None:
        raise UsageError(f"{asked or found.train} holds no answers to score", wanted)
    return found, rows


def _top() -> Path:
    return Path(run_folders.SAVES) / FOLDER


def _out(run: Path, name: str) -> Path:
    """Return the evaluation's folder: below saves/, named after run, dataset and preset."""
    inside = [one for one in run.parts if one not in (run.anchor, run_folders.SAVES)]
    parts = [_plain(one) for one in (*inside, name)]
    out = _top().joinpath(*parts)
    places.require_inside(out)
    return out


def _plain(name: str) -> str:
    """Return a name that is one part of a path and no other."""
    kept = "".join(one if one.isalnum() or one in "_-." else "_" for one in name)
    return kept.lstrip(".") or "_"
