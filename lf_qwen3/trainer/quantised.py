"""What LLaMA-Factory refuses of a checkpoint that is quantised already (AWQ, GPTQ, bitsandbytes).

Sources: train/tuner.py (export_model), model/model_utils/quantization.py, model/adapter.py (init_adapter).
FP8 is turned into 16 bits while it is loaded, and none of this holds for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lf_qwen3.qwen3.checkpoints import find_quantisation, name_unquantised

CURES = {
    "quantised_merge": "export over the checkpoint that is not quantised: model_name_or_path without the "
    "ending -AWQ, -GPTQ or -bnb-4bit, and no quantization_bit; the adapter fits it",
    "quantised_sharded": "take ZeRO-2 (deepspeed: ds_z2_config.json), or the checkpoint that is not "
    "quantised with quantization_bit: 4",
    "quantised_method": "train a plain LoRA beside them (finetuning_type: lora), or take weights that are "
    "not quantised",
}
"""The cure for each kind of refusal, by the code of the check that reports it."""

_ZERO_3 = re.compile(r"(?:z|zero|stage)[-_]?3", re.IGNORECASE)


class QuantisedRefusal(NamedTuple):
    """A setting that the trainer refuses: `says` are its words, `detail` what it is about here."""

    code: str
    key: str
    says: str
    detail: str


def list_refusals(settings: Mapping[str, Any]) -> Iterator[QuantisedRefusal]:
    """Yield what the trainer refuses after the model is loaded; its parsers let all of it pass.

    DoRA is refused beside quantization_bit too: the trainer compares "bitsandbytes" with "bnb".
    """
    model = str(settings.get("model_name_or_path") or "")
    packed = find_quantisation(model) if model else ""
    named, bits = f"{model} ({packed})", settings.get("quantization_bit")
    if (packed or bits) and settings.get("export_dir") and settings.get("adapter_name_or_path"):
        plain = name_unquantised(model)
        detail = named + (f"; write {plain}" if plain != model.rstrip("/") else "")
        key = "model_name_or_path" if packed else "quantization_bit"
        says = "Cannot merge adapters to a quantized model."
        yield QuantisedRefusal("quantised_merge", key, says, detail if packed else f"{key}: {bits}")
    if (packed or bits == 8) and is_sharded(settings):
        key = "deepspeed" if settings.get("deepspeed") else "fsdp"
        says = "DeepSpeed ZeRO-3 or FSDP is incompatible with PTQ-quantized models."
        eight = "Only 4-bit quantized model can use fsdp+qlora or auto device map."
        detail = named if packed else f"quantization_bit: {bits}"
        yield QuantisedRefusal("quantised_sharded", key, says if packed else eight, detail)
    if settings.get("do_train"):
        yield from _refused_methods(settings, packed, named)


def _refused_methods(settings: Mapping[str, Any], packed: str, named: str) -> Iterator[QuantisedRefusal]:
    method = str(settings.get("finetuning_type", "lora"))
    if packed and method not in ("lora", "oft"):
        says = "Quantized models can only be used for the LoRA or OFT tuning."
        yield QuantisedRefusal("quantised_method", "finetuning_type", says, f"{method} over {named}")
    if packed and settings.get("pissa_init"):
        says = "Cannot initialize PiSSA adapter on quantized models."
        yield QuantisedRefusal("quantised_method", "pissa_init", says, f"pissa_init over {named}")
    if settings.get("use_dora") and (packed or settings.get("quantization_bit")):
        says = "DoRA is not compatible with PTQ-quantized models."
        over = named if packed else "quantization_bit"
        yield QuantisedRefusal("quantised_method", "use_dora", says, f"use_dora over {over}")


def is_sharded(settings: Mapping[str, Any]) -> bool:
    """Tell whether weights are sharded: FSDP, or a DeepSpeed file of ZeRO-3 by its content or its name."""
    named = settings.get("deepspeed")
    try:
        config = named if isinstance(named, dict) else json.loads(Path(str(named)).read_text("utf-8"))
        stage = config["zero_optimization"]["stage"]
    except (OSError, ValueError, LookupError, TypeError):
        stage = 3 if isinstance(named, str) and _ZERO_3.search(Path(named).name) else 0
    return bool(settings.get("fsdp")) or stage == 3
