"""GRPO with EasyR1, by LLaMA-Factory's author: one YAML beside its own, rows of `problem` and `answer`.

It is on no package index, its package is called `verl` too, and it was read, not run (July 2026, b44b311).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.recipes.grpo.prompts import Prompt
from lf_qwen3.recipes.grpo.trainer import GrpoRun, GrpoTrainer, add_grpo_trainer, read_own
from lf_qwen3.recipes.trainers.verl import EPOCHS, SCHEDULES, choose_schedule

_REWARDS = "rewards.py"


def _settle(run: GrpoRun) -> Mapping[str, Any]:
    settings = run.settings
    prompts, batch = settings["prompts_per_step"], settings["per_device_train_batch_size"]
    own: dict[str, Any] = {
        "data.train_files": run.train_file,
        "data.val_files": run.val_file or run.train_file,
        "data.prompt_key": "problem",
        "data.answer_key": "answer",
        "data.format_prompt": None,
        "data.rollout_batch_size": prompts,
        "data.filter_overlong_prompts": True,
        "algorithm.adv_estimator": "grpo",
        "algorithm.disable_kl": not settings["beta"],
        "algorithm.use_kl_loss": True,
        "algorithm.filter_key": "accuracy",
        "worker.actor.global_batch_size": prompts,
        "worker.actor.micro_batch_size_per_device_for_update": batch,
        "worker.actor.micro_batch_size_per_device_for_experience": batch,
        "worker.rollout.tensor_parallel_size": 1,
        "worker.reward.reward_function": f"{Path(run.out) / _REWARDS}:compute_score",
        "worker.reward.reward_function_kwargs": {
            "rewards": run.rewards,
            "max_response_length": settings["max_completion_length"],
            "overlong_buffer_length": settings["overlong_buffer"],
        },
        "trainer.n_gpus_per_node": settings["gpus"],
        "trainer.logger": ["console", *run.loggers],
        "trainer.val_before_train": bool(run.val_file),
        "trainer.val_freq": settings["save_steps"] if run.val_file else -1,
    }
    if run.is_lora:
        own["worker.actor.model.lora.rank"] = settings["lora_rank"]
        own["worker.actor.model.lora.alpha"] = settings["lora_alpha"]
        target = settings["lora_target"]
        own["worker.actor.model.lora.target_modules"] = "all-linear" if target == "all" else target
    return own


def _write_row(prompt: Prompt, at: int, run: GrpoRun) -> dict[str, Any]:
    return {"problem": prompt.messages[-1]["content"], "answer": prompt.gold.text}


def _describe_result(run: GrpoRun) -> str:
    out = shlex.quote(str(run.settings["output_dir"]))
    adapter = ", a LoRA merged into it" if run.is_lora else ""
    merge = f"python EasyR1/scripts/model_merger.py --local_dir {out}/global_step_N/actor"
    return f"`{merge}` makes step N a whole model for transformers{adapter}."


GRPO_EASYR1 = add_grpo_trainer(
    GrpoTrainer(
        name="easyr1",
        version="b44b311",
        install=(
            "git clone https://github.com/hiyouga/EasyR1",
            "git -C EasyR1 checkout b44b311",
            "pip install vllm 'transformers<5' setuptools wheel packaging ninja",
            "pip install flash-attn --no-build-isolation",
            "pip install -e EasyR1",
        ),
        brings="wandb",
        keys={
            "model_name_or_path": "worker.actor.model.model_path",
            "max_prompt_length": "data.max_prompt_length",
            "max_completion_length": "data.max_response_length",
            "num_generations": "worker.rollout.n",
            "temperature": "worker.rollout.temperature",
            "top_p": "worker.rollout.top_p",
            "vllm_gpu_memory_utilization": "worker.rollout.gpu_memory_utilization",
            "loss_type": lambda value: {
                "worker.actor.loss_avg_mode": "token" if value in ("dapo", "bnpo") else "seq"
            },
            "epsilon": "worker.actor.clip_ratio_low",
            "epsilon_high": "worker.actor.clip_ratio_high",
            "beta": "algorithm.kl_coef",
            "dynamic_sampling": "algorithm.online_filtering",
            "num_train_epochs": lambda value: {"trainer.total_epochs": max(1, round(value))},
            "learning_rate": "worker.actor.optim.lr",
            "lr_scheduler_type": lambda value: {
                "worker.actor.optim.lr_scheduler_type": choose_schedule(value)
            },
            "warmup_ratio": "worker.actor.optim.lr_warmup_ratio",
            "seed": "data.seed",
            "output_dir": "trainer.save_checkpoint_path",
            "save_steps": "trainer.save_freq",
            "save_total_limit": "trainer.save_limit",
        },
        settled="lora_rank lora_alpha per_device_train_batch_size bf16",
        choices={
            "bf16": (True,),
            "enable_thinking": (True,),
            "loss_type": ("dapo", "bnpo", "grpo"),
            "lr_scheduler_type": SCHEDULES,
            "num_train_epochs": EPOCHS,
        },
        settle=_settle,
        rewards=("accuracy", "think_format", "soft_overlong"),
        write_row=_write_row,
        command=lambda run: (
            f"python -m verl.trainer.main config={shlex.quote(str(Path(run.out) / 'train.yaml'))}"
        ),
        describe_result=_describe_result,
        write_files=lambda run: {_REWARDS: read_own(_REWARDS)},
        refuse=lambda prompt: (
            "" if len(prompt.messages) == 1 else "EasyR1 reads one question, no system text or history"
        ),
        renamed={
            "data.train_batch_size": "data.rollout_batch_size",
            "data.system_prompt": "data.format_prompt",
            "worker.rollout.tensor_model_parallel_size": "worker.rollout.tensor_parallel_size",
            "worker.actor.ppo_mini_batch_size": "worker.actor.global_batch_size",
            "worker.actor.ulysses_sequence_parallel_size": "worker.actor.ulysses_size",
            "worker.actor.clip_ratio": "worker.actor.clip_ratio_low",
            "worker.actor.kl_loss_coef": "algorithm.kl_coef",
            "worker.actor.kl_loss_type": "algorithm.kl_penalty",
            "worker.actor.use_kl_loss": "algorithm.use_kl_loss",
            "worker.actor.optim.lr_warmup_steps_ratio": "worker.actor.optim.lr_warmup_ratio",
            "worker.actor.optim.warmup_style": "worker.actor.optim.lr_scheduler_type",
            "worker.reward.compute_score": "worker.reward.reward_function",
            "worker.reward.score_function": "worker.reward.reward_function",
            "worker.reward.score_function_kwargs": "worker.reward.reward_function_kwargs",
            "trainer.total_episodes": "trainer.total_epochs",
            "trainer.test_freq": "trainer.val_freq",
        },
        values={
            "algorithm.adv_estimator": ("gae", "grpo", "grpo_passk", "reinforce_plus_plus", "remax", "rloo"),
            "algorithm.kl_penalty": ("kl", "abs", "mse", "low_var_kl", "full"),
            "algorithm.kl_type": ("fixed", "adaptive"),
            "worker.actor.loss_avg_mode": ("token", "seq"),
            "worker.actor.loss_type": ("default", "gspo", "gspo_token", "cispo", "sapo"),
            "worker.actor.optim.lr_scheduler_type": ("constant", "cosine"),
            "worker.actor.optim.strategy": ("adamw", "adamw_bf16"),
        },
        traps=(
            "Its package is named `verl`: it cannot be installed beside verl.",
            "It has no switch for thinking: the model's own chat template lets a hybrid model think.",
        ),
    )
)
