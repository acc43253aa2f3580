"""GRPO with TRL: one YAML for `trl grpo`, `prompt` and `solution`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.recipes.grpo.prompts import Prompt
from lf_qwen3.recipes.grpo.trainer import KEPT, GrpoRun, GrpoTrainer, add_grpo_trainer
from lf_qwen3.recipes.trainers.hugging_face import choose_targets
from lf_qwen3.recipes.trainers.trainer import CONFIG

_NAMES = {"accuracy": "accuracy_reward", "think_format": "think_format_reward"}


def _settle(run: GrpoRun) -> Mapping[str, Any]:
    settings = run.settings
    own: dict[str, Any] = {
        "dtype": "bfloat16" if settings["bf16"] else "float16",
        "dataset_name": str(Path(run.train_file).parent),
        "eval_strategy": "steps" if run.val_file else "no",
        "use_peft": run.is_lora,
        "reward_funcs": [_NAMES[name] for name in run.rewards if name in _NAMES],
        "gradient_accumulation_steps": run.accumulation,
        "use_vllm": True,
        "vllm_mode": "colocate",
        "vllm_max_model_length": run.longest,
        "vllm_enable_sleep_mode": True,
        "report_to": run.loggers or ["none"],
        "log_completions": True,
    }
    if run.val_file:
        own["dataset_test_split"] = "validation"
    if settings.get("enable_thinking") is not None:
        own["chat_template_kwargs"] = {"enable_thinking": settings["enable_thinking"]}
    return own


def _write_row(prompt: Prompt, at: int, run: GrpoRun) -> dict[str, Any]:
    return {"prompt": prompt.messages, "solution": prompt.gold.boxed}


def _command(run: GrpoRun) -> str:
    gpus = int(run.settings["gpus"])
    processes = f" --num_processes {gpus}" if gpus > 1 else ""
    return f"trl grpo --config {shlex.quote(str(Path(run.out) / CONFIG))}{processes}"


GRPO_TRL = add_grpo_trainer(
    GrpoTrainer(
        name="trl",
        version="1.16.0",
        install=("pip install 'trl[vllm]==1.16.0' peft math-verify==0.9.0",),
        keys={
            **KEPT,
            "model_name_or_path": "model_name_or_path",
            "bf16": "bf16",
            "loss_type": "loss_type",
            "lora_rank": "lora_r",
            "lora_target": lambda value: {"lora_target_modules": choose_targets(value)},
            "warmup_ratio": "warmup_steps",
            "mask_truncated": "mask_truncated_completions",
        },
        settled="max_prompt_length",
        settle=_settle,
        rewards=("accuracy", "think_format"),
        write_row=_write_row,
        command=_command,
        traps=(
            "TRL's command line penalises long answers at 1,280 tokens only, whatever "
            "`max_completion_length` is: truncated answers are masked here.",
            "TRL does not truncate questions: those longer than `max_prompt_length` are left "
            "out of the rows.",
        ),
    )
)
