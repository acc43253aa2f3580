"""The card on top: the board's fields for the training that was planned, and for a chat with what it made."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.handlers import run_folders, sampling, train_fill
from lf_qwen3.board.handlers.train_fill import board_name

ACTIONS = ("start", "chat")

FIRST = ("top.model_name", "top.finetuning_type", train_fill.STAGE)
"""Set before all else: the board sets path, template, checkpoint or dataset again when these change."""

CHECKED = ("top.model_path", "top.template", "top.checkpoint_path", train_fill.DATASET)
"""With another value of these, another training than the planned one would start."""


def elements() -> list[str]:
    """Return the ids of all elements that are set."""
    return list(dict.fromkeys([*FIRST, *CHECKED, "train.output_dir", *train_fill.elements(), *sampling.CHAT]))


class GoalValues(NamedTuple):
    """Element id -> value: what is to be set first, what then, and the ids that hold another value so far."""

    first: dict[str, Any]
    then: dict[str, Any]
    wrong: list[str]


def list_values(
    goal: Mapping[str, Any], now: Mapping[str, Any], names: Collection[str], is_loaded: bool
) -> GoalValues:
    """Return what the board's elements are to hold for a goal: `known` of the card, "start", "chat" or "".

    `now` are the values so far, `names` the models that the board knows. Raises `LfQwen3Error` where there is
    nothing to chat with yet, and where a model is loaded already.
    """
    values = (
        _chat(goal["known"], now, is_loaded)
        if goal["action"] == "chat"
        else _train(goal["known"], now, names)
    )
    other = [name for name, value in values.items() if (value or "") != (now[name] or "")]
    return GoalValues(
        {name: values[name] for name in FIRST if name in other},
        {name: value for name, value in values.items() if name not in FIRST},
        [name for name in (*FIRST, *CHECKED) if name in other],
    )


def _train(known: Mapping[str, Any], now: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    settings, model = known["settings"], known["settings"]["model_name_or_path"]
    is_chosen = now["top.model_name"] and now["top.model_path"] == model
    return {
        "top.model_name": now["top.model_name"] if is_chosen else board_name(model, names) or "Custom",
        "top.model_path": model,
        "top.template": settings["template"],
        **train_fill.values(settings, max(len(known["gpus"]), 1)),
        "train.output_dir": time.strftime("train_%Y-%m-%d-%H-%M-%S"),
    }


def _chat(known: Mapping[str, Any], now: Mapping[str, Any], is_loaded: bool) -> dict[str, Any]:
    settings = known["settings"]
    _, name, method, run = run_folders.find_tuned(settings["dataset"]).parts
    if is_loaded:
        raise LfQwen3Error(
            "a model is loaded in the Chat tab", "unload it there, then come back", code="model_loaded"
        )
    preset = sampling.find("non-thinking" if known["asked"]["aim"] == "chat" else sampling.FIRST)
    return {
        "top.model_name": name,
        "top.finetuning_type": method,
        "top.model_path": settings["model_name_or_path"],
        "top.template": settings["template"],
        "top.checkpoint_path": [run],
        **sampling.chat_values(preset, now[sampling.EXTRA_ARGS]),
    }
