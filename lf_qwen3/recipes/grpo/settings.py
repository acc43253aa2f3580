"""The settings of a GRPO recipe: its own keys, since LLaMA-Factory has none for groups and rewards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import did_you_mean
from lf_qwen3.recipes import find_recipe, list_grpo
from lf_qwen3.recipes.grpo.trainer import count_answers
from lf_qwen3.trainer import schema, yaml_reader

REWARDS = {
    "accuracy": "1 if the answer equals the gold answer",
    "think_format": "1 if an answer follows one closed think block",
    "soft_overlong": "down to -1 over the last overlong_buffer tokens of max_completion_length",
}
CHOICES: dict[str, tuple[Any, ...]] = {
    "finetuning_type": ("lora", "full"),
    "loss_type": ("dapo", "grpo", "bnpo", "dr_grpo"),
    "enable_thinking": (True, False),
}
_POSITIVE = (
    *("max_prompt_length", "max_completion_length", "num_generations", "prompts_per_step", "gpus"),
    *("per_device_train_batch_size", "lora_rank", "lora_alpha", "overlong_buffer", "learning_rate"),
    *("num_train_epochs", "temperature"),
)
LEAST_ROOM = 2048
"""Tokens of thinking and answer below which a thinking model is cut before it answers."""


def parse_settings(recipe: str, pairs: Iterable[str]) -> dict[str, Any]:
    """Return settings written as `key=value`, by the recipe's own keys for GRPO, else by the trainer's."""
    if not find_recipe(recipe).is_grpo:
        return schema.parse(pairs)
    settings = {}
    for pair in pairs:
        key, equals, text = (part.strip() for part in pair.partition("="))
        if not equals:
            raise UsageError(
                f"--set takes key=value, not '{pair}'",
                "for example: --set num_generations=16",
                code="option_value",
            )
        settings[key] = text if isinstance(_known().get(key), str) else yaml_reader.parse(text)
    return settings


def check_settings(settings: Mapping[str, Any]) -> None:
    """Check settings by the recipe's keys and values; raise `UsageError` for the first at fault."""
    known = _known()
    for key, value in settings.items():
        if key not in known:
            hint = f"{did_you_mean(key, known)} its keys: lf-qwen3 recipe show lora-grpo".strip()
            raise UsageError(f"a GRPO recipe has no key {key}", hint, code="unknown_setting")
        if key in CHOICES and value not in CHOICES[key]:
            raise _wrong(key, value, f"one of {', '.join(map(json.dumps, CHOICES[key]))}")
        if not _is_of_kind(value, known[key]):
            raise _wrong(key, value, f"of the kind of {json.dumps(known[key])}")
        if key in _POSITIVE and value <= 0:
            raise _wrong(key, value, "more than 0")
    if int(settings["num_generations"]) < 2:
        raise _wrong(
            "num_generations", settings["num_generations"], "2 or more: answers are compared in a group"
        )
    answers, batch = count_answers(settings)
    if answers % batch:
        raise UsageError(
            f"{answers} answers in a step (prompts_per_step x num_generations) are not a multiple of {batch} "
            "(per_device_train_batch_size x gpus)",
            "change one of them with --set",
            code="grpo_batch",
        )
    _check_rewards(settings)


def _check_rewards(settings: Mapping[str, Any]) -> None:
    names = [name.strip() for name in str(settings["rewards"]).split(",")]
    for name in names:
        if name not in REWARDS:
            said = "; ".join(f"{known}: {does}" for known, does in REWARDS.items())
            raise UsageError(
                f"there is no reward '{name}'",
                f"{did_you_mean(name, REWARDS)} rewards: {said}".strip(),
                code="unknown_reward",
            )
    if "think_format" in names and settings.get("enable_thinking", True) is False:
        raise UsageError(
            "the reward think_format needs a think block, but enable_thinking is false",
            "remove one of the two",
            code="option_conflict",
        )
    if settings["overlong_buffer"] >= settings["max_completion_length"] and "soft_overlong" in names:
        raise _wrong("overlong_buffer", settings["overlong_buffer"], "less than max_completion_length")


def _wrong(key: str, value: Any, wanted: str) -> UsageError:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return UsageError(
        f"{key}: {shown} is not {wanted}", "lf-qwen3 recipe show lora-grpo", code="setting_value"
    )


def _is_of_kind(value: Any, example: Any) -> bool:
    if isinstance(example, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(example)


@cache
def _known() -> dict[str, Any]:
    return list_grpo()[0].settings
