"""The checkpoint, and how its weights are trained."""

from __future__ import annotations

import math

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.proof.check.rules.training.training_setup import TrainingSetup, sft_setup
from lf_qwen3.qwen3.model_origin import origin_of
from lf_qwen3.trainer.render import NAMES

LORA_RATES = (3e-5, 1e-3)
FULL_RATES = (1e-6, 3e-5)
SCALES = (0.25, 8.0)
"""Between these is nothing unusual: QLoRA's authors took 0.25, LLaMA-Factory's default is 2."""


@check(
    "template_unfit",
    "error",
    "wrong chat template for this checkpoint",
    "hybrid, Base and Thinking-2507 checkpoints need template: qwen3, Instruct-2507 needs template: "
    "qwen3_nothink",
    good=sft_setup(model_name_or_path="Qwen/Qwen3-4B", template="qwen3"),
    bad=sft_setup(model_name_or_path="Qwen/Qwen3-4B-Instruct-2507", template="qwen3"),
)
def template_unfit(setup: TrainingSetup) -> CheckResult:
    """Require the template of the checkpoint, of a model made from one either of Qwen3's two.

    The board's `default` fits no model that is made from a Qwen3, whatever its name. Continued pre-training
    writes no turns, and does without.
    """
    kind, template = setup.checkpoint, setup["template"]
    fitting = (kind.template,) if kind else NAMES
    needs_none = setup["stage"] == "pt" and not template
    if template in fitting or needs_none or not (setup.is_qwen3 or template == "default"):
        return PASS
    given = f"template is {template}" if template else "no template is named"
    return Fault(f"{given}, {setup.model or 'Qwen3'} takes {' or '.join(fitting)}", "template")


@check(
    "base_lora",
    "error",
    "a LoRA on a Base checkpoint cannot learn to end its answer",
    "the embedding of <|im_end|> is untrained there; set additional_target: embed_tokens,lm_head, or "
    "train the hybrid model; 0.6B, 1.7B and 4B tie the two: run lf-qwen3 recipe untie over the "
    "exported folder",
    good=sft_setup(
        model_name_or_path="Qwen/Qwen3-4B-Base",
        finetuning_type="lora",
        additional_target="embed_tokens,lm_head",
    ),
    bad=sft_setup(model_name_or_path="Qwen/Qwen3-4B-Base", finetuning_type="lora"),
)
def base_lora(setup: TrainingSetup) -> CheckResult:
    """Require that a LoRA on a Base checkpoint trains the embeddings too (QwenLM/Qwen3 #1064)."""
    kind = setup.checkpoint or origin_of(setup.model)
    if kind is None or not kind.lora_also_trains or not setup.is_lora or not setup.trains:
        return PASS
    missing = set(kind.lora_also_trains.split(",")) - set(setup.names("additional_target"))
    if not missing:
        return PASS
    return Fault(f"additional_target lacks {', '.join(sorted(missing))}", "additional_target")


@check(
    "lora_scale",
    "warning",
    "unusual LoRA scale (lora_alpha / lora_rank)",
    "the LoRA update is multiplied by alpha/rank (alpha/sqrt(rank) with use_rslora); 1 or 2 is "
    f"usual, {SCALES[0]:g} to {SCALES[1]:g} has been used; a small scale learns little, a large one "
    "can make the training unstable",
    good=sft_setup(lora_rank=16, lora_alpha=32),
    bad=sft_setup(lora_rank=8, lora_alpha=256),
)
def lora_scale(setup: TrainingSetup) -> CheckResult:
    """Require a scale between a quarter and eight."""
    if not setup.is_lora or not setup.trains or not isinstance(scale := scale_of(setup), float):
        return PASS
    return PASS if SCALES[0] <= scale <= SCALES[1] else Fault(describe_scale(setup), "lora_alpha")


@check(
    "learning_rate",
    "warning",
    "unusual learning rate for this training method",
    f"LoRA usually takes about 1e-4 ({LORA_RATES[0]:g} to {LORA_RATES[1]:g}), full fine-tuning about "
    f"1e-5 ({FULL_RATES[0]:g} to {FULL_RATES[1]:g})",
    good=sft_setup(finetuning_type="lora", learning_rate=1e-4),
    bad=sft_setup(finetuning_type="full", learning_rate=1e-4),
)
def learning_rate(setup: TrainingSetup) -> CheckResult:
    """Require a rate of the method's own size, for supervised and continued training."""
    rate = setup["learning_rate"]
    methods = {"lora": LORA_RATES, "full": FULL_RATES, "freeze": FULL_RATES}
    low, high = methods.get(str(setup["finetuning_type"]), (0.0, math.inf))
    is_checked = setup.trains and setup["stage"] in ("sft", "pt") and isinstance(rate, int | float)
    if not is_checked or low <= rate <= high:
        return PASS
    return Fault(f"{rate:g} for finetuning_type: {setup['finetuning_type']}", "learning_rate")


def scale_of(setup: TrainingSetup) -> float | None:
    """Return what the LoRA's part is multiplied by; lora_alpha is twice the rank where it is not set."""
    rank = setup["lora_rank"]
    alpha = (
        setup["lora_alpha"]
        if setup["lora_alpha"] is not None
        else 2 * rank
        if isinstance(rank, int)
        else None
    )
    if not isinstance(rank, int) or not isinstance(alpha, int) or rank < 1:
        return None
    return alpha / (math.sqrt(rank) if setup["use_rslora"] else rank)


def describe_scale(setup: TrainingSetup) -> str:
    """Return rank, alpha and the scale they make, as text."""
    rank = setup["lora_rank"]
    alpha = setup["lora_alpha"] if setup["lora_alpha"] is not None else 2 * rank
    formula = "alpha/sqrt(rank)" if setup["use_rslora"] else "alpha/rank"
    return f"rank {rank}, alpha {alpha}: scale {scale_of(setup):.3g} ({formula})"
