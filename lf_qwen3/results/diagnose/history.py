"""The curves of a run, from the two files in which the trainer keeps them.

trainer_log.jsonl grows a line a log step; trainer_state.json is written at the end and into every checkpoint.
The state knows more (the gradient, every validation set); the log is the newer one while a run goes on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.diagnose.run import Point

LOG, STATE = "trainer_log.jsonl", "trainer_state.json"
_NOT_OURS = "name the output_dir of a training run of LLaMA-Factory"
_TIMES = ("runtime", "_per_second", "_steps", "_time")


@dataclass(slots=True)
class History:
    """The curves by name (loss, learning_rate, grad_norm, validation sets), and how far the run has come."""

    curves: dict[str, dict[int, float]] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    total: int = 0
    is_finished: bool = False
    notes: list[str] = field(default_factory=list)

    def points(self, name: str) -> tuple[Point, ...]:
        """Return one curve in the order of its steps."""
        return tuple(Point(step, value) for step, value in sorted(self.curves.get(name, {}).items()))

    def validation(self) -> dict[str, tuple[Point, ...]]:
        """Return the curve of every validation set: `loss`, or `NAME_loss` where there are several."""
        names = [one for one in self.curves if one.startswith("eval_") and one.endswith("loss")]
        return {name.removeprefix("eval_"): self.points(name) for name in names}


def read(folder: Path) -> History:
    """Read the history of the run in `folder`.

    Raises `LfQwen3Error` with the line where the log is of another tool or broken; a last line that is still
    being written is left out, and a state that is cut short is told in `notes` where there is a log.
    """
    log, found = _log(folder / LOG), History()
    state = _state(folder / STATE, found.notes, has_log=bool(log))
    if state and log and not _belong(log, state):
        found.notes.append(f"{STATE} is of an earlier run and was left out")
        state = {}
    _take_log(found, log)
    if state:
        _take_state(found, state)
    return found


def _log(path: Path) -> list[dict[str, Any]]:
    """Return the entries of the log; where a run was resumed, what it repeated counts once."""
    if not path.is_file():
        return []
    text = path.read_text("utf-8", errors="replace")
    whole = text[: text.rfind("\n") + 1].splitlines()
    found: list[dict[str, Any]] = []
    for number, line in enumerate(whole, 1):
        if not line.strip():
            continue
        entry = _entry(line, f"{path}:{number}")
        if found and entry["current_steps"] < found[-1]["current_steps"]:
            found = [one for one in found if one["current_steps"] < entry["current_steps"]]
        found.append(entry)
    return found


def _entry(line: str, place: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise LfQwen3Error(f"{place}: this line is no JSON ({error})", _NOT_OURS) from error
    if not isinstance(entry, dict) or not isinstance(entry.get("current_steps"), int):
        raise LfQwen3Error(f"{place}: this line is not of LLaMA-Factory's log: no current_steps", _NOT_OURS)
    return entry


def _state(path: Path, notes: list[str], has_log: bool) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        state = json.loads(path.read_bytes())
    except ValueError as error:
        if not has_log:
            raise LfQwen3Error(f"{path} is cut short or no JSON ({error})", _NOT_OURS) from error
        notes.append(f"{STATE} is cut short or no JSON and was left out")
        return {}
    if isinstance(state, dict) and isinstance(state.get("log_history"), list):
        return state
    if not has_log:
        raise LfQwen3Error(f"{path} is not of a training run: no log_history", _NOT_OURS)
    notes.append(f"{STATE} holds no log_history and was left out")
    return {}


def _belong(log: list[dict[str, Any]], state: Mapping[str, Any]) -> bool:
    """Tell whether log and state are of one run: they agree on the loss of the first step both know."""
    losses = {one.get("step"): one.get("loss") for one in _entries(state) if one.get("loss") is not None}
    for entry in log:
        if entry.get("loss") is not None and entry["current_steps"] in losses:
            known = losses[entry["current_steps"]]
            return bool(entry["loss"] == known or (entry["loss"] != entry["loss"] and known != known))
    return not losses or not any(entry.get("loss") is not None for entry in log)


def _entries(state: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    return [one for one in state["log_history"] if isinstance(one, dict)]


def _take_log(found: History, log: list[dict[str, Any]]) -> None:
    names = {"loss": "loss", "eval_loss": "eval_loss", "lr": "learning_rate"}
    for entry in log:
        for key, name in names.items():
            _put(found, name, entry["current_steps"], entry.get(key))
    if log:
        last = log[-1]
        found.step, found.total = last["current_steps"], _count(last.get("total_steps"))
        found.is_finished = last.get("loss") is None and last.get("eval_loss") is None


def _take_state(found: History, state: dict[str, Any]) -> None:
    found.state = {key: value for key, value in state.items() if key != "log_history"}
    for entry in _entries(state):
        if "rewards/accuracies" in entry:
            found.state["has_rewards"] = True
        for key, value in entry.items():
            if key in ("loss", "learning_rate", "grad_norm") or _is_validation(key):
                _put(found, key, _count(entry.get("step")), value)
        found.is_finished |= "train_runtime" in entry
    found.step = max(found.step, _count(state.get("global_step")))
    found.total = found.total or _count(state.get("max_steps"))


def _is_validation(key: str) -> bool:
    return key.startswith("eval_") and key.endswith("loss") and not key.endswith(_TIMES)


def _put(found: History, name: str, step: int, value: Any) -> None:
    """Keep a value; transformers writes numbers that are none as the texts NaN and Infinity, read as such."""
    if isinstance(value, str) and value.lower() in ("nan", "inf", "infinity"):
        value = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        found.curves.setdefault(name, {})[step] = float(value)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
