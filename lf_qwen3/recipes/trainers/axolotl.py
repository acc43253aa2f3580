"""Axolotl: one YAML for `axolotl train`, and rows of text in segments, or of prompts and answers."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.qwen3.thinking import OPEN
from lf_qwen3.recipes.trainers import hugging_face
from lf_qwen3.recipes.trainers.rows import SEGMENTS, TEXT_PAIRS
from lf_qwen3.recipes.trainers.trainer import (
    CONFIG,
    OtherRun,
    OtherTrainer,
    Translate,
    add_trainer,
    split_names,
)

_SAME = """
    max_steps gradient_accumulation_steps learning_rate warmup_ratio warmup_steps weight_decay max_grad_norm
    adam_beta1 adam_beta2 adam_epsilon optim_args seed bf16 fp16 eval_strategy eval_steps
    load_best_model_at_end metric_for_best_model greater_is_better save_strategy save_steps save_total_limit
    save_only_model logging_steps output_dir deepspeed ddp_timeout neftune_noise_alpha lr_scheduler_kwargs
    resume_from_checkpoint lora_alpha lora_dropout torch_compile dataloader_num_workers
"""
_SWANLAB = "project experiment_name description mode workspace log_model web_host api_host log_completions"
_KEYS: dict[str, str | Translate] = {key: key for key in _SAME.split()}


def _choose_targets(value: Any) -> dict[str, Any]:
    names = split_names(value)
    return {"lora_target_linear": True} if names == ["all"] else {"lora_target_modules": names}


def _settle(run: OtherRun) -> Mapping[str, Any]:
    form = {"type": "input_output"} if run.stage == "sft" else {}
    own: dict[str, Any] = {
        "base_model": run.model,
        "datasets": [{"path": run.train_file, "ds_type": "json", "split": "train", **form}],
        "test_datasets": [{"path": run.val_file, "ds_type": "json", "split": "train", **form}],
        "dataset_prepared_path": str(Path(run.out) / "prepared"),
        "chat_template": "tokenizer_default",
        "train_on_inputs": False,
        "sequence_len": run.longest,
        "gradient_checkpointing": not run.train.get("disable_gradient_checkpointing"),
        **hugging_face.without_validation(run),
    }
    if not run.val_file:
        own["eval_steps"] = None  # its schema refuses steps without a strategy
        del own["test_datasets"]
    if run.kind != "full":
        own["adapter"] = "qlora" if run.kind == "qlora" else "lora"
    if run.kind == "qlora":
        quantised = run.train.get("quantization_type", "nf4"), run.train.get("double_quantization", True)
        names = ("bnb_4bit_quant_type", "bnb_4bit_use_double_quant")
        own |= {"load_in_4bit": True, "bnb_config_kwargs": dict(zip(names, quantised, strict=True))}
    return own | (_prefer(run) if run.stage != "sft" else {}) | _track(run)


def _prefer(run: OtherRun) -> dict[str, Any]:
    """Return what a stage that compares answers sets; a text ends with Qwen's end of turn."""
    beta = run.train.get("pref_beta", 0.1)
    own: dict[str, Any] = {
        "dpo": {"rl_beta": beta, "dpo_loss_type": [run.train.get("pref_loss", "sigmoid")]},
        "kto": {"rl_beta": beta, "remove_unused_columns": False},
        "orpo": {"orpo_alpha": beta},
    }[run.stage]
    return {"rl": run.stage, **own, "special_tokens": {"eos_token": "<|im_end|>"}}


def _track(run: OtherRun) -> dict[str, Any]:
    """Return where the loss is sent."""
    if run.train.get("use_swanlab"):
        names = {"swanlab_project": "swanlab_project", "swanlab_run_name": "swanlab_experiment_name"}
        named = {new: run.train[key] for key, new in names.items() if run.train.get(key)}
        plugin = {"plugins": ["axolotl.integrations.swanlab.SwanLabPlugin"], "use_swanlab": True}
        return {**plugin, **named, "swanlab_mode": run.train.get("swanlab_mode", "cloud")}
    return {"use_tensorboard": True} if run.tracker == "tensorboard" else {}


def _describe(run: OtherRun) -> str:
    if run.stage == "sft":
        return ""
    return "an answer ends at `<|im_end|>`, without the newline after it that LLaMA-Factory trains on too"


AXOLOTL = add_trainer(
    OtherTrainer(
        name="axolotl",
        version="0.21.0",
        methods=hugging_face.list_methods("sft", "dpo", "kto", "orpo"),
        install=("python3.12 -m pip install torch==2.13.0 axolotl==0.21.0",),
        brings="bitsandbytes liger-kernel tensorboard wandb",
        keys={
            **_KEYS,
            "num_train_epochs": "num_epochs",
            "per_device_train_batch_size": "micro_batch_size",
            "per_device_eval_batch_size": "eval_batch_size",
            "lr_scheduler_type": "lr_scheduler",
            "optim": "optimizer",
            "lora_rank": "lora_r",
            "lora_target": _choose_targets,
            "additional_target": lambda value: {"lora_modules_to_save": split_names(value)},
            "use_dora": "peft_use_dora",
            "use_rslora": "peft_use_rslora",
            "early_stopping_steps": "early_stopping_patience",
            "flash_attn": hugging_face.choose_attention,
            **hugging_face.name_packing("sample_packing"),
            "kto_chosen_weight": "kto_desirable_weight",
            "kto_rejected_weight": "kto_undesirable_weight",
            "pref_ftx": lambda weight: {"rpo_alpha": weight} if weight else {},
        },
        settled="pref_beta pref_loss disable_gradient_checkpointing",
        settle=_settle,
        choose_rows=lambda stage: SEGMENTS if stage == "sft" else TEXT_PAIRS,
        command=lambda run: f"axolotl train {shlex.quote(str(Path(run.out) / CONFIG))}",
        differs=_describe,
        memory="less",
        least_kto_batch=2,
        several_gpus="The command uses all GPUs; `CUDA_VISIBLE_DEVICES=0` in front of it limits it to one",
        traps=(
            f"`type: chat_template` never trains on `{OPEN}`, its newline, and the newline "
            "after `<|im_end|>`.",
            "It accepts any key without a message, unknown keys too: `lf-qwen3 recipe validate` finds them.",
            "It would drop rows longer than `sequence_len`: these rows are truncated already.",
            "It sends usage data to its makers: `DO_NOT_TRACK=1` in front of the command prevents it.",
        ),
        renamed={
            "lora_rank": "lora_r",
            "model_name_or_path": "base_model",
            "max_seq_length": "sequence_len",
            "cutoff_len": "sequence_len",
            "num_train_epochs": "num_epochs",
            "per_device_train_batch_size": "micro_batch_size",
            "dpo_beta": "rl_beta",
        },
        plugin_keys=frozenset(["use_swanlab", *(f"swanlab_{part}" for part in _SWANLAB.split())]),
        values={
            "adapter": ("lora", "qlora", "llama-adapter"),
            "rl": ("dpo", "ipo", "kto", "orpo", "simpo", "grpo"),
        },
    )
)
