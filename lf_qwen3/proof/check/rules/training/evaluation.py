"""How long a run continues, and what it is measured by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.proof.check.rules.training.training_setup import TrainingData, TrainingSetup, sft_setup

MOST_EPOCHS = 3
LITTLE = 1024
"""The trainer's max_new_tokens, which a Thinking-2507 checkpoint mostly spends on its reasoning alone."""

_MEASURED = ("sft", "pt", "dpo", "kto", "rm")
_SPEEDS = ("runtime", "samples_per_second", "steps_per_second")

_BEST: dict[str, Any] = {"load_best_model_at_end": True, "metric_for_best_model": "eval_loss"}
_BEST_EACH: dict[str, Any] = {"metric_for_best_model": "eval_a_val_loss"}
_PREDICT: dict[str, Any] = {"do_train": False, "do_predict": True, "predict_with_generate": True}
_STEPS: dict[str, Any] = {"eval_strategy": "steps", "eval_steps": 0.1, "save_steps": 0.1}
_GOOD = sft_setup(eval_dataset="a_val", **_STEPS, **_BEST, early_stopping_steps=3)


@check(
    "val_size_twice",
    "error",
    "val_size and eval_dataset are both set: the trainer stops",
    "keep eval_dataset: val_size splits the training rows at random",
    good=_GOOD,
    bad=sft_setup(eval_dataset="a_val", val_size=0.1),
)
def val_size_twice(setup: TrainingSetup) -> CheckResult:
    """Require one source of validation rows (hparams/data_args.py)."""
    return Fault("", "val_size") if setup["val_size"] and setup.names("eval_dataset") else PASS


@check(
    "early_stopping_alone",
    "error",
    "early stopping lacks settings that it needs",
    "set eval_strategy, load_best_model_at_end: true and metric_for_best_model: eval_loss beside "
    "early_stopping_steps",
    good=_GOOD,
    bad=sft_setup(early_stopping_steps=3),
)
def early_stopping_alone(setup: TrainingSetup) -> CheckResult:
    """Require the companions of EarlyStoppingCallback."""
    if setup["early_stopping_steps"] is None or not setup.trains:
        return PASS
    missing = ["eval_strategy"] if _never_evaluates(setup) else []
    missing += ["load_best_model_at_end"] if not setup["load_best_model_at_end"] else []
    has_metric = setup["metric_for_best_model"] or setup["load_best_model_at_end"]
    missing += [] if has_metric else ["metric_for_best_model"]
    return Fault(", ".join(missing), "early_stopping_steps") if missing else PASS


@check(
    "best_not_saved",
    "error",
    "load_best_model_at_end needs a checkpoint at every validation",
    "set save_strategy to eval_strategy, and save_steps to a multiple of eval_steps; simplest: the "
    "same value for both",
    good=_GOOD,
    bad=sft_setup(eval_dataset="a_val", eval_strategy="steps", save_strategy="epoch", **_BEST),
)
def best_not_saved(setup: TrainingSetup) -> CheckResult:
    """Require what transformers' TrainingArguments demand."""
    if not setup["load_best_model_at_end"] or not setup.trains or setup["save_strategy"] == "best":
        return PASS
    if setup["save_strategy"] != setup["eval_strategy"]:
        difference = f"save_strategy is {setup['save_strategy']}, eval_strategy {setup['eval_strategy']}"
        return Fault(difference, "save_strategy")
    every, save = setup["eval_steps"] or setup["logging_steps"], setup["save_steps"]
    if setup["save_strategy"] != "steps" or not all(
        isinstance(steps, int | float) and steps > 0 for steps in (every, save)
    ):
        return PASS
    times = save / every
    is_multiple = abs(times - round(times)) < 1e-6 and (every < 1) == (save < 1)
    return PASS if is_multiple else Fault(f"save_steps is {save:g}, eval_steps {every:g}", "save_steps")


@check(
    "no_evaluation",
    "warning",
    "no validation during training, so overfitting stays unseen",
    "convert with --val 0.05, then set eval_dataset: NAME_val, eval_strategy: steps and eval_steps: 0.1",
    good=_GOOD,
    bad=sft_setup(dataset="a"),
)
def no_evaluation(setup: TrainingSetup) -> CheckResult:
    """Require validation rows and an eval_strategy."""
    is_checked = setup.trains and setup["stage"] in ("sft", "dpo", "pt", "kto", "rm")
    if not is_checked or not _never_evaluates(setup):
        return PASS
    has_rows = setup.names("eval_dataset") or setup["val_size"]
    return Fault("eval_strategy is no" if has_rows else "no eval_dataset", "eval_dataset")


@check(
    "nothing_to_evaluate",
    "error",
    "evaluation is switched on without validation data",
    "convert with --val 0.05, then set eval_dataset: NAME_val; or set val_size: 0.05",
    good=_GOOD,
    bad=sft_setup(eval_strategy="steps"),
)
def nothing_to_evaluate(setup: TrainingSetup) -> CheckResult:
    """Require rows for eval_strategy, do_eval and do_predict (hparams/parser.py)."""
    asked = [key for key in ("do_eval", "do_predict", "predict_with_generate") if setup[key]]
    asked += [] if _never_evaluates(setup) else ["eval_strategy"]
    has_rows = setup.names("eval_dataset") or setup["val_size"]
    return Fault(asked[0], asked[0]) if asked and not has_rows else PASS


@check(
    "many_epochs",
    "warning",
    "many epochs: the model will likely overfit",
    f"train {MOST_EPOCHS} epochs or fewer; early stopping (early_stopping_steps) ends a run that "
    "overfits sooner",
    good=sft_setup(num_train_epochs=3.0),
    bad=sft_setup(num_train_epochs=10),
)
def many_epochs(setup: TrainingSetup) -> CheckResult:
    """Require three epochs or fewer, unless max_steps decides."""
    epochs, steps = setup["num_train_epochs"], setup["max_steps"]
    decides = setup.trains and isinstance(epochs, int | float) and not (isinstance(steps, int) and steps > 0)
    return Fault(f"{epochs:g} epochs", "num_train_epochs") if decides and epochs > MOST_EPOCHS else PASS


@check(
    "validated_on_training",
    "error",
    "the validation data is also the training data",
    "eval_loss would measure memorisation and hide overfitting, and early stopping would never act; "
    "convert with --val 0.05, then set eval_dataset: NAME_val",
    good=_GOOD,
    bad=sft_setup(dataset="a", eval_dataset="a", **_STEPS),
)
def validated_on_training(setup: TrainingSetup) -> Iterator[Fault]:
    """Require other datasets, of other files, to evaluate on."""
    trained = setup.names("dataset") if setup.trains else []
    files = {path: name for name in trained for path in setup.data.files.get(name, ())}
    for name in setup.names("eval_dataset"):
        shared = next((files[path] for path in setup.data.files.get(name, ()) if path in files), "")
        if name in trained:
            yield Fault(name, "eval_dataset")
        elif shared:
            yield Fault(f"{name} and {shared} are one file", "eval_dataset")


@check(
    "best_not_measured",
    "error",
    "metric_for_best_model is not measured by the validation, and the trainer stops there",
    "name a metric that the validation measures: eval_loss, or eval_NAME_loss for one NAME of "
    "eval_dataset under eval_on_each_dataset; remove predict_with_generate from a YAML that trains, "
    "because it replaces eval_loss",
    good=sft_setup(eval_dataset="a_val", eval_on_each_dataset=True, **_STEPS, **_BEST | _BEST_EACH),
    bad=sft_setup(eval_dataset="a_val", eval_on_each_dataset=True, **_STEPS, **_BEST),
)
def best_not_measured(setup: TrainingSetup) -> CheckResult:
    """Require a measure of the trainer's (Trainer._determine_best_metric; train/sft/metric.py)."""
    key = "metric_for_best_model" if setup["metric_for_best_model"] else "load_best_model_at_end"
    if not setup.evaluates or not setup[key] or setup["stage"] not in _MEASURED:
        return PASS
    metric = str(setup["metric_for_best_model"] or "loss")
    metric = metric if metric.startswith("eval_") else f"eval_{metric}"
    each = setup.names("eval_dataset") if setup["eval_on_each_dataset"] else []
    prefixes = [f"eval_{name}_" for name in each] or ["eval_"]
    measures = _measures(setup)
    named = {prefix + measure for prefix in prefixes for measure in (*measures, *_SPEEDS)}
    is_open = setup["stage"] != "sft" and metric.startswith(tuple(prefixes))
    if metric in named or is_open:
        return PASS
    there = ", ".join(prefix + measure for prefix in prefixes for measure in measures)
    return Fault(f"{metric}; the validation measures {there}", key)


def _measures(setup: TrainingSetup) -> tuple[str, ...]:
    """Return what one validation measures beside its speed; other stages than sft measure more."""
    if setup["stage"] == "sft" and setup["predict_with_generate"]:
        return ("rouge-1", "rouge-2", "rouge-l", "bleu-4")
    return ("loss", "accuracy") if setup["compute_accuracy"] else ("loss",)


@check(
    "answers_cut",
    "warning",
    "max_new_tokens truncates answers",
    "raise it: Qwen recommends 32,768 for a model that reasons; a truncated answer scores as wrong",
    good=sft_setup(TrainingData(labels=(90, 100)), **_PREDICT, max_new_tokens=1024),
    bad=sft_setup(TrainingData(labels=(90, 2000)), **_PREDICT, max_new_tokens=1024),
)
def answers_cut(setup: TrainingSetup) -> CheckResult:
    """Require room for the answers of the data, and for a checkpoint that always reasons."""
    limit = setup["max_new_tokens"]
    if (
        not (setup["do_predict"] and setup["predict_with_generate"])
        or not isinstance(limit, int)
        or limit < 1
    ):
        return PASS
    longer = [length for length in setup.data.labels if length > limit]
    if longer:
        count = f"{len(longer):,} of {len(setup.data.labels):,} answers are longer than {limit:,} tokens"
        return Fault(f"{count}, the longest has {max(longer):,}", "max_new_tokens")
    kind = setup.checkpoint
    if kind is not None and kind.thinks == "always" and limit <= LITTLE:
        return Fault(f"{limit:,} tokens for a checkpoint that reasons first", "max_new_tokens")
    return PASS


def _never_evaluates(setup: TrainingSetup) -> bool:
    return setup["eval_strategy"] in ("no", None, False)
