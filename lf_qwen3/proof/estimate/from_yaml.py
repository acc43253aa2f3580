"""The plan that a training YAML describes, with LLaMA-Factory's own defaults for what it leaves out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.proof.estimate.plan import Precision, TrainingPlan
from lf_qwen3.qwen3.architecture import ATTENTION, FEED_FORWARD
from lf_qwen3.recipes.needs import has_reference
from lf_qwen3.recipes.trainers import describe_memory, read_trainer
from lf_qwen3.trainer import schema, yaml_reader
from lf_qwen3.trainer.settings import kinds
from lf_qwen3.trainer.settings.exclusions import named_stage
from lf_qwen3.trainer.settings.judge import judge_file

STAGES = ("sft", "pt", "dpo", "kto")
_NOT_ESTIMATED = (
    *("use_kt", "use_mca", "use_megatron_bridge", "use_hyper_parallel"),
    *("use_asft_loss", "mixture_of_depths"),
)
_OTHER_MEMORY = {
    **dict.fromkeys(("use_unsloth", "use_unsloth_gc", "use_galore", "use_apollo"), "less"),
    **dict.fromkeys(("use_badam", "use_adam_mini", "use_muon", "fsdp"), "less"),
    **dict.fromkeys(("use_dft_loss", "use_eaft_loss", "upcast_layernorm"), "more"),
    **dict.fromkeys(("upcast_lmhead_output", "torch_compile", "fp8", "use_llama_pro"), "more"),
}
"""Settings that the formula does not know, and whether they take less or more than it says."""


def read_plan(path: Path, gpus: int) -> tuple[TrainingPlan, dict[str, Any], list[str]]:
    """Return the plan of a training YAML, its settings, and notes on what the formula does not know.

    `gpus` 0 takes Ray's workers, or one. Raises `UsageError` for a YAML that trains nothing, for a stage, a
    method or a model that is not estimated.
    """
    reading = yaml_reader.read(path)
    settings = reading.settings
    if other := read_trainer(path):
        raise UsageError(
            f"{path} is a config of {other.name}, and estimate reads LLaMA-Factory's YAML only",
            f"{describe_memory(other)}; use --model, --method, --cutoff-len, --batch and --lora-rank instead",
            code="not_estimated",
        )
    if not settings.get("do_train"):
        raise UsageError(
            f"{path} trains nothing: do_train is not true",
            "name a YAML that trains (do_train: true)",
            code="not_a_training",
        )
    stage = _value(settings, "stage")
    if stage not in STAGES:
        raise UsageError(
            f"estimate does not support stage: {stage}",
            f"supported stages: {', '.join(STAGES)}",
            code="not_estimated",
        )
    _refuse(settings)
    errors = [fault for fault in judge_file(reading) if fault.severity == "error"]
    notes = [f"the trainer refuses this file: {fault.message} ({fault.cure})" for fault in errors]
    notes += [
        f"{key} is not in the formula: the run takes {how} memory than this"
        for key, how in _OTHER_MEMORY.items()
        if settings.get(key)
    ]
    try:
        options = {**_of_method(settings, path), **_of_run(settings, gpus), **_of_stage(settings)}
    except (TypeError, ValueError) as error:
        hint = f"lf-qwen3 recipe validate {path} names the key"
        raise UsageError(
            f"{path} holds a value of the wrong type: {error}", hint, code="setting_type"
        ) from error
    plan = TrainingPlan.named(str(settings.get("model_name_or_path") or ""), **options)
    zero, about_zero = _deepspeed(settings, path)
    if zero is not None:
        plan = replace(plan, deepspeed=True, precision="half", **zero)
    return plan, settings, [*notes, *about_zero, *_notes_on_stage(settings)]


def _refuse(settings: Mapping[str, Any]) -> None:
    """Raise `UsageError` for settings whose memory the formula cannot bound."""
    megatron = kinds.megatron_keys() - schema.load()["properties"].keys()
    named = [key for key in settings if key in megatron or (key in _NOT_ESTIMATED and settings[key])]
    method = _value(settings, "quantization_method")
    if settings.get("quantization_bit") and method != "bnb":
        named.append(f"quantization_method: {method}")
    if named:
        raise UsageError(
            f"estimate does not support {', '.join(named[:4])}{' ...' if len(named) > 4 else ''}",
            "remove it from a copy of the YAML to get the figure without it",
            code="not_estimated",
        )


def _of_method(settings: Mapping[str, Any], path: Path) -> dict[str, Any]:
    kind, bits = _value(settings, "finetuning_type"), settings.get("quantization_bit")
    if kind == "full" and bits is None:
        return {"method": "full"}
    if kind != "lora" or (bits is not None and bits not in (4, 8)):
        what = f"finetuning_type {kind}" + (f" with quantization_bit {bits}" if bits else "")
        raise UsageError(
            f"{path}: estimate does not support {what}",
            "it supports lora, lora in 4 or 8 bits (qlora), and full",
            code="not_estimated",
        )
    options: dict[str, Any] = {
        "method": "lora" if bits is None else "qlora",
        "rank": int(_value(settings, "lora_rank")),
        "dropout": bool(_value(settings, "lora_dropout")),
        "dora": bool(settings.get("use_dora")),
        "also_trained": tuple(_names(settings.get("additional_target"))),
        "bits": bits or 4,
        "double_quantization": bool(_value(settings, "double_quantization")),
    }
    targets = _names(_value(settings, "lora_target"))
    if targets != ["all"]:
        options["targets"] = tuple(name for name in (*ATTENTION, *FEED_FORWARD) if name in targets)
    return options


def _of_run(settings: Mapping[str, Any], gpus: int) -> dict[str, Any]:
    precision: Precision = "autocast" if settings.get("bf16") or settings.get("fp16") else "single"
    return {
        "cutoff_len": int(_value(settings, "cutoff_len")),
        "batch": int(_value(settings, "per_device_train_batch_size")),
        "accumulates": int(_value(settings, "gradient_accumulation_steps")) > 1,
        "gpus": gpus or int(settings.get("ray_num_workers") or 1),
        "checkpointing": not settings.get("disable_gradient_checkpointing"),
        "precision": "half" if settings.get("pure_bf16") else precision,
        "fused_loss": bool(settings.get("enable_liger_kernel")),
        "optim": str(settings.get("optim") or "adamw_torch_fused"),
        "masks": settings.get("flash_attn") != "fa2",
        "on_cpu": bool(settings.get("use_cpu")),
    }


def _of_stage(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a loss over preferences needs; it needs all logits, so Liger fuses none of it."""
    stage = _value(settings, "stage")
    if stage not in ("dpo", "kto"):
        return {}
    options = {"stage": stage, "fused_loss": False, "reference": has_reference(settings)}
    if stage == "dpo":
        options["batch"] = 2 * int(_value(settings, "per_device_train_batch_size"))
    return options


def _notes_on_stage(settings: Mapping[str, Any]) -> list[str]:
    stage = _value(settings, "stage")
    notes = []
    if stage in ("dpo", "kto") and settings.get("ref_model"):
        notes.append("ref_model is not counted: it takes GPU memory beside the model")
    if stage == "dpo":
        notes.append("dpo: a chosen and a rejected answer count as two rows")
    return notes


def _deepspeed(settings: Mapping[str, Any], path: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """Return the ZeRO stage and what is offloaded (None without DeepSpeed), and notes.

    The file is looked for as the trainer does, from the working directory, and beside the YAML. Where it is
    missing, its name may tell the stage, as those of LLaMA-Factory's examples do.
    """
    named = settings.get("deepspeed")
    if not named:
        return None, []
    if isinstance(named, str) and not _locate(named, path).exists() and (zero := _read_name(named)):
        return zero, [f"{named} does not exist: estimated as ZeRO stage {zero['zero']}, from its name"]
    try:
        config = (
            named if isinstance(named, dict) else json.loads(_locate(str(named), path).read_text("utf-8"))
        )
        zero = config.get("zero_optimization", {})
        stage = int(zero.get("stage", 0))
        offloads = {key: _offloads(zero.get(f"offload_{key}")) for key in ("optimizer", "param")}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise UsageError(
            f"{path}: the deepspeed file {named} cannot be read: {error}",
            "name a DeepSpeed JSON file",
            code="file_unreadable",
        ) from error
    return _zero(stage, offloads["optimizer"], offloads["param"]), []


def _read_name(name: str) -> dict[str, Any]:
    """Return what a name such as ds_z3_offload_config.json tells, nothing where it tells no stage."""
    stem = Path(name).stem.lower()
    if (stage := named_stage(stem)) is None:
        return {}
    offloads = "offload" in stem
    return _zero(stage, offloads, offloads and stage == 3)


def _zero(stage: int, optimizer: bool, weights: bool) -> dict[str, Any]:
    return {"zero": 2 if stage == 1 else stage, "offload_optimizer": optimizer, "offload_weights": weights}


def _locate(name: str, path: Path) -> Path:
    here = Path(name)
    return here if here.is_file() else path.parent / name


def _offloads(block: Any) -> bool:
    return isinstance(block, dict) and block.get("device") in ("cpu", "nvme")


def _value(settings: Mapping[str, Any], key: str) -> Any:
    """Return a setting, or the trainer's default for it."""
    return settings[key] if key in settings else schema.load()["properties"].get(key, {}).get("default")


def _names(value: Any) -> list[str]:
    parts = value.split(",") if isinstance(value, str) else value or []
    return [str(part).strip() for part in parts]
