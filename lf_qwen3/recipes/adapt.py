"""Fit a recipe to a model, to the data at hand and to the user's own settings; say what that means."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from lf_qwen3.qwen3 import checkpoints
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.document import YamlDocument
from lf_qwen3.recipes.presets import Preset
from lf_qwen3.recipes.splits import Splits

VAL_SIZE = 0.05
_EXCLUDE = {"val_size": "eval_dataset", "eval_dataset": "val_size"}
_FOLLOW = {"eval_steps": "save_steps", "eval_strategy": "save_strategy"}


def fit_to_model(document: YamlDocument, model: str | None, notes: list[str]) -> None:
    """Set the model and what its checkpoint calls for: template, thinking, what a LoRA must train too."""
    if model:
        document.set("model_name_or_path", model)
    name = str(document.settings["model_name_or_path"])
    kind = checkpoints.kind_of(name)
    if kind is None:
        notes.append(_unknown(name, str(document.settings.get("template"))))
        return
    document.set("template", kind.template)
    if kind.thinks == "never":
        document.remove("enable_thinking")
    if document.settings.get("finetuning_type", "lora") != "lora":
        document.remove("additional_target")
    elif kind.lora_also_trains:
        comment = "a Base model must learn the end of a turn"
        document.set("additional_target", kind.lora_also_trains, before="lora_dropout", comment=comment)
        notes.append(
            f"{name} is a Base model: the LoRA trains {kind.lora_also_trains} too, or it could not learn to "
            "end its answer; this takes more memory"
        )


def fit_to_data(document: YamlDocument, found: Splits, choice: RecipeChoice, notes: list[str]) -> None:
    """Set the datasets, where they lie, how history is masked, and where the weights go."""
    document.set("dataset", found.train)
    document.set("dataset_dir", choice.dataset_dir)
    if found.val:
        document.set("eval_dataset", found.val)
    else:
        comment = "share of the training rows held out at random for validation"
        document.set("val_size", VAL_SIZE, before="eval_dataset", comment=comment)
        document.remove("eval_dataset")
    if not found.val and not _EXCLUDE.keys() & choice.settings.keys():
        notes.append(
            f"no validation split of {choice.dataset} is registered: {VAL_SIZE:.0%} of {found.train} is held "
            "out at random (val_size), so a question may stand on both sides; convert --val keeps them apart"
        )
    if document.settings.get("stage", "sft") != "sft":
        document.remove("mask_history")
    elif found.made:
        document.set("mask_history", found.made.turns != "all")
    else:
        notes.append(
            f"{choice.dataset_dir} holds no manifest of {choice.dataset}: mask_history stays "
            f"{str(document.settings.get('mask_history')).lower()}; true trains on the last turn of a record "
            "only, which is right for one turn and for unrolled turns"
        )
    _say_thinking(document, found, notes)
    lora = document.settings.get("finetuning_type", "lora") == "lora"
    document.set("output_dir", os.path.join(choice.out, "adapter" if lora else "model"))


def apply_settings(document: YamlDocument, settings: Mapping[str, Any], notes: list[str]) -> None:
    """Apply the user's own settings; what a setting excludes goes, what must be equal follows."""
    best = settings.get("load_best_model_at_end", document.settings.get("load_best_model_at_end"))
    pairs = [(key, other) for key, other in _FOLLOW.items() if key in settings and other not in settings]
    followers = {other: settings[key] for key, other in pairs if best}
    notes += [f"{key} is {value} too: load_best_model_at_end needs it" for key, value in followers.items()]
    new = [key for key in settings if key not in document.settings]
    for key, value in {**settings, **followers}.items():
        document.set(key, value)
        if value and key in _EXCLUDE:
            document.remove(_EXCLUDE[key])
    if left := [key for key in new if key in document.settings]:
        document.title(left[0], "### set by hand")


def apply_presets(document: YamlDocument, chosen: Sequence[Preset]) -> None:
    """Apply what the presets say of training."""
    for one in chosen:
        _put(document, dict(one.train), one.comments, f"### preset {one.name}")


def name_run(document: YamlDocument, choice: RecipeChoice) -> None:
    """Name project and run for SwanLab where nothing else does.

    No key is written: SwanLab reads SWANLAB_API_KEY.
    """
    if document.settings.get("use_swanlab"):
        named = {"swanlab_project": "lf-qwen3", "swanlab_run_name": f"{choice.recipe}-{choice.dataset}"}
        missing = {key: value for key, value in named.items() if document.settings.get(key) is None}
        _put(document, missing, {})


def _put(
    document: YamlDocument, settings: Mapping[str, Any], comments: Mapping[str, str], title: str = ""
) -> None:
    """Set keys, the new ones at the end, with their comments and a title above them."""
    new = [key for key in settings if key not in document.settings]
    for key, value in settings.items():
        if key in document.settings:
            document.settings[key] = value
        else:
            document.settings.insert(len(document.settings), key, value, comment=comments.get(key))
    if new and title:
        document.title(new[0], title)


def _unknown(name: str, template: str) -> str:
    architecture = checkpoints.model_type(name)
    known = architecture in ("", "qwen3", "qwen3_moe")
    what = "does not say which Qwen3 it is" if known else f"is a {architecture} model, not a Qwen3"
    return (
        f"{name} {what}: the template stays {template}; qwen3 is for hybrid, Base and Thinking-2507 "
        "checkpoints, qwen3_nothink for Instruct-2507 (--set template=...)"
    )


def _say_thinking(document: YamlDocument, found: Splits, notes: list[str]) -> None:
    """Say where the share of thinking records does not go with the model."""
    made, kind = found.made, checkpoints.kind_of(str(document.settings["model_name_or_path"]))
    thinks = kind.thinks if kind else "by choice"
    if made is None:
        return
    if thinks == "never" and made.thinking:
        notes.append(
            f"{made.thinking} records think, but an Instruct-2507 model does not: it would learn to write "
            "its reasoning as part of the answer; take a hybrid or a Thinking-2507 model"
        )
    elif thinks != "never" and not made.thinking:
        notes.append(
            f"no record of {found.train} thinks: the model will lose its reasoning; mix thinking records in "
            "(convert --mix thinking=0.75)"
        )
    elif thinks == "always" and made.plain:
        notes.append(
            f"{made.plain} records do not think, but a Thinking-2507 model always does: leave them out, or "
            "take a hybrid model"
        )
