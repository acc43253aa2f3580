"""What LLaMA-Factory refuses of quantised weights (AWQ, GPTQ, bitsandbytes) once it has loaded them.

Sources: train/tuner.py (export_model), model/model_utils/quantization.py, model/adapter.py (init_adapter).
FP8 is turned into 16 bits while it is loaded, and none of this holds for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lf_qwen3.qwen3.checkpoints import find_quantisation, name_unquantised
from lf_qwen3.trainer.settings.exclusions import deepspeed_stage

MERGE_CURE = (
    "export with the checkpoint that is not quantised: model_name_or_path without the ending "
    "-AWQ, -GPTQ or -bnb-4bit, and no quantization_bit; the adapter fits it"
)
_SHARD_CURE = "use ZeRO-2 (deepspeed: ds_z2_config.json), or a checkpoint that is not quantised"
_METHOD_CURE = "train plain LoRA on it (finetuning_type: lora), or use a checkpoint that is not quantised"


class QuantisedRefusal(NamedTuple):
    """A setting that the trainer refuses: `says` are its words, `cure` ours."""

    key: str
    says: str
    cure: str


def list_refusals(settings: Mapping[str, Any]) -> Iterator[QuantisedRefusal]:
    """Yield what the trainer refuses after the model is loaded; its parsers let all of it pass.

    DoRA is refused beside quantization_bit too: the trainer compares "bitsandbytes" with "bnb".
    """
    model, bits = str(settings.get("model_name_or_path") or ""), settings.get("quantization_bit")
    packed = find_quantisation(model) if model else ""
    if (packed or bits) and settings.get("export_dir") and settings.get("adapter_name_or_path"):
        key = "model_name_or_path" if packed else "quantization_bit"
        plain = name_unquantised(model)
        cure = MERGE_CURE if plain == model.rstrip("/") else f"use {plain}: {MERGE_CURE}"
        yield QuantisedRefusal(key, "Cannot merge adapters to a quantized model.", cure)
    if (packed or bits == 8) and is_sharded(settings):
        says = "Only 4-bit quantized model can use fsdp+qlora or auto device map."
        if packed:
            says = "DeepSpeed ZeRO-3 or FSDP is incompatible with PTQ-quantized models."
        yield QuantisedRefusal("deepspeed" if settings.get("deepspeed") else "fsdp", says, _SHARD_CURE)
    if not settings.get("do_train"):
        return
    if packed and settings.get("finetuning_type", "lora") not in ("lora", "oft"):
        says = "Quantized models can only be used for the LoRA or OFT tuning."
        yield QuantisedRefusal("finetuning_type", says, _METHOD_CURE)
    if packed and settings.get("pissa_init"):
        says = "Cannot initialize PiSSA adapter on quantized models."
        yield QuantisedRefusal("pissa_init", says, _METHOD_CURE)
    if settings.get("use_dora") and (packed or bits):
        yield QuantisedRefusal("use_dora", "DoRA is not compatible with PTQ-quantized models.", _METHOD_CURE)


def is_sharded(settings: Mapping[str, Any]) -> bool:
    """Return whether weights are sharded: FSDP, or a DeepSpeed file of ZeRO-3 by its content or its name."""
    return bool(settings.get("fsdp")) or deepspeed_stage(settings.get("deepspeed")) == 3
