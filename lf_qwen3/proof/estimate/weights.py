"""What stays on the GPU for the whole training: weights, gradients, the optimiser's states. In bytes.

Sources: llamafactory model/loader.py (torch_dtype auto: 16 bits, as the checkpoint has) and model/adapter.py
(trainable weights are cast to float32 unless pure_bf16 or ZeRO-3); transformers integrations/bitsandbytes.py
(only `nn.Linear` is quantised: neither the router nor the fused experts of transformers 5); peft (adapters in
float32); Dettmers et al. 2023, QLoRA, section 3 (64 weights share a constant, 256 constants another one);
Rajbhandari et al. 2020, ZeRO, section 3.
"""

from __future__ import annotations

import re

from lf_qwen3.proof.estimate.plan import TrainingPlan
from lf_qwen3.qwen3.architecture import ModelShape

_BLOCK, _OUTER_BLOCK = 64, 256
_GROUP = 128
"""Weights that share a scale in 16 bits and a zero point of their own bits in AWQ and GPTQ."""

_ADAM, _MASTER = 8, 4
_STATES = {"adafactor": 0, "sgd": 0, "lion": 4, "lion_8bit": 1, "adagrad": 4, "rmsprop": 4}
_STATES |= {"ademamix": 12, "ademamix_8bit": 3, "adamw_torch_4bit": 1, "schedule_free_sgd": 4}
_STATES |= {"lomo": 0, "adalomo": 0}
"""Bytes a trained weight of optimisers other than Adam; Adafactor keeps next to nothing."""


def layer_linears(shape: ModelShape) -> dict[str, tuple[int, int]]:
    """Return (inputs, outputs) of the linear layers of one layer; with experts those of attention only."""
    queries, keys, hidden = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim, shape.hidden
    linears = {
        "q_proj": (hidden, queries),
        "k_proj": (hidden, keys),
        "v_proj": (hidden, keys),
        "o_proj": (queries, hidden),
    }
    if not shape.experts:
        linears |= {"gate_proj": (hidden, shape.intermediate), "up_proj": (hidden, shape.intermediate)}
        linears |= {"down_proj": (shape.intermediate, hidden)}
    return linears


def targeted(plan: TrainingPlan) -> dict[str, tuple[int, int]]:
    """Return the linear layers of one layer beside which a LoRA is trained; none in full training."""
    if plan.trains_all:
        return {}
    return {name: size for name, size in layer_linears(plan.shape).items() if name in plan.targets}


def trained(plan: TrainingPlan) -> int:
    """Return the number of trained parameters."""
    if plan.trains_all:
        return plan.shape.parameters
    lora = sum(
        plan.rank * (inputs + outputs) + plan.dora * outputs for inputs, outputs in targeted(plan).values()
    )
    return plan.shape.layers * lora + len(plan.also_trained) * plan.shape.embedding


def quantised(plan: TrainingPlan) -> int:
    """Return the number of parameters kept in 4 or 8 bits.

    A checkpoint that is quantised already holds its experts so too.
    """
    if plan.method != "qlora":
        return 0
    linears = sum(inputs * outputs for inputs, outputs in layer_linears(plan.shape).values())
    if plan.base and plan.shape.experts:
        linears += 3 * plan.shape.hidden * plan.shape.intermediate * plan.shape.experts
    return plan.shape.layers * linears


def bytes_packed(plan: TrainingPlan) -> float:
    """Return the bytes of one of the plan's quantised weights, its share of the constants included."""
    if plan.base and not re.search("bnb|bitsandbytes", plan.base, re.IGNORECASE):
        return plan.bits / 8 + (2 + plan.bits / 8) / _GROUP
    return bytes_quantised(plan.bits, plan.double_quantization)


def bytes_quantised(bits: int, double_quantization: bool) -> float:
    """Return the bytes of one quantised weight, its share of the constants included."""
    if bits == 8:
        return 1.0
    constant = 1 + 4 / _OUTER_BLOCK if double_quantization else 4
    return 0.5 + constant / _BLOCK


def weights(plan: TrainingPlan) -> int:
    """Return the bytes of all weights on one GPU.

    The reference model of full training is another one, in 16 bits; that of a LoRA is the model without it
    (train/trainer_utils.py, create_ref_model).
    """
    if plan.offload_weights:
        return 0
    size = _bytes_trained(plan)
    if plan.trains_all:
        total = float(plan.shape.parameters * (size + (2 if plan.reference else 0)))
    else:
        packed = quantised(plan)
        total = packed * bytes_packed(plan)
        frozen = 4 if plan.on_cpu else 2  # the trainer loads them in 32 bits where no device knows 16
        total += frozen * (plan.shape.parameters - packed) + size * trained(plan)
    return int(total / plan.gpus) if plan.zero == 3 else int(total)


def gradients(plan: TrainingPlan) -> int:
    """Return the bytes of the gradients on one GPU; data parallel training holds them in buckets again."""
    total = trained(plan) * _bytes_trained(plan)
    if plan.deepspeed:
        return total // plan.gpus if plan.zero else total
    return total * (2 if plan.gpus > 1 else 1)


def optimiser(plan: TrainingPlan) -> int:
    """Return the bytes of the optimiser's states on one GPU; with DeepSpeed also its float32 weights."""
    if plan.deepspeed:
        each = _states(plan.optim, 4) + _MASTER
        return 0 if plan.offload_optimizer else each * trained(plan) // (plan.gpus if plan.zero else 1)
    return _states(plan.optim, _bytes_trained(plan)) * trained(plan)


def _states(optim: str, size: int) -> int:
    """Return the optimiser's bytes for one trained weight of `size` bytes."""
    name = optim.removeprefix("paged_")
    for known, each in _STATES.items():
        if name == known or name in (f"{known}_32bit", f"{known}_bnb"):
            return each
    if "8bit" in name:
        return _ADAM // 4
    return 2 * size


def _bytes_trained(plan: TrainingPlan) -> int:
    """Return the bytes of one trained weight; peft keeps an adapter in float32 even under pure_bf16."""
    if plan.deepspeed:
        return 2
    return 2 if plan.precision == "half" and plan.trains_all else 4
