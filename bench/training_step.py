"""One training step as LLaMA-Factory makes it: its own adapter and checkpointing code, accelerate's wrapping.

The weights are random, the shapes are the real ones. `bench/memory.py` runs it on a GPU; the tests run it on
tensors without data, at any size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import transformers
from accelerate.utils import convert_outputs_to_fp32
from llamafactory.hparams import FinetuningArguments, ModelArguments
from llamafactory.model.adapter import init_adapter
from llamafactory.model.model_utils.checkpointing import prepare_model_for_training

from lf_qwen3.estimate import Plan
from lf_qwen3.estimate.plan import FEED_FORWARD


def config_of(plan: Plan, vocabulary: int) -> Any:
    """Return the configuration of a Qwen3 of these dimensions."""
    shape = plan.shape
    common = {
        "vocab_size": vocabulary,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "max_position_embeddings": 40_960,
        "tie_word_embeddings": shape.tied,
        "attn_implementation": "sdpa",
        "use_cache": False,
    }
    if not shape.experts:
        return transformers.Qwen3Config(**common)
    return transformers.Qwen3MoeConfig(
        **common,
        moe_intermediate_size=shape.intermediate,
        num_experts=shape.experts,
        num_experts_per_tok=shape.experts_per_token,
    )


def build(plan: Plan, vocabulary: int, fill: Callable[[Any], None] | None = None) -> Any:
    """Return the model of a plan, made by the trainer's code; `fill` changes it before the adapters come."""
    config = config_of(plan, vocabulary)
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    if fill:
        fill(model)
    arguments = ModelArguments(
        model_name_or_path="none", disable_gradient_checkpointing=not plan.checkpointing
    )
    if plan.method == "qlora":
        arguments.quantization_bit = (
            plan.bits
        )  # only told to the adapter's code; `fill` has packed the weights
    prepare_model_for_training(model, arguments)
    model = init_adapter(config, model, arguments, _finetuning(plan), True)
    model.train()
    return model


def _finetuning(plan: Plan) -> FinetuningArguments:
    targets = [one for one in plan.targets if not (plan.shape.experts and one in FEED_FORWARD)]
    return FinetuningArguments(
        finetuning_type="full" if plan.trains_all else "lora",
        lora_rank=plan.rank,
        lora_dropout=0.1 if plan.dropout else 0.0,
        lora_target=",".join(targets),
        additional_target=",".join(plan.also_trained) or None,
        pure_bf16=plan.precision == "half",
    )


def parameters(model: Any) -> list[Any]:
    """Return what is trained."""
    return [one for one in model.parameters() if one.requires_grad]


def steps(plan: Plan, model: Any, device: str) -> Iterator[str]:
    """Make the optimiser's states, then run one whole step; yield before each phase, and last.

    `device` is that of the tensors. The phases are "forward" and "backward" (twice each where gradients
    accumulate), "step" and "end".
    """
    optimiser = torch.optim.AdamW(parameters(model), lr=1e-4, fused=device == "cuda", foreach=False)
    _make_states(optimiser)
    forward = model.forward
    if plan.precision == "autocast":
        forward = convert_outputs_to_fp32(torch.autocast(device, dtype=torch.bfloat16)(forward))
    ids = torch.ones(plan.batch, plan.cutoff_len, dtype=torch.long, device=device)
    mask = torch.ones_like(ids)
    if device == "cuda" and plan.masks:
        mask[:, -1] = 0
    for _ in range(2 if plan.accumulates else 1):
        yield "forward"
        outputs = forward(input_ids=ids, attention_mask=mask, labels=ids)
        loss = outputs.loss
        del outputs
        yield "backward"
        loss.backward()
        del loss
    yield "step"
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    yield "end"


def _make_states(optimiser: torch.optim.Optimizer) -> None:
    """Step one trained tensor after the other, so that no second set of gradients is ever there."""
    for group in optimiser.param_groups:
        for one in group["params"]:
            one.grad = torch.zeros_like(one)
            optimiser.step()
            one.grad = None
