"""What the curve of the training loss shows by itself."""

from __future__ import annotations

import math
from statistics import median

from lf_qwen3.results.diagnose.coded import Evidence, Result, verdict
from lf_qwen3.results.diagnose.run import ENOUGH, Point, Run, example, middle, part, steps

WINDOW = 10
_NAN = float("nan")
_FLAT = example(train=(2.0, 2.003, 1.998, 2.001, 2.002, 1.999, 2.0, 2.001), validation=())
_SPIKY = (2.0, 1.9, 1.8, 1.75, 1.7, 1.65, 1.6, 4.9, 1.6, 1.55)


@verdict(
    "not_a_number",
    "error",
    "the loss or its gradient became no number: from there on the weights are damaged",
    "bf16: true in place of fp16, a lower learning_rate, max_grad_norm: 1.0; a row with nothing to learn "
    "does it too: lf-qwen3 check --config TRAIN.yaml finds those",
    good=example(),
    bad=example(train=(2.0, 1.9, _NAN, _NAN)),
)
def not_a_number(run: Run) -> Result:
    """Require finite numbers; a loss of exactly 0 is how transformers logs steps that were NaN."""
    odd = [one for one in run.train if not math.isfinite(one.value) or one.value == 0]
    norms = [one for one in run.gradient if not math.isfinite(one.value)]
    checked = [one for curve in run.validation.values() for one in curve if not math.isfinite(one.value)]
    named = (("loss", odd), ("grad_norm", norms), ("eval_loss", checked))
    told = [f"{name} {found[0].value} at {steps(found)}" for name, found in named if found]
    first = [found[0].step for _, found in named if found]
    return Evidence("; ".join(told), {"first_step": min(first)}) if told else None


@verdict(
    "flat_loss",
    "error",
    "the loss never moved: nothing was learnt",
    "a higher learning_rate (1e-4 is usual for LoRA, 1e-5 for full training), fewer warm-up steps; "
    "check that lora_target: all, and that the data is learnt from: lf-qwen3 preview NAME --dataset-dir DIR",
    good=example(),
    bad=_FLAT,
)
def flat_loss(run: Run) -> Result:
    """Require a loss that moves by 1 %, and a gradient that is not zero throughout."""
    highest = max((one.value for one in run.learning_rate), default=None)
    rate = f"; the learning rate was {highest:.1e} at most" if highest is not None else ""
    if len(run.gradient) >= 3 and all(one.value == 0 for one in run.gradient):
        return Evidence(f"grad_norm is 0 at all {len(run.gradient)} logged steps{rate}")
    if len(run.train) < ENOUGH:
        return None
    first, last = (middle(one) for one in part(run.train, 0.25))
    if not abs(first - last) < 0.01 * abs(first):
        return None
    return Evidence(
        f"{first:.3f} in the first quarter, {last:.3f} in the last{rate}", {"first": first, "last": last}
    )


@verdict(
    "loss_rose",
    "error",
    "the loss ended higher than it began: the training fell apart",
    "a learning_rate three to ten times lower, more warm-up (warmup_ratio: 0.1)",
    good=example(),
    bad=example(train=(2.0, 1.8, 1.7, 2.4, 3.5, 4.0, 4.1, 4.2)),
)
def loss_rose(run: Run) -> Result:
    """Require an end no more than a tenth above the beginning."""
    if len(run.train) < ENOUGH:
        return None
    first, last = (middle(one) for one in part(run.train, 0.25))
    lowest = min(run.train, key=lambda one: one.value)
    if not last > first * 1.1:
        return None
    ends = f"{first:.3f} in the first quarter, {last:.3f} in the last"
    text = f"{ends}; the lowest was {lowest.value:.3f} at step {lowest.step}"
    return Evidence(text, {"first": first, "last": last, "lowest_step": lowest.step})


@verdict(
    "spikes",
    "warning",
    "the loss jumps and comes back: some steps tear at the weights",
    "max_grad_norm: 1.0 (or 0.3), more warm-up, a larger batch; look at the rows of that step for odd ones",
    good=example(),
    bad=example(train=_SPIKY),
)
def spikes(run: Run) -> Result:
    """Require no loss above 1.5 times the median of the ten before it, clear of their spread as well."""
    found = [one for at, one in enumerate(run.train) if _is_spike(run.train[max(0, at - WINDOW) : at], one)]
    if not found or loss_rose(run):
        return None
    worst = max(found, key=lambda one: one.value)
    text = f"{worst.value:.3f} at step {worst.step}"
    text += f", the highest of {len(found)}: {steps(found)}" * (len(found) > 1)
    return Evidence(text, {"steps": [one.step for one in found], "highest": worst.value})


def _is_spike(before: tuple[Point, ...], one: Point) -> bool:
    values = [each.value for each in before if math.isfinite(each.value)]
    if len(values) < 5 or not math.isfinite(one.value):
        return False
    middle = median(values)
    spread = median(abs(each - middle) for each in values)
    return one.value > 1.5 * middle and one.value > middle + 6 * spread and one.value > 0.1
