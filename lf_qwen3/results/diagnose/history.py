"""The curves of a run, from the two files in which the trainer keeps them.

trainer_log.jsonl grows a line a log step; trainer_state.json is written at the end and into every checkpoint.
The state knows more (the gradient, every validation set); the log is the newer one while a run continues.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.diagnose.training_run import Point

LOG, STATE = "trainer_log.jsonl", "trainer_state.json"
_NOT_OURS = "name the output_dir of a training run of LLaMA-Factory"
_TIMES = ("runtime", "_per_second", "_steps", "_time")


@dataclass(frozen=True, slots=True)
class RunHistory:
    """The curves by name (loss, learning_rate, grad_norm, validation sets), and how far the run has come."""

    curves: Mapping[str, Mapping[int, float]]
    state: Mapping[str, Any]
    step: int
    total: int
    is_finished: bool
    notes: list[str]

    def points(self, name: str) -> tuple[Point, ...]:
        """Return one curve in the order of its steps."""
        return tuple(Point(step, value) for step, value in sorted(self.curves.get(name, {}).items()))

    def validation(self) -> dict[str, tuple[Point, ...]]:
        """Return the curve of every validation set: `loss`, or `NAME_loss` where there are several."""
        names = [name for name in self.curves if name.startswith("eval_") and name.endswith("loss")]
        return {name.removeprefix("eval_"): self.points(name) for name in names}


def read_history(folder: Path, most_bytes: int | None = None) -> RunHistory:
    """Read the history of the run in `folder`; with `most_bytes` the end of a longer log, no longer state.

    Raises `LfQwen3Error` with the line where the log is of another tool or broken; a last line that is still
    being written is left out, and so is, with a note, a state that is cut short beside a log.
    """
    log, state_file = _read_log(folder / LOG, most_bytes), folder / STATE
    is_short = not (log and most_bytes and state_file.is_file() and state_file.stat().st_size > most_bytes)
    state, notes = _read_state(state_file, has_log=bool(log)) if is_short else ({}, [])
    if state and log and not _belong(log, state):
        notes.append(f"{STATE} belongs to an earlier run and was left out")
        state = {}
    entries = _entries(state)
    last = log[-1] if log else {}
    has_last_line = bool(log) and last.get("loss") is None and last.get("eval_loss") is None
    has_rewards = {"has_rewards": True} if any("rewards/accuracies" in entry for entry in entries) else {}
    return RunHistory(
        curves=_curves([*_log_values(log), *_state_values(entries)]),
        state={key: value for key, value in state.items() if key != "log_history"} | has_rewards,
        step=max(last.get("current_steps", 0), _count(state.get("global_step"))),
        total=_count(last.get("total_steps")) or _count(state.get("max_steps")),
        is_finished=has_last_line or any("train_runtime" in entry for entry in entries),
        notes=notes,
    )


def _read_log(path: Path, most_bytes: int | None) -> list[dict[str, Any]]:
    """Return the entries of the log; where a run was resumed, what it repeated counts once."""
    if not path.is_file():
        return []
    with path.open("rb") as file:
        start = max(0, path.stat().st_size - most_bytes) if most_bytes else 0
        file.seek(start)
        text = file.read().decode("utf-8", "replace")
    whole = text[: text.rfind("\n") + 1].splitlines()[1 if start else 0 :]
    entries: list[dict[str, Any]] = []
    for number, line in enumerate(whole, 1):
        if not line.strip():
            continue
        entry = _entry(line, f"{path}:{number}")
        if entries and entry["current_steps"] < entries[-1]["current_steps"]:
            entries = [earlier for earlier in entries if earlier["current_steps"] < entry["current_steps"]]
        entries.append(entry)
    return entries


def _entry(line: str, place: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise LfQwen3Error(
            f"{place}: this line is not JSON ({error})", _NOT_OURS, code="not_a_training_log"
        ) from error
    if not isinstance(entry, dict) or not isinstance(entry.get("current_steps"), int):
        raise LfQwen3Error(
            f"{place}: this line is not from LLaMA-Factory's log: it has no current_steps",
            _NOT_OURS,
            code="not_a_training_log",
        )
    return entry


def _read_state(path: Path, has_log: bool) -> tuple[dict[str, Any], list[str]]:
    """Return the trainer's state, {} for none; beside a log a note says why it was left out."""
    if not path.is_file():
        return {}, []
    try:
        state = json.loads(path.read_bytes())
    except ValueError as error:
        if not has_log:
            raise LfQwen3Error(
                f"{path} is truncated or not JSON ({error})", _NOT_OURS, code="not_a_training_log"
            ) from error
        return {}, [f"{STATE} is truncated or not JSON and was left out"]
    if isinstance(state, dict) and isinstance(state.get("log_history"), list):
        return state, []
    if not has_log:
        raise LfQwen3Error(
            f"{path} is not from a training run: it has no log_history", _NOT_OURS, code="not_a_training_log"
        )
    return {}, [f"{STATE} has no log_history and was left out"]


def _belong(log: list[dict[str, Any]], state: Mapping[str, Any]) -> bool:
    """Return whether log and state are of one run: they agree on the loss of the first step both know."""
    losses = {
        entry.get("step"): entry.get("loss") for entry in _entries(state) if entry.get("loss") is not None
    }
    for entry in log:
        if entry.get("loss") is not None and entry["current_steps"] in losses:
            known = losses[entry["current_steps"]]
            return bool(entry["loss"] == known or (entry["loss"] != entry["loss"] and known != known))
    return not losses or not any(entry.get("loss") is not None for entry in log)


def _entries(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in state.get("log_history", []) if isinstance(entry, dict)]


def _log_values(log: Iterable[dict[str, Any]]) -> Iterator[tuple[str, int, Any]]:
    """Yield (curve, step, value) of the log's lines."""
    names = {"loss": "loss", "eval_loss": "eval_loss", "lr": "learning_rate"}
    for entry in log:
        for key, name in names.items():
            yield name, entry["current_steps"], entry.get(key)


def _state_values(entries: Iterable[dict[str, Any]]) -> Iterator[tuple[str, int, Any]]:
    """Yield (curve, step, value) of the state's entries."""
    for entry in entries:
        for key, value in entry.items():
            if key in ("loss", "learning_rate", "grad_norm") or _is_validation(key):
                yield key, _count(entry.get("step")), value


def _is_validation(key: str) -> bool:
    return key.startswith("eval_") and key.endswith("loss") and not key.endswith(_TIMES)


def _curves(values: Iterable[tuple[str, int, Any]]) -> dict[str, dict[int, float]]:
    """Gather the values by curve and step; the last of a step counts, and what is not a number is left out.

    transformers writes numbers that are none as the texts NaN and Infinity.
    """
    curves: dict[str, dict[int, float]] = {}
    for name, step, value in values:
        if isinstance(value, str) and value.lower() in ("nan", "inf", "infinity"):
            value = math.nan
        if isinstance(value, int | float) and not isinstance(value, bool):
            curves.setdefault(name, {})[step] = float(value)
    return curves


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
