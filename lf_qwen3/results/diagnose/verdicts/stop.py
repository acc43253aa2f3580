"""How the run ended, and what its learning rate did until then."""

from __future__ import annotations

from typing import Any

from lf_qwen3.results.diagnose.training_run import TrainingRun, example
from lf_qwen3.results.diagnose.verdict_rules import Evidence, VerdictResult, verdict

_STOPPED = {
    "stateful_callbacks": {
        "EarlyStoppingCallback": {
            "args": {"early_stopping_patience": 2},
            "attributes": {"early_stopping_patience_counter": 2},
        }
    }
}


@verdict(
    "early_stop",
    "info",
    "early stopping ended the run",
    "that is its purpose; if it came too soon, raise early_stopping_steps or eval_steps",
    turns={"eval_steps": "up"},
    good=example(),
    bad=example(total=200, state=_STOPPED, validation=(1.9, 1.6, 1.7, 1.8)),
)
def early_stop(run: TrainingRun) -> VerdictResult:
    """Report that the patience was used up before the last step."""
    patience = _patience(run)
    if patience is None or not run.is_finished:
        return None
    curve = run.main_validation
    best = min(curve, key=lambda point: point.value) if curve else None
    lowest = f"; the lowest was {best.value:.3f} at step {best.step}" if best else ""
    text = f"step {run.step} of {run.total}: {patience} validations in a row without a better one{lowest}"
    return Evidence(text, {"step": run.step, "total_steps": run.total, "patience": patience})


@verdict(
    "stopped_short",
    "warning",
    "the run ended before its last step, and not by early stopping",
    "resume from the last checkpoint: overwrite_output_dir: false, resume_from_checkpoint: its folder",
    good=example(),
    bad=example(total=200),
)
def stopped_short(run: TrainingRun) -> VerdictResult:
    """Require the planned number of steps."""
    if not run.is_finished or not 0 < run.step < run.total or _patience(run) is not None:
        return None
    return Evidence(f"step {run.step} of {run.total}", {"step": run.step, "total_steps": run.total})


def _patience(run: TrainingRun) -> int | None:
    """Return the patience of early stopping where it was used up before the end."""
    callback = _mapping(_mapping(run.state.get("stateful_callbacks")).get("EarlyStoppingCallback"))
    patience = _mapping(callback.get("args")).get("early_stopping_patience")
    waited = _mapping(callback.get("attributes")).get("early_stopping_patience_counter")
    is_used_up = isinstance(patience, int) and isinstance(waited, int) and waited >= patience > 0
    return patience if is_used_up and run.step < run.total else None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


@verdict(
    "no_learning_rate",
    "error",
    "the learning rate was zero: those steps changed nothing",
    "set learning_rate (1e-4 is usual for LoRA), warm-up and scheduler for the real number of steps",
    good=example(rate=(0.0, 5e-5, 1e-4, 8e-5, 6e-5, 4e-5, 2e-5, 0.0)),
    bad=example(rate=(1e-4, 5e-5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)),
)
def no_learning_rate(run: TrainingRun) -> VerdictResult:
    """Require a rate above zero, but for the first steps of a warm-up and the last one of a decay."""
    if len(run.learning_rate) < 2:
        return None
    inner = (
        run.learning_rate if all(point.value == 0 for point in run.learning_rate) else run.learning_rate[1:-1]
    )
    idle = [point for point in inner if point.value == 0]
    if len(idle) < max(2, 0.1 * len(run.learning_rate)):
        return None
    span = f"from step {idle[0].step} to {idle[-1].step}"
    text = f"0 at {len(idle)} of {len(run.learning_rate)} logged steps, {span}"
    return Evidence(text, {"from_step": idle[0].step, "to_step": idle[-1].step})
