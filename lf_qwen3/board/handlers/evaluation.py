"""Section Evaluation presets: answer the test split with base and tuned model, or compare two runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.base.progress import Progress
from lf_qwen3.board.handlers import comparison, places
from lf_qwen3.board.jobs import StepProgress
from lf_qwen3.recipes import presets

GROUP = "evaluation"
"""The group of presets that say how many rows are answered."""

MOST_NEW_TOKENS = 32768
"""Qwen's own advice for most tasks (model cards of Qwen3)."""

STEPS = ("base", "tuned", "scoring")


def preset_names() -> list[str]:
    """Return the presets of the group."""
    return [preset.name for preset in presets.list_presets() if preset.group == GROUP]


def request(
    run: str | None,
    rows: str | None,
    preset: str,
    new_tokens: float | None,
    dataset_dir: str,
    is_demo: bool = False,
) -> dict[str, Any]:
    """Return the request for `predict`, every field checked.

    `rows` is a registered dataset, "" for the test split of what the run was trained on. Raises `UsageError`
    for an invalid field, and in demo mode, where nothing is run.
    """
    if is_demo:
        raise UsageError(
            "the board is in demo mode, which runs nothing",
            "compare two existing runs",
            code="demo_mode",
        )
    if preset not in preset_names():
        raise unknown_name("evaluation preset", preset, preset_names(), "unknown_preset")
    tokens = int(new_tokens or 0)
    if not 1 <= tokens <= MOST_NEW_TOKENS:
        raise UsageError(
            f"max_new_tokens cannot be {tokens:,}",
            f"a number from 1 to {MOST_NEW_TOKENS:,}; Qwen: 32,768",
            code="option_value",
        )
    return {
        "run": str(places.require_chosen(run, "trained run")),
        "rows": (rows or "").strip(),
        "preset": preset,
        "new_tokens": tokens,
        "dataset_dir": str(places.from_here(places.require_inside(dataset_dir))),
    }


def predict(asked: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Answer the rows with both models and compare; runs in a separate process.

    Interrupted, it takes what is not finished away again. Raises what `evaluate` raises, and `LfQwen3Error`
    while another evaluates the same.
    """
    from lf_qwen3.board.handlers import evaluation_files
    from lf_qwen3.results.evaluate import evaluation

    files, notes = evaluation_files.plan(asked)
    with evaluation_files.locked(files.folder):
        try:
            files.write()
            steps = StepProgress(progress, *STEPS)
            result = evaluation.evaluate(files.folder, workers=None, progress=steps)
        except KeyboardInterrupt:
            evaluation_files.remove_unfinished(files.folder)
            raise
    shown = comparison.show_comparison(result.comparison)
    shown["notes"] = [*notes, *shown["notes"], *result.notes]
    shown |= {"answered": files.rows, "folder": str(files.folder), "kept": len(result.kept)}
    return shown


def compare_request(base: str | None, tuned: str | None) -> dict[str, Any]:
    """Return the request for `compare`. Raises `UsageError` for invalid runs."""
    return {"paths": [str(_predictions(base, "base run")), str(_predictions(tuned, "tuned run"))]}


def compare(asked: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Compare two runs that are there; in a separate process. Raises what `compare` raises."""
    from lf_qwen3.results import compare as comparing

    steps = StepProgress(progress, "scoring")
    return comparison.show_comparison(comparing.compare(*asked["paths"], workers=None, progress=steps))


def _predictions(named: str | None, what: str) -> Path:
    """Return a predictions file, or the one in the folder that was named."""
    from lf_qwen3.results.score import predictions

    chosen = places.require_chosen(named, what)
    file = places.require_inside(predictions.locate(chosen))
    if file.stat().st_size > places.MOST_UPLOADED:
        raise LfQwen3Error(
            f"{chosen} is larger than {places.MOST_UPLOADED >> 20:,} MiB",
            "compare it in a terminal: lf-qwen3 compare BASE TUNED",
            code="file_too_large",
        )
    return places.from_here(file)
