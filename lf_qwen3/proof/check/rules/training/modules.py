"""The layers that a LoRA is put beside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, add_nearest, check
from lf_qwen3.proof.check.rules.training.training_setup import TrainingSetup, sft_setup
from lf_qwen3.qwen3.architecture import ATTENTION, FEED_FORWARD
from lf_qwen3.qwen3.model_origin import has_experts

_LAYERS = (*ATTENTION, *FEED_FORWARD)
_NORMS = ("norm", "input_layernorm", "post_attention_layernorm", "q_norm", "k_norm")
_DENSE = sft_setup(model_name_or_path="Qwen/Qwen3-4B", finetuning_type="lora", lora_target="q_proj,v_proj")
_EXPERTS = sft_setup(model_name_or_path="Qwen/Qwen3-30B-A3B", finetuning_type="lora", lora_target="all")


@check(
    "lora_target_unknown",
    "error",
    "the YAML names a layer that the model does not have",
    f"Qwen3 has {', '.join(_LAYERS)}; lora_target: all selects them all. The trainer ignores an "
    "unknown name without a message if another name is known",
    good=_DENSE,
    bad=sft_setup(model_name_or_path="Qwen/Qwen3-4B", finetuning_type="lora", lora_target="q_proj,v_porj"),
)
def lora_target_unknown(setup: TrainingSetup) -> Iterator[Fault]:
    """Require Qwen3's linear layers, its head and its embedding; transformers 4 has the router `gate` too."""
    if not setup.is_lora or not setup.trains or not setup.is_qwen3:
        return
    has_gate = has_experts(setup.model) and not _has_tensors(setup)
    known = (*_LAYERS, "lm_head", "embed_tokens", *(("gate",) if has_gate else ()))
    for key, there in (("lora_target", known), ("additional_target", (*known, *_NORMS))):
        for name in setup.names(key) if setup.names(key) != ["all"] else ():
            if name.rpartition(".")[2] not in there:
                yield Fault(add_nearest(name, there), key)


@check(
    "experts_untouched",
    "warning",
    "the LoRA does not train the experts: transformers 5 stores them as tensors, not as linear layers",
    f"lora_target: {','.join(ATTENTION)} says that attention alone is intended; to train the experts "
    'too: pip install "transformers>=4.57.1,<5"',
    good=replace(_EXPERTS, installed={"transformers": "4.57.1"}),
    bad=replace(_EXPERTS, installed={"transformers": "5.6.0"}),
)
def experts_untouched(setup: TrainingSetup) -> CheckResult:
    """Require experts that can be trained where lora_target names them (Qwen3MoeExperts)."""
    is_moe = (
        setup.trains and setup.is_lora and not setup["use_kt"] and setup.is_qwen3 and has_experts(setup.model)
    )
    named = {name.rpartition(".")[2] for name in setup.names("lora_target")} & {"all", *FEED_FORWARD}
    if not is_moe or not named or not _has_tensors(setup):
        return PASS
    return Fault(f"lora_target: {', '.join(sorted(named))}", "lora_target")


def _has_tensors(setup: TrainingSetup) -> bool:
    """Return whether the installed transformers holds the experts of a layer as one tensor: 5 does."""
    major = setup.installed.get("transformers", "").partition(".")[0]
    return major.isdecimal() and int(major) >= 5
