"""Section Evaluation presets: answer the test split with base and tuned model, or compare two runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress, Status
from lf_qwen3.board.handlers import evaluation_state, places, run_folders
from lf_qwen3.board.jobs import Tell
from lf_qwen3.recipes import presets

GROUP = "evaluation"
"""The group of presets that say how many rows are answered."""

MOST_NEW_TOKENS = 32768
"""Qwen's own advice for most tasks (model cards of Qwen3)."""

_STEPS = {1: "base", 2: "tuned", 3: "scoring"}


def preset_names() -> list[str]:
    """Return the presets of the group."""
    return [one.name for one in presets.list_presets() if one.group == GROUP]


def request(
    run: str | None,
    rows: str | None,
    preset: str,
    new_tokens: float | None,
    dataset_dir: str,
    is_demo: bool = False,
) -> dict[str, Any]:
    """Return what `predict` is asked for, every field checked.

    `rows` is a registered dataset, "" for the test split of what the run was trained on. Raises `UsageError`
    for a field that will not do, and in demo mode, where nothing is run.
    """
    if is_demo:
        raise UsageError(
            "the board runs in demo mode, which runs nothing", "compare two runs that are there already"
        )
    if preset not in preset_names():
        raise UsageError(f"no evaluation preset is called '{preset}'", ", ".join(preset_names()))
    tokens = int(new_tokens or 0)
    if not 1 <= tokens <= MOST_NEW_TOKENS:
        raise UsageError(
            f"max_new_tokens cannot be {tokens:,}", f"a number from 1 to {MOST_NEW_TOKENS:,}; Qwen: 32,768"
        )
    folder = run_folders.from_here(places.require_inside(dataset_dir))
    return {
        "run": str(run_folders.require(run, "trained run")),
        "rows": (rows or "").strip(),
        "preset": preset,
        "new_tokens": tokens,
        "dataset_dir": str(folder),
    }


def predict(asked: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Answer the rows with both models and compare; runs in a process of its own.

    Returns what `evaluation_state.of` does, and `answered` (the dataset), `folder` (all files of the
    evaluation), `kept` (how many of the two runs were there already). Interrupted, it takes what is not
    finished away again. Raises what `evaluate` raises, and `LfQwen3Error` while another evaluates the same.
    """
    from lf_qwen3.board.handlers import evaluation_files
    from lf_qwen3.results.evaluate import evaluation as order

    place, notes = evaluation_files.plan(asked)
    with evaluation_files.held(place.folder):
        try:
            evaluation_files.write(place)
            found = order.evaluate(place.folder, workers=None, progress=_StepProgress(tell))
        except KeyboardInterrupt:
            evaluation_files.tidy(place.folder)
            raise
    state = evaluation_state.of(found.comparison)
    return state | {
        "notes": [*notes, *state["notes"], *found.notes],
        "answered": place.rows,
        "folder": str(place.folder),
        "kept": len(found.kept),
    }


def compare_request(base: str | None, tuned: str | None) -> dict[str, Any]:
    """Return what `compare` is asked for. Raises `UsageError` for runs that will not do."""
    return {"paths": [str(_file(base, "base run")), str(_file(tuned, "tuned run"))]}


def compare(asked: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Compare two runs that are there; runs in a process of its own. Raises what `compare.compare` raises."""
    from lf_qwen3.results import compare as comparing

    progress = _StepProgress(tell, "scoring")
    return evaluation_state.of(comparing.compare(*asked["paths"], workers=None, progress=progress))


def _file(named: str | None, what: str) -> Path:
    """Return a predictions file, or the one in the folder that was named."""
    from lf_qwen3.results.score import predictions

    found = run_folders.require(named, what)
    file = places.require_inside(predictions.locate(found))
    if file.stat().st_size > places.MOST_UPLOADED:
        raise LfQwen3Error(
            f"{found} is larger than {places.MOST_UPLOADED >> 20:,} MiB",
            "compare it in a terminal: lf-qwen3 compare BASE TUNED",
        )
    return run_folders.from_here(file)


class _StepProgress(NoProgress):
    """Tells the page which of the steps goes on, and how far it is."""

    def __init__(self, tell: Tell, step: str = "") -> None:
        self._tell = tell
        self._step = step

    def start(self, title: str, step: int = 1, of: int = 1) -> None:
        """Name the step."""
        self._step = _STEPS[step]
        self._tell(self._step, 0, 0)

    def update(self, status: Status) -> None:
        """Pass on how much is done."""
        self._tell(self._step, status.done, status.total)
