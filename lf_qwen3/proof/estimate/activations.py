"""What a forward pass leaves for the backward pass, and what both need for a moment. In bytes for one token.

Read off the code of transformers 5 (models/qwen3, models/qwen3_moe, integrations/moe.py, loss/loss_utils.py),
peft (tuners/lora/layer.py) and torch's autocast, operation by operation; tests compare it with the tensors
that a step of the trainer keeps.
"""

from __future__ import annotations

from lf_qwen3.proof.estimate.plan import TrainingPlan
from lf_qwen3.proof.estimate.weights import targeted

MASK, ADDED_MASK = 1, 2
"""Bytes for each pair of tokens of a row: the mask as booleans, and as 16-bit numbers in a layer."""

_KTO, _DPO, _DPO_ALONE = 20, 16, 8
"""Bytes a logit at the end of the forward passes of KTO, of DPO, and of DPO without a reference model."""


def stream(plan: TrainingPlan) -> int:
    """Return the bytes of one number of the hidden states; float32 weights make them float32."""
    return 4 if plan.on_cpu or (plan.trains_all and plan.precision != "half") else 2


def checkpoints(plan: TrainingPlan) -> int:
    """Return what gradient checkpointing keeps: the hidden states before each layer and after the last."""
    return (plan.shape.layers + 1) * plan.shape.hidden * stream(plan)


def layer(plan: TrainingPlan) -> int:
    """Return what one layer keeps for its backward pass."""
    kept = _attention(plan) + (_experts(plan) if plan.shape.experts else _dense(plan))
    return kept + (0 if plan.trains_all else _adapters(plan))


def working(plan: TrainingPlan) -> int:
    """Return the most that the backward pass of one layer adds: the gradients of its widest parts.

    Before 5.6, transformers weighs what the experts put out in float32; later in 16 bits, which takes half.
    """
    shape = plan.shape
    if shape.experts:
        return 12 * shape.experts_per_token * shape.hidden + 8 * shape.hidden
    if plan.trains_all:
        return (8 if plan.precision == "single" else 4) * shape.intermediate + 8 * shape.hidden
    return (10 if plan.dropout else 6) * shape.intermediate + 8 * shape.hidden


def norms_of_dora(plan: TrainingPlan) -> int:
    """Return the bytes for which DoRA makes the norms of its widest layer, however many tokens there are.

    The identity in float32 and 16 bits, the adapter's product twice in 16 bits, the weights and their sum
    with it in float32 (peft, tuners/lora/dora.py).
    """
    widest = max(
        (inputs * (6 * inputs + 12 * outputs) for inputs, outputs in targeted(plan).values()), default=0
    )
    return widest if plan.dora else 0


def head(plan: TrainingPlan) -> int:
    """Return what the last norm keeps: its float32 copy and its output, in float32 where that is trained."""
    return plan.shape.hidden * (4 + 2 * stream(plan))


def loss_forward(plan: TrainingPlan) -> int:
    """Return the bytes for each of the 151,936 logits at the end of the forward pass.

    The logits, their float32 copy and the log-softmax; where they are float32 already there is no copy. For
    preferences (LLaMA-Factory's train/dpo/trainer.py and train/kto/trainer.py) the float32 logits and the
    log-softmax of what is learnt stay, while the same two are made of every pass that is only compared with.
    """
    if plan.stage == "kto":
        return _KTO
    if plan.stage == "dpo":
        return _DPO if plan.reference else _DPO_ALONE
    return 0 if plan.fused_loss else (8 if plan.precision == "single" else 10)


def loss_backward(plan: TrainingPlan) -> int:
    """Return the bytes for each logit in the loss's backward: log-softmax and the gradients on both sides."""
    return 0 if plan.fused_loss else 12


def _widths(plan: TrainingPlan) -> tuple[int, int, int, int]:
    shape = plan.shape
    return shape.hidden, shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim, shape.intermediate


def _attention(plan: TrainingPlan) -> int:
    """Return what both norms, the norms of q and k, and attention keep: q, k, v and its output.

    With a mask keys and values are repeated for every query head (integrations/sdpa_attention.py).
    """
    hidden, queries, keys, _ = _widths(plan)
    repeated = queries if plan.masks else keys
    kept = 2 * queries + 2 * repeated
    if plan.precision == "single" and plan.trains_all:
        return 4 * (6 * hidden + 2 * queries + 3 * keys + kept)
    norms = 2 * hidden + queries + keys
    if not plan.trains_all:
        return 4 * norms + 2 * kept
    if plan.precision == "half":
        return 4 * norms + 2 * (4 * hidden + queries + keys + kept)
    copies = 3 if plan.shape.experts else 5
    return 4 * (norms + 2 * hidden) + 2 * (copies * hidden + queries + keys + kept)


def _dense(plan: TrainingPlan) -> int:
    """Return gate, its activation and up; and their product where the weights after it are trained."""
    each = 4 if plan.precision == "single" and plan.trains_all else 2
    return each * plan.shape.intermediate * (4 if plan.trains_all else 3)


def _experts(plan: TrainingPlan) -> int:
    """Return the same for every chosen expert (gate and up are one), its unweighed output, and the router."""
    hidden, _, _, wide = _widths(plan)
    each = stream(plan)
    kept = 3 * wide + hidden + (wide + hidden if plan.trains_all else 0)
    return each * plan.shape.experts_per_token * kept + 6 * plan.shape.experts


def _adapters(plan: TrainingPlan) -> int:
    """Return the inputs of the adapters and the activations between its two matrices.

    DoRA keeps two outputs more, of the layer and of its adapter, for the gradient of the magnitude.
    Under autocast each adapter casts its input for itself; in 16 bits those that read the same share it.
    """
    linears = targeted(plan)
    inputs = sum(size for size, _ in linears.values())
    between = 2 * plan.rank * len(linears) + 4 * plan.dora * sum(size for _, size in linears.values())
    if plan.precision != "half" or plan.dropout or not plan.deepspeed:
        return 2 * inputs + between + (inputs if plan.dropout else 0)
    groups = ({"q_proj", "k_proj", "v_proj"}, {"gate_proj", "up_proj"}, {"down_proj"})
    shared = sum(max((linears[name][0] for name in group & linears.keys()), default=0) for group in groups)
    return 2 * shared + between
