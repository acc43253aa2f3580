"""GRPO with verl: a YAML over its hydra config, and rows whose `data_source` chooses the reward."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.recipes.grpo.prompts import Prompt
from lf_qwen3.recipes.grpo.trainer import GrpoRun, GrpoTrainer, add_grpo_trainer
from lf_qwen3.recipes.trainers.verl import BEFORE, BRINGS, EPOCHS, SCHEDULES, choose_schedule, name_precision

DATA_SOURCE = "math_dapo"
"""The reward that reads `Answer:` and `\\boxed{}` and compares them, normalised, with the gold answer."""
_ACTOR, _ROLLOUT = "actor_rollout_ref.actor", "actor_rollout_ref.rollout"
_AVERAGES = {
    "dapo": "token-mean",
    "bnpo": "token-mean",
    "grpo": "seq-mean-token-mean",
    "dr_grpo": "seq-mean-token-sum-norm",
}


def _settle(run: GrpoRun) -> Mapping[str, Any]:
    settings = run.settings
    prompts, batch = settings["prompts_per_step"], settings["per_device_train_batch_size"]
    own: dict[str, Any] = {
        "defaults": ["ppo_trainer", "_self_"],
        "hydra.searchpath": ["pkg://verl.trainer.config"],
        "algorithm.adv_estimator": "grpo",
        "data.train_files": run.train_file,
        "data.val_files": run.val_file or run.train_file,
        "data.train_batch_size": prompts,
        "data.filter_overlong_prompts": True,
        f"{_ACTOR}.ppo_mini_batch_size": prompts,
        f"{_ACTOR}.ppo_micro_batch_size_per_gpu": batch,
        f"{_ACTOR}.use_kl_loss": bool(settings["beta"]),
        f"{_ROLLOUT}.name": "vllm",
        f"{_ROLLOUT}.log_prob_micro_batch_size_per_gpu": batch,
        f"{_ROLLOUT}.tensor_model_parallel_size": 1,
        "actor_rollout_ref.ref.log_prob_micro_batch_size_per_gpu": batch,
        "trainer.n_gpus_per_node": settings["gpus"],
        "trainer.logger": ["console", *run.loggers],
        "trainer.val_before_train": bool(run.val_file),
        "trainer.test_freq": settings["save_steps"] if run.val_file else -1,
    }
    if settings.get("enable_thinking") is not None:
        own["data.apply_chat_template_kwargs.enable_thinking"] = settings["enable_thinking"]
    if not settings["bf16"]:
        own |= name_precision(f"{_ACTOR}.fsdp_config", "fp16")
        own |= name_precision("actor_rollout_ref.ref.fsdp_config", "fp16")
        own[f"{_ROLLOUT}.dtype"] = "float16"
    if run.is_lora:
        target = settings["lora_target"]
        own["actor_rollout_ref.model.lora_rank"] = settings["lora_rank"]
        own["actor_rollout_ref.model.lora_alpha"] = settings["lora_alpha"]
        own["actor_rollout_ref.model.target_modules"] = "all-linear" if target == "all" else target.split(",")
        own[f"{_ROLLOUT}.load_format"] = "safetensors"
    if "soft_overlong" in run.rewards:
        own |= {
            "reward.reward_manager.name": "dapo",
            "reward.reward_kwargs.overlong_buffer_cfg.enable": True,
            "reward.reward_kwargs.overlong_buffer_cfg.len": settings["overlong_buffer"],
            "reward.reward_kwargs.overlong_buffer_cfg.penalty_factor": 1.0,
            "reward.reward_kwargs.overlong_buffer_cfg.log": False,
            "reward.reward_kwargs.max_resp_len": settings["max_completion_length"],
        }
    return own


def _write_row(prompt: Prompt, at: int, run: GrpoRun) -> dict[str, Any]:
    return {
        "data_source": DATA_SOURCE,
        "prompt": prompt.messages,
        "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": prompt.gold.text},
        "extra_info": {"index": at},
    }


def _command(run: GrpoRun) -> str:
    folder = Path(run.out)
    where = shlex.quote(str(folder)) if folder.is_absolute() else f'"$PWD"/{shlex.quote(str(folder))}'
    return f"python -m verl.trainer.main_ppo --config-path {where} --config-name train"


def _describe_result(run: GrpoRun) -> str:
    out = shlex.quote(str(run.settings["output_dir"]))
    merge = f"python -m verl.model_merger merge --backend fsdp --local_dir {out}/global_step_N/actor"
    adapter = f"; the LoRA is then a PEFT adapter in `{out}/merged/lora_adapter`" if run.is_lora else ""
    return f"`{merge} --target_dir {out}/merged` makes step N readable for transformers{adapter}."


GRPO_VERL = add_grpo_trainer(
    GrpoTrainer(
        name="verl",
        version="0.9.1",
        install=(*BEFORE, "pip install 'verl[fsdp,vllm]==0.9.1'"),
        brings=BRINGS,
        keys={
            "model_name_or_path": "actor_rollout_ref.model.path",
            "max_prompt_length": "data.max_prompt_length",
            "max_completion_length": "data.max_response_length",
            "num_generations": f"{_ROLLOUT}.n",
            "temperature": f"{_ROLLOUT}.temperature",
            "top_p": f"{_ROLLOUT}.top_p",
            "vllm_gpu_memory_utilization": f"{_ROLLOUT}.gpu_memory_utilization",
            "loss_type": lambda value: {f"{_ACTOR}.loss_agg_mode": _AVERAGES[value]},
            "epsilon": lambda value: {f"{_ACTOR}.clip_ratio": value, f"{_ACTOR}.clip_ratio_low": value},
            "epsilon_high": f"{_ACTOR}.clip_ratio_high",
            "beta": f"{_ACTOR}.kl_loss_coef",
            "dynamic_sampling": "algorithm.filter_groups.enable",
            "num_train_epochs": lambda value: {"trainer.total_epochs": max(1, round(value))},
            "learning_rate": f"{_ACTOR}.optim.lr",
            "lr_scheduler_type": lambda value: {f"{_ACTOR}.optim.lr_scheduler_type": choose_schedule(value)},
            "warmup_ratio": f"{_ACTOR}.optim.lr_warmup_steps_ratio",
            "seed": "data.seed",
            "output_dir": "trainer.default_local_dir",
            "save_steps": "trainer.save_freq",
            "save_total_limit": "trainer.max_actor_ckpt_to_keep",
        },
        settled="lora_rank lora_alpha per_device_train_batch_size bf16",
        choices={"lr_scheduler_type": SCHEDULES, "num_train_epochs": EPOCHS},
        settle=_settle,
        rewards=("accuracy", "soft_overlong"),
        write_row=_write_row,
        command=_command,
        describe_result=_describe_result,
        traps=(
            "`data_source` selects the reward: a value that verl does not know stops the run "
            "at its first reward.",
            f"Here it is `{DATA_SOURCE}`, which compares texts: `0.5` is not `1/2`.",
        ),
    )
)
