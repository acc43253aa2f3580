"""The folders that runs lie in: trainings, and predictions, near the board."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from lf_qwen3.base.errors import UsageError
from lf_qwen3.board.handlers import places

SAVES = "saves"
"""LLaMA Board's own folder of runs (webui/common.py)."""

PREDICTIONS = "generated_predictions.jsonl"

_LOGS = ("trainer_log.jsonl", "trainer_state.json")
_DEPTH_IN_SAVES, _DEPTH = 8, 3
_MOST_READ, _MOST_OFFERED = 5000, 200
_NEVER = ("llamaboard_cache", "llamaboard_config", "node_modules", "site-packages")


def trainings() -> list[str]:
    """Return the folders of training runs below the board's folder, the newest first."""
    return _offered(_trained)


def predictions() -> list[str]:
    """Return the folders that hold predictions below the board's folder, the newest first."""
    return _offered(_predicted)


def require(named: str | None, what: str) -> Path:
    """Return a folder or file that was named, as a person would name it from here.

    Raises `UsageError` for none, with `what` to choose, and for one outside the roots or not there.
    """
    text = (named or "").strip()
    if not text:
        raise UsageError(f"no {what} is chosen", "choose one from the list, or type its folder")
    real = places.require_inside(text)
    if not real.exists():
        raise UsageError(f"there is no file or folder {text}", "choose one from the list")
    return from_here(real)


def from_here(path: Path) -> Path:
    """Return a path relative to the board's folder where it lies in it."""
    real, here = path.resolve(), Path.cwd().resolve()
    return real.relative_to(here) if real.is_relative_to(here) else real


def _trained(names: set[str]) -> str | None:
    """Return the newest file of a training; predicting and validating write a log as well."""
    if "trainer_state.json" not in names and names & {"predict_results.json", PREDICTIONS}:
        return None
    return next((one for one in _LOGS if one in names), None)


def _predicted(names: set[str]) -> str | None:
    return PREDICTIONS if PREDICTIONS in names else None


def _offered(mark: Callable[[set[str]], str | None]) -> list[str]:
    found: list[tuple[float, str]] = []
    for number, (folder, names) in enumerate(_folders()):
        if number >= _MOST_READ:
            break
        if name := mark(names):
            found.append((_time(folder / name), str(folder)))
    return [folder for _, folder in sorted(found, key=lambda one: (-one[0], one[1]))][:_MOST_OFFERED]


def _time(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # gone since it was listed
        return 0.0


def _folders() -> Iterator[tuple[Path, set[str]]]:
    """Yield folders below here with the names of their files: those in saves/ first, and deeper."""
    yield from _walk(Path(SAVES), _DEPTH_IN_SAVES)
    yield from _walk(Path(), _DEPTH, left_out=SAVES)


def _walk(top: Path, depth: int, left_out: str = "") -> Iterator[tuple[Path, set[str]]]:
    for root, folders, files in os.walk(top):
        here = Path(root)
        deep = len(here.relative_to(top).parts)
        folders[:] = [one for one in folders if deep < depth and _may_hold_runs(one) and one != left_out]
        yield here, set(files)


def _may_hold_runs(name: str) -> bool:
    return name[0] not in "._" and name not in _NEVER and not name.startswith("checkpoint-")
