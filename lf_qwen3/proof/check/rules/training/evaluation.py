"""How long a run goes on, and what it is measured by."""

from __future__ import annotations

from typing import Any

from lf_qwen3.proof.check.rules.check_rule import Fault, check
from lf_qwen3.proof.check.rules.training.training_setup import Training, training

MOST_EPOCHS = 3

_BEST: dict[str, Any] = {"load_best_model_at_end": True, "metric_for_best_model": "eval_loss"}
_STEPS: dict[str, Any] = {"eval_strategy": "steps", "eval_steps": 0.1, "save_steps": 0.1}
_GOOD = training(eval_dataset="a_val", **_STEPS, **_BEST, early_stopping_steps=3)


@check(
    "val_size_twice",
    "error",
    "val_size and eval_dataset exclude each other, and the trainer stops",
    "keep eval_dataset: val_size splits the training rows at random",
    good=_GOOD,
    bad=training(eval_dataset="a_val", val_size=0.1),
)
def val_size_twice(yaml: Training) -> list[Fault]:
    """Require one source of validation rows (hparams/data_args.py)."""
    return [Fault("", "val_size")] if yaml["val_size"] and yaml.names("eval_dataset") else []


@check(
    "early_stopping_alone",
    "error",
    "early_stopping_steps lacks what it needs",
    "set eval_strategy, load_best_model_at_end: true and metric_for_best_model: eval_loss beside it",
    good=_GOOD,
    bad=training(early_stopping_steps=3),
)
def early_stopping_alone(yaml: Training) -> list[Fault]:
    """Require the companions of EarlyStoppingCallback."""
    if yaml["early_stopping_steps"] is None or not yaml.trains:
        return []
    missing = ["eval_strategy"] if _never_evaluates(yaml) else []
    missing += ["load_best_model_at_end"] if not yaml["load_best_model_at_end"] else []
    has_metric = yaml["metric_for_best_model"] or yaml["load_best_model_at_end"]
    missing += [] if has_metric else ["metric_for_best_model"]
    return [Fault(", ".join(missing), "early_stopping_steps")] if missing else []


@check(
    "best_not_saved",
    "error",
    "load_best_model_at_end needs a checkpoint at every validation",
    "let save_strategy be eval_strategy, and save_steps a multiple of eval_steps; the simplest is both alike",
    good=_GOOD,
    bad=training(eval_dataset="a_val", eval_strategy="steps", save_strategy="epoch", **_BEST),
)
def best_not_saved(yaml: Training) -> list[Fault]:
    """Require what transformers' TrainingArguments demand."""
    if not yaml["load_best_model_at_end"] or not yaml.trains or yaml["save_strategy"] == "best":
        return []
    if yaml["save_strategy"] != yaml["eval_strategy"]:
        told = f"save_strategy is {yaml['save_strategy']}, eval_strategy {yaml['eval_strategy']}"
        return [Fault(told, "save_strategy")]
    every, save = yaml["eval_steps"] or yaml["logging_steps"], yaml["save_steps"]
    if yaml["save_strategy"] != "steps" or not all(
        isinstance(one, int | float) and one > 0 for one in (every, save)
    ):
        return []
    times = save / every
    is_multiple = abs(times - round(times)) < 1e-6 and (every < 1) == (save < 1)
    return [] if is_multiple else [Fault(f"save_steps is {save:g}, eval_steps {every:g}", "save_steps")]


@check(
    "no_evaluation",
    "warning",
    "nothing is evaluated while it trains, so nobody sees it overfit",
    "convert with --val 0.05, then eval_dataset: NAME_val, eval_strategy: steps and eval_steps: 0.1",
    good=_GOOD,
    bad=training(dataset="a"),
)
def no_evaluation(yaml: Training) -> list[Fault]:
    """Require validation rows and an eval_strategy."""
    is_checked = yaml.trains and yaml["stage"] in ("sft", "dpo", "pt", "kto", "rm")
    if not is_checked or not _never_evaluates(yaml):
        return []
    has_rows = yaml.names("eval_dataset") or yaml["val_size"]
    return [Fault("eval_strategy is no" if has_rows else "no eval_dataset", "eval_dataset")]


@check(
    "nothing_to_evaluate",
    "error",
    "an evaluation is asked for, and there are no rows for it",
    "set eval_dataset, or val_size",
    good=_GOOD,
    bad=training(eval_strategy="steps"),
)
def nothing_to_evaluate(yaml: Training) -> list[Fault]:
    """Require rows for eval_strategy, do_eval and do_predict (hparams/parser.py)."""
    asked = [key for key in ("do_eval", "do_predict", "predict_with_generate") if yaml[key]]
    asked += [] if _never_evaluates(yaml) else ["eval_strategy"]
    has_rows = yaml.names("eval_dataset") or yaml["val_size"]
    return [Fault(asked[0], asked[0])] if asked and not has_rows else []


@check(
    "many_epochs",
    "warning",
    "the data is gone over often enough to be learnt by heart",
    f"{MOST_EPOCHS} epochs or fewer; early stopping ends it sooner",
    good=training(num_train_epochs=3.0),
    bad=training(num_train_epochs=10),
)
def many_epochs(yaml: Training) -> list[Fault]:
    """Require three epochs or fewer, unless max_steps decides."""
    epochs, steps = yaml["num_train_epochs"], yaml["max_steps"]
    decides = yaml.trains and isinstance(epochs, int | float) and not (isinstance(steps, int) and steps > 0)
    return [Fault(f"{epochs:g} epochs", "num_train_epochs")] if decides and epochs > MOST_EPOCHS else []


def _never_evaluates(yaml: Training) -> bool:
    return yaml["eval_strategy"] in ("no", None, False)
