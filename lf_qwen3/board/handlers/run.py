"""Section Run: what a training run tells about itself, its curves, what to try next."""

from __future__ import annotations

import base64
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.handlers import places, run_folders
from lf_qwen3.board.jobs import Tell

if TYPE_CHECKING:
    from lf_qwen3.results.diagnose import Diagnosis, TrainingRun


def request(folder: str | None) -> dict[str, Any]:
    """Return what `diagnose` is asked for. Raises `UsageError` for a folder that will not do."""
    return {"folder": str(run_folders.require(folder, "run"))}


def diagnose(asked: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Diagnose a run; in a process of its own.

    Returns {"run", "is_sound", "figures", "verdicts", "notes", "pictures": [(name, SVG as a data URI)]}.
    Raises what `diagnose.diagnose` raises, `UsageError` for a train.yaml that leads outside the roots.
    """
    from lf_qwen3.results import diagnose as diagnosing
    from lf_qwen3.results.diagnose import reading

    tell("diagnosing", 0, 0)
    place = reading.locate(Path(asked["folder"]))
    places.require_inside(place)
    found = diagnosing.diagnose(place)
    pictures, why = _pictures(found)
    told = found.as_json()
    return {
        "run": str(run_folders.from_here(place)),
        "is_sound": found.is_sound,
        "figures": _figures(found.run),
        "verdicts": told["verdicts"],
        "notes": [*found.notes, *why],
        "pictures": pictures,
    }


def _figures(run: TrainingRun) -> dict[str, Any]:
    """Return how far the run came, its first and last loss, its lowest validation loss; None for none."""
    losses = [one.value for one in run.train if math.isfinite(one.value)]
    validation = [one for one in run.main_validation if math.isfinite(one.value)]
    best = min(validation, key=lambda one: one.value, default=None)
    return {
        "step": run.step,
        "total": run.total,
        "first": losses[0] if losses else None,
        "last": losses[-1] if losses else None,
        "best": best.value if best else None,
        "best_step": best.step if best else None,
    }


def _pictures(found: Diagnosis) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the curves as images that stand in the page itself, or why they cannot be drawn."""
    from lf_qwen3.results.diagnose.plots import draw

    with tempfile.TemporaryDirectory(prefix="lf-qwen3-") as folder:
        try:
            drawn = draw(found.run, Path(folder))
        except LfQwen3Error as error:
            return [], [f"{error.message}; {error.hint}"]
        return [(one.stem, _uri(one)) for one in drawn if one.suffix == ".svg"], []


def _uri(svg: Path) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.read_bytes()).decode()}"
