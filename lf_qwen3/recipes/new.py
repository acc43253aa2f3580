"""`recipe new`: one choice of recipe, data and model becomes a set of files that agree.

Train, predict (base and tuned), chat, api, export, the arguments of LLaMA Board, the files that presets need,
and the run book.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.files import write_text
from lf_qwen3.recipes import (
    Recipe,
    adapt,
    files,
    find_recipe,
    list_derived,
    presets,
    run_book,
    serving,
    shared,
    splits,
)
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.document import YamlDocument
from lf_qwen3.recipes.run_book import RunSteps
from lf_qwen3.recipes.splits import Splits
from lf_qwen3.trainer import schema

_SECRETS = {
    "swanlab_api_key": "SWANLAB_API_KEY",
    "swanlab_lark_secret": "",
    "swanlab_lark_webhook_url": "",
    "hf_hub_token": "HF_TOKEN",
    "ms_hub_token": "",
    "om_hub_token": "",
    "hub_token": "HF_TOKEN",
}


@dataclass(frozen=True)
class RecipeSet:
    """The files of a set: `settings` by file name, `texts` by path; `notes` are for the user."""

    choice: RecipeChoice
    splits: Splits
    settings: dict[str, dict[str, Any]]
    texts: dict[Path, str]
    steps: RunSteps
    notes: list[str] = field(default_factory=list)

    @property
    def train(self) -> dict[str, Any]:
        """The settings of train.yaml."""
        return self.settings["train.yaml"]

    @property
    def commands(self) -> list[str]:
        """The first commands to run, in their order; the run book holds the others."""
        return [*self.steps.before, self.steps.train]


def plan_recipe_set(choice: RecipeChoice) -> RecipeSet:
    """Work all files out; nothing is written.

    Raises `UsageError` for an unknown recipe, preset or dataset, for presets that exclude each other, and for
    a setting that the trainer would not take or that is a secret.
    """
    notes: list[str] = []
    recipe = _fitting(find_recipe(choice.recipe), choice.model, notes)
    found = splits.find_splits(choice.dataset, choice.dataset_dir)
    chosen = [one.placed(choice.out) for one in presets.choose_presets(choice.presets)]
    _refuse_secrets(choice.settings)
    document = YamlDocument(recipe.text, str(recipe.path))
    training, serving_own, answering = _sorted_out(choice.settings, document)
    if kind := training.get("finetuning_type"):
        document.set("finetuning_type", kind)
    adapt.fit_to_model(document, choice.model or training.get("model_name_or_path"), notes)
    adapt.fit_to_data(document, found, choice, notes)
    adapt.apply_presets(document, chosen)
    adapt.apply_settings(document, training, notes)
    adapt.name_run(document, choice)
    train = document.plain()
    mode = shared.choose_mode(train, chosen, found.made.thinking if found.made else None)
    common = shared.share_settings(train, mode, chosen, answering)
    rows = splits.choose_answered(found, choice.test, notes)
    steps = run_book.plan_steps(choice, chosen, bool(rows))
    made = files.render_yamls(choice, recipe, document, common, rows, serving_own, steps.train)
    for name, (settings, _) in made.items():
        schema.check(settings, os.path.join(choice.out, name))
    texts = {Path(choice.out) / name: text for name, (_, text) in made.items()}
    texts |= files.render_other_files(choice, chosen, common, rows, steps)
    return RecipeSet(choice, found, {name: one for name, (one, _) in made.items()}, texts, steps, notes)


def write_recipe_set(made: RecipeSet, replace: bool = False) -> None:
    """Write all files, each whole or not at all; create their folders.

    Raises `UsageError` for an `out` that is a file, `LfQwen3Error` before anything is written if a file there
    holds something else and `replace` is not given.
    """
    out = Path(made.choice.out)
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file", "give a folder; it is created when it is not there")
    changed = [path for path, text in made.texts.items() if _is_other(path, text)]
    if changed and not replace:
        names = " and ".join(str(path) for path in changed)
        raise LfQwen3Error(f"{names}: there already, with other content", "add --replace to write over it")
    for path, text in made.texts.items():
        write_text(path, text)


def _fitting(recipe: Recipe, model: str | None, notes: list[str]) -> Recipe:
    """Return the recipe of the same method for another checkpoint of the table, where there is one."""
    if not model or not (recipe.is_method or recipe.checkpoint):
        return recipe
    name = f"{Path(model).name.lower()}-{recipe.path.stem}"
    found = next((one for one in list_derived() if one.name == name), recipe)
    if found.name != recipe.name:
        notes.append(f"rate, batch and targets are those of the recipe {found.name}")
    return found


def _is_other(path: Path, text: str) -> bool:
    return path.exists() and path.read_bytes() != text.encode()


def _refuse_secrets(settings: Mapping[str, Any]) -> None:
    for key in settings.keys() & _SECRETS.keys():
        variable = _SECRETS[key]
        how = f"export {variable}=... in the shell" if variable else "log in with the service's own command"
        raise UsageError(f"--set {key}: a secret does not belong in a file", f"{how} before the run")


def _sorted_out(
    settings: Mapping[str, Any], document: YamlDocument
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the user's settings for training, for serving and exporting, and for answering."""
    training: dict[str, Any] = {}
    serving_own: dict[str, Any] = {}
    answering: dict[str, Any] = {}
    for key, value in settings.items():
        if serving.target_of(key):
            serving_own[key] = value
        elif schema.group(key) == "GeneratingArguments" and key not in document.settings:
            answering[key] = value
        else:
            training[key] = value
            if key in files.ANSWERING_TOO:
                answering[key] = value
    return training, serving_own, answering
