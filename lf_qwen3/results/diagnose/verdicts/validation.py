"""What the validation loss shows beside the training loss."""

from __future__ import annotations

from lf_qwen3.results.diagnose.training_run import Point, TrainingRun, example, mean
from lf_qwen3.results.diagnose.verdict_rules import Evidence, VerdictResult, verdict

RISE = 0.01
"""A validation loss this share above its lowest counts as risen; below it is noise of a small set."""

_OVERFIT = example(train=(2.0, 1.6, 1.3, 1.1, 0.9, 0.7, 0.5, 0.35), validation=(1.8, 1.5, 1.6, 1.9))


@verdict(
    "overfit",
    "warning",
    "overfitting: the training loss falls while the validation loss rises",
    "train fewer epochs or with a lower learning_rate, on more or more varied rows, with a "
    "smaller lora_rank or lora_dropout: 0.1",
    turns={"epochs": "down", "learning_rate": "down"},
    good=example(),
    bad=_OVERFIT,
)
def overfit(run: TrainingRun) -> VerdictResult:
    """Find the step after which validation only got worse, and tell where the best weights are."""
    curve = run.main_validation
    if len(curve) < 2:
        return None
    best, last = min(curve, key=lambda point: point.value), curve[-1]
    before, after = _near(run.train, best.step), _near(run.train, last.step)
    if last.value <= best.value * (1 + RISE) or before is None or after is None or after >= before:
        return None
    text = (
        f"validation {best.value:.3f} at step {best.step}, its lowest, "
        f"then {last.value:.3f} at step {last.step}; "
        f"training {before:.3f} there, then {after:.3f}"
    )
    figures = {"best_step": best.step, "best": best.value, "last_step": last.step, "last": last.value}
    if run.keeps_best:
        kept = f"{text}. The weights of step {best.step} were restored at the end: use {run.folder} as it is"
        return Evidence(kept, figures, severity="info")
    return Evidence(f"{text}. {_where(run, best.step)}", figures)


def _where(run: TrainingRun, step: int) -> str:
    if step in run.checkpoints:
        return f"Use {run.folder / f'checkpoint-{step}'}, which still exists"
    what = "no longer exists" if run.checkpoints else "was never saved"
    return (
        f"checkpoint-{step} {what}: train again with load_best_model_at_end: true, "
        "metric_for_best_model: eval_loss and save_steps equal to eval_steps"
    )


def _near(curve: tuple[Point, ...], step: int) -> float | None:
    """Return the training loss around a step: the mean of the last three values up to it."""
    until = [point for point in curve if point.step <= step][-3:]
    return mean(until) if until else None


@verdict(
    "still_learning",
    "info",
    "the validation loss was still falling at the end (underfitting)",
    "train more epochs or with a higher learning_rate",
    turns={"epochs": "up", "learning_rate": "up"},
    good=example(validation=(1.9, 1.5, 1.41, 1.405, 1.404)),
    bad=example(validation=(1.9, 1.7, 1.55, 1.42)),
)
def still_learning(run: TrainingRun) -> VerdictResult:
    """Find a finished run whose last validation is the best by a good part of the whole fall."""
    curve = run.main_validation
    if not run.is_finished or len(curve) < 3 or run.step < run.total:
        return None
    last, before = curve[-1], curve[-2]
    fall, whole = before.value - last.value, curve[0].value - last.value
    if last.value > min(point.value for point in curve) or whole <= 0 or fall < 0.1 * whole:
        return None
    return Evidence(
        f"{before.value:.3f} at step {before.step}, {last.value:.3f} at step {last.step}, the last one",
        {"last_step": last.step, "last": last.value, "before": before.value},
    )
