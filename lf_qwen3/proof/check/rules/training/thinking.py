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
    "enable_thinking: false takes the reasoning out of every record",
    "write enable_thinking: null to keep each record as it is; for a model without reasoning, convert "
    "it away",
    good=_GOOD,
    bad=sft_setup(_MIXED, template="qwen3", enable_thinking=False),
)
def thinking_removed(setup: TrainingSetup) -> CheckResult:
    """Require that reasoning in the data is learnt (ReasoningTemplate.remove_thought)."""
    is_removed = setup.learns_answers and setup["template"] == "qwen3" and setup["enable_thinking"] is False
    thinking = setup.data.thinking
    return Fault(f"{thinking:,} records reason", "enable_thinking") if is_removed and thinking else PASS


@check(
    "empty_thinking_learnt",
    "warning",
    "enable_thinking: true makes plain records learn to write an empty reasoning block",
    "it is the trainer's default, and puts the block inside the loss; write enable_thinking: null, which "
    "puts it into the prompt as Qwen3's own template does",
    good=_GOOD,
    bad=sft_setup(_MIXED, template="qwen3"),
)
def empty_thinking_learnt(setup: TrainingSetup) -> CheckResult:
    """Require null where there are plain records."""
    is_learnt = setup.learns_answers and setup["template"] == "qwen3" and setup["enable_thinking"] is True
    if not is_learnt or not setup.data.plain:
        return PASS
    return Fault(f"{setup.data.plain:,} plain records", "enable_thinking")


@check(
    "reasoning_lost",
    "warning",
    "no record reasons, so the model will lose its reasoning",
    "mix reasoning records in (lf-qwen3 convert --mix thinking=0.75); or say that it is meant: "
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
    return Fault(f"{setup.data.plain:,} plain records", "dataset") if is_lost and not is_meant else PASS


@check(
    "thinking_as_text",
    "error",
    "the template knows no reasoning, so the records' reasoning is learnt as part of the answer",
    "train a hybrid or a Thinking-2507 checkpoint with template: qwen3, or take the reasoning out",
    good=_GOOD,
    bad=sft_setup(_MIXED, template="qwen3_nothink"),
)
def thinking_as_text(setup: TrainingSetup) -> CheckResult:
    """Require plain records for qwen3_nothink, and for any other template over a Qwen3."""
    template = setup["template"]
    is_text = template == "qwen3_nothink" or (template != "qwen3" and setup.is_qwen3)
    is_text = is_text and setup.learns_answers and setup.data.thinking > 0
    return Fault(f"{setup.data.thinking:,} records reason", "template") if is_text else PASS


@check(
    "plain_for_thinker",
    "warning",
    "a Thinking-2507 checkpoint always reasons, and some records do not",
    "leave the plain records out, or train a hybrid checkpoint",
    good=_GOOD,
    bad=sft_setup(_MIXED, template="qwen3", model_name_or_path="Qwen/Qwen3-4B-Thinking-2507"),
)
def plain_for_thinker(setup: TrainingSetup) -> CheckResult:
    """Require reasoning in every record for a checkpoint that always reasons."""
    kind = setup.checkpoint
    is_thinker = kind is not None and kind.thinks == "always" and setup.learns_answers
    mixed = setup.data.plain and setup.data.thinking
    return (
        Fault(f"{setup.data.plain:,} plain records", "model_name_or_path") if is_thinker and mixed else PASS
    )


@check(
    "history_unmasked",
    "warning",
    "records have several turns, and mask_history is not true",
    "LLaMA-Factory then writes a think block into every turn, Qwen3's own template into the last one only; "
    "write mask_history: true over one record for each answer (lf-qwen3 convert --turns unroll)",
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
    "mask_history: true learns the last answer only, and the earlier ones are no records of their own",
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
    "the reasoning between the tool calls of one question is taken out, and Qwen3's own template keeps it",
    "lf-qwen3 convert writes it so that it stays; preserve_thinking: true keeps it too, but puts an empty "
    "block into every earlier answer that does not reason",
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
    "preserve_thinking: true puts think blocks into earlier answers, where Qwen3's own template has none",
    "leave preserve_thinking out: lf-qwen3 convert keeps the reasoning of tool loops without it",
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
    "packing puts several records into one row, where each sees those before it",
    "add neat_packing: true (with a flash_attn that supports it), or leave packing out",
    good=sft_setup(packing=True, neat_packing=True),
    bad=sft_setup(packing=True),
)
def packing_mixes(setup: TrainingSetup) -> CheckResult:
    """Require neat_packing beside packing in supervised fine-tuning."""
    is_mixed = setup.learns_answers and setup["packing"] is True and not setup["neat_packing"]
    return Fault("", "packing") if is_mixed else PASS
