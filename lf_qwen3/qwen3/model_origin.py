"""What a renamed, merged or fine-tuned model was made from, by its name and its folder."""

from __future__ import annotations

import json
import re
from pathlib import Path

from lf_qwen3.qwen3.architecture import CHECKPOINTS, Checkpoint
from lf_qwen3.qwen3.checkpoints import (
    KINDS,
    CheckpointKind,
    _config,
    _names,
    find_checkpoint,
    kind_of,
    model_type,
)

_DERIVED = re.compile(
    r"(?!.*(?:deepseek|distill))(?:.*[-_.])?Qwen3[-_]\d+(?:[._-]\d+)?B(?:[-_]A\d+B)?(?P<rest>[-_.].*)?",
    re.IGNORECASE,
)
_EXPERTS = re.compile(r"[-_]A\d+B(?![A-Za-z0-9])", re.IGNORECASE)
_TYPES = ("qwen3", "qwen3_moe")
_TURN = "<|im_start|>"


def checkpoint_of(model: str) -> CheckpointKind | None:
    """Return the kind of checkpoint that a model is: its own name tells, or the cache that it is in.

    `saves/qwen3-4b/full/sft` was made from one and may be trained another way: None.
    """
    path = Path(model)
    name = (path.parent.parent if path.parent.name == "snapshots" else path).name
    return kind_of(name) if name else None


def origin_of(model: str) -> CheckpointKind | None:
    """Return the kind of checkpoint that a model was made from, by a name such as `my_Qwen3-4B-Base-ft`.

    A folder whose config.json names a Qwen3 is known by any part of its path, any other by the last alone.
    None for a checkpoint itself, and where nothing tells.
    """
    if not model or checkpoint_of(model) is not None or model_type(model) not in ("", *_TYPES):
        return None
    if model_type(model) and (kind := kind_of(model)):
        return kind
    for name in _names(model) if model_type(model) else _names(model)[:1]:
        if derived := _DERIVED.fullmatch(name):
            rest = (derived["rest"] or "").replace("_", "-").lower()
            return next(kind for kind in KINDS if rest.startswith(kind.ending.lower()))
    return None


def find_origin(model: str) -> Checkpoint | None:
    """Return the checkpoint that a model is or was made from: its name tells, or its config.json.

    The config.json tells size and context; None where that leaves more than one checkpoint.
    """
    if (known := find_checkpoint(model)) is not None:
        return known
    config, origin = _config(model), origin_of(model)
    keys = ("num_hidden_layers", "hidden_size", "max_position_embeddings")
    fitting = [
        checkpoint
        for checkpoint in CHECKPOINTS
        if tuple(map(config.get, keys))
        == (checkpoint.shape.layers, checkpoint.shape.hidden, checkpoint.context)
        and (origin is None or kind_of(checkpoint.id) == origin)
    ]
    return fitting[0] if len(fitting) == 1 and is_qwen3(model) else None


def is_qwen3(model: str) -> bool:
    """Return whether a model is a Qwen3, by its name or by its config.json.

    A chat template of other turns says no: Qwen3's architecture serves DeepSeek-R1-0528-Qwen3-8B too.
    """
    if checkpoint_of(model) is not None:
        return True
    template = _chat_template(model)
    is_known = origin_of(model) is not None or model_type(model) in _TYPES
    return is_known and (_TURN in template or not template)


def has_experts(model: str) -> bool:
    """Return whether a Qwen3 is a mixture of experts, by its config.json or its name."""
    kind = model_type(model)
    return kind == "qwen3_moe" if kind else any(_EXPERTS.search(name) for name in _names(model))


def _chat_template(model: str) -> str:
    """Return the chat template of a local checkpoint, "" if there is none."""
    file = Path(model) / "chat_template.jinja"
    if file.is_file():
        return file.read_text("utf-8", errors="replace")
    template = _config(model, "tokenizer_config.json").get("chat_template")
    return template if isinstance(template, str) else json.dumps(template) if template else ""
