"""What to change so that a training fits a smaller card: every suggestion is computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from lf_qwen3.proof.estimate.cards import Card, smallest_card
from lf_qwen3.proof.estimate.memory import estimate_memory
from lf_qwen3.proof.estimate.plan import Precision, TrainingPlan
from lf_qwen3.proof.estimate.weights import bytes_quantised, quantised
from lf_qwen3.qwen3 import checkpoints
from lf_qwen3.recipes.document import format_setting

TIMES = "times"
"""Among changes: by how much gradient_accumulation_steps grows, for as many records in a step."""

_CUTOFFS = (8192, 4096, 2048, 1024)
_MOST = 4


@dataclass(frozen=True)
class SmallerSetting:
    """A setting for the YAML that needs less memory, the bytes with it, and the smallest card for it.

    `changes` are the same as keys and values; `deepspeed` is the ZeRO stage, `TIMES` a factor.
    """

    settings: str
    total: int
    card: Card
    changes: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the settings, the bytes and the card's size in GB."""
        return {"settings": self.settings, "total": self.total, "card_gb": self.card.size}


def suggest_changes(plan: TrainingPlan) -> list[SmallerSetting]:
    """Return at most four changes, each of which has a smaller card; pairs where no single one does.

    Where no card is large enough, every change that makes one large enough counts.
    """
    if plan.on_cpu:
        return []
    now = smallest_card(estimate_memory(plan).total)
    single = list(_steps(plan))
    for tried in (single, list(_pairs(plan, single))):
        better = [
            SmallerSetting(_describe(changes), total, card, changes)
            for changes, other in tried
            if (card := smallest_card(total := estimate_memory(other).total))
            and (now is None or card.size < now.size)
        ]
        if better:
            return better[:_MOST]
    return []


def list_caveats(plan: TrainingPlan) -> list[str]:
    """Return what a person should know of this plan that the figures alone do not say."""
    notes = []
    if plan.base:
        plain = checkpoints.name_unquantised(plan.model)
        named = f"; train on {plain} with quantization_bit: 4 to merge it" if plain != plan.model else ""
        notes.append(
            f"the checkpoint is quantised already ({plan.base}, {plan.bits} bits): quantization_bit "
            f"has no effect on it, and no adapter can be merged into it{named}"
        )
    if plan.method == "qlora" and plan.shape.experts and not plan.base:
        share = 1 - quantised(plan) / plan.shape.parameters
        packed = bytes_quantised(plan.bits, plan.double_quantization) * plan.shape.parameters / (1 << 30)
        notes.append(
            f"under transformers 5 the experts stay in 16 bits, {share:.0%} of all weights: bitsandbytes "
            f"packs linear layers only; with packed experts the weights would take {packed:.0f} GiB"
        )
    if plan.trains_all and plan.shape.experts and plan.precision == "autocast":
        notes.append(
            "full training of experts multiplies in float32 under autocast; deepspeed or pure_bf16 do not"
        )
    if plan.zero:
        notes.append("the DeepSpeed figures follow its documentation and were not measured")
    return notes


def _describe(changes: Mapping[str, Any]) -> str:
    """Return changes in the words of a YAML."""
    texts: list[str] = []
    for key, value in changes.items():
        if key == TIMES:
            texts[-1] += f", and {value} times the gradient_accumulation_steps"
        else:
            is_stage = key == "deepspeed"
            texts.append(f"{key}: a file with ZeRO stage {value}" if is_stage else format_setting(key, value))
    return "; ".join(texts)


_Step = tuple[dict[str, Any], TrainingPlan]


def _steps(plan: TrainingPlan) -> Iterator[_Step]:
    """Yield single changes, those that cost least first."""
    if not plan.checkpointing:
        yield {"disable_gradient_checkpointing": False}, replace(plan, checkpointing=True)
    if not plan.fused_loss and plan.stage == "sft":
        yield {"enable_liger_kernel": True}, replace(plan, fused_loss=True)
    rows = 2 if plan.stage == "dpo" else 1
    if plan.batch > rows:
        changes = {"per_device_train_batch_size": 1, TIMES: plan.batch // rows}
        yield changes, replace(plan, batch=rows, accumulates=True)
    if plan.gpus > 1 and plan.method != "qlora":
        for stage in (2, 3):
            if stage > plan.zero:
                sharded = replace(plan, zero=stage, deepspeed=True, precision="half")
                yield {"deepspeed": stage}, sharded
    yield from _methods(plan)
    for cutoff_len in _CUTOFFS:
        if cutoff_len < plan.cutoff_len:
            yield {"cutoff_len": cutoff_len}, replace(plan, cutoff_len=cutoff_len)


def _methods(plan: TrainingPlan) -> Iterator[_Step]:
    """Yield the ways to train fewer weights, or to keep them in fewer bits."""
    if plan.trains_all:
        if not plan.deepspeed and "8bit" not in plan.optim:
            yield {"optim": "paged_adamw_8bit"}, replace(plan, optim="paged_adamw_8bit")
        if plan.precision == "autocast":
            yield {"pure_bf16": True}, replace(plan, precision="half")
        precision: Precision = "half" if plan.deepspeed else "autocast"
        yield {"finetuning_type": "lora"}, replace(plan, method="lora", precision=precision)
    elif plan.method == "lora" and not plan.shape.experts and not plan.zero:
        yield {"quantization_bit": 4}, replace(plan, method="qlora")


def _pairs(plan: TrainingPlan, single: list[_Step]) -> Iterator[_Step]:
    """Yield two changes at once, where the second still changes something after the first."""
    for (first, changed), (second, _) in combinations(single, 2):
        for changes, other in _steps(changed):
            if changes == second:
                yield first | second, other
