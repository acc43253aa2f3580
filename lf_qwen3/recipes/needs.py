"""The paragraph on the memory of a recipe, by part, and the GPU for it.

Bytes for each parameter: full training keeps weights, gradients and Adam's two moments in 32 bits (the
trainer casts what it trains to float32: model/adapter.py), 16 bytes; a frozen weight takes 2; in 4 bits with
double quantisation 0.5, and 0.127 bits for its scales (QLoRA, arXiv 2305.14314). The loss holds about three
copies of the logits in 32 bits; DPO's four, with those of the reference, and KTO's five (docs/estimate.md); a
reward model's forward pass two, which nothing uses. Gradient checkpointing keeps one hidden state for each
layer. CUDA's context, buffers and fragments take a fixed part and a share of all (measured for `estimate`).
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lf_qwen3.base import packages
from lf_qwen3.qwen3.architecture import VOCABULARY, Checkpoint, ModelShape

TRAINED, FROZEN, PACKED = 16.0, 2.0, 0.5 + 0.127 / 8
FIXED, SHARE = 0.65e9, 0.04
CARDS = (12, 16, 24, 32, 40, 48, 80)
ROOM = 0.9 * 2**30
"""Bytes to plan with for each GB a card is sold with: the rest goes to fragments."""
_COUNTS = {2: "two", 3: "three", 4: "four", 5: "five"}
_WIDTH = 116
_GB = 1e9


@dataclass(frozen=True)
class RecipeMemory:
    """Bytes on the GPUs: frozen weights, all that belongs to trained weights, logits, and the rest."""

    frozen: float
    trained: float
    logits: float
    rest: float

    @property
    def total(self) -> float:
        """Return all bytes together."""
        return self.frozen + self.trained + self.logits + self.rest


@cache
def are_experts_layers() -> bool:
    """Return whether the installed transformers holds each expert as linear layers, as version 4 did.

    Version 5 holds the experts of a layer as one tensor, which the trainer neither packs nor gives a LoRA; it
    is what counts where none is installed.
    """
    try:
        return int((packages.version("transformers") or "").split(".")[0]) < 5
    except ValueError:
        return False


def estimate_recipe_memory(
    settings: Mapping[str, Any], checkpoint: Checkpoint, has_layers: bool = False
) -> RecipeMemory:
    """Return the estimated bytes of a training on one GPU; `has_layers` as `are_experts_layers` says."""
    shape = checkpoint.shape
    tokens = _rows(settings) * settings["cutoff_len"]
    logits = _copies(settings) * 4.0 * tokens * VOCABULARY
    hidden = 2.0 * tokens * shape.hidden * shape.layers
    frozen, trained = 0.0, TRAINED * shape.parameters
    if settings["finetuning_type"] != "full":
        layers = _linear(shape) if has_layers or not shape.experts else shape.layers * shape.attention
        packed = layers if _is_packed(settings) else 0
        frozen = PACKED * packed + FROZEN * (shape.parameters - packed)
        trained = TRAINED * _lora(settings, shape, has_layers)
    rest = hidden + FIXED + SHARE * (frozen + trained + logits + hidden)
    return RecipeMemory(frozen, trained, logits, rest)


def list_notes(settings: Mapping[str, Any], checkpoint: Checkpoint | None) -> list[str]:
    """Return what a user should know before the run: what a LoRA does not reach in a mixture of experts."""
    about = checkpoint and describe_experts(settings, checkpoint, are_experts_layers())
    if not checkpoint or not about or are_experts_layers():
        return []
    total = _format_size(estimate_recipe_memory(settings, checkpoint).total)
    return [about.replace("This is for", f"about {total} with", 1).strip().rstrip(".")]


def has_reference(settings: Mapping[str, Any]) -> bool:
    """Return whether a loss over preferences weighs the answers by the untrained model as well.

    Source: llamafactory hparams/finetuning_args.py, use_ref_model; train/kto/workflow.py.
    """
    return settings.get("stage") == "kto" or settings.get("pref_loss") not in ("orpo", "simpo")


def describe_needs(
    settings: Mapping[str, Any], checkpoint: Checkpoint, has_layers: bool = False
) -> list[str]:
    """Return the lines of the paragraph, without the comment sign; `has_layers` as above."""
    memory = estimate_recipe_memory(settings, checkpoint, has_layers)
    parts = [
        *([f"frozen weights {_format_size(memory.frozen)}"] if memory.frozen else []),
        f"trained weights {_format_size(memory.trained)} ({_trained(settings)})",
        f"logits {_format_size(memory.logits)} ({_COUNTS[_copies(settings)]} copies for "
        f"{_rows(settings)} x {settings['cutoff_len']:,} "
        f"tokens and a vocabulary of {VOCABULARY:,})",
    ]
    paragraph = (
        f"Needs {_cards(memory, settings)}. Estimated: about {_format_size(memory.total)} in use. "
        f"{describe_experts(settings, checkpoint, has_layers)}{_fused(memory, settings)}"
        f"Parts, for {checkpoint.shape.parameters / 1e9:.1f} billion parameters: {'; '.join(parts)}. "
        f"For other settings: lf-qwen3 estimate --model {checkpoint.name} --method {_method(settings)}"
    )
    return textwrap.wrap(paragraph, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _cards(memory: RecipeMemory, settings: Mapping[str, Any]) -> str:
    if card := find_card(memory.total):
        return f"a GPU with {card} GB that supports bf16"
    spread = (1 + SHARE) * (memory.frozen + memory.trained)
    free = ROOM * CARDS[-1] - (memory.total - spread)
    number = max(2, 2 ** math.ceil(math.log2(spread / free)))
    preset = "fsdp-qlora" if settings.get("quantization_bit") else "ds-zero3"
    return f"{number} GPUs with {CARDS[-1]} GB and the preset {preset}, which shards the weights"


def find_card(total: float) -> int | None:
    """Return the smallest card, in GB as it is sold, that so many bytes fit on with room; None for none."""
    return next((size for size in CARDS if total <= ROOM * size), None)


def _rows(settings: Mapping[str, Any]) -> int:
    """Return the rows on the GPU at a time; pairs are taken together, chosen and rejected answer."""
    return int(settings["per_device_train_batch_size"]) * (2 if settings["stage"] in ("dpo", "rm") else 1)


def _copies(settings: Mapping[str, Any]) -> int:
    """Return how many times the logits are there at once, in 32 bits."""
    return {"dpo": 4 if has_reference(settings) else 3, "kto": 5, "rm": 2}.get(settings["stage"], 3)


def describe_experts(settings: Mapping[str, Any], checkpoint: Checkpoint, has_layers: bool) -> str:
    """Return what the installed transformers does with experts in a LoRA, and what the other version does."""
    if not checkpoint.shape.experts or settings["finetuning_type"] == "full":
        return ""
    other = _format_size(estimate_recipe_memory(settings, checkpoint, not has_layers).total)
    if has_layers:
        return f"This is for transformers 4; with 5 the experts are frozen in 16 bits: about {other}. "
    packed = ""
    if _is_packed(settings):
        here = estimate_recipe_memory(settings, checkpoint).total
        plain = estimate_recipe_memory({**settings, "quantization_bit": None}, checkpoint).total
        packed = (
            f", and 4 bits save {1 - here / plain:.0%} of the {_format_size(plain)} of "
            "plain LoRA, but make every step slower"
        )
    return (
        "This is for transformers 5, with which the experts are frozen in 16 bits: the LoRA trains only the "
        f"attention{packed}. With transformers 4, which trains the experts too, about {other}. "
    )


def _fused(memory: RecipeMemory, settings: Mapping[str, Any]) -> str:
    """Return which smaller GPU is enough if the loss is computed without storing the logits."""
    without = (1 + SHARE) * memory.logits
    smaller = find_card(memory.total - without)
    if settings["stage"] not in ("sft", "pt") or smaller in (None, find_card(memory.total)):
        return ""
    return f"With the preset liger, which does not store the logits, {smaller} GB are enough. "


def _is_packed(settings: Mapping[str, Any]) -> bool:
    return bool(settings.get("quantization_bit") == 4)


def _trained(settings: Mapping[str, Any]) -> str:
    what = "every weight" if settings["finetuning_type"] == "full" else "the LoRA"
    if settings.get("additional_target"):
        what += " and both embeddings"
    return f"{what} in 32 bits, with gradient and Adam's two moments, 16 bytes each"


def _method(settings: Mapping[str, Any]) -> str:
    if settings["finetuning_type"] == "full":
        return "full"
    return "qlora" if settings.get("quantization_bit") else "lora"


def _format_size(amount: float) -> str:
    return f"{amount / _GB:.0f} GB" if amount >= 10 * _GB else f"{amount / _GB:.1f} GB"


def _linear(shape: ModelShape) -> int:
    """Return the parameters of the linear layers that bitsandbytes packs: all but embeddings and norms."""
    return shape.layers * (
        shape.attention - 2 * shape.head_dim + shape.feed_forward - shape.hidden * shape.experts
    )


def _lora(settings: Mapping[str, Any], shape: ModelShape, has_layers: bool) -> int:
    """Return the parameters of a LoRA beside every linear layer, and of modules that are trained whole."""
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    attention = 2 * (shape.hidden + queries) + 2 * (shape.hidden + keys)
    blocks = int(shape.experts * has_layers if shape.experts else 1)
    feed_forward = 3 * (shape.hidden + shape.intermediate) * blocks
    whole = 2 * shape.embedding if settings.get("additional_target") else 0
    return int(settings["lora_rank"]) * shape.layers * (attention + feed_forward) + whole
