r"""Rewards for EasyR1: accuracy by mathruler on the last \boxed{}, a closed think block, the length."""

import re
from collections.abc import Sequence
from typing import Any

from mathruler.grader import extract_boxed_content, grade_answer

REWARD_NAME = "lf_qwen3"
REWARD_TYPE = "batch"
_FORM = re.compile(r"<think>(?!.*<think>).*?</think>\s*\S", re.DOTALL)


def compute_score(
    reward_inputs: list[dict[str, Any]],
    rewards: Sequence[str],
    max_response_length: int,
    overlong_buffer_length: int,
) -> list[dict[str, float]]:
    """Return the marks of each answer; `rewards` names those that are added to `overall`."""
    return [score(given, rewards, max_response_length, overlong_buffer_length) for given in reward_inputs]


def score(given: dict[str, Any], rewards: Sequence[str], longest: int, buffer: int) -> dict[str, float]:
    """Return the marks of an answer, each by its name."""
    response = given["response"]
    answer = extract_boxed_content(response.rpartition("</think>")[2])
    over = (given["response_length"] - (longest - buffer)) / buffer
    marks = {
        "accuracy": float(grade_answer(answer, given["ground_truth"])),
        "think_format": float(bool(_FORM.match(response))),
        "soft_overlong": -min(max(over, 0.0), 1.0),
    }
    return {"overall": sum(marks[name] for name in rewards), **marks}
