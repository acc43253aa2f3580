"""Which chat template a Qwen3 checkpoint takes, and what else differs: one table.

Sources: the template of each model group in LLaMA-Factory (extras/constants.py, compared with it by a test);
the model cards (Qwen/Qwen3-4B and its Thinking-2507 and Instruct-2507: when they think); QwenLM/Qwen3 #1064
(a LoRA on a Base checkpoint cannot learn to end its answer unless the embeddings are trained too).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lf_qwen3.qwen3.architecture import CHECKPOINTS, Checkpoint


@dataclass(frozen=True)
class CheckpointKind:
    """One kind of checkpoint: how its name ends, its template, and when it thinks."""

    name: str
    ending: str
    template: str
    thinks: Literal["always", "by choice", "never"]
    lora_also_trains: str = ""


KINDS = (
    CheckpointKind("base", "-Base", "qwen3", "by choice", lora_also_trains="embed_tokens,lm_head"),
    CheckpointKind("instruct", "-Instruct-2507", "qwen3_nothink", "never"),
    CheckpointKind("thinking", "-Thinking-2507", "qwen3", "always"),
    CheckpointKind("hybrid", "", "qwen3", "by choice"),
)

_NAME = r"Qwen3-\d+(?:\.\d+)?B(?:-A\d+B)?"
_ENDING = (
    r"-(?:AWQ|GPTQ)(?:-Int[2348])?|-(?:unsloth-)?bnb-[48]bit|-AutoRound|-w[48]a(?:8|16)|-[23468]bit|-NVFP4"
)
_PACKED = rf"(?:-FP8|{_ENDING})?"
_UNPACKED = ("fp8", "mxfp4")
"""Kinds that the trainer turns into 16 bits while it loads them (model/model_utils/quantization.py)."""


def kind_of(model: str) -> CheckpointKind | None:
    """Return the kind of a checkpoint from its id, or from the folder it is in; None if that does not say.

    A folder is known by its name (caches of both hubs included) or by the `_name_or_path` of its config.json.
    """
    for name in (*_names(model), *_names(str(_config(model).get("_name_or_path", "")))):
        for kind in KINDS:
            if re.fullmatch(_NAME + re.escape(kind.ending) + _PACKED, name, re.IGNORECASE):
                return kind
    return None


def model_type(model: str) -> str:
    """Return the architecture that a local checkpoint's config.json names, "" if it cannot be read."""
    return str(_config(model).get("model_type", ""))


def find_checkpoint(model: str) -> Checkpoint | None:
    """Return the row of the table that an id or a folder names, quantised or not; None if none does."""
    for name in (*_names(model), *_names(str(_config(model).get("_name_or_path", "")))):
        plain = re.sub(rf"(?:-FP8|{_ENDING})$", "", name, flags=re.IGNORECASE).lower()
        for checkpoint in CHECKPOINTS:
            if checkpoint.name.lower() == plain:
                return checkpoint
    return None


def find_quantisation(model: str) -> str:
    """Return what the weights of a checkpoint are quantised with, as its config.json or its name says; or "".

    Such weights stay quantised while they are trained beside, and no adapter can be merged into them
    (llamafactory train/tuner.py, export_model). FP8 is not among them: the trainer loads it as 16 bits.
    """
    config = _config(model)
    if config:
        quantisation = config.get("quantization_config")
        kind = str(quantisation.get("quant_method") or "bits") if isinstance(quantisation, dict) else ""
        return "" if kind in _UNPACKED else kind
    ending = re.search(rf"(?:{_ENDING})$", next(iter(_names(model)), ""), re.IGNORECASE)
    return ending[0].lstrip("-") if ending else ""


def is_packed(model: str) -> bool:
    """Return whether the weights of a checkpoint are quantised in any way, FP8 too."""
    if config := _config(model):
        return bool(config.get("quantization_config"))
    return bool(re.search(rf"(?:-FP8|{_ENDING})$", next(iter(_names(model)), ""), re.IGNORECASE))


def find_bits(model: str) -> int:
    """Return the bits of a weight in a quantised checkpoint, as its config.json or its name says; else 4."""
    quantisation = _config(model).get("quantization_config")
    if isinstance(quantisation, dict):
        bits = quantisation.get("bits") or (8 if quantisation.get("load_in_8bit") else 4)
        return bits if isinstance(bits, int) else 4
    named = re.search(r"(?:-Int|-bnb-|-w|-)([2-8])(?:bit|a\d+)?$", model.rstrip("/"), re.IGNORECASE)
    return int(named[1]) if named else 4


def name_unquantised(model: str) -> str:
    """Return the id without the ending that says how it is quantised."""
    return re.sub(rf"(?:{_ENDING})$", "", model.rstrip("/"), flags=re.IGNORECASE)


def is_tied(model: str) -> bool | None:
    """Return whether a checkpoint uses one matrix as embedding and as lm_head; None where nothing says so."""
    config = _config(model)
    if config:
        return bool(config.get("tie_word_embeddings", False))
    checkpoint = find_checkpoint(model)
    return checkpoint.shape.tied if checkpoint else None


def _names(model: str) -> list[str]:
    """Return the parts of an id or a path that may name the checkpoint, the last first.

    The Hugging Face cache writes `models--Qwen--Qwen3-4B/snapshots/...`, ModelScope's `Qwen3-0___6B`.
    """
    return [part.split("--")[-1].replace("___", ".") for part in reversed(Path(model).parts)]


def _config(model: str, file: str = "config.json") -> dict[str, object]:
    try:
        config = json.loads((Path(model) / file).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}
