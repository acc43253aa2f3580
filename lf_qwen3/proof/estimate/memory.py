"""The peak of one GPU's memory: every moment of a step that may be it, and its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lf_qwen3.proof.estimate import activations, weights
from lf_qwen3.proof.estimate.plan import TrainingPlan
from lf_qwen3.qwen3.architecture import VOCABULARY

GIB = 1 << 30
CONTEXT = 600 << 20
"""Bytes that CUDA and its libraries take before a tensor is there; differs by card and driver (assumed)."""

FRAGMENTATION = 0.04
"""Share of the tensors that torch's allocator holds beside them, in blocks it cannot use (assumed)."""

_BUCKET = 500_000_000
"""Elements in one bucket of DeepSpeed's reduction (reduce_bucket_size, its default)."""

_LIVE = 1_000_000_000
"""Weights that ZeRO-3 holds gathered at most (stage3_max_live_parameters, its default)."""

PARTS = ("weights", "gradients", "optimiser", "activations", "logits", "overhead")


@dataclass(frozen=True)
class PeakMemory:
    """Bytes on one GPU by part at the peak, and the moment of the peak; the GPU needs the total."""

    moment: str
    weights: int
    gradients: int
    optimiser: int
    activations: int
    logits: int
    overhead: int

    @property
    def tensors(self) -> int:
        """Bytes of all tensors, which torch.cuda.max_memory_allocated counts."""
        return self.total - self.overhead

    @property
    def total(self) -> int:
        """Bytes of everything."""
        return sum(getattr(self, part) for part in PARTS)

    def as_json(self) -> dict[str, Any]:
        """Return the parts, the total and the moment; all sizes in bytes."""
        return {**{part: getattr(self, part) for part in PARTS}, "total": self.total, "moment": self.moment}


@dataclass(frozen=True)
class _Moment:
    """One moment of a step: what is there beside weights and optimiser; `copies` are 16-bit weights."""

    name: str
    gradients: int
    activations: int = 0
    logits: int = 0
    copies: int = 0
    step: int = 0

    @property
    def size(self) -> int:
        return self.gradients + self.activations + self.logits + self.copies + self.step


def estimate_memory(plan: TrainingPlan) -> PeakMemory:
    """Return the memory of a training at its peak."""
    peak = max(list_moments(plan), key=lambda moment: moment.size)
    lasting = weights.weights(plan), weights.optimiser(plan)
    tensors = sum(lasting) + peak.size
    return PeakMemory(
        peak.name,
        weights=lasting[0] + peak.copies,
        optimiser=lasting[1] + peak.step,
        gradients=peak.gradients,
        activations=peak.activations,
        logits=peak.logits,
        overhead=CONTEXT + int(FRAGMENTATION * tensors) + _communication(plan),
    )


def list_moments(plan: TrainingPlan) -> list[_Moment]:
    """Return the moments of one step at which the memory may be fullest."""
    logits = plan.tokens * VOCABULARY
    accumulated = weights.gradients(plan) if plan.accumulates else 0
    kept, fused = _kept(plan), _fused(plan)
    every, still = plan.shape.layers, 0 if plan.checkpointing else plan.shape.layers
    forward, backward = logits * activations.loss_forward(plan), logits * activations.loss_backward(plan)
    return [
        _Moment("the loss, forward", accumulated, kept, forward + fused, _cast(plan, every)),
        _Moment("the loss, backward", accumulated, kept, backward + fused, _cast(plan, still)),
        _layer_backward(plan, accumulated, kept),
        _last_of_backward(plan),
        _Moment("the optimiser's step", weights.gradients(plan), step=_step(plan)),
    ]


def _kept(plan: TrainingPlan) -> int:
    """Return what the forward pass keeps over all layers."""
    mask = activations.MASK * _pairs(plan)
    if plan.checkpointing:
        return mask + plan.tokens * (activations.checkpoints(plan) + activations.head(plan))
    everything = plan.shape.layers * activations.layer(plan) + 2 * activations.head(plan)
    return mask + plan.shape.layers * activations.ADDED_MASK * _pairs(plan) + plan.tokens * everything


def _pairs(plan: TrainingPlan) -> int:
    """Return the number of pairs of tokens that a mask tells about."""
    return plan.batch * plan.cutoff_len**2 if plan.masks else 0


def _layer_backward(plan: TrainingPlan, accumulated: int, kept: int) -> _Moment:
    """Return the moment at which the last layer is computed again: all checkpoints are still there."""
    again = plan.tokens * activations.layer(plan) if plan.checkpointing else 0
    again += activations.ADDED_MASK * _pairs(plan) if plan.checkpointing else 0
    widest = max(inputs * outputs for inputs, outputs in weights.layer_linears(plan.shape).values())
    of_weight = (6 if _casts(plan) else _each(plan)) * widest if plan.trains_all else 0
    here = again + max(plan.tokens * activations.working(plan), of_weight)
    here += activations.norms_of_dora(plan)
    copies = 2 * widest if plan.method == "qlora" else 0
    if _casts(plan):
        copies = 2 * _layer_weights(plan) if plan.checkpointing else _cast(plan, plan.shape.layers)
    if plan.trains_all:
        here += _each(plan) * plan.shape.embedding * plan.shape.tied
        accumulated = accumulated or _each(plan) * plan.shape.embedding
    return _Moment("the backward pass of a layer", accumulated, kept + here, copies=copies)


def _last_of_backward(plan: TrainingPlan) -> _Moment:
    """Return the moment of the embedding's gradient, a dense matrix; a tied one has two, and then their sum.

    Where gradients accumulate, the sum of the two is added to what has accumulated.
    """
    if not plan.trains_all:
        return _Moment("the end of the backward pass", weights.gradients(plan))
    copies = (2 if plan.shape.tied else 0) + plan.accumulates
    extra = copies * _each(plan) * plan.shape.embedding
    return _Moment("the end of the backward pass", weights.gradients(plan), extra)


def _step(plan: TrainingPlan) -> int:
    """Return what the step itself needs: nothing when fused, else one more copy; with DeepSpeed too."""
    if plan.deepspeed:
        return 0 if plan.offload_optimizer else 4 * weights.trained(plan) // (plan.gpus if plan.zero else 1)
    return 4 * weights.trained(plan) if plan.optim == "adamw_torch" else 0


def _casts(plan: TrainingPlan) -> bool:
    """Return whether autocast makes 16-bit copies of the float32 weights it multiplies by."""
    return plan.trains_all and plan.precision == "autocast"


def _cast(plan: TrainingPlan, layers: int) -> int:
    """Return the 16-bit copies that autocast keeps of the weights of so many layers and the output layer."""
    if not _casts(plan):
        return 0
    return 2 * (layers * _layer_weights(plan) + plan.shape.embedding)


def _layer_weights(plan: TrainingPlan) -> int:
    """Return the parameters of one layer that autocast copies; those of experts it does not."""
    return sum(inputs * outputs for inputs, outputs in weights.layer_linears(plan.shape).values())


def _fused(plan: TrainingPlan) -> int:
    """Return what Liger's fused loss keeps in place of logits: gradients of hidden states and output layer.

    Source: linkedin/Liger-Kernel, ops/fused_linear_cross_entropy.py: about as many logits at a time as there
    are hidden states.
    """
    if not plan.fused_loss:
        return 0
    hidden, chunk = plan.shape.hidden, plan.tokens * plan.shape.hidden * 2
    return chunk + (4 * VOCABULARY * hidden if plan.trains_all else 0) + 6 * hidden * plan.tokens


def _communication(plan: TrainingPlan) -> int:
    """Return DeepSpeed's buffers: buckets of gradients, and with ZeRO-3 the weights gathered at a time."""
    if not plan.zero or plan.gpus == 1:
        return 0
    bucket = 2 * 2 * min(_BUCKET, weights.trained(plan))
    gathered = 2 * min(_LIVE, plan.shape.parameters) * (plan.gpus - 1) // plan.gpus if plan.zero == 3 else 0
    return bucket + gathered


def _each(plan: TrainingPlan) -> int:
    return 2 if plan.precision == "half" else 4
