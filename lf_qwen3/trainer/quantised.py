"""What LLaMA-Factory refuses of a checkpoint that is quantised already (AWQ, GPTQ, bitsandbytes).

Sources: train/tuner.py (export_model), model/model_utils/quantization.py, model/adapter.py (init_adapter).
FP8 is turned into 16 bits while it is loaded, and none of this holds for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.qwen3.checkpoints import find_quantisation, name_unquantised

MERGE_HINT = (
    "export over the checkpoint that is not quantised: model_name_or_path without the ending -AWQ, -GPTQ or "
    "-bnb-4bit; the adapter fits it"
)
_ZERO_3 = re.compile(r"(?:z|zero|stage)[-_]?3", re.IGNORECASE)


def explain_refused_merge(settings: Mapping[str, Any]) -> str:
    """Return which checkpoint an export cannot merge an adapter into, "" where it can."""
    model = str(settings.get("model_name_or_path") or "")
    is_merge = bool(settings.get("export_dir") and settings.get("adapter_name_or_path"))
    method = find_quantisation(model) if model and is_merge else ""
    if not method:
        return ""
    plain = name_unquantised(model)
    return f"{model} ({method})" + (f"; write {plain}" if plain != model.rstrip("/") else "")


def is_sharded(settings: Mapping[str, Any]) -> bool:
    """Tell whether weights are sharded: FSDP, or a DeepSpeed file of ZeRO-3 by its content or its name."""
    named = settings.get("deepspeed")
    try:
        config = named if isinstance(named, dict) else json.loads(Path(str(named)).read_text("utf-8"))
        stage = config["zero_optimization"]["stage"]
    except (OSError, ValueError, LookupError, TypeError):
        stage = 3 if isinstance(named, str) and _ZERO_3.search(Path(named).name) else 0
    return bool(settings.get("fsdp")) or stage == 3


def list_refused_methods(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield key and text of each setting that cannot train beside the quantised weights of a checkpoint.

    DoRA is refused beside quantization_bit too: the trainer compares "bitsandbytes" with "bnb".
    """
    model = str(settings.get("model_name_or_path") or "")
    method = str(settings.get("finetuning_type", "lora"))
    packed = find_quantisation(model) if model else ""
    if packed and method not in ("lora", "oft"):
        yield "finetuning_type", f"finetuning_type: {method} over {model} ({packed})"
    if packed and settings.get("pissa_init"):
        yield "pissa_init", f"pissa_init over {model} ({packed})"
    if settings.get("use_dora") and (packed or settings.get("quantization_bit")):
        yield "use_dora", f"use_dora over {packed or 'quantization_bit'}"
