"""Section Train presets: a recipe as values of the Train tab's elements."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.recipes import board, presets

STAGE, DATASET, EXTRA = "train.training_stage", "train.dataset", "train.extra_args"

SUGGESTED = ("top.model_path", "top.template")
"""Told in words alone: the board sets both when a model is chosen, and undoes what was set with it."""

_SHARDING = ("train.ds_stage", "train.ds_offload")
_WITH_SWANLAB_ONLY = tuple(one for one in board.TEXTS.values() if one.startswith("train.swanlab_"))


def elements() -> list[str]:
    """Return the ids of all elements that a recipe may set."""
    groups = (board.TEXTS.values(), board.BOXES.values(), board.CHOICES.values())
    sliders = (found[0] for found in (board.SLIDERS | board.FINE_SLIDERS).values())
    others = ("top.quantization_bit", "top.booster", "top.checkpoint_path", "train.compute_type")
    every = [
        *(one for group in groups for one in group),
        *sliders,
        *others,
        *_SHARDING,
        STAGE,
        DATASET,
        EXTRA,
    ]
    return [one for one in dict.fromkeys(every) if one not in SUGGESTED]


def values(train: Mapping[str, Any]) -> dict[str, Any]:
    """Return element id -> value for a training YAML; model and template are not among them.

    DeepSpeed becomes the board's own stage and offload, whose files the board keeps itself.
    """
    found = board.build_arguments({key: value for key, value in train.items() if key != "deepspeed"})
    if named := train.get("deepspeed"):
        found |= _sharding(str(named))
    if not train.get("use_swanlab"):
        found = {key: value for key, value in found.items() if key not in _WITH_SWANLAB_ONLY}
    return {key: value for key, value in found.items() if key not in SUGGESTED}


def suggestion(
    train: Mapping[str, Any], model: str, template: str, names: Collection[str] = ()
) -> dict[str, str]:
    """Return what the recipe wants of model and template, and what is chosen at the top of the board.

    `names` are the model names that the board offers.
    """
    wanted = str(train["model_name_or_path"])
    wants = {"wants_model": wanted, "wants_template": str(train["template"])}
    return wants | {"wants_name": board_name(wanted, names), "model": model, "template": template}


def board_name(model: str, names: Collection[str]) -> str:
    """Return what the board calls a Qwen3 by its hub id, "" where it has no name for it.

    It calls a hybrid checkpoint by its name and -Thinking (llamafactory/extras/constants.py).
    """
    name = Path(model).name
    return next((one for one in (name, f"{name}-Thinking") if one in names), "")


def _sharding(named: str) -> dict[str, Any]:
    """Return the board's stage and offload for a DeepSpeed file of the presets."""
    files = (file for one in presets.list_presets() for file in one.files)
    file = next(one for one in files if one.name == Path(named).name)
    zero = json.loads(file.read_text("utf-8"))["zero_optimization"]
    return dict(zip(_SHARDING, (str(zero["stage"]), "offload_optimizer" in zero), strict=True))
