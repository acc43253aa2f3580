"""Weights that are quantised, and what cannot be done with them."""

from __future__ import annotations

from collections.abc import Iterator

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.proof.check.rules.training.training_setup import TrainingSetup, sft_setup
from lf_qwen3.qwen3.checkpoints import find_quantisation, is_packed
from lf_qwen3.trainer.quantised import MERGE_CURE, list_refusals

_PLAIN = sft_setup(model_name_or_path="Qwen/Qwen3-8B", finetuning_type="lora", quantization_bit=4)


@check(
    "quantised_refused",
    "error",
    "the trainer cannot train this way on a quantised checkpoint",
    "no adapter can be merged into quantised weights, ZeRO-3 and FSDP do not shard them, and only "
    "plain LoRA trains on them: use the checkpoint that is not quantised",
    good=_PLAIN,
    bad=sft_setup(model_name_or_path="Qwen/Qwen3-8B-AWQ", deepspeed="ds_z3_config.json"),
)
def quantised_refused(setup: TrainingSetup) -> Iterator[Fault]:
    """Require what the trainer does of a merge, of several GPUs and of a method."""
    for refusal in list_refusals(setup.settings):
        yield Fault(f"{setup.model}: {refusal.says}", refusal.key, refusal.cure)


@check(
    "quantised_twice",
    "warning",
    "quantization_bit has no effect on a checkpoint that is quantised already",
    "remove quantization_bit, or train on the checkpoint that is not quantised",
    good=_PLAIN,
    bad=sft_setup(model_name_or_path="Qwen/Qwen3-8B-AWQ", quantization_bit=4),
)
def quantised_twice(setup: TrainingSetup) -> CheckResult:
    """Require one quantisation (configure_quantization: the one of the checkpoint goes first)."""
    is_twice = setup["quantization_bit"] is not None and bool(setup.model) and is_packed(setup.model)
    return Fault(setup.model, "quantization_bit") if is_twice else PASS


@check(
    "quantised_base",
    "info",
    "the adapter cannot be merged into this checkpoint, because its weights are quantised",
    MERGE_CURE,
    good=_PLAIN,
    bad=sft_setup(model_name_or_path="Qwen/Qwen3-8B-GPTQ-Int4", finetuning_type="lora"),
)
def quantised_base(setup: TrainingSetup) -> CheckResult:
    """Report before the training what the export refuses after it."""
    method = find_quantisation(setup.model) if setup.trains and setup.is_lora and setup.model else ""
    return Fault(f"{setup.model} ({method})", "model_name_or_path") if method else PASS
