"""Unsloth: a script around TRL's SFTTrainer, its settings in a YAML, and TRL's rows of ids and labels."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.base import assets
from lf_qwen3.recipes.trainers import hugging_face
from lf_qwen3.recipes.trainers.rows import TOKENS
from lf_qwen3.recipes.trainers.trainer import OtherRun, OtherTrainer, Translate, add_trainer, split_names

_SCRIPT = "train.py"
_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
_NOT_TRAINING = "model_revision use_rslora use_dora lora_alpha lora_dropout enable_liger_kernel"
_KEPT: dict[str, str | Translate] = {
    key: f"training.{name}"
    for key, name in hugging_face.KEPT.items()
    if isinstance(name, str) and key not in _NOT_TRAINING.split()
}


def _choose_targets(value: Any) -> dict[str, Any]:
    names = split_names(value)
    return {"lora.target_modules": _TARGETS if names == ["all"] else names}


def _settle(run: OtherRun) -> Mapping[str, Any]:
    own: dict[str, Any] = {
        "model.model_name": run.model,
        "model.max_seq_length": run.longest,
        "model.load_in_4bit": run.kind == "qlora",
        "model.full_finetuning": run.kind == "full",
        "data.train": run.train_file,
        "training.max_length": run.longest,
        "training.report_to": run.tracker,
        **{f"training.{key}": value for key, value in hugging_face.without_validation(run).items()},
    }
    if run.val_file:
        own["data.validation"] = run.val_file
    if run.train.get("use_swanlab") and run.train.get("swanlab_run_name"):
        own["training.run_name"] = run.train["swanlab_run_name"]
    return own


def _command(run: OtherRun) -> str:
    return f"{hugging_face.swanlab_variables(run.train)}python {shlex.quote(str(Path(run.out) / _SCRIPT))}"


def _write_files(run: OtherRun) -> Mapping[str, str]:
    script = assets.folder("recipes") / "trainers" / "train_unsloth.py"
    return {_SCRIPT: script.read_text("utf-8")}


UNSLOTH = add_trainer(
    OtherTrainer(
        name="unsloth",
        version="2026.10.9",
        methods=tuple(f"{kind} sft" for kind in ("lora", "qlora", "rslora", "full")),
        install=("pip install torch==2.14.1 torchvision==0.29.1 unsloth==2026.10.9 unsloth_zoo==2026.10.9",),
        brings="bitsandbytes",
        keys={
            **_KEPT,
            "model_revision": "model.revision",
            "warmup_ratio": "training.warmup_steps",
            "warmup_steps": "training.warmup_steps",
            "lora_rank": "lora.r",
            "lora_alpha": "lora.lora_alpha",
            "lora_dropout": "lora.lora_dropout",
            "lora_target": _choose_targets,
            "use_rslora": "lora.use_rslora",
            "additional_target": lambda value: {"lora.modules_to_save": split_names(value)},
            "early_stopping_steps": "early_stopping_patience",
            **hugging_face.name_packing("training.packing"),
            "disable_gradient_checkpointing": lambda off: {"training.gradient_checkpointing": not off},
        },
        settle=_settle,
        choose_rows=lambda stage: TOKENS,
        command=_command,
        write_files=_write_files,
        memory="less",
        several_gpus="It trains on one GPU",
        traps=(
            "The code of the tutorials (`text` and `train_on_responses_only`) trains on the "
            "empty think block, not on the newline after `<|im_end|>`, and appends a second "
            "`<|im_end|>`: do not call it on these rows.",
        ),
        renamed={
            "training.max_seq_length": "training.max_length",
            "model.model_name_or_path": "model.model_name",
        },
    )
)
