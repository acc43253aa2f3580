"""Fit a recipe to a model, to the data available and to the user's own settings; say what that means."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from lf_qwen3.qwen3 import checkpoints
from lf_qwen3.recipes import needs, shared
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.document import YamlDocument
from lf_qwen3.recipes.presets import Preset
from lf_qwen3.recipes.splits import Splits

VAL_SIZE = 0.05
BY_HAND = "set by hand"
EVERY_ANSWER = "loss mask: false trains on every answer of a record"
_EXCLUDE = {"val_size": "eval_dataset", "eval_dataset": "val_size"}
_FOLLOW = {"eval_steps": "save_steps", "eval_strategy": "save_strategy"}


def fit_to_model(document: YamlDocument, model: str | None) -> list[str]:
    """Set the model and what its checkpoint needs: template, thinking, what a LoRA must train too.

    Returns notes for the user, one sentence each.
    """
    if model:
        document.set("model_name_or_path", model)
    name = str(document.settings["model_name_or_path"])
    kind = checkpoints.kind_of(name)
    if kind is None:
        return [_describe_unknown(name, str(document.settings.get("template")))]
    document.set("template", kind.template)
    if kind.thinks == "never":
        document.remove("enable_thinking")
    if document.settings.get("finetuning_type", "lora") != "lora":
        document.remove("additional_target")
    elif kind.lora_also_trains:
        comment = "a Base model must learn its end token (Unsloth: at a fifth of the rate)"
        document.set("additional_target", kind.lora_also_trains, before="lora_dropout", comment=comment)
        untie = "; the model ties the two, so run lf-qwen3 recipe untie after the export, as RUN.md says"
        return [
            f"{name} is a Base model: the LoRA also trains {kind.lora_also_trains}, or it "
            "could not learn to end its answer; this takes more memory"
            f"{untie if shared.splits_tied(document.plain()) else ''}"
        ]
    return []


def fit_to_data(document: YamlDocument, splits: Splits, choice: RecipeChoice) -> list[str]:
    """Set the datasets, their folder, how history is masked, and where the weights go; return the notes."""
    document.set("dataset", splits.train)
    document.set("dataset_dir", choice.dataset_dir)
    notes = [*_set_validation(document, splits, choice), *_set_history_mask(document, splits, choice)]
    lora = document.settings.get("finetuning_type", "lora") == "lora"
    written = "adapter" if lora else "model"
    comment = f"{written}, checkpoints, trainer_log.jsonl, loss curves"
    document.set("output_dir", os.path.join(choice.out, written), comment=comment)
    return [*notes, *_compare_thinking(document, splits)]


def _set_validation(document: YamlDocument, splits: Splits, choice: RecipeChoice) -> list[str]:
    if document.settings.get("stage") == "ppo":  # its trainer takes no rows for validation
        return []
    if splits.val:
        document.set("eval_dataset", splits.val)
        return []
    comment = "share of the training rows for validation, drawn at random"
    document.set("val_size", VAL_SIZE, before="eval_dataset", comment=comment)
    document.remove("eval_dataset")
    if _EXCLUDE.keys() & choice.settings.keys():
        return []
    return [
        f"no validation split of {choice.dataset} is registered: {VAL_SIZE:.0%} of "
        f"{splits.train} becomes the validation data (val_size), so one "
        "question may be in both (data leakage); convert with --val 0.05 keeps them apart"
    ]


def _set_history_mask(document: YamlDocument, splits: Splits, choice: RecipeChoice) -> list[str]:
    if document.settings.get("stage", "sft") != "sft":
        document.remove("mask_history")
        return []
    if splits.conversion:
        masked = splits.conversion.turns != "all"
        document.set("mask_history", masked, comment="" if masked else EVERY_ANSWER)
        return []
    return [
        f"{choice.dataset_dir} has no manifest of {choice.dataset}: mask_history stays "
        f"{str(document.settings.get('mask_history')).lower()}; true trains on the last turn "
        "of a record only, which is right for single turns and for unrolled records"
    ]


def apply_settings(
    document: YamlDocument, settings: Mapping[str, Any], comments: Mapping[str, str] | None = None
) -> list[str]:
    """Apply the user's own settings and return the notes; a key that excludes another removes it.

    A changed value has the comment of `comments` in place of the recipe's, or that it was set by hand.
    """
    best = settings.get("load_best_model_at_end", document.settings.get("load_best_model_at_end"))
    pairs = [(key, other) for key, other in _FOLLOW.items() if key in settings and other not in settings]
    followers = {other: settings[key] for key, other in pairs if best}
    new = [key for key in settings if key not in document.settings]
    for key, value in settings.items():
        document.change(key, value, (comments or {}).get(key, BY_HAND))
        if value and key in _EXCLUDE:
            document.remove(_EXCLUDE[key])
    for key, value in followers.items():
        document.set(key, value)
    for key, other in pairs:
        if other in document.settings and document.settings[other] != settings[key]:
            document.set(other, document.settings[other], comment=f"{key} differs: it is set by hand")
    if left := [key for key in new if key in document.settings]:
        document.add_heading(left[0], "### set by hand")
    return [
        f"{key} is {value} too, because load_best_model_at_end needs it" for key, value in followers.items()
    ]


def list_stage_notes(train: Mapping[str, Any]) -> list[str]:
    """Return what a stage needs that no YAML can hold."""
    notes = []
    if train.get("rope_scaling") and not needs.are_experts_layers():
        notes.append(
            "LLaMA-Factory 0.9.5 supports YaRN with transformers 4 only: with 5.6.0 it stops "
            "while it loads the model (cure: lf-qwen3 recipe show yarn)"
        )
    if train.get("stage") == "ppo":
        notes += [
            f"reward_model is {train.get('reward_model')}: train a lora-rm recipe on the same "
            "model first, or name your own with --set reward_model=...",
            "LLaMA-Factory 0.9.5 runs stage ppo with trl 0.8.6 to 0.9.6 only but installs a "
            "newer trl, with which the training stops at its start: use a separate "
            "environment (lf-qwen3 recipe show lora-ppo); lora-dpo learns from pairs without "
            "that",
        ]
    return notes


def apply_presets(document: YamlDocument, chosen: Sequence[Preset]) -> None:
    """Apply what the presets say of training."""
    for preset in chosen:
        _put(document, preset.train, preset.comments, f"preset {preset.name}")


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
    """Set keys, each with its comment or the title; the new ones at the end, with a heading above them."""
    new = [key for key in settings if key not in document.settings]
    for key, value in settings.items():
        if key in document.settings:
            document.change(key, value, comments.get(key, title))
        else:
            document.settings.insert(len(document.settings), key, value, comment=comments.get(key))
    if new and title:
        document.add_heading(new[0], f"### {title}")


def _describe_unknown(name: str, template: str) -> str:
    architecture = checkpoints.model_type(name)
    known = architecture in ("", "qwen3", "qwen3_moe")
    what = "does not say which Qwen3 it is" if known else f"is a {architecture} model, not a Qwen3"
    return (
        f"{name} {what}: template stays {template}; hybrid, Base and Thinking-2507 "
        "checkpoints need qwen3, Instruct-2507 needs qwen3_nothink (--set template=...)"
    )


def _compare_thinking(document: YamlDocument, splits: Splits) -> list[str]:
    """Return a note where the share of thinking records does not suit the model."""
    conversion, kind = splits.conversion, checkpoints.kind_of(str(document.settings["model_name_or_path"]))
    thinks = kind.thinks if kind else "by choice"
    if conversion is None:
        return []
    if thinks == "never" and conversion.thinking:
        return [
            f"{conversion.thinking} records have reasoning, but an Instruct-2507 model does "
            "not think: it would learn to write its reasoning as part of the answer; use a "
            "hybrid or a Thinking-2507 model"
        ]
    if thinks != "never" and not conversion.thinking:
        return [
            f"no record of {splits.train} has reasoning: the model will lose its ability to "
            "think; mix in records with reasoning (convert --mix thinking=0.75)"
        ]
    if thinks == "always" and conversion.plain:
        return [
            f"{conversion.plain} records have no reasoning, but a Thinking-2507 model always "
            "thinks: leave them out, or use a hybrid model"
        ]
    return []
