"""What a trainer takes for GRPO: its names for the recipe's settings, its rows, its rewards, its commands.

One file a trainer in this folder; it calls `add_grpo_trainer`. No trainer is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lf_qwen3.base import assets
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.recipes.grpo.prompts import Prompt
from lf_qwen3.recipes.trainers.trainer import Translate, split_names, translate_settings

SETTLED = frozenset(
    (
        *("stage", "finetuning_type", "model_name_or_path", "template", "enable_thinking", "lora_target"),
        *("dataset", "eval_dataset", "dataset_dir", "answer_instruction", "rewards", "overlong_buffer"),
        *("prompts_per_step", "gpus", "report_to"),
    )
)
"""Keys that the prompts or `settle` have settled."""

_SAME = (
    *("lora_alpha", "lora_dropout", "num_generations", "max_completion_length", "temperature", "top_p"),
    *("vllm_gpu_memory_utilization", "epsilon", "epsilon_high", "beta", "num_train_epochs", "learning_rate"),
    *("per_device_train_batch_size", "lr_scheduler_type", "seed", "output_dir", "save_steps"),
    *("save_total_limit", "logging_steps"),
)
KEPT: Mapping[str, str] = {key: key for key in _SAME}
"""Keys that TRL and ms-swift call the same."""


@dataclass(frozen=True)
class GrpoRun:
    """One run: the recipe's settings, its folder, and the files of prompts, as seen from where it is started.

    `val_file` is "" without validation. The rewards are names of `REWARDS` in plan.py.
    """

    settings: Mapping[str, Any]
    out: str
    train_file: str
    val_file: str

    @property
    def model(self) -> str:
        """The id or folder of the model."""
        return str(self.settings["model_name_or_path"])

    @property
    def is_lora(self) -> bool:
        """Return whether a LoRA is trained, and not the whole model."""
        return bool(self.settings["finetuning_type"] == "lora")

    @property
    def rewards(self) -> list[str]:
        """The names of the rewards."""
        return split_names(self.settings["rewards"])

    @property
    def longest(self) -> int:
        """The tokens of question and answer together."""
        return int(self.settings["max_prompt_length"]) + int(self.settings["max_completion_length"])

    @property
    def accumulation(self) -> int:
        """The batches of one GPU that make a step, where a batch is counted in answers."""
        answers = int(self.settings["prompts_per_step"]) * int(self.settings["num_generations"])
        batch = int(self.settings["per_device_train_batch_size"]) * int(self.settings["gpus"])
        if answers % batch:
            raise UsageError(
                f"{answers} answers in a step (prompts_per_step x num_generations) are not a "
                f"multiple of {batch} (per_device_train_batch_size x gpus)",
                "change one of them with --set",
                code="grpo_batch",
            )
        return answers // batch

    @property
    def loggers(self) -> list[str]:
        """The trackers, none for `none`."""
        named = self.settings["report_to"]
        return [] if named == "none" else split_names(named)


def _no_files(run: GrpoRun) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class GrpoTrainer:
    """A trainer that does GRPO.

    `keys` holds its name of a recipe's key, or what turns the value into several, `settle` what follows
    from model, method and files. `rewards` are those it can give. `write_row` makes a row of a prompt, and
    gets its number from 0; `refuse` says why it cannot take a prompt, "" where it can.
    """

    name: str
    version: str
    install: tuple[str, ...]
    keys: Mapping[str, str | Translate]
    settle: Callable[[GrpoRun], Mapping[str, Any]]
    rewards: tuple[str, ...]
    write_row: Callable[[Prompt, int, GrpoRun], dict[str, Any]]
    command: Callable[[GrpoRun], str]
    write_files: Callable[[GrpoRun], Mapping[str, str]] = _no_files
    refuse: Callable[[Prompt], str] = lambda prompt: ""
    traps: tuple[str, ...] = ()

    def translate(self, run: GrpoRun) -> tuple[dict[str, Any], list[str]]:
        """Return the trainer's settings, flat, and the recipe's keys that are set and have no counterpart."""
        own, left = translate_settings(run.settings, self.keys, SETTLED)
        return {**own, **self.settle(run)}, left


def read_own(name: str) -> str:
    """Return a file beside the GRPO recipes, which a trainer imports from the run's folder."""
    return (assets.folder("recipes") / "grpo" / name).read_text("utf-8")


_TRAINERS: dict[str, GrpoTrainer] = {}


def add_grpo_trainer(trainer: GrpoTrainer) -> GrpoTrainer:
    """Make a trainer known by its name, and return it."""
    _TRAINERS[trainer.name] = trainer
    return trainer


def choose_grpo_trainer(name: str) -> GrpoTrainer:
    """Return a trainer that was added; raise `UsageError` with those that do GRPO."""
    known = ", ".join(sorted(_TRAINERS))
    if name == "llamafactory":
        raise UsageError(
            "LLaMA-Factory has no GRPO; EasyR1, by the same author, has",
            f"add --trainer easyr1; trainers: {known}",
            code="trainer_method",
        )
    if name in ("unsloth", "axolotl"):
        raise UsageError(
            f"there is no GRPO recipe for {name}",
            f"use --trainer with one of: {known}",
            code="trainer_method",
        )
    if name not in _TRAINERS:
        raise unknown_name("trainer for GRPO", name, _TRAINERS, code="unknown_trainer")
    return _TRAINERS[name]
