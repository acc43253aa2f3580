"""Section Train presets: the steps of a training, and settings that need less memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data import registry
from lf_qwen3.data.registry.listing import count_rows
from lf_qwen3.proof.estimate.advice import TIMES
from lf_qwen3.recipes import presets
from lf_qwen3.trainer import training_steps

_ACCUMULATION = "gradient_accumulation_steps"


def count_training_rows(settings: Mapping[str, Any]) -> int | None:
    """Return the rows of the datasets that a training names, None where they cannot be counted cheaply."""
    folder, named = str(settings.get("dataset_dir") or "data"), settings.get("dataset") or ""
    names = named if isinstance(named, list) else str(named).split(",")
    try:
        registered = registry.read_registry(folder)
        counts = [count_rows(folder, registered[name.strip()]) for name in names]
    except (LfQwen3Error, KeyError):
        return None
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def count_training_steps(settings: Mapping[str, Any], gpus: int = 1) -> int | None:
    """Return the steps of a training, None where its rows are packed or cannot be counted cheaply."""
    rows = count_training_rows(settings)
    try:
        if not rows or training_steps.is_packed(settings):
            return None
        rows = min(rows, int(settings.get("max_samples") or rows))
        rows -= training_steps.count_held_out(settings, rows)
        batch = int(settings.get("per_device_train_batch_size") or 1)
        return training_steps.count_steps(settings, rows, batch, gpus)
    except (ValueError, TypeError):
        return None


def choose_way(plan: Mapping[str, Any], number: str) -> dict[str, Any]:
    """Return the changes of one of a plan's ways to take less, by its number in the page.

    `deepspeed` is a ZeRO stage, and each step keeps its records. Raises `UsageError` for a number of none.
    """
    ways = plan["memory"].get("smaller", [])
    if not (number.isdecimal() and int(number) < len(ways)):
        raise UsageError("this setting is not in the list", "estimate again", code="option_value")
    changes = dict(ways[int(number)]["changes"])
    if times := changes.pop(TIMES, None):
        changes[_ACCUMULATION] = times * int(plan["settings"].get(_ACCUMULATION, 1))
    return changes


def split_presets(
    changes: Mapping[str, Any], hardware: Collection[str], allowed: Collection[str]
) -> tuple[list[str], dict[str, Any]]:
    """Return the presets for hardware with those that say the same as a change, and the other changes."""
    chosen, left = list(hardware), dict(changes)
    for key, value in changes.items():
        wanted = f"ds-zero{value}" if key == "deepspeed" else ""
        same = (name for name in allowed if presets.find_preset(name).train == {key: value})
        if name := wanted or next(same, ""):
            chosen = [other for other in chosen if not _excludes(other, name)] + [name]
            del left[key]
    return chosen, left


def _excludes(name: str, other: str) -> bool:
    return presets.find_preset(name).group == presets.find_preset(other).group
