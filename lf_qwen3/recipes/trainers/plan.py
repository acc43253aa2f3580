"""`recipe new --trainer`: a recipe, fitted to model, data and user, becomes files for another trainer."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.qwen3 import checkpoints, tokenizer_files
from lf_qwen3.recipes import needs, run_book
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.document import format_setting
from lf_qwen3.recipes.grpo import list_grpo_trainers
from lf_qwen3.recipes.method import name_method
from lf_qwen3.recipes.presets import Preset
from lf_qwen3.recipes.run_book import RunSteps
from lf_qwen3.recipes.splits import Splits
from lf_qwen3.recipes.trainers import describe_memory, find_trainer, list_trainers
from lf_qwen3.recipes.trainers.data_file import RowsFile
from lf_qwen3.recipes.trainers.records import LocalDataset, find_datasets
from lf_qwen3.recipes.trainers.trainer import CONFIG, MARK, OtherRun, OtherTrainer, nest, split_names

DATA = "data"


@dataclass(frozen=True)
class TrainerPlan:
    """What is written for a trainer: settings, texts by path, files of rows; its commands, and notes."""

    settings: dict[str, Any]
    texts: dict[Path, str]
    data: tuple[RowsFile, ...]
    steps: RunSteps
    notes: list[str] = field(default_factory=list)


def plan_for_trainer(
    choice: RecipeChoice, train: Mapping[str, Any], splits: Splits, chosen: Sequence[Preset]
) -> TrainerPlan:
    """Return all files of a run with another trainer; nothing is written.

    `train` are the recipe's settings as LLaMA-Factory would get them. Raises `UsageError` for a trainer
    that cannot do the method, for data of another kind, and for what it has no place for: --gguf, --test,
    an adapter to start from, a preset that starts LLaMA-Factory.
    """
    method = name_method(dict(train))
    if choice.trainer in {other.name for other in list_grpo_trainers()} - {
        other.name for other in list_trainers()
    }:
        raise _refuse_method(choice.trainer, method, ("lora grpo", "full grpo"))
    trainer = find_trainer(choice.trainer)
    _refuse(trainer, method, choice, train, chosen)
    stage = method.split()[1]
    datasets = find_datasets(split_names(train["dataset"]), choice.dataset_dir, stage)
    validation = find_datasets(split_names(train.get("eval_dataset")), choice.dataset_dir, stage)
    step = _choose_step(train, splits)
    form = trainer.choose_rows(stage)
    names = [os.path.join(choice.out, DATA, f"{name}.{form.extension}") for name in ("train", "validation")]
    run = OtherRun(train, method, choice.out, names[0], names[1] if validation or step else "")
    tokenizer = tokenizer_files.find(choice.tokenizer or run.model)

    def rows(path: str, taken: list[LocalDataset], is_val: bool) -> RowsFile:
        return RowsFile(Path(path), tuple(taken), form, train, tokenizer, step, is_val)

    data = [rows(names[0], datasets, False)]
    if run.val_file:
        data.append(rows(names[1], validation or datasets, True))
    own, left = trainer.translate(run)
    validate = f"lf-qwen3 recipe validate {shlex.quote(os.path.join(choice.out, CONFIG))}"
    steps = RunSteps(
        [validate, *trainer.list_install(run.list_packages())], trainer.command(run), [], [], [], []
    )
    texts = _render(trainer, run, own, choice, chosen)
    notes = _list_notes(trainer, run, left, step)
    return TrainerPlan(nest(own), texts, tuple(data), steps, notes)


def _refuse(
    trainer: OtherTrainer,
    method: str,
    choice: RecipeChoice,
    train: Mapping[str, Any],
    chosen: Sequence[Preset],
) -> None:
    if method not in trainer.methods:
        raise _refuse_method(trainer.name, method, trainer.methods)
    if method.endswith("kto") and trainer.least_kto_batch > int(train.get("per_device_train_batch_size", 1)):
        raise UsageError(
            f"{trainer.name} does not support KTO with a batch size of 1: its KL term is a batch mean",
            "--set per_device_train_batch_size=2 or more",
            code="setting_value",
        )
    other = {
        "--gguf": choice.gguf,
        "--test": choice.test,
        "an adapter to start from": choice.merge,
        "train_on_prompt": train.get("train_on_prompt"),
        "quantisation other than 4 bits by bitsandbytes": train.get("quantization_bit", 4) != 4
        or train.get("quantization_method", "bnb") not in ("bnb", "bitsandbytes"),
        **{
            f"the preset {preset.name}": preset.launch or "USE_RAY" in preset.environment for preset in chosen
        },
    }
    if wrong := [name for name, is_asked in other.items() if is_asked]:
        raise UsageError(
            f"--trainer {trainer.name} does not support {' and '.join(wrong)}",
            "remove it, or use --trainer llamafactory",
            code="trainer_option",
        )


def _refuse_method(name: str, method: str, methods: Sequence[str]) -> UsageError:
    """Return the error for a method that a trainer does not do, with the pairs that work."""
    able = ["llamafactory", *(other.name for other in list_trainers() if method in other.methods)]
    hint = f"{method}: {', '.join(able)}; {name}: {', '.join(methods)}"
    return UsageError(f"{name} does not support {method}", hint, code="trainer_method")


def _choose_step(train: Mapping[str, Any], splits: Splits) -> int:
    """Return which record in a row is validation: each so many-th, 0 where val_size asks for none.

    At least one is, where the rows were counted: so does the trainer's own split.
    """
    size = float(train.get("val_size") or 0)
    share = size / (splits.rows or size * 20) if size > 1 else size
    return max(2, min(round(1 / share), splits.rows or sys.maxsize)) if share else 0


def _render(
    trainer: OtherTrainer,
    run: OtherRun,
    own: Mapping[str, Any],
    choice: RecipeChoice,
    chosen: Sequence[Preset],
) -> dict[Path, str]:
    out = Path(choice.out)
    head = [
        f"{MARK}{trainer.name} {trainer.version}",
        f"# {run.model}, {run.method}, on {run.train['dataset']}.",
        f"# Made from the recipe {choice.recipe} by `lf-qwen3 recipe new`. Its rows are rendered, truncated",
        "# and masked already; RUN.md has the commands, to be run in the folder where it was written.",
        "#",
        f"#   {trainer.command(run)}",
        "#",
        *(f"# {line}" for line in _describe_needs(trainer, run)),
        "",
    ]
    config = [format_setting(key, value) for key, value in nest(own).items()]
    texts = {CONFIG: "\n".join([*head, *config]) + "\n", **trainer.write_files(run)}
    texts |= {file.name: file.read_text("utf-8") for preset in chosen for file in preset.files}
    texts["RUN.md"] = run_book.render_page(
        "RUN_TRAINER.md", choice, trainer=trainer, run=run, needs_key=_needs_key(run.train)
    )
    return {out / name: text for name, text in texts.items()}


def _describe_needs(trainer: OtherTrainer, run: OtherRun) -> list[str]:
    """Return what a run needs: LLaMA-Factory's sum for a known model, and how this trainer compares."""
    checkpoint = checkpoints.find_checkpoint(run.model)
    if not checkpoint:
        return [f"Memory: {describe_memory(trainer)}."]
    lines = needs.describe_needs(run.train, checkpoint, needs.are_experts_layers())
    return [*lines, f"This is for LLaMA-Factory; {describe_memory(trainer)}."]


def _needs_key(train: Mapping[str, Any]) -> bool:
    return bool(train.get("use_swanlab")) and train.get("swanlab_mode", "cloud") == "cloud"


def _list_notes(trainer: OtherTrainer, run: OtherRun, left: list[str], step: int) -> list[str]:
    notes = []
    if left:
        notes.append(f"{trainer.name} has no counterpart of {', '.join(left)}: left out")
    if step:
        notes.append(f"for {trainer.name} every {step}th record is held out and written as validation data")
    if words := trainer.differs(run):
        notes.append(words)
    return notes
