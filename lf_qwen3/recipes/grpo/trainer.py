"""What a trainer takes for GRPO: its names for the recipe's settings, its rows, its rewards, its commands.

One file a trainer in this folder; it calls `add_grpo_trainer`. No trainer is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lf_qwen3.base import assets
from lf_qwen3.recipes.grpo.prompts import Prompt
from lf_qwen3.recipes.trainers.trainer import TRACKERS, TrainerKeys, split_names, translate_settings

_SETTLED = """
    stage finetuning_type model_name_or_path template enable_thinking lora_target dataset eval_dataset
    dataset_dir answer_instruction rewards overlong_buffer prompts_per_step gpus report_to
"""
SETTLED = frozenset(_SETTLED.split())
"""Keys that the prompts or `settle` have settled."""

_SAME = """
    lora_alpha lora_dropout num_generations max_completion_length temperature top_p epsilon epsilon_high beta
    vllm_gpu_memory_utilization num_train_epochs learning_rate per_device_train_batch_size lr_scheduler_type
    seed output_dir save_steps save_total_limit logging_steps
"""
KEPT: Mapping[str, str] = {key: key for key in _SAME.split()}
"""Keys that TRL and ms-swift call the same."""


def count_answers(settings: Mapping[str, Any]) -> tuple[int, int]:
    """Return the answers of a step, and those that all GPUs take at a time."""
    answers = int(settings["prompts_per_step"]) * int(settings["num_generations"])
    return answers, int(settings["per_device_train_batch_size"]) * int(settings["gpus"])


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
        answers, batch = count_answers(self.settings)
        return answers // batch

    @property
    def loggers(self) -> list[str]:
        """The trackers, none for `none`."""
        named = self.settings["report_to"]
        return [] if named == "none" else split_names(named)

    def list_packages(self) -> list[str]:
        """Return the packages that the settings ask for beside a trainer."""
        return [name for name in self.loggers if name in TRACKERS]


def _no_files(run: GrpoRun) -> Mapping[str, str]:
    return {}


def _describe_weights(run: GrpoRun) -> str:
    if not run.is_lora:
        return "These are the weights of a whole model: LLaMA-Factory loads them as `model_name_or_path`."
    return (
        "It is a PEFT adapter, so LLaMA-Factory loads it as `adapter_name_or_path`. Run `recipe new` with an "
        "SFT recipe and set that key to its folder to predict, chat, serve and export."
    )


@dataclass(frozen=True, kw_only=True)
class GrpoTrainer(TrainerKeys):
    """A trainer that does GRPO.

    `settle` returns what follows from model, method and files. `rewards` are those it can give. `write_row`
    makes a row of a prompt, and gets its number from 0; `refuse` says why it cannot take a prompt, "" where
    it can. `describe_result` says in Markdown what the weights of a run are, and how they are loaded
    elsewhere.
    """

    settle: Callable[[GrpoRun], Mapping[str, Any]]
    rewards: tuple[str, ...]
    write_row: Callable[[Prompt, int, GrpoRun], dict[str, Any]]
    command: Callable[[GrpoRun], str]
    write_files: Callable[[GrpoRun], Mapping[str, str]] = _no_files
    refuse: Callable[[Prompt], str] = lambda prompt: ""
    describe_result: Callable[[GrpoRun], str] = _describe_weights

    def translate(self, run: GrpoRun) -> tuple[dict[str, Any], list[str]]:
        """Return the trainer's settings, flat, and the recipe's keys that are set and have no counterpart."""
        own, left = translate_settings(run.settings, self, SETTLED)
        return {**own, **self.settle(run)}, left


def read_own(name: str) -> str:
    """Return a file beside the GRPO recipes, which a trainer imports from the run's folder."""
    return (assets.folder("recipes") / "grpo" / name).read_text("utf-8")


_TRAINERS: dict[str, GrpoTrainer] = {}


def add_grpo_trainer(trainer: GrpoTrainer) -> GrpoTrainer:
    """Make a trainer known by its name, and return it."""
    _TRAINERS[trainer.name] = trainer
    return trainer


def added_grpo_trainers() -> list[GrpoTrainer]:
    """Return the trainers whose files were imported, by name."""
    return [_TRAINERS[name] for name in sorted(_TRAINERS)]
