"""One training run, as its verdicts see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

ENOUGH = 8
"""Logged losses below which a curve says nothing about its shape."""


class Point(NamedTuple):
    """A value that was logged at a step; the first step is 1."""

    step: int
    value: float


@dataclass(frozen=True, slots=True)
class Answers:
    """What the trained model wrote: where, how many answers, and the share (0 to 1) of each defect."""

    path: Path
    count: int
    rates: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """Facts of a training run, read from its files.

    `validation` has a curve for each validation set. `step` is the last logged step, `total` the planned
    steps (0 if unknown). `is_finished` is False while the run is going and after an interruption.
    `settings` are those of the training YAML, {} if none is found; `state` is the trainer's
    trainer_state.json; `checkpoints` are the steps of existing checkpoints. `adapter`, `tokenizer` and
    `generation` are the JSON files beside the weights.
    """

    folder: Path
    train: tuple[Point, ...] = ()
    validation: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    learning_rate: tuple[Point, ...] = ()
    gradient: tuple[Point, ...] = ()
    step: int = 0
    total: int = 0
    is_finished: bool = True
    has_weights: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    checkpoints: tuple[int, ...] = ()
    adapter: Mapping[str, Any] = field(default_factory=dict)
    tokenizer: Mapping[str, Any] = field(default_factory=dict)
    generation: Mapping[str, Any] = field(default_factory=dict)
    answers: Answers | None = None

    @property
    def stage(self) -> str:
        """The training stage: sft unless the settings or the logged rewards say otherwise."""
        return str(self.settings.get("stage") or ("dpo" if self.state.get("has_rewards") else "sft"))

    @property
    def keeps_best(self) -> bool:
        """Return whether the trainer restored the best checkpoint's weights at the end."""
        named = bool(self.state.get("best_model_checkpoint"))
        return self.is_finished and named and bool(self.settings.get("load_best_model_at_end", True))

    @property
    def main_validation(self) -> tuple[Point, ...]:
        """The curve that selects the best checkpoint: metric_for_best_model's, or the first."""
        named = str(self.settings.get("metric_for_best_model") or "").removeprefix("eval_")
        return self.validation.get(named) or next(iter(self.validation.values()), ())


def example(
    train: Sequence[float] = (2.0, 1.8, 1.6, 1.5, 1.4, 1.3, 1.25, 1.2),
    validation: Sequence[float] = (1.9, 1.6, 1.45, 1.4),
    rate: Sequence[float] | None = None,
    **known: Any,
) -> TrainingRun:
    """Make a run for an example: losses logged every 10 steps, validated every 20."""
    step = 10 * len(train)
    rates = rate if rate is not None else [1e-4] * len(train)
    curves = {"loss": points(validation, 20)} if validation else {}
    given: dict[str, Any] = {"folder": Path("run"), "step": step, "total": step} | known
    return TrainingRun(train=points(train), validation=curves, learning_rate=points(rates), **given)


def points(values: Iterable[float], every: int = 10) -> tuple[Point, ...]:
    """Return the values as points, one every so many steps."""
    return tuple(Point(every * number, value) for number, value in enumerate(values, 1))


def mean(curve: Sequence[Point]) -> float:
    """Return the mean of the values of a curve that is not empty."""
    return sum(point.value for point in curve) / len(curve)


def middle(curve: Sequence[Point]) -> float:
    """Return the median of the values of a curve that is not empty; one spike does not move it."""
    return median(point.value for point in curve)


def part(curve: Sequence[Point], share: float) -> tuple[Sequence[Point], Sequence[Point]]:
    """Return the first and the last points of a curve: `share` of it (0 to 1), three at least."""
    count = max(3, round(len(curve) * share))
    return curve[:count], curve[-count:]


def steps(curve: Sequence[Point], most: int = 3) -> str:
    """Return the steps of some points as text: `step 10`, `steps 10, 20, 30 and 4 more`."""
    named = ", ".join(str(point.step) for point in curve[:most])
    more = f" and {len(curve) - most} more" if len(curve) > most else ""
    return f"step{'s' if len(curve) > 1 else ''} {named}{more}"
