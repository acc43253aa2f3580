"""What the YAML makes of reasoning, and of turns before the last."""

from __future__ import annotations

from lf_qwen3.proof.check.rules.check_rule import Fault, check
from lf_qwen3.proof.check.rules.training.training_setup import Data, Training, training

_MIXED = Data(thinking=3, plain=1)
_GOOD = training(_MIXED, template="qwen3", enable_thinking=None, model_name_or_path="Qwen/Qwen3-4B")
_MANY_ORPHANS = 0.5


@check(
    "thinking_removed",
    "error",
    "enable_thinking: false takes the reasoning out of every record",
    "write enable_thinking: null to keep each record as it is; for a model without reasoning, convert "
    "it away",
    good=_GOOD,
    bad=training(_MIXED, template="qwen3", enable_thinking=False),
)
def thinking_removed(yaml: Training) -> list[Fault]:
    """Require that reasoning in the data is learnt (ReasoningTemplate.remove_thought)."""
    is_removed = yaml.learns_answers and yaml["template"] == "qwen3" and yaml["enable_thinking"] is False
    thinking = yaml.data.thinking
    return [Fault(f"{thinking:,} records reason", "enable_thinking")] if is_removed and thinking else []


@check(
    "empty_thinking_learnt",
    "warning",
    "enable_thinking: true makes plain records learn to write an empty reasoning block",
    "it is the trainer's default, and puts the block inside the loss; write enable_thinking: null, which "
    "puts it into the prompt as Qwen3's own template does",
    good=_GOOD,
    bad=training(_MIXED, template="qwen3"),
)
def empty_thinking_learnt(yaml: Training) -> list[Fault]:
    """Require null where there are plain records."""
    is_learnt = yaml.learns_answers and yaml["template"] == "qwen3" and yaml["enable_thinking"] is True
    return (
        [Fault(f"{yaml.data.plain:,} plain records", "enable_thinking")]
        if is_learnt and yaml.data.plain
        else []
    )


@check(
    "reasoning_lost",
    "warning",
    "no record reasons, so the model will lose its reasoning",
    "mix reasoning records in (lf-qwen3 convert --mix thinking=0.75); or say that it is meant: "
    "enable_thinking: false",
    good=_GOOD,
    bad=training(Data(plain=4), template="qwen3", enable_thinking=None, model_name_or_path="Qwen/Qwen3-4B"),
)
def reasoning_lost(yaml: Training) -> list[Fault]:
    """Require some reasoning for a checkpoint that can reason."""
    kind = yaml.checkpoint
    can_think = kind is not None and kind.name in ("hybrid", "thinking")
    is_lost = can_think and yaml.learns_answers and yaml.data.plain and not yaml.data.thinking
    is_meant = yaml["enable_thinking"] is False and kind is not None and kind.name == "hybrid"
    return [Fault(f"{yaml.data.plain:,} plain records", "dataset")] if is_lost and not is_meant else []


@check(
    "thinking_as_text",
    "error",
    "the template knows no reasoning, so the records' reasoning is learnt as part of the answer",
    "train a hybrid or a Thinking-2507 checkpoint with template: qwen3, or take the reasoning out",
    good=_GOOD,
    bad=training(_MIXED, template="qwen3_nothink"),
)
def thinking_as_text(yaml: Training) -> list[Fault]:
    """Require plain records for qwen3_nothink."""
    is_text = yaml.learns_answers and yaml["template"] == "qwen3_nothink" and yaml.data.thinking
    return [Fault(f"{yaml.data.thinking:,} records reason", "template")] if is_text else []


@check(
    "plain_for_thinker",
    "warning",
    "a Thinking-2507 checkpoint always reasons, and some records do not",
    "leave the plain records out, or train a hybrid checkpoint",
    good=_GOOD,
    bad=training(_MIXED, template="qwen3", model_name_or_path="Qwen/Qwen3-4B-Thinking-2507"),
)
def plain_for_thinker(yaml: Training) -> list[Fault]:
    """Require reasoning in every record for a checkpoint that always reasons."""
    kind = yaml.checkpoint
    is_thinker = kind is not None and kind.thinks == "always" and yaml.learns_answers
    mixed = yaml.data.plain and yaml.data.thinking
    return [Fault(f"{yaml.data.plain:,} plain records", "model_name_or_path")] if is_thinker and mixed else []


@check(
    "history_unmasked",
    "warning",
    "records have several turns, and mask_history is not true",
    "LLaMA-Factory then writes a think block into every turn, Qwen3's own template into the last one only; "
    "write mask_history: true over one record for each answer (lf-qwen3 convert --turns unroll)",
    good=training(Data(thinking=3, several_turns=2), template="qwen3", mask_history=True),
    bad=training(Data(thinking=3, several_turns=2), template="qwen3"),
)
def history_unmasked(yaml: Training) -> list[Fault]:
    """Require mask_history for several turns under the template qwen3."""
    is_open = yaml.learns_answers and yaml["template"] == "qwen3" and yaml["mask_history"] is not True
    several = yaml.data.several_turns
    return [Fault(f"{several:,} records", "mask_history")] if is_open and several else []


@check(
    "history_not_learnt",
    "warning",
    "mask_history: true learns the last answer only, and the earlier ones are no records of their own",
    "write one record for each answer: lf-qwen3 convert --turns unroll",
    good=training(Data(thinking=3, several_turns=2, orphans=0), mask_history=True),
    bad=training(Data(thinking=3, several_turns=2, orphans=2), mask_history=True),
)
def history_not_learnt(yaml: Training) -> list[Fault]:
    """Require that most earlier answers are learnt in a record that ends with them."""
    data = yaml.data
    is_lost = (
        yaml.learns_answers and yaml["mask_history"] and data.orphans > data.several_turns * _MANY_ORPHANS
    )
    return [Fault(f"{data.orphans:,} of {data.several_turns:,} records", "mask_history")] if is_lost else []


@check(
    "packing_mixes",
    "warning",
    "packing puts several records into one row, where each sees those before it",
    "add neat_packing: true (with a flash_attn that supports it), or leave packing out",
    good=training(packing=True, neat_packing=True),
    bad=training(packing=True),
)
def packing_mixes(yaml: Training) -> list[Fault]:
    """Require neat_packing beside packing in supervised fine-tuning."""
    is_mixed = yaml.learns_answers and yaml["packing"] is True and not yaml["neat_packing"]
    return [Fault("", "packing")] if is_mixed else []
