"""The card on top: which model and which recipe the hardware of the board is good for."""

from __future__ import annotations

from collections.abc import Sequence

from lf_qwen3.base import packages
from lf_qwen3.proof.accelerators import Gpu, find_accelerators
from lf_qwen3.proof.estimate.cards import SPARE
from lf_qwen3.qwen3.architecture import CHECKPOINTS

_BF16 = 8.0
"""The compute capability of the first GPUs that know bfloat16 (Ampere)."""


def fits(size: int, gpus: Sequence[Gpu]) -> bool:
    """Return whether a training of `size` bytes fits into the free memory of each GPU, with a margin."""
    return size <= min((gpu.free for gpu in gpus), default=0) * (1 - SPARE)


def propose_model(gpus: Sequence[Gpu]) -> str:
    """Return the largest dense hybrid Qwen3 of which a LoRA fits into the free memory; the smallest else."""
    from lf_qwen3.proof.estimate import TrainingPlan, estimate_memory

    hybrid = [each for each in CHECKPOINTS if each.name == f"Qwen3-{each.size}"]
    plans = [
        TrainingPlan.named(checkpoint.id, rank=16, dropout=True)
        for checkpoint in hybrid
        if not checkpoint.shape.experts
    ]
    return [plans[0], *(plan for plan in plans if fits(estimate_memory(plan).total, gpus))][-1].model


def list_ways(gpus: Sequence[Gpu]) -> list[tuple[str, tuple[str, ...]]]:
    """Return recipes with presets for this hardware, the one that takes most memory first."""
    if not gpus and not set(find_accelerators()) - {"NVIDIA GPU"}:
        return [("lora-sft", ("cpu",))]
    kind = ("fp16",) if any(gpu.capability < _BF16 for gpu in gpus) else ()
    ways: list[tuple[str, tuple[str, ...]]] = [("lora-sft", kind)]
    if packages.version("liger-kernel"):
        ways.append(("lora-sft", (*kind, "liger")))
    if packages.version("bitsandbytes"):
        ways.append(("qlora-sft", kind))
    return ways
