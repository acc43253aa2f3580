"""What trainers on transformers' TrainingArguments (version 5) share: names that stay, and loading."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from itertools import product
from typing import Any

from lf_qwen3.recipes.trainers.trainer import OtherRun, Translate, split_names

KINDS = ("lora", "qlora", "dora", "rslora", "full")

_KEPT = """
    num_train_epochs max_steps per_device_train_batch_size per_device_eval_batch_size
    gradient_accumulation_steps learning_rate lr_scheduler_type lr_scheduler_kwargs weight_decay
    max_grad_norm adam_beta1 adam_beta2 adam_epsilon optim optim_args seed data_seed bf16 fp16
    use_cpu eval_strategy eval_steps eval_delay load_best_model_at_end metric_for_best_model
    greater_is_better save_strategy save_steps save_total_limit save_only_model logging_steps
    logging_first_step output_dir run_name deepspeed ddp_timeout neftune_noise_alpha torch_compile
    dataloader_num_workers resume_from_checkpoint model_revision use_rslora use_dora lora_alpha
    lora_dropout
"""
KEPT: dict[str, str | Translate] = {key: key for key in _KEPT.split()}
KEPT |= {
    "disable_gradient_checkpointing": lambda off: {"gradient_checkpointing": not off},
    "enable_liger_kernel": "use_liger_kernel",
    "moe_aux_loss_coef": "router_aux_loss_coef",
}

ATTENTION = {"sdpa": "sdpa", "fa2": "flash_attention_2", "disabled": "eager"}
"""What LLaMA-Factory's flash_attn is called in transformers; auto is left to the trainer."""


def list_methods(*stages: str) -> tuple[str, ...]:
    """Return the methods of these stages, each way to train the weights with each."""
    return tuple(f"{kind} {stage}" for kind, stage in product(KINDS, stages))


def name_packing(key: str) -> dict[str, str | Translate]:
    """Return how LLaMA-Factory's two keys for packing are called: by one key, where they are on."""

    def pack(packs: Any) -> dict[str, Any]:
        return {key: True} if packs else {}

    return {"packing": pack, "neat_packing": pack}


def choose_attention(value: Any, key: str = "attn_implementation") -> dict[str, Any]:
    """Return the attention under a trainer's key; nothing for auto."""
    return {key: ATTENTION[value]} if value in ATTENTION else {}


def choose_targets(value: Any) -> list[str]:
    """Return the modules that get a LoRA, as PEFT names them."""
    names = split_names(value)
    return ["all-linear"] if names == ["all"] else names


def choose_dtype(run: OtherRun) -> str:
    """Return the type that weights are loaded in, as LLaMA-Factory does: what is trained in 32 bits."""
    half = next(
        (name for key, name in (("bf16", "bfloat16"), ("fp16", "float16")) if run.train.get(key)), "float32"
    )
    if run.train.get("pure_bf16"):
        return "bfloat16"
    return "float32" if run.kind == "full" else half


def without_validation(run: OtherRun) -> dict[str, Any]:
    """Return what a run without validation rows sets, nothing for others."""
    return {} if run.val_file else {"eval_strategy": "no", "load_best_model_at_end": False}


def swanlab_variables(train: Mapping[str, Any]) -> str:
    """Return what is before a command: project, mode and folder for SwanLab, "" without it."""
    named = {"PROJECT": "swanlab_project", "MODE": "swanlab_mode", "LOG_DIR": "swanlab_logdir"}
    wanted = {name: train.get(key) for name, key in named.items()} if train.get("use_swanlab") else {}
    return "".join(f"SWANLAB_{name}={shlex.quote(str(value))} " for name, value in wanted.items() if value)
