"""Whether the settings fit the number of steps: validation, warm-up, the length of the run itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from lf_qwen3.results.diagnose.training_run import ENOUGH, TrainingRun, example, points
from lf_qwen3.results.diagnose.verdict_rules import Evidence, VerdictResult, verdict

FEW_STEPS = 10
"""Updates below which a run has not begun to learn."""

_BEYOND = {"eval_dataset": "a_val", "eval_strategy": "steps", "eval_steps": 500}
_SOONER = "eval_steps: 0.1 (a tenth of the run), and save_steps the same where the best checkpoint is kept"
_RISING = tuple(5e-6 * number for number in range(1, 9))


@verdict(
    "no_validation",
    "warning",
    "no validation, so overfitting stays unseen",
    "convert with --val 0.05, then set eval_dataset: NAME_val, eval_strategy: steps, eval_steps: 0.1",
    turns={"eval_steps": "down"},
    good=example(),
    bad=example(validation=()),
)
def no_validation(run: TrainingRun) -> VerdictResult:
    """Require a validation loss, or the settings for one in a run that has not come to it yet."""
    if any(run.validation.values()) or not run.train:
        return None
    evidence = _why_not_validated(run)
    is_to_come = not run.is_finished and run.settings.get("eval_strategy", "no") not in ("no", False)
    return None if evidence is None and is_to_come else evidence or f"{run.step} steps, no eval_loss"


def _why_not_validated(run: TrainingRun) -> Evidence | None:
    """Return which setting kept a run with validation data from validating, None where none did."""
    settings = run.settings
    if not settings.get("eval_dataset") and not settings.get("val_size"):
        return None
    data = "eval_dataset" if settings.get("eval_dataset") else "val_size"
    strategy = settings.get("eval_strategy", settings.get("evaluation_strategy", "no"))
    if strategy in ("no", False):
        return Evidence(
            f"{data} is set, eval_strategy is not", advice="set eval_strategy: steps, eval_steps: 0.1"
        )
    if settings.get("predict_with_generate"):
        return Evidence(
            "predict_with_generate measures texts, so there is no eval_loss",
            advice="remove predict_with_generate from the training YAML; predict with a YAML of its own",
        )
    if strategy == "epoch" and run.is_finished:
        return Evidence(
            f"eval_strategy is epoch, and the run ended after {run.step} steps, within its first epoch",
            advice="set eval_strategy: steps, eval_steps: 0.1",
        )
    for key in ("eval_steps", "eval_delay"):
        if strategy == "steps" and _count(settings.get(key)) > _planned(run):
            figures = {key: settings[key], "total_steps": _planned(run)}
            return Evidence(f"{key} is {settings[key]}, {_had(run)}", figures, advice=_SOONER)
    if not run.is_finished:
        return None
    return Evidence(
        f"{data} and eval_strategy are set, and {run.step} of {_planned(run)} steps logged no eval_loss",
        advice="read the end of the trainer's output: the run may have stopped before a validation; "
        "with eval_on_each_dataset only trainer_state.json has the losses",
    )


@verdict(
    "validated_once",
    "warning",
    "no validation before the end: early stopping and the best checkpoint had nothing to choose from",
    _SOONER,
    turns={"eval_steps": "down"},
    good=example(settings=_BEYOND | {"eval_steps": 0.1}),
    bad=replace(example(settings=_BEYOND, validation=()), validation={"loss": points((1.4,), 80)}),
)
def validated_once(run: TrainingRun) -> VerdictResult:
    """Require a validation before the last step, where eval_steps says that some are wanted."""
    curve, every = run.main_validation, _count(run.settings.get("eval_steps"))
    is_alone = len(curve) == 1 and curve[0].step >= run.step
    if not run.is_finished or not is_alone or every <= _planned(run):
        return None
    return Evidence(f"eval_steps is {every}, {_had(run)}", {"eval_steps": every, "total_steps": run.step})


@verdict(
    "long_warmup",
    "warning",
    "warm-up was longer than the run: the learning rate never reached its peak",
    "lower warm-up: set warmup_ratio: 0.05 in place of warmup_steps",
    turns={"warm-up": "down"},
    good=example(rate=(5e-5, 1e-4, 9e-5, 8e-5, 6e-5, 4e-5, 2e-5, 0.0)),
    bad=example(rate=_RISING, settings={"warmup_steps": 500, "learning_rate": 1e-4}),
)
def long_warmup(run: TrainingRun) -> VerdictResult:
    """Require a rate that stops rising before the end."""
    warmup, planned = _count(run.settings.get("warmup_steps")), _planned(run)
    texts = [f"warmup_steps is {warmup}, {_had(run)}"] if warmup > planned > 0 else []
    if texts or (run.is_finished and run.step >= planned and _is_rising(run)):
        texts += [
            f"the rate came to {point.value:.1e} at step {point.step}" for point in run.learning_rate[-1:]
        ]
    return Evidence("; ".join(texts), {"warmup_steps": warmup, "total_steps": planned}) if texts else None


def _is_rising(run: TrainingRun) -> bool:
    """Return whether the rate rose to the last logged step, and had not come to its height by then."""
    rates = [point.value for point in run.learning_rate]
    height = run.settings.get("learning_rate")
    is_below = height > 1.01 * rates[-1] if rates and isinstance(height, float) else len(rates) > 2
    return is_below and len(rates) > 1 and all(before < after for before, after in pairwise(rates))


@verdict(
    "too_short",
    "info",
    "too short to tell: too few steps or logged losses to judge the run",
    "lower logging_steps",
    turns={"epochs": "up"},
    good=example(),
    bad=example(train=(2.0,) * 6, step=6, total=6),
)
def too_short(run: TrainingRun) -> VerdictResult:
    """Require ten steps, and as many logged losses as a curve needs to have a shape."""
    planned = _planned(run)
    if 0 < planned < FEW_STEPS:
        advice = "use more rows or epochs, or a smaller batch (gradient_accumulation_steps: 1)"
        return Evidence(f"{_had(run)}", {"total_steps": planned}, advice=advice)
    if 0 < len(run.train) < ENOUGH:
        losses = "1 logged loss" if len(run.train) == 1 else f"{len(run.train)} logged losses"
        return Evidence(f"{losses} in {run.step} steps", {"losses": len(run.train)})
    return None


def _planned(run: TrainingRun) -> int:
    return run.total or run.step


def _had(run: TrainingRun) -> str:
    return f"the run {'had' if run.is_finished else 'has'} {_planned(run)} steps"


def _count(value: Any) -> float:
    """Return a setting as a number of steps; 0 for a share of the run, and for what is not a number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and value >= 1 else 0
