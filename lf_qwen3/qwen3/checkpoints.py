"""Which chat template a Qwen3 checkpoint takes, and what else differs: one table.

Sources: the template of each model group in LLaMA-Factory (extras/constants.py, held against it by a test);
the model cards (Qwen/Qwen3-4B and its Thinking-2507 and Instruct-2507: when they think); QwenLM/Qwen3 #1064
(a LoRA on a Base checkpoint cannot learn to end its answer unless the embeddings are trained too).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


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
_PACKED = r"(?:-(?:FP8|AWQ|GPTQ-Int[48]|unsloth-bnb-4bit|bnb-4bit))?"


def kind_of(model: str) -> CheckpointKind | None:
    """Return the kind of a checkpoint from its id, or from the folder it lies in; None if that does not say.

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


def _names(model: str) -> list[str]:
    """Return the parts of an id or a path that may name the checkpoint, the last first.

    The Hugging Face cache writes `models--Qwen--Qwen3-4B/snapshots/...`, ModelScope's `Qwen3-0___6B`.
    """
    return [part.split("--")[-1].replace("___", ".") for part in reversed(Path(model).parts)]


def _config(model: str) -> dict[str, object]:
    try:
        config = json.loads((Path(model) / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}
