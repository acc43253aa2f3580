"""`recipe new`: one choice of recipe, data and model becomes a set of files that agree.

Train, predict (base and tuned), chat, api, export, the arguments of LLaMA Board, the files that presets need,
and the run book.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as change
from pathlib import Path
from typing import Any

from lf_qwen3.base.argument_types import require_argument_types
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.files import write_text
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.qwen3 import checkpoints
from lf_qwen3.recipes import (
    Recipe,
    adapt,
    contradictions,
    files,
    find_recipe,
    list_derived,
    merge_first,
    needs,
    presets,
    run_book,
    serving,
    shared,
    small_data,
)
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.document import YamlDocument
from lf_qwen3.recipes.grpo.plan import plan_grpo
from lf_qwen3.recipes.presets import Preset
from lf_qwen3.recipes.run_book import RunSteps
from lf_qwen3.recipes.splits import Splits, choose_answered, find_splits
from lf_qwen3.recipes.trainers.data_file import RowsFile, write_all_rows
from lf_qwen3.recipes.trainers.plan import plan_for_trainer
from lf_qwen3.recipes.trainers.trainer import CONFIG, LLAMAFACTORY
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


_MARKS = "a reward model scores and does not answer: there are no predict files and no chat.yaml"


@dataclass(frozen=True)
class RecipeSet:
    """The files of a run that agree with each other; nothing is written before `write`.

    `settings` holds the keys and values of each YAML by file name, `texts` the text of every file by path;
    `notes` are sentences for the user. `data` are the files of rows for another trainer, made while writing.
    """

    choice: RecipeChoice
    splits: Splits
    settings: dict[str, dict[str, Any]]
    texts: dict[Path, str]
    steps: RunSteps
    notes: list[str] = field(default_factory=list)
    data: tuple[RowsFile, ...] = ()

    @property
    def train(self) -> dict[str, Any]:
        """The settings of train.yaml."""
        return self.settings["train.yaml"]

    @property
    def files(self) -> dict[str, str]:
        """The text of every file by its name below the folder of the set."""
        return {path.relative_to(self.choice.out).as_posix(): text for path, text in self.texts.items()}

    @property
    def commands(self) -> list[str]:
        """The first commands to run, in their order; RUN.md holds the others."""
        return [*self.steps.before, self.steps.train]

    def write(
        self,
        out: str | Path | None = None,
        *,
        replace: bool = False,
        progress: Progress = NoProgress(),
    ) -> RecipeSet:
        """Write all files, each whole or not at all, and return the set that was written.

        `out` is another folder than the planned one: the paths in the files name it. Raises `UsageError` for
        an `out` that is a file; `LfQwen3Error` before anything is written if a file there has other content
        and `replace` is not given.
        """
        if out is not None and os.fspath(out) != self.choice.out:
            moved = plan_recipe_set(change(self.choice, out=os.fspath(out)))
            return moved.write(replace=replace, progress=progress)
        return change(self, notes=[*self.notes, *write_recipe_set(self, replace, progress)])


@require_argument_types
def recipe(
    name: str,
    *,
    dataset: str,
    dataset_dir: str | Path,
    out: str | Path | None = None,
    model: str | Path | None = None,
    preset: str | Iterable[str] = (),
    set: Mapping[str, Any] | None = None,
    test: str = "",
    gguf: bool = False,
    trainer: str = LLAMAFACTORY,
    tokenizer: str | Path | None = None,
) -> RecipeSet:
    """Return every file of a run, as `lf-qwen3 recipe new` writes them; the keywords are its options.

    `name` is a recipe, as `qwen3-4b-lora-sft`; `dataset` the name given to `convert`, or any registered
    name. `set` holds keys of the trainer and their values. Without `out` the paths in the files name
    `runs/DATASET`. `trainer` is llamafactory, ms-swift, trl, unsloth, axolotl or verl; for all but the
    first the rows are written too, by the `tokenizer` (a folder or a hub id) or that of the model. A GRPO
    recipe, as `qwen3-4b-lora-grpo`, is for ms-swift, trl, verl or easyr1 and has keys of its own. Raises
    `UsageError` for an unknown recipe, preset or dataset, for presets that exclude each other, for a
    setting that the trainer does not accept or that is a secret.
    """
    return plan_recipe_set(
        RecipeChoice(
            recipe=name,
            dataset=dataset,
            dataset_dir=os.fspath(dataset_dir),
            out=os.fspath(out or f"runs/{dataset}"),
            model=None if model is None else os.fspath(model),
            settings=dict(set or {}),
            presets=(preset,) if isinstance(preset, str) else tuple(preset),
            test=test,
            gguf=gguf,
            trainer=trainer,
            tokenizer=os.fspath(tokenizer or ""),
        )
    )


def plan_recipe_set(choice: RecipeChoice) -> RecipeSet:
    """Return all files of a choice; nothing is written.

    Raises `UsageError` for an unknown recipe, preset or dataset, for presets that exclude each other, and for
    a setting that the trainer would not take or that is a secret.
    """
    named, asked = find_recipe(choice.recipe), choice
    if named.is_grpo:
        _refuse_secrets(choice.settings)
        grpo = plan_grpo(choice, named)
        return RecipeSet(asked, grpo.splits, {CONFIG: grpo.settings}, grpo.texts, grpo.steps, grpo.notes)
    choice = merge_first.place_merge(choice, named)
    origin, notes = _match_model(named, choice.model)
    splits = find_splits(choice.dataset, choice.dataset_dir)
    chosen = [preset.placed(choice.out) for preset in presets.choose_presets(choice.presets)]
    _refuse_secrets(choice.settings)
    document = YamlDocument(origin.text, str(origin.path))
    training, serving_own, answering = _sort_settings(choice.settings, document)
    notes += _fit(document, choice, splits, chosen, training)
    train = document.plain()
    schema.check_settings(train, os.path.join(choice.out, "train.yaml"))
    mode = shared.choose_mode(train, chosen, splits.conversion.thinking if splits.conversion else None)
    contradictions.refuse_quantised(str(train["model_name_or_path"]))
    if choice.trainer != LLAMAFACTORY:
        other = plan_for_trainer(choice, train, splits, chosen)
        settings_of = {CONFIG: other.settings}
        return RecipeSet(
            asked, splits, settings_of, other.texts, other.steps, notes + other.notes, other.data
        )
    common = shared.share_settings(train, mode, chosen, answering)
    contradictions.refuse_contradictions(chosen, common)
    notes += adapt.list_stage_notes(train)
    notes += needs.list_notes(train, checkpoints.find_checkpoint(str(train["model_name_or_path"])))
    rows, about_rows = choose_answered(splits, choice.test) if common.answers else (None, [_MARKS])
    steps = run_book.plan_steps(choice, chosen, common, bool(rows))
    yamls = files.render_yamls(choice, origin, document, common, rows, serving_own, steps.train)
    for file, (settings, _) in yamls.items():
        schema.check_settings(settings, os.path.join(choice.out, file))
    texts = {Path(choice.out) / file: text for file, (_, text) in yamls.items()}
    texts |= files.render_other_files(choice, chosen, common, rows, steps)
    settings_of = {file: settings for file, (settings, _) in yamls.items()}
    return RecipeSet(asked, splits, settings_of, texts, steps, [*notes, *about_rows])


def _fit(
    document: YamlDocument,
    choice: RecipeChoice,
    splits: Splits,
    chosen: Sequence[Preset],
    training: Mapping[str, Any],
) -> list[str]:
    """Fit a recipe's YAML to the choice, step by step; return the notes."""
    if kind := training.get("finetuning_type"):
        document.change("finetuning_type", kind, adapt.BY_HAND)
    notes = adapt.fit_to_model(document, choice.model or training.get("model_name_or_path"))
    notes += adapt.fit_to_data(document, splits, choice)
    adapt.apply_presets(document, chosen)
    notes += adapt.apply_settings(document, training, choice.comments)
    notes += small_data.fit_to_steps(document, splits, training)
    small_data.fit_processes(document, splits, training)
    adapt.name_run(document, choice)
    return notes


def write_recipe_set(
    recipe_set: RecipeSet, replace: bool = False, progress: Progress = NoProgress()
) -> list[str]:
    """Write all files, each whole or not at all; create their folders; return notes on the rows, if any.

    Raises `UsageError` for an `out` that is a file, `LfQwen3Error` before anything is written if a file there
    holds something else and `replace` is not given.
    """
    out = Path(recipe_set.choice.out)
    if out.exists() and not out.is_dir():
        raise UsageError(
            f"--out {out} is a file",
            "name a folder; it is created if it does not exist",
            code="not_a_folder",
        )
    changed = [path for path, text in recipe_set.texts.items() if _is_other(path, text)]
    if changed and not replace:
        _refuse_changed(changed)
    with write_all_rows(recipe_set.data, progress) as written:
        changed = [rows.file.path for rows in written if rows.is_other()]
        if changed and not replace:
            _refuse_changed(changed)
        for path, text in recipe_set.texts.items():
            write_text(path, text)
        return [note for rows in written for note in rows.put_in_place()]


def _refuse_changed(changed: Sequence[Path]) -> None:
    names = " and ".join(str(path) for path in changed)
    raise LfQwen3Error(
        f"{names} exists with other content", "add --replace to overwrite it", code="file_exists"
    )


def _match_model(recipe: Recipe, model: str | None) -> tuple[Recipe, list[str]]:
    """Return the recipe of the same method for another checkpoint of the table if it is there, and notes."""
    if not model or not (recipe.is_method or recipe.checkpoint):
        return recipe, []
    name = f"{Path(model).name.lower()}-{recipe.path.stem}"
    other = next((known for known in list_derived() if known.name == name), recipe)
    if other.name == recipe.name:
        return recipe, []
    return other, [f"rate, batch and LoRA targets are those of the recipe {other.name}"]


def _is_other(path: Path, text: str) -> bool:
    return path.exists() and path.read_bytes() != text.encode()


def _refuse_secrets(settings: Mapping[str, Any]) -> None:
    for key in settings.keys() & _SECRETS.keys():
        variable = _SECRETS[key]
        how = f"export {variable}=... in the shell" if variable else "log in with the service's own command"
        raise UsageError(
            f"--set {key}: do not write a secret into a file", f"{how} before the run", code="secret_in_file"
        )


def _sort_settings(
    settings: Mapping[str, Any], document: YamlDocument
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the user's settings for training, for serving and exporting, and for answering."""
    training: dict[str, Any] = {}
    serving_own: dict[str, Any] = {}
    answering: dict[str, Any] = {}
    for key, value in settings.items():
        if serving.find_target(key):
            serving_own[key] = value
        elif schema.group(key) == "GeneratingArguments" and key not in document.settings:
            answering[key] = value
        else:
            training[key] = value
            if key in files.ANSWERING_TOO:
                answering[key] = value
    return training, serving_own, answering
