"""GRPO with ms-swift: one YAML for `swift rlhf`, `messages` and `solution`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.recipes.grpo.prompts import Prompt
from lf_qwen3.recipes.grpo.trainer import KEPT, GrpoRun, GrpoTrainer, add_grpo_trainer, read_own
from lf_qwen3.recipes.trainers.hugging_face import choose_targets
from lf_qwen3.recipes.trainers.ms_swift import name_model
from lf_qwen3.recipes.trainers.trainer import CONFIG

_PLUGIN = "think_format.py"
_NAMES = {"accuracy": "accuracy", "think_format": "lf_think_format", "soft_overlong": "soft_overlong"}


def _settle(run: GrpoRun) -> Mapping[str, Any]:
    settings = run.settings
    thinks = settings.get("enable_thinking")
    own: dict[str, Any] = {
        "rlhf_type": "grpo",
        **name_model(run.model, settings["template"]),
        "dataset": [run.train_file],
        "split_dataset_ratio": 0.0,
        "eval_strategy": "steps" if run.val_file else "no",
        "tuner_type": "lora" if run.is_lora else "full",
        "torch_dtype": "bfloat16" if settings["bf16"] else "float16",
        "reward_funcs": [_NAMES[name] for name in run.rewards],
        "gradient_accumulation_steps": run.accumulation,
        "use_vllm": True,
        "vllm_mode": "colocate",
        "vllm_max_model_len": run.longest,
        "sleep_level": 1,
        "report_to": run.loggers or ["none"],
        "add_version": False,
        "log_completions": True,
    }
    if run.val_file:
        own["val_dataset"] = [run.val_file]
    if thinks is not None:
        own["enable_thinking"] = thinks
    if "think_format" in run.rewards:
        own["external_plugins"] = [str(Path(run.out) / _PLUGIN)]
    if "soft_overlong" in run.rewards:
        own["soft_cache_length"] = settings["overlong_buffer"]
    return own


def _write_row(prompt: Prompt, at: int, run: GrpoRun) -> dict[str, Any]:
    return {"messages": prompt.messages, "solution": prompt.gold.boxed}


def _command(run: GrpoRun) -> str:
    gpus = int(run.settings["gpus"])
    processes = f"NPROC_PER_NODE={gpus} " if gpus > 1 else ""
    return f"{processes}swift rlhf {shlex.quote(str(Path(run.out) / CONFIG))}"


GRPO_MS_SWIFT = add_grpo_trainer(
    GrpoTrainer(
        name="ms-swift",
        version="4.6.0",
        install=("pip install ms-swift==4.6.0 math-verify==0.9.0 msgspec vllm",),
        brings="tensorboard",
        keys={
            **KEPT,
            "model_name_or_path": "model",
            "warmup_ratio": "warmup_ratio",
            "lora_rank": "lora_rank",
            "lora_alpha": "lora_alpha",
            "lora_dropout": "lora_dropout",
            "lora_target": lambda value: {"target_modules": choose_targets(value)},
            "max_prompt_length": "max_length",
            "loss_type": lambda value: {"loss_type": [value]},
            "dynamic_sampling": "dynamic_sample",
            "mask_truncated": "overlong_filter",
        },
        settled="bf16",
        settle=_settle,
        rewards=tuple(_NAMES),
        write_row=_write_row,
        command=_command,
        write_files=lambda run: {_PLUGIN: read_own(_PLUGIN)} if "think_format" in run.rewards else {},
        traps=(
            "Without `enable_thinking: true` a hybrid model is sampled with an empty think block.",
            "ms-swift's own `format` reward wants `<answer>` tags: a right answer of Qwen3 gets 0.",
            "Its `accuracy` reads only mathematics inside `\\boxed{}` from an answer: `Answer: 4` gets 0.",
        ),
    )
)
