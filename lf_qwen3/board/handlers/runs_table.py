"""Section Run: the runs near the board as a table, and some of them compared."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypedDict

from lf_qwen3 import recipes
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.board.handlers import evaluation_files, places, run, run_folders
from lf_qwen3.data import registry
from lf_qwen3.results.diagnose.diagnosis import Diagnosis, summarise
from lf_qwen3.results.diagnose.reading import BOARD, RECIPE, find_replaced
from lf_qwen3.results.diagnose.training_run import Point

PAGE = 50
"""Runs that are shown at a time; reading one takes some milliseconds."""

MOST_FOLDERS, MOST_READ, MOST_COMPARED, MOST_POINTS = 5000, 1 << 20, 6, 400
"""Runs that are counted, bytes read of a file, runs compared, points of a curve in a picture."""

SILENT_SECONDS = 600
"""Without a line in the log for so long, a run that has not ended counts as stopped."""

SPARK, CURVES = (100, 24), (720, 240)
"""Width and height of the small curve of a run, and of the curves of several."""

_MADE_FROM = re.compile(rb"Made from the recipe (\S+) by")
_HEADLINE = "answer/rouge-l"
_PLACES = ("output_dir", "dataset", "eval_dataset", "dataset_dir", "run_name", "swanlab_run_name")


class RunRow(TypedDict, total=False):
    """A run in the table. `word` is one of `run.WORDS`, `state` one of running, finished, stopped.

    `changed` are settings that differ from the recipe's. `spark` are the points of its loss as SVG has them.
    `scores` are ROUGE-L of the answers before and after. `is_newer_data` tells that its dataset is another:
    by the hash in its train.yaml, or else by the time of a file. `error` says why a run cannot be read: then
    there is nothing else.
    """

    folder: str
    error: str
    word: str
    state: str
    step: int
    total: int
    model: str
    recipe: str
    dataset: str
    changed: dict[str, Any]
    last: float | None
    best: float | None
    spark: str
    scores: list[float]
    is_newer_data: bool


class RunsShown(TypedDict):
    """The newest runs, and how many there are."""

    rows: list[RunRow]
    count: int


class CurveShown(TypedDict):
    """The loss of one run as the points of an SVG, and that on validation rows; "" for none."""

    run: str
    train: str
    validation: str


class CurvesShown(TypedDict):
    """Runs side by side: curves in one picture with its ends, and the settings that are not the same."""

    curves: list[CurveShown]
    least: float
    most: float
    steps: int
    settings: list[tuple[str, list[Any]]]


def list_runs(where: str | None = "", count: int = PAGE) -> RunsShown:
    """Return the newest `count` runs below a folder, "" for all near the board.

    Raises `UsageError` for a folder outside the roots.
    """
    top = places.require_chosen(where, "folder") if (where or "").strip() else None
    folders = run_folders.trainings(top, MOST_FOLDERS)
    return {"rows": [_read_row(folder) for folder in folders[:count]], "count": len(folders)}


def choose_row(shown: Mapping[str, Any] | None, number: str) -> str:
    """Return the folder of a row by its number in the page. Raises `UsageError` for a number of none."""
    rows = (shown or {}).get("rows", [])
    if not (number.isdecimal() and int(number) < len(rows)):
        raise UsageError("this run is not in the table", "list the runs again", code="option_value")
    return str(rows[int(number)]["folder"])


def compare_runs(named: Sequence[str] | None) -> CurvesShown:
    """Return runs side by side.

    Raises `UsageError` for fewer than two or too many, for an invalid folder, and `LfQwen3Error` for
    a run that cannot be read.
    """
    folders = [places.require_chosen(name, "run") for name in named or []]
    if not 2 <= len(folders) <= MOST_COMPARED:
        raise UsageError(
            f"{len(folders)} runs are selected", f"select 2 to {MOST_COMPARED}", code="too_few_runs"
        )
    runs = [_diagnose(str(folder)).run for folder in folders]
    pairs = [(_finite(one.train), _finite(one.main_validation)) for one in runs]
    every = [point for pair in pairs for curve in pair for point in curve]
    ends = _ends(every)
    keys = dict.fromkeys(key for one in runs for key in one.settings if key not in _PLACES[:1])
    table = [(key, [one.settings.get(key) for one in runs]) for key in keys]
    return {
        "curves": [
            {
                "run": str(folder),
                "train": _points(train, ends, CURVES),
                "validation": _points(val, ends, CURVES),
            }
            for folder, (train, val) in zip(folders, pairs, strict=True)
        ],
        "least": ends[1],
        "most": ends[2],
        "steps": ends[0],
        "settings": [(key, values) for key, values in table if any(value != values[0] for value in values)],
    }


def _read_row(folder: str) -> RunRow:
    try:
        diagnosis = _diagnose(folder)
    except LfQwen3Error as error:
        return {"folder": folder, "error": error.message}
    found, written = diagnosis.run, max(_stamp(folder, run_folders.LOGS))[0] / 1e9
    losses, validation = _finite(found.train), _finite(found.main_validation)
    best = validation or losses
    is_silent = time.time() - written > SILENT_SECONDS
    name = _recipe_of(Path(folder))
    return {
        "folder": folder,
        "error": "",
        "word": run.WORDS[diagnosis.state],
        "state": "finished" if found.is_finished else "stopped" if is_silent else "running",
        "step": found.step,
        "total": found.total,
        "model": str(found.settings.get("model_name_or_path") or ""),
        "recipe": name,
        "dataset": _names(found.settings.get("dataset")),
        "changed": _changes(name, found.settings),
        "last": losses[-1].value if losses else None,
        "best": min(point.value for point in best) if best else None,
        "spark": _points(losses, _ends(losses), SPARK),
        "scores": _read_scores(Path(folder)),
        "is_newer_data": _is_replaced(Path(folder), diagnosis, written),
    }


def _diagnose(folder: str) -> Diagnosis:
    return _summarise(folder, _stamp(folder, (*run_folders.LOGS, BOARD, RECIPE, f"../{RECIPE}")))


@lru_cache(maxsize=1000)
def _summarise(folder: str, stamp: tuple[tuple[int, int], ...]) -> Diagnosis:
    """Summarise a run; `stamp` makes it again when its files have changed."""
    return summarise(folder, MOST_READ)


def _stamp(folder: str, names: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Return time (ns) and size of the files of a run that are there; (0, 0) is first."""
    files = (file.stat() for name in names if (file := Path(folder, name)).is_file())
    return ((0, 0), *((file.st_mtime_ns, file.st_size) for file in files))


def _recipe_of(folder: Path) -> str:
    """Return the recipe that the run's train.yaml was made from, "" where none says so."""
    for yaml in (folder / RECIPE, folder.parent / RECIPE):
        if yaml.is_file() and not (folder / BOARD).is_file():
            with yaml.open("rb") as text:
                made_from = _MADE_FROM.search(text.read(4096))
            return made_from[1].decode("utf-8", "replace") if made_from else ""
    return ""


def _changes(recipe: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    try:
        own = recipes.find_recipe(recipe).settings if recipe else settings
    except UsageError:  # a recipe of another version
        return {}
    return {key: value for key, value in settings.items() if key not in _PLACES and own.get(key) != value}


def _names(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _read_scores(folder: Path) -> list[float]:
    """Return ROUGE-L of base and tuned in the newest evaluation of a run, [] for none."""
    of_board = evaluation_files.evaluation_folder(folder, "any").parent.glob("*/scores.json")
    files = [file for file in (*of_board, folder.parent / "scores.json") if file.is_file()]
    newest = max(files, key=lambda file: file.stat().st_mtime, default=None)
    if newest is None or newest.stat().st_size > 4 * MOST_READ:
        return []
    try:
        figures = json.loads(newest.read_bytes())["pairs"][-1]["differences"]["all"][_HEADLINE]
        return [float(figures["base"]), float(figures["other"])]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return []


def _is_replaced(folder: Path, diagnosis: Diagnosis, written: float) -> bool:
    """Return whether a dataset of a run is another now, by its hash, or else by the time of the last step."""
    settings = diagnosis.run.settings
    try:
        data = places.require_inside(Path(str(settings.get("dataset_dir") or "data")))
        if (replaced := find_replaced(folder)) is not None or not diagnosis.run.is_finished:
            return bool(replaced)
        registered = registry.read_registry(data)
        files = [data / registered[name]["file_name"] for name in _names(settings["dataset"]).split(",")]
        return any(file.stat().st_mtime > written for file in files)
    except (LfQwen3Error, OSError, KeyError, TypeError):
        return False


def _finite(curve: Sequence[Point]) -> list[Point]:
    return [point for point in curve if math.isfinite(point.value)]


def _ends(points: Sequence[Point]) -> tuple[int, float, float]:
    """Return the last step, the least and the highest value."""
    values = [point.value for point in points] or [0.0]
    return max((point.step for point in points), default=1), min(values), max(values)


def _points(curve: Sequence[Point], ends: tuple[int, float, float], size: tuple[int, int]) -> str:
    """Return a curve as the points of an SVG of this size, thinned to `MOST_POINTS`."""
    (steps, least, most), (width, height) = ends, size
    most_points = min(MOST_POINTS, width)
    thinned = curve[:: math.ceil(len(curve) / most_points) or 1]
    scale = (most - least) or 1
    return " ".join(
        f"{width * step / (steps or 1):.1f},{height * (most - value) / scale:.1f}" for step, value in thinned
    )
