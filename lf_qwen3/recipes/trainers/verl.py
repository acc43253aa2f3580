"""verl: one YAML for its SFT trainer, rows of ids with their mask in parquet, and the class to read them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.base import assets
from lf_qwen3.recipes.trainers import hugging_face
from lf_qwen3.recipes.trainers.rows import MASKED_TOKENS
from lf_qwen3.recipes.trainers.trainer import CONFIG, OtherRun, OtherTrainer, add_trainer

_ROWS = "verl_rows.py"
_SCHEDULES = ("cosine", "constant")
SCHEDULES = (*_SCHEDULES, "constant_with_warmup")
"""The schedules of a recipe that it has: both of its own begin with the warmup."""
BEFORE = (
    "pip install torch==2.11.0 setuptools wheel packaging ninja",
    "pip install flash-attn==2.8.3 --no-build-isolation",
)
"""Its attention is FlashAttention's, which is built beside the torch that verl pins."""
BRINGS = "liger-kernel tensorboard wandb"
EPOCHS = range(1, 1000)
"""It trains whole epochs only."""


def _settle(run: OtherRun) -> Mapping[str, Any]:
    micro = int(run.train.get("per_device_train_batch_size", 1))
    own: dict[str, Any] = {
        "defaults": ["sft_trainer_engine", "_self_"],
        "model.path": run.model,
        "data.train_files": run.train_file,
        "data.val_files": run.val_file or None,
        "data.custom_cls.path": str(Path(run.out) / _ROWS),
        "data.custom_cls.name": "TokenisedRows",
        "data.max_length": run.longest,
        "data.train_batch_size": micro * int(run.train.get("gradient_accumulation_steps", 1)),
        "data.micro_batch_size_per_gpu": micro,
        "data.use_dynamic_bsz": False,
        "checkpoint.save_contents": ["model", "optimizer", "extra", "hf_model"],
        "trainer.save_freq": _choose_steps(run, "save"),
        "trainer.test_freq": _choose_steps(run, "eval") if run.val_file else -1,
        "trainer.logger": ["console", *([run.tracker] if run.tracker in ("swanlab", "tensorboard") else [])],
        "trainer.project_name": run.train.get("swanlab_project") or "lf-qwen3",
        "trainer.experiment_name": run.train.get("swanlab_run_name") or Path(run.out).name,
    }
    half = next((name for name in ("bf16", "fp16") if run.train.get(name)), "fp32")
    own |= name_precision("engine", half)
    own["optim.lr_scheduler_type"] = choose_schedule(run.train.get("lr_scheduler_type", "cosine"))
    return own


def choose_schedule(name: str) -> str:
    """Return verl's schedule for one of transformers: cosine for all that fall."""
    return "constant" if name.startswith("constant") else "cosine"


def name_precision(section: str, precision: str) -> dict[str, str]:
    """Return what sets the precision of an FSDP engine, nothing for bf16, its own: it does not read `dtype`.

    Read in verl 0.9.1: workers/engine/fsdp/transformer_impl.py, FSDPEngine._build_fsdp_module.
    """
    return {} if precision == "bf16" else {f"{section}.mixed_precision.param_dtype": precision}


def _choose_steps(run: OtherRun, what: str) -> Any:
    """Return after how many steps a run saves or validates: verl takes no share of all steps."""
    steps = run.train.get(f"{what}_steps", 0)
    in_steps = run.train.get(f"{what}_strategy") == "steps" and steps >= 1
    return int(steps) if in_steps else "after_each_epoch"


def _command(run: OtherRun) -> str:
    config = f"--config-dir={shlex.quote(run.out)} --config-name={Path(CONFIG).stem}"
    start = "torchrun --standalone --nproc_per_node=1 -m verl.trainer.sft_trainer"
    return f"{hugging_face.swanlab_variables(run.train)}{start} {config}"


def _write_files(run: OtherRun) -> Mapping[str, str]:
    return {_ROWS: (assets.folder("recipes") / "trainers" / _ROWS).read_text("utf-8")}


VERL = add_trainer(
    OtherTrainer(
        name="verl",
        version="0.9.1",
        methods=("lora sft", "full sft"),
        install=(*BEFORE, "pip install 'verl[fsdp]==0.9.1'"),
        brings=BRINGS,
        keys={
            "learning_rate": "optim.lr",
            "warmup_ratio": "optim.lr_warmup_steps_ratio",
            "warmup_steps": "optim.lr_warmup_steps",
            "weight_decay": "optim.weight_decay",
            "max_grad_norm": "optim.clip_grad",
            "num_train_epochs": lambda epochs: {"trainer.total_epochs": max(1, round(epochs))},
            "max_steps": lambda steps: {"trainer.total_training_steps": steps} if steps > 0 else {},
            "lora_rank": "model.lora_rank",
            "lora_alpha": "model.lora_alpha",
            "lora_target": lambda value: {
                "model.target_modules": "all-linear"
                if (names := hugging_face.choose_targets(value)) == ["all-linear"]
                else names
            },
            "disable_gradient_checkpointing": lambda off: {"model.enable_gradient_checkpointing": not off},
            "enable_liger_kernel": "model.use_liger",
            "seed": "trainer.seed",
            "output_dir": "trainer.default_local_dir",
            "save_total_limit": "trainer.max_ckpt_to_keep",
        },
        settled="bf16 fp16 lr_scheduler_type per_device_train_batch_size gradient_accumulation_steps "
        "eval_strategy eval_steps save_strategy save_steps",
        choices={"lr_scheduler_type": SCHEDULES, "num_train_epochs": EPOCHS},
        settle=_settle,
        choose_rows=lambda stage: MASKED_TOKENS,
        command=_command,
        write_files=_write_files,
        memory="more",
        several_gpus="`--nproc_per_node=4` uses four GPUs; the batch size of a step stays",
        traps=(
            "Its own reader of `messages` stops at Qwen3's chat template; with the setting "
            "that its error recommends, `data.ignore_input_ids_mismatch: true`, all thinking "
            "is deleted.",
            "It neither truncates nor drops these rows: they are truncated already.",
            "It saves and validates after each epoch, or with `--set save_steps=100` after so many steps.",
        ),
        renamed={
            "optim.warmup_steps_ratio": "optim.lr_warmup_steps_ratio",
            "model.partial_pretrain": "model.path",
        },
        values={"optim.lr_scheduler_type": _SCHEDULES},
    )
)
