"""What an error of the trainer says of the settings: which key, and what to write."""

from __future__ import annotations

import re

from lf_qwen3.base.nearest import did_you_mean
from lf_qwen3.proof.rehearse.failure_context import FailureContext
from lf_qwen3.proof.rehearse.verdict import RehearsalFault
from lf_qwen3.trainer import schema

_TEMPLATES = ("qwen3", "qwen3_nothink")
_COSTS = ("_runtime", "_per_second", "_time")


def _unknown_keys(error: str, context: FailureContext) -> RehearsalFault | None:
    match = re.search(r"Some keys are not used by the HfArgumentParser: \[(.+)\]", error)
    if not match:
        return None
    keys = re.findall(r"'([^']+)'", match[1])
    hint = did_you_mean(keys[0], schema.load()["properties"]) or "take it out"
    return RehearsalFault(f"the trainer has no key called {', '.join(keys)}", hint, key=keys[0])


def _template(error: str, context: FailureContext) -> RehearsalFault | None:
    match = re.search(r"Template (\S+) does not exist", error)
    if not match:
        return None
    return RehearsalFault(
        f"the trainer has no template called {match[1]}",
        f"{did_you_mean(match[1], _TEMPLATES, cutoff=0.3)} Qwen3 takes qwen3, and qwen3_nothink for the "
        "Instruct-2507 checkpoints".strip(),
        key="template",
    )


def _stage(error: str, context: FailureContext) -> RehearsalFault | None:
    if "not applicable in the current training stage" not in error:
        return None
    stage = context.settings.get("stage", "sft")
    wants = stage in ("dpo", "rm")
    wrong = [dataset for dataset in context.datasets if bool(dataset.entry.get("ranking")) != wants]
    name = wrong[0].name if wrong else ""
    kind = "ranking data (chosen and rejected)" if wants else "data with one answer a record"
    return RehearsalFault(
        f"{name or 'a dataset'} is not what stage: {stage} takes, which is {kind}",
        "name another dataset, or another stage (ranking data is for dpo)",
        key="stage",
        dataset=name,
    )


def _choice(error: str, context: FailureContext) -> RehearsalFault | None:
    match = re.search(r"(\S+) is not a valid (\w+), please select one of (\[.+?\])", error)
    if not match:
        return None
    given = match[1].strip("'\"")
    key = next((key for key, value in context.settings.items() if str(value) == given), "")
    return RehearsalFault(
        f"{key or match[2]}: {given} is not among the choices", f"it may be one of {match[3]}", key=key
    )


def _metric(error: str, context: FailureContext) -> RehearsalFault | None:
    """Tell a metric_for_best_model that the evaluation does not measure, with one that it does."""
    match = re.search(r"`metric_for_best_model` training argument is set to '([^']+)'", error)
    if not match:
        return None
    listed = re.search(r"available evaluation metrics are: \[(.*?)\]", error)
    measured = [name for name in re.findall(r"'([^']+)'", listed[1] if listed else "") if _is_measure(name)]
    losses = [name for name in measured if name.endswith("_loss")]
    generates = context.settings.get("predict_with_generate")
    if generates and not losses:
        hint = "take predict_with_generate out: it measures texts and no loss; predict with a YAML of its own"
        key = "predict_with_generate"
    else:
        others = f" (or {', '.join(losses[1:])})" if losses[1:] else ""
        best = next(iter([*losses, *measured]), "")
        hint = f"write metric_for_best_model: {best}{others}" if best else "leave metric_for_best_model out"
        key = "metric_for_best_model"
    return RehearsalFault(
        f"metric_for_best_model: {match[1]} is not among what the evaluation measures", hint, key=key
    )


def _is_measure(name: str) -> bool:
    return name.startswith("eval_") and not name.endswith(_COSTS)


SETTING_EXPLAINERS = (_unknown_keys, _template, _stage, _choice, _metric)
"""Each returns what an error means, None where it is none of its own."""
