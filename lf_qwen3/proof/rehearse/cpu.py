"""What of a training YAML cannot apply on a CPU, must not happen in a rehearsal, or would take too long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lf_qwen3.proof.rehearse.verdict import RehearsalChange
from lf_qwen3.trainer.settings.kinds import MEGATRON_KEYS

CUTOFF_LEN = 2048
"""Longest record, in tokens: the logits of one such row over Qwen3's vocabulary take 1.2 GB."""

_ONE_PROCESS = {
    "preprocessing_num_workers": None,
    "dataloader_num_workers": 0,
    "dataloader_prefetch_factor": None,
    "dataloader_persistent_workers": False,
}

PACKED_TEXT = 128
"""Tokens of a row in stage pt, which joins all texts and cuts them there: a few rows must fill some."""

ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "",
    "ASCEND_RT_VISIBLE_DEVICES": "",
    "FORCE_TORCHRUN": "0",
    "NNODES": "1",
    "USE_RAY": "0",
    "USE_V1": "0",
    "USE_MCA": "0",
    "USE_KT": "0",
    "SWANLAB_MODE": "disabled",
    "WANDB_MODE": "disabled",
}

_GPU = "needs a GPU"
_GPUS = "needs several GPUs, or a GPU"
_KERNELS = "its kernels run on a GPU only"
_QUANTISED = "needs a GPU: QLoRA is rehearsed as LoRA"
_REPORT = "nothing is sent or written outside the rehearsal's folder"
_REAL_WEIGHTS = "it belongs to the real model; the rehearsal uses a tiny one"
_PORTABLE_OPTIMIZERS = (
    *("adamw_torch", "adamw_torch_fused", "adafactor", "sgd", "adagrad", "rmsprop"),
    *("lomo", "adalomo", "stable_adamw", "grokadamw"),
)


class _Rule(NamedTuple):
    """Keys that are taken out where they are set to anything but one of `harmless`."""

    keys: tuple[str, ...]
    why: str
    harmless: tuple[Any, ...] = (None, False, "", "no", "none", "auto", [], ["none"])


_OFF = (
    _Rule(("bf16", "fp16", "pure_bf16", "tf32", "bf16_full_eval", "fp16_full_eval"), _GPU),
    _Rule(("fp8", "fp8_backend", "fp8_enable_fsdp_float8_all_gather"), _GPU),
    _Rule(("quantization_bit", "ref_model_quantization_bit", "reward_model_quantization_bit"), _QUANTISED),
    _Rule(("quantization_method", "quantization_type", "double_quantization"), _QUANTISED),
    _Rule(("quantization_device_map",), _QUANTISED),
    _Rule(("deepspeed", "fsdp", "fsdp_config", "parallelism_config", "ddp_backend"), _GPUS, (None, "", [])),
    _Rule(("ray_num_workers", "ray_init_kwargs", "master_addr", "master_port", "local_rank"), _GPUS),
    _Rule(("use_mca", "use_hyper_parallel", "hyper_parallel_args"), _GPUS),
    _Rule(("flash_attn",), _KERNELS, (None, "auto", "disabled", "sdpa")),
    _Rule(("enable_liger_kernel", "use_liger_kernel", "liger_kernel_config"), _KERNELS),
    _Rule(("use_unsloth", "use_unsloth_gc", "use_v1_kernels", "shift_attn", "torch_compile"), _KERNELS),
    _Rule(("torch_compile_backend", "torch_compile_mode", "torch_empty_cache_steps"), _KERNELS),
    _Rule(("use_kt", "kt_weight_path", "kt_expert_checkpoint_path", "kt_use_lora_experts"), _KERNELS),
    _Rule(("kt_lora_expert_num", "kt_lora_expert_intermediate_size"), _KERNELS),
    _Rule(("report_to", "use_swanlab", "trackio_space_id", "push_to_hub", "hub_model_id"), _REPORT),
    _Rule(("hub_token", "hub_strategy", "hub_private_repo", "hub_always_push", "run_name"), _REPORT),
    _Rule(("enable_torch_profiler", "profile_modules", "profiler_output_dir", "logging_dir"), _REPORT),
    _Rule(("swanlab_project", "swanlab_workspace", "swanlab_mode", "swanlab_run_name"), _REPORT),
    _Rule(("swanlab_api_key", "swanlab_logdir", "swanlab_lark_webhook_url"), _REPORT),
    _Rule(("swanlab_lark_secret",), _REPORT),
    _Rule(("tokenized_path",), "nothing is written there, and the rows are read again"),
    _Rule(("adapter_name_or_path", "resume_from_checkpoint", "ref_model"), _REAL_WEIGHTS),
    _Rule(("ref_model_adapters", "model_revision", "cache_dir"), _REAL_WEIGHTS),
    _Rule(("mixture_of_depths", "use_llama_pro"), _REAL_WEIGHTS),
)
_SECRET = ("_token", "_api_key", "_secret")


def switch_off(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[RehearsalChange]]:
    """Return the settings without what a CPU cannot do, and the list of what was taken out."""
    changes = list(_switched_off(settings))
    gone = {change.key for change in changes}
    kept = {key: value for key, value in settings.items() if key not in gone}
    for change in changes:
        if change.now is not None:
            kept[change.key] = change.now
    return {**kept, "use_cpu": True, "report_to": "none"}, changes


def _switched_off(settings: Mapping[str, Any]) -> Iterator[RehearsalChange]:
    for rule in _OFF:
        for key in rule.keys:
            if key in settings and settings[key] not in rule.harmless:
                was = "(hidden)" if key.endswith(_SECRET) else settings[key]
                yield RehearsalChange("off", key, was, None, rule.why)
    for key in settings:
        if key in MEGATRON_KEYS:
            yield RehearsalChange("off", key, settings[key], None, _GPUS)
    optimizer = settings.get("optim")
    if optimizer is not None and optimizer not in _PORTABLE_OPTIMIZERS:
        yield RehearsalChange("off", "optim", optimizer, "adamw_torch", _KERNELS)
    if settings.get("streaming"):
        yield RehearsalChange(
            "off", "streaming", True, None, "it excludes max_samples, which limits the rows read"
        )


def shorten(
    settings: Mapping[str, Any], steps: int, rows: int, output_dir: str
) -> tuple[dict[str, Any], list[RehearsalChange]]:
    """Return the settings for a short run into another folder, and the list of what was made smaller."""
    limits = {
        "max_samples": rows,
        "cutoff_len": PACKED_TEXT if settings.get("stage") == "pt" else CUTOFF_LEN,
        "per_device_train_batch_size": 1,
        "per_device_eval_batch_size": 1,
        "gradient_accumulation_steps": 1,
    }
    changes = [
        RehearsalChange("short", key, settings[key], limit, f"{limit} at most")
        for key, limit in limits.items()
        if isinstance(settings.get(key), int) and settings[key] > limit
    ]
    changes += [*_fewer_held_out(settings, rows), *_fitted(settings, steps)]
    short = dict(settings) | {change.key: change.now for change in changes}
    for key in ("max_samples", "cutoff_len", "per_device_train_batch_size", "per_device_eval_batch_size"):
        short.setdefault(key, limits[key])
    short |= {"output_dir": output_dir, "overwrite_output_dir": True, "max_steps": steps, "logging_steps": 1}
    short |= {"logging_strategy": "steps", "eval_delay": 0, **_ONE_PROCESS}
    if short.get("eval_strategy") == "steps":
        short["eval_steps"] = steps
    if short.get("save_strategy", "steps") == "steps":
        short["save_steps"] = steps
    return short, changes


def _fitted(settings: Mapping[str, Any], steps: int) -> Iterator[RehearsalChange]:
    """Yield the points of time that the user set for a long run and that a short one would not come to."""
    for key, strategy, default in (
        ("eval_steps", "eval_strategy", "no"),
        ("save_steps", "save_strategy", "steps"),
    ):
        if settings.get(key) not in (None, steps) and settings.get(strategy, default) == "steps":
            yield RehearsalChange("short", key, settings[key], steps, "once, at the end")
    if settings.get("eval_delay"):
        yield RehearsalChange("short", "eval_delay", settings["eval_delay"], 0, "once, at the end")


def _fewer_held_out(settings: Mapping[str, Any], rows: int) -> list[RehearsalChange]:
    """Return a val_size that fits into the rows that are read."""
    size, most = settings.get("val_size"), max(1, rows // 8)
    if not isinstance(size, int | float) or isinstance(size, bool) or size <= 1 or size <= most:
        return []
    return [RehearsalChange("short", "val_size", size, most, f"{rows} rows of a dataset are read")]
