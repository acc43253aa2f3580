"""What a renamed, merged or fine-tuned model was made from, by its name and its folder."""

from __future__ import annotations

import json
import re
from pathlib import Path

from lf_qwen3.qwen3.checkpoints import KINDS, CheckpointKind, _config, _names, kind_of, model_type

_DERIVED = re.compile(r"Qwen3[-_]\d+(?:[._-]\d+)?B(?:[-_]A\d+B)?(?P<rest>[-_.].*)?", re.IGNORECASE)
_EXPERTS = re.compile(r"[-_]A\d+B(?![A-Za-z0-9])", re.IGNORECASE)
_TYPES = ("qwen3", "qwen3_moe")
_TURN = "<|im_start|>"


def origin_of(model: str) -> CheckpointKind | None:
    """Return the kind of checkpoint that a model was made from, by a name such as `Qwen3-4B-Base-ft`.

    A folder whose config.json names a Qwen3 is known by any part of its path, any other by the last alone.
    None where `kind_of` knows the model itself, and where nothing tells.
    """
    if kind_of(model) is not None or model_type(model) not in ("", *_TYPES):
        return None
    for name in _names(model) if model_type(model) else _names(model)[:1]:
        if derived := _DERIVED.fullmatch(name):
            rest = (derived["rest"] or "").replace("_", "-").lower()
            return next(kind for kind in KINDS if rest.startswith(kind.ending.lower()))
    return None


def is_qwen3(model: str) -> bool:
    """Tell whether a model is a Qwen3, by its name or by its config.json.

    A chat template of other turns says no: Qwen3's architecture serves DeepSeek-R1-0528-Qwen3-8B too.
    """
    if kind_of(model) is not None:
        return True
    template = _chat_template(model)
    is_known = origin_of(model) is not None or model_type(model) in _TYPES
    return is_known and (_TURN in template or not template)


def has_experts(model: str) -> bool:
    """Tell whether a Qwen3 is a mixture of experts, by its config.json or its name."""
    kind = model_type(model)
    return kind == "qwen3_moe" if kind else any(_EXPERTS.search(name) for name in _names(model))


def _chat_template(model: str) -> str:
    """Return the chat template of a local checkpoint, "" where there is none."""
    file = Path(model) / "chat_template.jinja"
    if file.is_file():
        return file.read_text("utf-8", errors="replace")
    template = _config(model, "tokenizer_config.json").get("chat_template")
    return template if isinstance(template, str) else json.dumps(template) if template else ""
