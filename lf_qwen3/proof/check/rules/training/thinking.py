"""What the YAML makes of reasoning, and of turns before the last."""

from __future__ import annotations

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.proof.check.rules.training.training_setup import TrainingData, TrainingSetup, sft_setup

_MIXED = TrainingData(thinking=3, plain=1)
_GOOD = sft_setup(_MIXED, template="qwen3", enable_thinking=None, model_name_or_path="Qwen/Qwen3-4B")
_MANY_ORPHANS = 0.5


@check(
    "thinking_removed",
    "error",
    "enable_thinking: false removes the reasoning from every record",
    "set enable_thinking: null to keep each record as it is; to train without reasoning, use data without it",
    good=_GOOD,
    bad=sft_setup(_MIXED, template="qwen3", enable_thinking=False),
)
def thinking_removed(setup: TrainingSetup) -> CheckResult:
    """Require that reasoning in the data is learnt (ReasoningTemplate.remove_thought)."""
    is_removed = setup.learns_answers and setup["template"] == "qwen3" and setup["enable_thinking"] is False
    thinking = setup.data.thinking
    return (
        Fault(f"{thinking:,} records have reasoning", "enable_thinking") if is_removed and thinking else PASS
    )


@check(
    "empty_thinking_learnt",
    "warning",
    "enable_thinking: true trains records without reasoning to write an empty think block",
    "it is the trainer's default and puts the block inside the loss; set enable_thinking: null, "
    "which puts it into the prompt as Qwen3's own chat template does",
    good=_GOOD,
    bad=sft_setup(_MIXED, template="qwen3"),
)
def empty_thinking_learnt(setup: TrainingSetup) -> CheckResult:
    """Require null where there are plain records."""
    is_learnt = setup.learns_answers and setup["template"] == "qwen3" and setup["enable_thinking"] is True
    if not is_learnt or not setup.data.plain:
        return PASS
    return Fault(f"{setup.data.plain:,} records without reasoning", "enable_thinking")


@check(
    "reasoning_lost",
    "warning",
    "no record has reasoning, so the model will lose its ability to think",
    "mix in records with reasoning (lf-qwen3 convert --mix thinking=0.75); if that is intended, set "
    "enable_thinking: false",
    good=_GOOD,
    bad=sft_setup(
        TrainingData(plain=4), template="qwen3", enable_thinking=None, model_name_or_path="Qwen/Qwen3-4B"
    ),
)
def reasoning_lost(setup: TrainingSetup) -> CheckResult:
    """Require some reasoning for a checkpoint that can reason."""
    kind = setup.checkpoint
    can_think = kind is not None and kind.name in ("hybrid", "thinking")
    is_lost = can_think and setup.learns_answers and setup.data.plain and not setup.data.thinking
    is_meant = setup["enable_thinking"] is False and kind is not None and kind.name == "hybrid"
    return (
        Fault(f"{setup.data.plain:,} records without reasoning", "dataset")
        if is_lost and not is_meant
        else PASS
    )


@check(
    "thinking_as_text",
    "error",
    "the chat template does not support thinking, so reasoning is learnt as part of the answer",
    "train a hybrid or a Thinking-2507 checkpoint with template: qwen3, or use data without reasoning",
    good=_GOOD,
    bad=sft_setup(_MIXED, template="qwen3_nothink"),
)
def thinking_as_text(setup: TrainingSetup) -> CheckResult:
    """Require plain records for qwen3_nothink, and for any other template over a Qwen3."""
    template = setup["template"]
    is_text = template == "qwen3_nothink" or (template != "qwen3" and setup.is_qwen3)
    is_text = is_text and setup.learns_answers and setup.data.thinking > 0
    return Fault(f"{setup.data.thinking:,} records have reasoning", "template") if is_text else PASS


@check(
    "plain_for_thinker",
    "warning",
    "a Thinking-2507 checkpoint always reasons, but some records have no reasoning",
    "leave out the records without reasoning, or train a hybrid checkpoint",
    good=_GOOD,
    bad=sft_setup(_MIXED, template="qwen3", model_name_or_path="Qwen/Qwen3-4B-Thinking-2507"),
)
def plain_for_thinker(setup: TrainingSetup) -> CheckResult:
    """Require reasoning in every record for a checkpoint that always reasons."""
    kind = setup.checkpoint
    is_thinker = kind is not None and kind.thinks == "always" and setup.learns_answers
    mixed = setup.data.plain and setup.data.thinking
    return (
        Fault(f"{setup.data.plain:,} records without reasoning", "model_name_or_path")
        if is_thinker and mixed
        else PASS
    )


@check(
    "history_unmasked",
    "warning",
    "multi-turn records without mask_history: true",
    "LLaMA-Factory then writes a think block into every turn, Qwen3's own chat template into the "
    "last turn only; set mask_history: true and write one record for each answer (lf-qwen3 convert "
    "--turns unroll)",
    good=sft_setup(TrainingData(thinking=3, several_turns=2), template="qwen3", mask_history=True),
    bad=sft_setup(TrainingData(thinking=3, several_turns=2), template="qwen3"),
)
def history_unmasked(setup: TrainingSetup) -> CheckResult:
    """Require mask_history for several turns under the template qwen3."""
    is_open = setup.learns_answers and setup["template"] == "qwen3" and setup["mask_history"] is not True
    several = setup.data.several_turns
    return Fault(f"{several:,} records", "mask_history") if is_open and several else PASS


@check(
    "history_not_learnt",
    "warning",
    "mask_history: true trains on the last answer only, and no other records train on the earlier answers",
    "write one record for each answer: lf-qwen3 convert --turns unroll",
    good=sft_setup(TrainingData(thinking=3, several_turns=2, orphans=0), mask_history=True),
    bad=sft_setup(TrainingData(thinking=3, several_turns=2, orphans=2), mask_history=True),
)
def history_not_learnt(setup: TrainingSetup) -> CheckResult:
    """Require that most earlier answers are learnt in a record that ends with them."""
    data = setup.data
    is_lost = (
        setup.learns_answers and setup["mask_history"] and data.orphans > data.several_turns * _MANY_ORPHANS
    )
    return Fault(f"{data.orphans:,} of {data.several_turns:,} records", "mask_history") if is_lost else PASS


@check(
    "loop_thinking_removed",
    "warning",
    "the reasoning between the tool calls of one question is removed, but Qwen3's own chat template keeps it",
    "lf-qwen3 convert writes it so that the trainer keeps it; preserve_thinking: true keeps it too, "
    "but adds an empty think block to every earlier answer without reasoning",
    good=sft_setup(TrainingData(thinking=3, several_turns=2), template="qwen3", mask_history=True),
    bad=sft_setup(
        TrainingData(thinking=3, several_turns=2, lost_loops=2), template="qwen3", mask_history=True
    ),
)
def loop_thinking_removed(setup: TrainingSetup) -> CheckResult:
    """Require that a history keeps what Qwen3's template keeps (discarding_history_cot)."""
    is_sft = setup.learns_answers and setup["mask_history"] is True
    is_removed = is_sft or (setup.trains and setup["stage"] in ("dpo", "kto", "rm"))
    is_removed = is_removed and setup["template"] == "qwen3" and setup["preserve_thinking"] is not True
    lost = setup.data.lost_loops
    return Fault(f"{lost:,} records", "preserve_thinking") if is_removed and lost else PASS


@check(
    "history_framed",
    "warning",
    "preserve_thinking: true adds think blocks to earlier answers, where Qwen3's own chat template has none",
    "remove preserve_thinking: lf-qwen3 convert keeps the reasoning of tool loops without it",
    good=sft_setup(TrainingData(bare_histories=2), template="qwen3", mask_history=True),
    bad=sft_setup(
        TrainingData(bare_histories=2), template="qwen3", mask_history=True, preserve_thinking=True
    ),
)
def history_framed(setup: TrainingSetup) -> CheckResult:
    """Require a history without blocks of its own (ReasoningTemplate.encode_multiturn)."""
    is_framed = setup.learns_answers and setup["template"] == "qwen3" and setup["mask_history"] is True
    is_framed = is_framed and setup["preserve_thinking"] is True
    bare = setup.data.bare_histories
    return Fault(f"{bare:,} records", "preserve_thinking") if is_framed and bare else PASS


@check(
    "packing_mixes",
    "warning",
    "packing without neat_packing: records in one row attend to each other",
    "add neat_packing: true (with a flash_attn that supports it), or remove packing",
    good=sft_setup(packing=True, neat_packing=True),
    bad=sft_setup(packing=True),
)
def packing_mixes(setup: TrainingSetup) -> CheckResult:
    """Require neat_packing beside packing in supervised fine-tuning."""
    is_mixed = setup.learns_answers and setup["packing"] is True and not setup["neat_packing"]
    return Fault("", "packing") if is_mixed else PASS
