"""What a LoRA adds to each weight, computed from its file (peft's tuners/lora: layer.py, dora.py)."""

from __future__ import annotations

import importlib
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error

_PREFIX = "base_model.model."
_PART = re.compile(r"(\.base_layer)?\.(lora_[AB]\.weight|lora_embedding_[AB]|lora_magnitude_vector|weight)$")


@dataclass(frozen=True, slots=True)
class LoraAdapter:
    """The tensors of an adapter by name, and its adapter_config.json."""

    tensors: dict[str, Any]
    config: dict[str, Any]

    def list_targets(self) -> set[str]:
        """Return the names of the model's weights (`model.layers.0...weight`) that it is for."""
        return {_PART.sub(".weight", name) for name in self.tensors}

    def apply(self, name: str, weight: Any) -> Any:
        """Return a weight (float32) with what the adapter adds to it."""
        stem = name.removesuffix(".weight")
        if f"{stem}.weight" in self.tensors:  # modules_to_save: the whole matrix was trained
            return self.tensors[f"{stem}.weight"].float()
        if f"{stem}.lora_embedding_A" in self.tensors:
            down, up = (self.tensors[f"{stem}.lora_embedding_{part}"].float() for part in "AB")
            return weight + (up @ down).T * self._scale(stem, down.shape[0])
        if f"{stem}.lora_A.weight" not in self.tensors:
            return weight
        down, up = (self.tensors[f"{stem}.lora_{part}.weight"].float() for part in "AB")
        tuned = weight + up @ down * self._scale(stem, down.shape[0])
        magnitude = self.tensors.get(f"{stem}.lora_magnitude_vector")
        if magnitude is None:
            return tuned
        norm = tuned.norm(dim=1)
        return tuned * (magnitude.float() / norm)[:, None]

    def _scale(self, stem: str, rank: int) -> float:
        patterns: dict[str, Any] = self.config.get("alpha_pattern") or {}
        own = (alpha for key, alpha in patterns.items() if re.search(rf"(^|\.){key}$", stem))
        alpha = float(next(own, self.config["lora_alpha"]))
        return alpha / (math.sqrt(rank) if self.config.get("use_rslora") else rank)


def read_adapter(folder: Path) -> LoraAdapter:
    """Read an adapter's files. Raises `LfQwen3Error` for one that is no LoRA (an OFT adds nothing)."""
    load_file: Any = importlib.import_module("safetensors.torch").load_file
    try:
        config = json.loads((folder / "adapter_config.json").read_bytes())
        tensors = load_file(folder / "adapter_model.safetensors")
    except (OSError, ValueError) as error:
        raise LfQwen3Error(
            f"{folder} is not an adapter: {error}", "train first, or name the run", code="weights_missing"
        ) from error
    if config.get("peft_type") != "LORA":
        raise LfQwen3Error(
            f"{folder} is an adapter of type {config.get('peft_type')}, and lf-qwen3 cannot verify its merge",
            "export it by hand: llamafactory-cli export EXPORT.yaml",
            code="adapter_kind",
        )
    return LoraAdapter({name.removeprefix(_PREFIX): tensor for name, tensor in tensors.items()}, config)
