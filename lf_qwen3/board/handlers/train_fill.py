"""Section Train presets: a recipe as values of the Train tab's elements."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from math import ceil
from pathlib import Path
from typing import Any

from lf_qwen3.board.handlers.train_steps import count_training_rows, count_training_steps
from lf_qwen3.qwen3 import model_origin
from lf_qwen3.recipes import board, presets

STAGE, DATASET, EXTRA = "train.training_stage", "train.dataset", "train.extra_args"

SUGGESTED = ("top.model_path", "top.template")
"""Suggested as text alone: the board sets both when a model is chosen, and undoes what was set with it."""

ALL_ROWS, ANY_ROWS = 100_000, 1_000_000_000
"""The board's own limit of rows, and one for data whose rows are not counted."""

_SHARES = ("eval_steps", "save_steps", "logging_steps", "warmup_steps")
"""Keys whose value below 1 is a share of all steps; the board's fields hold whole steps."""

_OF_VALIDATION = ("eval_strategy", "eval_steps", "per_device_eval_batch_size")
"""Keys that the board sets by itself where its field of the validation share holds more than 0.

So it sets double_quantization where its field of the quantisation holds a number, top_k and top_p in PPO.
"""

_LOOKED_FOR = board.FIELDS | {
    **{key: "top.booster" for key, _ in board.BOOSTERS},
    "quantization_bit": "top.quantization_bit",
    "warmup_ratio": "train.warmup_steps",
}
"""Key -> the element in which a user would look for it."""

_SHARDING = ("train.ds_stage", "train.ds_offload")
_OTHERS = ("top.quantization_bit", "top.booster", "top.checkpoint_path", "train.compute_type")
_WITH_SWANLAB_ONLY = tuple(name for name in board.TEXTS.values() if name.startswith("train.swanlab_"))


def elements() -> list[str]:
    """Return the ids of all elements that a recipe may set."""
    every = dict.fromkeys([*board.FIELDS.values(), *_OTHERS, *_SHARDING, STAGE, DATASET, EXTRA])
    return [name for name in every if name not in SUGGESTED]


def values(train: Mapping[str, Any], gpus: int = 1) -> dict[str, Any]:
    """Return element id -> value for a training YAML; model and template are not among them.

    DeepSpeed becomes the board's own stage and offload, whose files the board keeps itself. The extra
    arguments hold what no element can: see `describe_fill` for what is in both.
    """
    fitted = fit_to_fields({key: value for key, value in train.items() if key != "deepspeed"}, gpus)
    filled = board.build_arguments(fitted, has_ends=False)
    if file := train.get("deepspeed"):
        filled |= _sharding(str(file))
    of_board = [*board.REPLACED]
    of_board += _OF_VALIDATION if filled.get("train.val_size") else ()
    of_board += ["double_quantization"] if train.get("quantization_bit") else []
    of_board += ["top_k", "top_p"] if train.get("stage") == "ppo" else []
    extra = {key: value for key, value in json.loads(filled[EXTRA]).items() if key not in of_board}
    filled[EXTRA] = json.dumps(extra, ensure_ascii=False)
    left_alone = (*SUGGESTED, *(() if train.get("use_swanlab") else _WITH_SWANLAB_ONLY))
    return {key: value for key, value in filled.items() if key not in left_alone}


def fit_to_fields(train: Mapping[str, Any], gpus: int = 1) -> dict[str, Any]:
    """Return settings that mean the same and that fields can hold: whole steps, and a number for no limit.

    Shares of the run stay shares if its steps are unknown: rows that are packed or not counted cheaply.
    """
    settings = dict(train)
    if settings.get("max_samples") is None:
        rows = count_training_rows(train)
        settings["max_samples"] = max(ALL_ROWS, rows) if rows else ANY_ROWS
    steps = count_training_steps(settings, gpus)
    if steps is None:
        return settings
    if share := settings.pop("warmup_ratio", None):
        settings["warmup_steps"] = share
    for key in _SHARES:
        share = settings.get(key)
        if isinstance(share, float) and 0 < share < 1:
            settings[key] = ceil(share * steps)
            if key == "save_steps":  # a page loaded during the training has the board's own ends again
                settings[key] *= ceil(board.SLIDERS[key][1] / settings[key])
    return settings


def change_values(changes: Mapping[str, Any], extra: dict[str, Any], booster: str) -> dict[str, Any]:
    """Return element id -> value for settings that change, `deepspeed` being a ZeRO stage.

    `extra` are the extra arguments so far, `booster` the one that is chosen: the board has one at a time.
    """
    filled: dict[str, Any] = {}
    for key, value in changes.items():
        shown = _CHANGED[key](value) if key in _CHANGED else board.show_setting(key, value, has_ends=False)
        is_taken = "top.booster" in shown and booster != "auto"
        filled |= {} if is_taken else shown
        extra = {other: of for other, of in extra.items() if other != key}
        extra |= {} if shown and not is_taken else {key: value}
    return filled | {EXTRA: json.dumps(extra, ensure_ascii=False)}


_CHANGED: dict[str, Callable[[Any], dict[str, Any]]] = {
    "deepspeed": lambda stage: {_SHARDING[0]: str(stage)},
    "pure_bf16": lambda _: {"train.compute_type": "pure_bf16"},
}


def describe_fill(
    train: Mapping[str, Any], filled: Mapping[str, Any], labels: Callable[[str], dict[str, str]]
) -> dict[str, Any]:
    """Return what a person should know of the elements' values for a training YAML.

    `overridden` are fields in whose place a key of the extra arguments counts, as (`labels` of the element,
    key, value); `replaced` are settings that the board puts its own in the place of; `validates` is
    eval_steps where Save steps must be a multiple of it, else 0.
    """
    extra = json.loads(filled[EXTRA])
    steps = extra.get("eval_steps") if extra.get("load_best_model_at_end") else 0
    return {
        "overridden": [
            (labels(_LOOKED_FOR[key]), key, value) for key, value in extra.items() if key in _LOOKED_FOR
        ],
        "replaced": board.list_replaced(train, has_ends=False),
        "validates": steps if isinstance(steps, int) else 0,
    }


def suggest(
    train: Mapping[str, Any], model: str, template: str, names: Collection[str] = ()
) -> dict[str, str]:
    """Return the values of a recipe and of the choice; `names` are the model names of the board.

    `wants_name` is what the board calls the model, "" where it has no name for it.
    """
    wanted = str(train["model_name_or_path"])
    origin = model_origin.find_origin(model)
    if origin is not None and origin == model_origin.find_origin(wanted):
        wanted = model  # a local copy of the same checkpoint
    wants = {"wants_model": wanted, "wants_template": str(train["template"])}
    return {**wants, "wants_name": board_name(wanted, names), "model": model, "template": template}


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
