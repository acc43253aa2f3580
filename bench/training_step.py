"""One training step as LLaMA-Factory makes it: its own adapter and checkpointing code, accelerate's wrapping.

The weights are random, the shapes are the real ones. `bench/memory.py` runs it on a GPU; the tests run it on
tensors without data, at any size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import torch
import transformers
from accelerate.utils import convert_outputs_to_fp32
from llamafactory.hparams import FinetuningArguments, ModelArguments
from llamafactory.model.adapter import init_adapter
from llamafactory.model.model_utils.checkpointing import prepare_model_for_training
from llamafactory.train.dpo.trainer import CustomDPOTrainer
from llamafactory.train.kto.trainer import CustomKTOTrainer

from lf_qwen3.proof.estimate import TrainingPlan
from lf_qwen3.proof.estimate.plan import FEED_FORWARD


def config_of(plan: TrainingPlan, vocabulary: int) -> Any:
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


def build(plan: TrainingPlan, vocabulary: int, fill: Callable[[Any], None] | None = None) -> Any:
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


def _finetuning(plan: TrainingPlan) -> FinetuningArguments:
    targets = [one for one in plan.targets if not (plan.shape.experts and one in FEED_FORWARD)]
    return FinetuningArguments(
        finetuning_type="full" if plan.trains_all else "lora",
        lora_rank=plan.rank,
        lora_dropout=0.1 if plan.dropout else 0.0,
        lora_target=",".join(targets),
        additional_target=",".join(plan.also_trained) or None,
        pure_bf16=plan.precision == "half",
        use_dora=plan.dora,
    )


def parameters(model: Any) -> list[Any]:
    """Return what is trained."""
    return [one for one in model.parameters() if one.requires_grad]


def steps(plan: TrainingPlan, model: Any, device: str) -> Iterator[str]:
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
        loss = _LOSSES[plan.stage](
            plan, model, forward, {"input_ids": ids, "attention_mask": mask, "labels": ids}
        )
        yield "backward"
        loss.backward()
        del loss
    yield "step"
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    yield "end"


def _sft(plan: TrainingPlan, model: Any, forward: Any, batch: dict[str, Any]) -> Any:
    return forward(**batch).loss


def _dpo(plan: TrainingPlan, model: Any, forward: Any, batch: dict[str, Any]) -> Any:
    """Return DPO's loss: the trainer's own passes of the model and of the reference, in their order."""
    own = _trainer(model, loss_type="sigmoid", ld_alpha=None, reference=plan.reference)
    own.concatenated_forward = partial(CustomDPOTrainer.concatenated_forward, own)
    found = own.concatenated_forward(forward, batch)
    chosen, rejected = CustomDPOTrainer.compute_reference_log_probs(own, forward, batch)
    margin = found["chosen_logps"] - found["rejected_logps"]
    if plan.reference:
        margin = margin - (chosen - rejected)
    return -torch.nn.functional.logsigmoid(margin).mean()


def _kto(plan: TrainingPlan, model: Any, forward: Any, batch: dict[str, Any]) -> Any:
    """Return KTO's loss; the first half of the rows is liked.

    The trainer tells them apart by a mask of booleans, which tensors without data cannot be cut by, so its
    `concatenated_forward` is written out here; `forward` is its own.
    """
    own = _trainer(model)
    batch = batch | {f"kl_{key}": value for key, value in batch.items()}

    def passes() -> tuple[Any, ...]:
        logits, logps, _ = CustomKTOTrainer.forward(own, forward, batch)
        with torch.no_grad():
            _, compared, _ = CustomKTOTrainer.forward(own, forward, batch, prefix="kl_")
        half = plan.batch // 2
        return (
            logps[:half],
            logps[half:],
            logits[list(range(half))],
            logits[list(range(half, plan.batch))],
            compared,
        )

    found = passes()
    with torch.no_grad(), model.disable_adapter():
        reference = passes()
    kl = (found[4] - reference[4]).mean().detach().clamp(min=0)
    liked, disliked = found[0] - reference[0] - kl, kl - (found[1] - reference[1])
    return (1 - torch.cat((liked, disliked)).sigmoid()).mean()


_LOSSES = {"sft": _sft, "dpo": _dpo, "kto": _kto}


def _trainer(model: Any, reference: bool = True, **attributes: Any) -> Any:
    """Return what stands for a trainer in its own methods."""
    return SimpleNamespace(
        finetuning_args=SimpleNamespace(use_ref_model=reference),
        accelerator=SimpleNamespace(unwrap_model=lambda _: model),
        ref_model=None,
        **attributes,
    )


def _make_states(optimiser: torch.optim.Optimizer) -> None:
    """Step one trained tensor after the other, so that no second set of gradients is ever there."""
    for group in optimiser.param_groups:
        for one in group["params"]:
            one.grad = torch.zeros_like(one)
            optimiser.step()
            one.grad = None
