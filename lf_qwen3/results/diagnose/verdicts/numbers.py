"""Whether the numbers of the curves are numbers, and such as a model can have."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lf_qwen3.qwen3.architecture import VOCABULARY
from lf_qwen3.results.diagnose.training_run import Point, TrainingRun, example, middle, part, points, steps
from lf_qwen3.results.diagnose.verdict_rules import Evidence, VerdictResult, verdict

CHANCE = math.log(VOCABULARY)
"""The loss of a model that holds every token of Qwen3's vocabulary for equally likely, in nats: 11.93."""

_NAN = float("nan")
_MANY = 0.2
"""The share of skipped steps from which on fp16's range is too small for this run."""


@verdict(
    "not_a_number",
    "error",
    "the loss or its gradient became NaN or infinite and stayed so: the weights are damaged "
    "or were never changed",
    "set bf16: true in place of fp16, a lower learning_rate, max_grad_norm: 1.0; a record "
    "without a token in the loss has the same effect: lf-qwen3 check --config TRAIN.yaml "
    "finds those",
    turns={"learning_rate": "down"},
    voids=("plan", "curve", "validation", "answers"),
    good=example(gradient=points((1.0, _NAN, 1.0))),
    bad=example(train=(2.0, 1.9, _NAN, _NAN)),
)
def not_a_number(run: TrainingRun) -> VerdictResult:
    """Require that losses and gradients end as numbers.

    A loss of exactly 0 is how transformers logs steps that were NaN. A gradient that is none is no harm
    where the step was skipped: the losses after it are sound, or it was fp16's scaler that saw it last.
    """
    losses, norms, validations = _odd(run)
    ends = [curve[-1] for curve in (run.train, *run.validation.values()) if curve]
    is_over = any(end in (*losses, *validations) for end in ends)
    never_moved = (
        len(run.gradient) > 2
        and bool(norms)
        and all(point in norms or point.value == 0 for point in run.gradient)
    )
    was_not_skipped = any(not _was_skipped(run, norm, losses) for norm in norms)
    if not (is_over or never_moved or was_not_skipped):
        return None
    named = (("loss", losses), ("grad_norm", norms), ("eval_loss", validations))
    texts = [f"{name} {logged[0].value} at {steps(logged)}" for name, logged in named if logged]
    return Evidence("; ".join(texts), {"first_step": min(point.step for _, odd in named for point in odd)})


@verdict(
    "skipped_steps",
    "info",
    "steps were skipped, because their loss or gradient was NaN or infinite; the weights are "
    "as before these steps",
    "for a few steps do nothing: the fp16 loss scaler searches its scale this way; for many "
    "set bf16: true in place of fp16",
    good=example(),
    bad=example(gradient=points((1.0, 1.0, _NAN, *[1.0] * 5))),
)
def skipped_steps(run: TrainingRun) -> VerdictResult:
    """Count the logged steps that are no numbers in a run that continued as before; many are a warning."""
    losses, norms, validations = _odd(run)
    odd = sorted({point.step: point for point in (*losses, *validations, *norms)}.values())
    if not odd or not_a_number(run):
        return None
    after = [point.value for point in run.train if point.step > odd[0].step and point not in losses]
    went_on = f"; after the first the loss went from {after[0]:.3f} to {after[-1]:.3f}" if after else ""
    count = f"1 step was skipped: {steps(odd)}" if len(odd) == 1 else f"{len(odd)} logged steps: {steps(odd)}"
    is_many = len(odd) >= max(3, _MANY * len(run.train))
    return Evidence(f"{count}{went_on}", {"steps": len(odd)}, "warning" if is_many else None)


@verdict(
    "above_chance",
    "error",
    f"the loss is above {CHANCE:.2f}, the loss of random guessing (the logarithm of {VOCABULARY:,} tokens)",
    "weights, tokenizer and chat template do not belong to one model, or the weights were "
    "not loaded: check model_name_or_path and template; lf-qwen3 preview NAME shows the loss "
    "mask; old transformers versions report the sum over gradient_accumulation_steps",
    voids=("curve", "answers"),
    good=example(),
    bad=example(train=(14.0, 13.1, 12.9, 12.5, 12.4, 12.5, 12.4, 12.4)),
)
def above_chance(run: TrainingRun) -> VerdictResult:
    """Require a loss per token that a model better than none can have; a warning where it came down to one.

    Preference and reward losses mean something else and are left out. Untrained models begin up to 2 % above.
    """
    finite = [point for point in run.train if math.isfinite(point.value)]
    if run.stage not in ("sft", "pt") or not finite:
        return None
    first, last = (middle(quarter) for quarter in part(finite, 0.25))
    if last <= CHANCE and first <= CHANCE * 1.02:
        return None
    text = f"{first:.2f} in the first quarter, {last:.2f} in the last"
    return Evidence(text, {"first": first, "last": last}, None if last > CHANCE else "warning")


def _odd(run: TrainingRun) -> tuple[list[Point], list[Point], list[Point]]:
    """Return the points of loss, gradient and validation that are no numbers.

    So is a loss of 0 per token, or beside a gradient that is none; preferences may come to 0.
    """
    norms = _infinite(run.gradient)
    per_token, beside = run.stage in ("sft", "pt"), {norm.step for norm in norms}
    zeros = [point for point in run.train if point.value == 0 and (per_token or point.step in beside)]
    losses = sorted([*_infinite(run.train), *zeros])
    return losses, norms, [point for curve in run.validation.values() for point in _infinite(curve)]


def _infinite(curve: Sequence[Point]) -> list[Point]:
    return [point for point in curve if not math.isfinite(point.value)]


def _was_skipped(run: TrainingRun, norm: Point, losses: list[Point]) -> bool:
    """Return whether a step with such a gradient was skipped: a later loss is a number."""
    is_sound_later = any(point.step > norm.step and point not in losses for point in run.train)
    return is_sound_later or bool(run.settings.get("fp16"))
