"""ms-swift: one YAML for `swift sft` or `swift rlhf`, and messages that hold all of the text."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.qwen3 import checkpoints
from lf_qwen3.recipes.trainers import hugging_face
from lf_qwen3.recipes.trainers.messages import MESSAGES
from lf_qwen3.recipes.trainers.trainer import CONFIG, OtherRun, OtherTrainer, add_trainer, split_names


def name_model(model: str, template: Any) -> dict[str, str]:
    """Return the keys that ms-swift needs for a Qwen3 whose name it does not know, such as a folder."""
    return {
        "model_type": checkpoints.model_type(model) or "qwen3",
        "template": "qwen3" if template == "qwen3" else "qwen3_nothinking",
    }


def _settle(run: OtherRun) -> Mapping[str, Any]:
    own: dict[str, Any] = {
        "model": run.model,
        **name_model(run.model, run.train.get("template")),
        "dataset": [run.train_file],
        "split_dataset_ratio": 0.0,
        "max_length": run.longest,
        "loss_scale": "last_round",
        "preserve_thinking": True,
        "add_non_thinking_prefix": False,
        "tuner_type": "full" if run.kind == "full" else "lora",
        "torch_dtype": hugging_face.choose_dtype(run),
        "report_to": run.tracker,
        "add_version": False,
        **hugging_face.without_validation(run),
        **({} if run.stage == "sft" else _prefer(run)),
    }
    if run.val_file:  # its parser takes no empty list
        own["val_dataset"] = [run.val_file]
    if run.kind == "qlora":
        own |= {
            "quant_method": "bnb",
            "quant_bits": 4,
            "bnb_4bit_compute_dtype": hugging_face.choose_dtype(run),
            "bnb_4bit_quant_type": run.train.get("quantization_type", "nf4"),
            "bnb_4bit_use_double_quant": bool(run.train.get("double_quantization", True)),
        }
    if run.train.get("use_swanlab"):
        named = {
            "swanlab_project": "swanlab_project",
            "swanlab_run_name": "swanlab_exp_name",
            "swanlab_mode": "swanlab_mode",
        }
        own |= {new: run.train[key] for key, new in named.items() if run.train.get(key)}
    return own


def _prefer(run: OtherRun) -> dict[str, Any]:
    """Return what a stage that compares answers sets."""
    own: dict[str, Any] = {"rlhf_type": run.stage}
    if run.stage == "dpo":
        own["loss_type"] = [run.train.get("pref_loss", "sigmoid")]
    if run.stage == "simpo":
        own["cpo_alpha"] = 0.0
    return own


def _command(run: OtherRun) -> str:
    verb = "sft" if run.stage == "sft" else "rlhf"
    return f"swift {verb} {shlex.quote(str(Path(run.out) / CONFIG))}"


MS_SWIFT = add_trainer(
    OtherTrainer(
        name="ms-swift",
        version="4.6.0",
        methods=hugging_face.list_methods("sft", "dpo", "kto", "orpo", "simpo"),
        install=("pip install torch==2.13.0 ms-swift==4.6.0",),
        brings="tensorboard",
        keys={
            **hugging_face.KEPT,
            "warmup_ratio": "warmup_ratio",
            "warmup_steps": "warmup_steps",
            "lora_rank": "lora_rank",
            "lora_target": lambda value: {"target_modules": hugging_face.choose_targets(value)},
            "additional_target": lambda value: {"modules_to_save": split_names(value)},
            "early_stopping_steps": "early_stop_interval",
            "flash_attn": lambda value: hugging_face.choose_attention(value, "attn_impl"),
            **hugging_face.name_packing("packing"),
            "pref_beta": "beta",
            "pref_ftx": lambda weight: {"rpo_alpha": weight} if weight else {},
            "simpo_gamma": "simpo_gamma",
            "kto_chosen_weight": "desirable_weight",
            "kto_rejected_weight": "undesirable_weight",
        },
        settled="pref_loss",
        settle=_settle,
        choose_rows=lambda stage: MESSAGES,
        command=_command,
        memory="less",
        several_gpus="`NPROC_PER_NODE=4` in front of the command uses four GPUs",
        traps=(
            "`reasoning_content` beside `content` is deleted without a message: write "
            "thinking into `content`.",
            "ms-swift would drop rows longer than `max_length`: these rows are truncated "
            "already, as LLaMA-Factory does.",
            "A folder as `model` needs `model_type` and `template`, as in the file.",
        ),
        renamed={
            "train_type": "tuner_type",
            "sft_type": "tuner_type",
            "model_id_or_path": "model",
            "lora_target_modules": "target_modules",
            "quantization_bit": "quant_bits",
            "max_steps_per_epoch": "max_steps",
        },
        values={
            "tuner_type": (
                *("lora", "full", "longlora", "adalora", "llamapro"),
                *("adapter", "vera", "boft", "fourierft", "reft"),
            ),
            "rlhf_type": ("dpo", "orpo", "simpo", "kto", "cpo", "rm", "ppo", "grpo", "gkd"),
            "quant_method": ("bnb", "hqq", "eetq", "quanto", "fp8"),
            "truncation_strategy": ("delete", "left", "right", "split"),
        },
    )
)
