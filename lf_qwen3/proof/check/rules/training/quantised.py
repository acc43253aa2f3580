"""A checkpoint that is quantised already, and what cannot be done with it."""

from __future__ import annotations

from collections.abc import Iterator

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.proof.check.rules.training.training_setup import TrainingSetup, sft_setup
from lf_qwen3.qwen3.checkpoints import find_quantisation, is_packed
from lf_qwen3.trainer.quantised import CURES, list_refusals

_PLAIN = sft_setup(model_name_or_path="Qwen/Qwen3-8B", finetuning_type="lora", quantization_bit=4)
_EXPORT = {"export_dir": "merged", "adapter_name_or_path": "saves/a"}


@check(
    "quantised_merge",
    "error",
    "an adapter cannot be merged into quantised weights, and the trainer stops",
    CURES["quantised_merge"],
    good=TrainingSetup({"model_name_or_path": "Qwen/Qwen3-8B", **_EXPORT}),
    bad=TrainingSetup({"model_name_or_path": "Qwen/Qwen3-8B-AWQ", **_EXPORT}),
)
def quantised_merge(setup: TrainingSetup) -> Iterator[Fault]:
    """Require 16 bits to merge into (train/tuner.py)."""
    return _refusals(setup, "quantised_merge")


@check(
    "quantised_twice",
    "warning",
    "quantization_bit has no effect on a checkpoint that is quantised already",
    "leave quantization_bit out, or train over the checkpoint that is not quantised",
    good=_PLAIN,
    bad=sft_setup(model_name_or_path="Qwen/Qwen3-8B-AWQ", quantization_bit=4),
)
def quantised_twice(setup: TrainingSetup) -> CheckResult:
    """Require one quantisation (configure_quantization: the one of the checkpoint goes first)."""
    is_twice = setup["quantization_bit"] is not None and bool(setup.model) and is_packed(setup.model)
    return Fault(setup.model, "quantization_bit") if is_twice else PASS


@check(
    "quantised_sharded",
    "error",
    "DeepSpeed ZeRO-3 and FSDP do not shard these quantised weights, and the trainer stops",
    CURES["quantised_sharded"],
    good=sft_setup(model_name_or_path="Qwen/Qwen3-8B-AWQ", deepspeed="ds_z2_config.json"),
    bad=sft_setup(model_name_or_path="Qwen/Qwen3-8B-AWQ", deepspeed="ds_z3_config.json"),
)
def quantised_sharded(setup: TrainingSetup) -> Iterator[Fault]:
    """Require whole weights on each GPU (configure_quantization)."""
    return _refusals(setup, "quantised_sharded")


@check(
    "quantised_method",
    "error",
    "this cannot be trained beside quantised weights, and the trainer stops",
    CURES["quantised_method"],
    good=sft_setup(model_name_or_path="Qwen/Qwen3-8B-AWQ", finetuning_type="lora"),
    bad=sft_setup(model_name_or_path="Qwen/Qwen3-8B-AWQ", finetuning_type="full"),
)
def quantised_method(setup: TrainingSetup) -> Iterator[Fault]:
    """Require LoRA or OFT without DoRA and PiSSA (model/adapter.py, init_adapter)."""
    return _refusals(setup, "quantised_method")


@check(
    "quantised_base",
    "info",
    "the adapter cannot be merged into this checkpoint, which is quantised already",
    CURES["quantised_merge"],
    good=_PLAIN,
    bad=sft_setup(model_name_or_path="Qwen/Qwen3-8B-GPTQ-Int4", finetuning_type="lora"),
)
def quantised_base(setup: TrainingSetup) -> CheckResult:
    """Tell before the training what the export refuses after it."""
    method = find_quantisation(setup.model) if setup.trains and setup.is_lora and setup.model else ""
    return Fault(f"{setup.model} ({method})", "model_name_or_path") if method else PASS


def _refusals(setup: TrainingSetup, code: str) -> Iterator[Fault]:
    for refusal in list_refusals(setup.settings):
        if refusal.code == code:
            yield Fault(refusal.detail, refusal.key)
