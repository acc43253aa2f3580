"""TRL: one YAML for `trl sft`, `trl dpo` or `trl kto`, and rows of ids and labels, or of the text whole."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.recipes.trainers import hugging_face
from lf_qwen3.recipes.trainers.rows import RAW_PAIRS, TOKENS
from lf_qwen3.recipes.trainers.trainer import CONFIG, OtherRun, OtherTrainer, add_trainer, split_names


def _settle(run: OtherRun) -> Mapping[str, Any]:
    own: dict[str, Any] = {
        "model_name_or_path": run.model,
        "dtype": hugging_face.choose_dtype(run),
        "dataset_name": str(Path(run.train_file).parent),
        "max_length": run.longest,
        "report_to": run.tracker,
        "use_peft": run.kind != "full",
        **hugging_face.without_validation(run),
    }
    if run.val_file:
        own["dataset_test_split"] = "validation"
    if run.kind == "qlora":
        own |= {
            "load_in_4bit": True,
            "bnb_4bit_quant_type": run.train.get("quantization_type", "nf4"),
            "use_bnb_nested_quant": bool(run.train.get("double_quantization", True)),
        }
    if run.train.get("use_swanlab") and run.train.get("swanlab_run_name"):
        own["run_name"] = run.train["swanlab_run_name"]
    return own


def _command(run: OtherRun) -> str:
    config = shlex.quote(str(Path(run.out) / CONFIG))
    return f"{hugging_face.swanlab_variables(run.train)}trl {run.stage} --config {config}"


TRL = add_trainer(
    OtherTrainer(
        name="trl",
        version="1.16.0",
        methods=hugging_face.list_methods("sft", "dpo", "kto"),
        install=("pip install torch==2.13.0 trl==1.16.0 peft",),
        keys={
            **hugging_face.KEPT,
            "warmup_ratio": "warmup_steps",
            "warmup_steps": "warmup_steps",
            "lora_rank": "lora_r",
            "lora_target": lambda value: {"lora_target_modules": hugging_face.choose_targets(value)},
            "additional_target": lambda value: {"lora_modules_to_save": split_names(value)},
            "flash_attn": hugging_face.choose_attention,
            **hugging_face.name_packing("packing"),
            "pref_beta": "beta",
            "pref_loss": lambda value: {"loss_type": [value]},
            "kto_chosen_weight": "desirable_weight",
            "kto_rejected_weight": "undesirable_weight",
        },
        settle=_settle,
        choose_rows=lambda stage: TOKENS if stage == "sft" else RAW_PAIRS,
        command=_command,
        least_kto_batch=2,
        several_gpus="The command uses all GPUs; `--num_processes 1` after it limits it to one",
        traps=(
            "Rows of `messages` put the whole prompt into the loss: these rows have ids and labels.",
            "Text as `completion` gets a second `<|im_end|>` after the newline, which is then in the loss.",
            "`max_seq_length`, `lora_rank` and any unknown key are refused.",
        ),
        renamed={
            "max_seq_length": "max_length",
            "lora_rank": "lora_r",
            "torch_dtype": "dtype",
            "warmup_ratio": "warmup_steps",
            "lora_target": "lora_target_modules",
        },
        values={"dtype": ("auto", "bfloat16", "float16", "float32"), "bnb_4bit_quant_type": ("fp4", "nf4")},
    )
)
