"""A training on top of a tuned model begins with one whole model: an adapter is merged before it.

DPO and KTO by LoRA take the frozen weights as their reference (llamafactory train/trainer_utils.py,
create_ref_model). To continue with the adapter of the sft would make the untuned model the reference; merged,
the tuned one is it.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.recipes import serving, shared
from lf_qwen3.recipes.choice import MergeFirst, RecipeChoice
from lf_qwen3.recipes.commented import Sections, format_command
from lf_qwen3.recipes.recipe import Recipe
from lf_qwen3.recipes.shared import SharedSettings

FILE, FOLDER = "merge.yaml", "start"
ABOUT = "Merge the adapter that this training starts from (first step)."
_COMPARING = ("dpo", "kto", "rm", "ppo")
_ADAPTER, _MODEL = "adapter_name_or_path", "model_name_or_path"


def place_merge(choice: RecipeChoice, recipe: Recipe) -> RecipeChoice:
    """Return the choice as it is once an adapter is merged; the choice itself where none is to be.

    A model that is the folder of an adapter is merged into the model it was trained on. An adapter in the
    settings is merged for the stages that compare with the frozen weights, unless create_new_adapter has the
    trainer do so. Raises `LfQwen3Error` for an adapter that does not say which model it belongs to.
    """
    settings = dict(choice.settings)
    model = choice.model or settings.get(_MODEL)
    stage = settings.get("stage", recipe.settings.get("stage", "sft"))
    adapter = model if model and (Path(str(model)) / "adapter_config.json").is_file() else None
    if adapter is None and stage in _COMPARING and not settings.get("create_new_adapter"):
        adapter = settings.pop(_ADAPTER, None)
    if not adapter:
        return choice
    config = _read_config(str(adapter))
    base = str((model if model != adapter else None) or config.get("base_model_name_or_path") or "")
    base = base or str(recipe.settings[_MODEL])
    folder = os.path.join(choice.out, FOLDER, Path(base).name)
    trained = {"additional_target": config.get("modules_to_save"), _MODEL: base}
    merge = MergeFirst(base, str(adapter), folder, shared.splits_tied(trained))
    settings.pop(_MODEL, None)
    return replace(choice, model=folder, settings=settings, merge=merge)


def list_commands(choice: RecipeChoice) -> list[str]:
    """Return the lines that make the model to start from, none where it is there."""
    if not choice.merge:
        return []
    export = format_command("export", os.path.join(choice.out, FILE))
    untie = f"lf-qwen3 recipe untie {shlex.quote(choice.merge.folder)}"
    return [export, untie] if choice.merge.splits_tied else [export]


def build_merge(merge: MergeFirst, common: SharedSettings, own: Mapping[str, Any]) -> Sections:
    """Return the settings of merge.yaml: the adapter merged, 16 bits a weight."""
    weights = {_MODEL: merge.base, _ADAPTER: merge.adapter}
    train = {**common.train, "stage": "sft"}
    loading = {**common.loading, "finetuning_type": "lora"}
    return serving.build_export(
        replace(common, train=train, tuned=weights, loading=loading), merge.folder, own
    )


def _read_config(adapter: str) -> dict[str, Any]:
    """Return the adapter_config.json of a folder, {} where there is no such folder yet."""
    path = Path(adapter) / "adapter_config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise LfQwen3Error(f"{path} cannot be read: {error}", "train it again", code="not_json") from error
    return config if isinstance(config, dict) else {}
