"""What an error of the trainer says of the settings: which key, and what to write."""

from __future__ import annotations

import re

from lf_qwen3.proof.rehearse.failure_context import FailureContext
from lf_qwen3.proof.rehearse.verdict import RehearsalFault
from lf_qwen3.trainer.ask import TrainerAnswer
from lf_qwen3.trainer.settings.answered import add_answer

_COSTS = ("_runtime", "_per_second", "_time")


def explain_metric(error: str, context: FailureContext) -> RehearsalFault | None:
    """Detect a metric_for_best_model that the evaluation does not measure, with one that it does."""
    match = re.search(r"`metric_for_best_model` training argument is set to '([^']+)'", error)
    if not match:
        return None
    listed = re.search(r"available evaluation metrics are: \[(.*?)\]", error)
    measured = [name for name in re.findall(r"'([^']+)'", listed[1] if listed else "") if _is_measure(name)]
    losses = [name for name in measured if name.endswith("_loss")]
    generates = context.settings.get("predict_with_generate")
    if generates and not losses:
        hint = "remove predict_with_generate: it measures texts and no loss; predict with a YAML of its own"
        key = "predict_with_generate"
    else:
        others = f" (or {', '.join(losses[1:])})" if losses[1:] else ""
        best = next(iter([*losses, *measured]), "")
        hint = f"write metric_for_best_model: {best}{others}" if best else "remove metric_for_best_model"
        key = "metric_for_best_model"
    return RehearsalFault(
        f"metric_for_best_model: {match[1]} is not a metric that the evaluation measures", hint, key=key
    )


def _is_measure(name: str) -> bool:
    return name.startswith("eval_") and not name.endswith(_COSTS)


def explain_refusal(error: str, context: FailureContext) -> RehearsalFault:
    """Return an error in the trainer's words, with the key that they are about and the cure of `validate`."""
    (fault, *_) = add_answer([], TrainerAnswer(True, error), context.settings)
    hint = fault.cure if fault.key else "see the trainer's whole output"
    return RehearsalFault(fault.message, hint, fault.key)
