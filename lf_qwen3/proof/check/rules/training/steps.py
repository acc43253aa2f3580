"""What the YAML counts in steps or rows, beside the steps and the rows there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.proof.check.rules.training.training_setup import TrainingData, TrainingSetup, sft_setup

_SHORT = TrainingData(rows={"a": 24}, steps=6)
_EVERY: dict[str, Any] = {"eval_dataset": "a_val", "eval_strategy": "steps"}


@check(
    "eval_beyond_run",
    "warning",
    "no validation during the run: eval_steps is longer than the run",
    "early stopping never acts, and there is no best checkpoint to choose (transformers 5 validates "
    "once, at the end); set eval_steps: 0.1 and save_steps: 0.1, a tenth of the run",
    good=sft_setup(_SHORT, **_EVERY, eval_steps=0.1),
    bad=sft_setup(_SHORT, **_EVERY, eval_steps=500),
)
def eval_beyond_run(setup: TrainingSetup) -> CheckResult:
    """Require a validation inside the run; eval_steps is logging_steps where it is not set."""
    if not setup.evaluates or setup["eval_strategy"] != "steps":
        return PASS
    key = "eval_steps" if setup["eval_steps"] else "logging_steps"
    return _beyond(setup, key, strictly=True)


@check(
    "save_beyond_run",
    "info",
    "no checkpoint before the end: save_steps is longer than the run",
    "only the last weights can be used, and an interrupted run is lost; set save_steps: 0.1, a tenth "
    "of the run",
    good=sft_setup(_SHORT, save_steps=0.1),
    bad=sft_setup(_SHORT, save_steps=500),
)
def save_beyond_run(setup: TrainingSetup) -> CheckResult:
    """Require a checkpoint inside the run where save_steps is written."""
    is_set = setup.trains and setup["save_strategy"] == "steps" and "save_steps" in setup.settings
    return _beyond(setup, "save_steps", strictly=True) if is_set else PASS


@check(
    "warmup_beyond_run",
    "warning",
    "warm-up is longer than the run",
    "the learning rate never reaches learning_rate; set warmup_ratio: 0.05 in place of warmup_steps",
    good=sft_setup(_SHORT, warmup_ratio=0.05),
    bad=sft_setup(_SHORT, warmup_steps=500),
)
def warmup_beyond_run(setup: TrainingSetup) -> CheckResult:
    """Require a warm-up that ends inside the run."""
    return _beyond(setup, "warmup_steps", strictly=False) if setup.trains else PASS


@check(
    "samples_left_out",
    "info",
    "max_samples drops rows",
    "the trainer takes only the first rows of each dataset: right for a trial; remove the key to "
    "train on all rows",
    good=sft_setup(_SHORT, dataset="a", max_samples=100),
    bad=sft_setup(_SHORT, dataset="a", max_samples=10),
)
def samples_left_out(setup: TrainingSetup) -> Iterator[Fault]:
    """Return how many rows are not used (data/loader.py)."""
    most = setup["max_samples"]
    for name in setup.names("dataset" if setup.trains else "eval_dataset") if isinstance(most, int) else ():
        if (rows := setup.data.rows.get(name, 0)) > most:
            yield Fault(f"{rows - most:,} of {rows:,} rows of {name}", "max_samples")


def _beyond(setup: TrainingSetup, key: str, strictly: bool) -> CheckResult:
    """Return a fault where a number of steps is beyond the end of the run; without `strictly` on it too."""
    number, steps = setup[key], setup.data.steps
    if steps is None or not isinstance(number, int | float) or number < 1 or number < steps + strictly:
        return PASS
    return Fault(f"{key} is {number:g}, the run has {steps:,} steps on one GPU", key)
