"""What the curve of the training loss shows by itself."""

from __future__ import annotations

import math
from statistics import median

from lf_qwen3.results.diagnose.training_run import (
    ENOUGH,
    Point,
    TrainingRun,
    example,
    mean,
    middle,
    part,
    steps,
)
from lf_qwen3.results.diagnose.verdict_rules import Evidence, VerdictResult, verdict

WINDOW = 10

LOW = 0.3
"""A mean training loss below it is not what answers in a model's own words come to."""

_FLAT = example(train=(2.0, 2.003, 1.998, 2.001, 2.002, 1.999, 2.0, 2.001), validation=())
_SPIKY = (2.0, 1.9, 1.8, 1.75, 1.7, 1.65, 1.6, 4.9, 1.6, 1.55)


@verdict(
    "flat_loss",
    "error",
    "the loss did not change: the model learnt nothing",
    "raise learning_rate (1e-4 is usual for LoRA, 1e-5 for full fine-tuning), lower warm-up; "
    "check lora_target: all, and that answers are in the loss: lf-qwen3 preview NAME "
    "--dataset-dir DIR",
    turns={"learning_rate": "up", "warm-up": "down"},
    good=example(),
    bad=_FLAT,
)
def flat_loss(run: TrainingRun) -> VerdictResult:
    """Require a loss that moves by 1 %, and a gradient that is not zero throughout."""
    highest = max((point.value for point in run.learning_rate), default=None)
    rate = f"; the learning rate was {highest:.1e} at most" if highest is not None else ""
    if len(run.gradient) >= 3 and all(point.value == 0 for point in run.gradient):
        return Evidence(f"grad_norm is 0 at all {len(run.gradient)} logged steps{rate}")
    if len(run.train) < ENOUGH:
        return None
    first, last = (middle(quarter) for quarter in part(run.train, 0.25))
    if not abs(first - last) < 0.01 * abs(first) or low_loss(run):
        return None
    return Evidence(
        f"{first:.3f} in the first quarter, {last:.3f} in the last{rate}", {"first": first, "last": last}
    )


@verdict(
    "loss_rose",
    "error",
    "the loss ended higher than it began: the training diverged",
    "lower learning_rate three to ten times, raise warm-up (warmup_ratio: 0.1)",
    turns={"learning_rate": "down", "warm-up": "up"},
    good=example(),
    bad=example(train=(2.0, 1.8, 1.7, 2.4, 3.5, 4.0, 4.1, 4.2)),
)
def loss_rose(run: TrainingRun) -> VerdictResult:
    """Require an end no more than a tenth above the beginning."""
    if len(run.train) < ENOUGH:
        return None
    first, last = (middle(quarter) for quarter in part(run.train, 0.25))
    lowest = min(run.train, key=lambda point: point.value)
    if not last > first * 1.1:
        return None
    ends = f"{first:.3f} in the first quarter, {last:.3f} in the last"
    text = f"{ends}; the lowest was {lowest.value:.3f} at step {lowest.step}"
    return Evidence(text, {"first": first, "last": last, "lowest_step": lowest.step})


@verdict(
    "spikes",
    "warning",
    "loss spikes: some steps disturb the weights",
    "set max_grad_norm: 1.0 (or 0.3), raise warm-up, use a larger batch; check the rows of "
    "that step for outliers",
    turns={"warm-up": "up"},
    good=example(),
    bad=example(train=_SPIKY),
)
def spikes(run: TrainingRun) -> VerdictResult:
    """Require no loss above 1.5 times the median of the ten before it, clear of their spread as well."""
    jumps = [
        point for at, point in enumerate(run.train) if _is_spike(run.train[max(0, at - WINDOW) : at], point)
    ]
    if not jumps or loss_rose(run):
        return None
    worst = max(jumps, key=lambda point: point.value)
    text = f"{worst.value:.3f} at step {worst.step}"
    text += f", the highest of {len(jumps)}: {steps(jumps)}" * (len(jumps) > 1)
    return Evidence(text, {"steps": [point.step for point in jumps], "highest": worst.value})


def _is_spike(before: tuple[Point, ...], point: Point) -> bool:
    values = [earlier.value for earlier in before if math.isfinite(earlier.value)]
    if len(values) < 5 or not math.isfinite(point.value):
        return False
    middle = median(values)
    spread = median(abs(value - middle) for value in values)
    return point.value > 1.5 * middle and point.value > middle + 6 * spread and point.value > 0.1


@verdict(
    "low_loss",
    "warning",
    "the training loss is suspiciously low: the answers are memorised (overfitting), or they "
    "are in the prompt",
    "train fewer epochs or on more varied rows; look for duplicates and data leakage: "
    "lf-qwen3 check NAME --dataset-dir DIR",
    turns={"epochs": "down"},
    good=example(),
    bad=example(train=(1.5, 1.0, 0.6, 0.4, 0.25, 0.2, 0.15, 0.1)),
)
def low_loss(run: TrainingRun) -> VerdictResult:
    """Require a loss of 0.3 or more at the end: what Qwen3 answers in its own words stays above it.

    Preference and reward losses mean something else and are left out.
    """
    if run.stage not in ("sft", "pt") or len(run.train) < 3:
        return None
    last = part(run.train, 0.1)[1]
    value = mean(last)
    if not value < LOW:
        return None
    below = next((point for point in run.train if point.value < LOW), last[0])
    span = f"{value:.3f} on average from step {last[0].step} to {last[-1].step}"
    text = f"{span}; first below {LOW} at step {below.step}"
    return Evidence(text, {"mean": value, "since_step": below.step})
