"""Section Run: what a training run shows of itself, its curves, what to try next."""

from __future__ import annotations

import base64
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import Progress, Status
from lf_qwen3.board.handlers import places

if TYPE_CHECKING:
    from lf_qwen3.results.diagnose import Diagnosis, TrainingRun


WORDS = {"sound": "sound", "too short to tell": "short", "not sound": "look"}
"""The state of a diagnosis -> the word that the page has a text for."""


class RunFigures(TypedDict):
    """How far a run came, its first and last loss, its lowest validation loss; None for none."""

    step: int
    total: int
    first: float | None
    last: float | None
    best: float | None
    best_step: int | None


class DiagnosisShown(TypedDict):
    """A diagnosis; `verdicts` as `diagnose --json` has them, `pictures` are (name, SVG as a data URI).

    `word` is one of `WORDS`.
    """

    run: str
    word: str
    figures: RunFigures
    verdicts: list[dict[str, Any]]
    notes: list[str]
    pictures: list[tuple[str, str]]


def request(folder: str | None) -> dict[str, Any]:
    """Return the request for `diagnose`. Raises `UsageError` for an invalid folder."""
    return {"folder": str(places.require_chosen(folder, "run"))}


def diagnose(asked: Mapping[str, Any], progress: Progress) -> DiagnosisShown:
    """Diagnose a run; in a separate process.

    Raises what the library's `diagnose` raises, `UsageError` for a train.yaml that leads outside the roots.
    """
    from lf_qwen3.results import diagnose as diagnosing
    from lf_qwen3.results.diagnose import reading

    progress.update(Status("diagnosing"))
    folder = reading.locate(Path(asked["folder"]))
    places.require_inside(folder)
    diagnosis = diagnosing.diagnose(folder)
    pictures, why = _draw(diagnosis)
    return {
        "run": str(places.from_here(folder)),
        "word": WORDS[diagnosis.state],
        "figures": _figures(diagnosis.run),
        "verdicts": diagnosis.as_json()["verdicts"],
        "notes": [*diagnosis.notes, *why],
        "pictures": pictures,
    }


def _figures(run: TrainingRun) -> RunFigures:
    losses = [point.value for point in run.train if math.isfinite(point.value)]
    validation = [point for point in run.main_validation if math.isfinite(point.value)]
    best = min(validation, key=lambda point: point.value, default=None)
    return {
        "step": run.step,
        "total": run.total,
        "first": losses[0] if losses else None,
        "last": losses[-1] if losses else None,
        "best": best.value if best else None,
        "best_step": best.step if best else None,
    }


def _draw(diagnosis: Diagnosis) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the curves as images that are in the page itself, or why they cannot be drawn."""
    from lf_qwen3.results.diagnose.plots import draw

    with tempfile.TemporaryDirectory(prefix="lf-qwen3-") as folder:
        try:
            files = draw(diagnosis.run, Path(folder))
        except LfQwen3Error as error:
            return [], [f"{error.message}; {error.hint}"]
        return [(file.stem, _data_uri(file)) for file in files if file.suffix == ".svg"], []


def _data_uri(svg: Path) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.read_bytes()).decode()}"
