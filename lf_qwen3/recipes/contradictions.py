"""What does not go together: each preset's file says what it excludes, and this reads it.

    excludes:
      - {optim: "*8bit*", why: bitsandbytes steps on a GPU, instead: leave the preset adam-8bit out}

A rule holds where every key before `why` has the value that it names: a text with `*` for any characters, a
list of such texts, `any` for whatever is set and on, or {not: ...} for whatever else is set. The keys are of
the training YAML and of sampling, as they will be written; `mode` (thinking, non-thinking); `thinks` (of the
checkpoint: always, by choice, never); and groups of the chosen presets, whose value is the preset's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.qwen3 import checkpoints
from lf_qwen3.recipes.presets import Preset
from lf_qwen3.recipes.shared import SharedSettings

WORDS = ("why", "instead")
_DEFAULTS = {"stage": "sft", "finetuning_type": "lora"}


def refuse_contradictions(chosen: Sequence[Preset], common: SharedSettings) -> None:
    """Raise `UsageError` for a preset that excludes a setting, the model, or another preset.

    `common` holds the settings as they will be written.
    """
    kind = checkpoints.kind_of(str(common.train.get("model_name_or_path", "")))
    facts = (
        {preset.group: preset.name for preset in chosen} | common.answering | _DEFAULTS | dict(common.train)
    )
    facts |= {"mode": common.mode, "thinks": kind.thinks if kind else None}
    for preset in chosen:
        for rule in preset.excludes:
            conditions = {key: value for key, value in rule.items() if key not in WORDS}
            if all(_holds(wanted, facts.get(key)) for key, wanted in conditions.items()):
                other = _name_other(preset, chosen, conditions, facts)
                raise UsageError(
                    f"the preset {preset.name} excludes {other}: {rule['why']}",
                    str(rule["instead"]),
                    code="presets_exclude",
                )


def refuse_quantised(model: str) -> None:
    """Raise `UsageError` for weights that are quantised already: no adapter merges into them."""
    if kind := checkpoints.find_quantisation(model):
        plain = checkpoints.name_unquantised(model)
        named = f"use {plain}" if plain != model else "use the 16-bit model that it was made from"
        raise UsageError(
            f"{model} is quantised already ({kind}): an adapter trained on it cannot be "
            "merged, and quantization_bit has no effect on it",
            f"{named}; a qlora recipe quantises it to 4 bits while it is loaded, for the same memory",
            code="model_quantised",
        )


def _holds(wanted: Any, value: Any) -> bool:
    if value is None or value is False:
        return wanted is False and value is False
    if isinstance(wanted, dict):
        return not _holds(wanted["not"], value)
    patterns = wanted if isinstance(wanted, list) else [wanted]
    return any(pattern == "any" or fnmatchcase(str(value), str(pattern)) for pattern in patterns)


def _name_other(
    preset: Preset, chosen: Sequence[Preset], conditions: Mapping[str, Any], facts: Mapping[str, Any]
) -> str:
    """Return what a preset does not go with: the other preset where one has it, else the setting."""
    key = next(iter(conditions))
    for other in chosen:
        if other is not preset and (other.group == key or other.train.get(key) == facts[key]):
            return f"the preset {other.name}"
    named = {"mode": f"answers in mode {facts['mode']}", "thinks": f"a model that thinks {facts['thinks']}"}
    return named.get(key, f"{key}: {str(facts[key]).lower() if facts[key] is True else facts[key]}")
