"""Section Train presets: a recipe as values of the Train tab's elements."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypedDict

from lf_qwen3.recipes import board, presets

STAGE, DATASET, EXTRA = "train.training_stage", "train.dataset", "train.extra_args"

SUGGESTED = ("top.model_path", "top.template")
"""Suggested in words alone: the board sets both when a model is chosen, and undoes what was set with it."""

_SHARDING = ("train.ds_stage", "train.ds_offload")
_OTHERS = ("top.quantization_bit", "top.booster", "top.checkpoint_path", "train.compute_type")
_WITH_SWANLAB_ONLY = tuple(name for name in board.TEXTS.values() if name.startswith("train.swanlab_"))


class Suggestion(TypedDict):
    """What a recipe wants of model and template, and what is chosen at the top of the board.

    `wants_name` is what the board calls the model, "" where it has no name for it.
    """

    wants_model: str
    wants_template: str
    wants_name: str
    model: str
    template: str


class FilledShown(TypedDict):
    """The elements that were set, by id; the ids that the board lacks; notes on the recipe."""

    set: dict[str, Any]
    unknown: list[str]
    notes: list[str]
    suggestion: Suggestion


def elements() -> list[str]:
    """Return the ids of all elements that a recipe may set."""
    plain = (*board.TEXTS.values(), *board.BOXES.values(), *board.CHOICES.values())
    sliders = (slider[0] for slider in (board.SLIDERS | board.FINE_SLIDERS).values())
    every = dict.fromkeys([*plain, *sliders, *_OTHERS, *_SHARDING, STAGE, DATASET, EXTRA])
    return [name for name in every if name not in SUGGESTED]


def values(train: Mapping[str, Any]) -> dict[str, Any]:
    """Return element id -> value for a training YAML; model and template are not among them.

    DeepSpeed becomes the board's own stage and offload, whose files the board keeps itself.
    """
    filled = board.build_arguments({key: value for key, value in train.items() if key != "deepspeed"})
    if file := train.get("deepspeed"):
        filled |= _sharding(str(file))
    left_alone = (*SUGGESTED, *(() if train.get("use_swanlab") else _WITH_SWANLAB_ONLY))
    return {key: value for key, value in filled.items() if key not in left_alone}


def suggest(train: Mapping[str, Any], model: str, template: str, names: Collection[str] = ()) -> Suggestion:
    """Return what a recipe wants, beside what is chosen; `names` are the model names of the board."""
    wanted = str(train["model_name_or_path"])
    return {
        "wants_model": wanted,
        "wants_template": str(train["template"]),
        "wants_name": board_name(wanted, names),
        "model": model,
        "template": template,
    }


def board_name(model: str, names: Collection[str]) -> str:
    """Return what the board calls a Qwen3 by its hub id, "" where it has no name for it.

    It calls a hybrid checkpoint by its name and -Thinking (llamafactory/extras/constants.py).
    """
    name = Path(model).name
    return next((known for known in (name, f"{name}-Thinking") if known in names), "")


def _sharding(named: str) -> dict[str, Any]:
    """Return the board's stage and offload for a DeepSpeed file of the presets."""
    files = (file for preset in presets.list_presets() for file in preset.files)
    file = next(file for file in files if file.name == Path(named).name)
    zero = json.loads(file.read_text("utf-8"))["zero_optimization"]
    return dict(zip(_SHARDING, (str(zero["stage"]), "offload_optimizer" in zero), strict=True))
