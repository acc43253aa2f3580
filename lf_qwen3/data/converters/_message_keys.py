"""Read what an assistant's message has beside its text: reasoning, tool calls, a mark not to learn it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters._parts import Leave, thinking_text
from lf_qwen3.data.converters.roles import THOUGHTS
from lf_qwen3.data.converters.tools import calls_text
from lf_qwen3.qwen3.thinking import excerpt

_THINKING_KEYS = frozenset(
    {
        *THOUGHTS,
        *("reasoning_text", "reasoning_details", "reasoning_summary", "thinking_blocks", "thinking_content"),
        *("inner thoughts", "inner_thoughts", "thought_process"),
    }
)
_CALL_KEYS = ("tool_calls", "function_call", "function_calls", "tool_call")
_LEARN_KEYS = frozenset(
    {
        *("loss", "loss_weight", "loss_mask", "step_loss_mask", "loss_scale", "output_with_loss", "weight"),
        *("train", "training", "trainable", "train_on_turn", "learn", "compute_loss", "calculate_loss"),
    }
)
"""Keys that say yes (or 1) of a turn to learn: XTuner, ms-swift, OpenAI, LLaMA-Factory v1, axolotl, slime."""
_MASK_KEYS = frozenset({"masked", "is_masked", "mask_loss", "no_loss", "ignore_loss", "skip_loss"})
"""Keys that say yes of a turn not to learn."""
_TRUTHS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(slots=True)
class AnswerExtras:
    """What is beside an answer's text: its reasoning, its calls as JSON, whether it may be learnt."""

    thinking: str = ""
    calls: str = ""
    learn: bool = True


def read_extras(rest: Mapping[str, Any], where: str, leave: Leave) -> AnswerExtras:
    """Read the filled keys of an assistant's message but role and content; others go to `leave`.

    Raises `Reject` (bad_tool_call, not_text, and think_twice where two keys have different reasoning).
    """
    extras = AnswerExtras()
    for key, value in rest.items():

        def leave_inner(inner: str, key: str = key) -> None:
            leave(f"{key}[].{inner}")

        if key.lower() in _THINKING_KEYS and not isinstance(value, bool | int | float):
            extras.thinking = join_thinking(extras.thinking, thinking_text(value, where, leave_inner))
        elif key in _CALL_KEYS:
            extras.calls = join_calls(extras.calls, calls_text(value, where, leave_inner), where)
        elif (may_learn := learn_mark(key, value)) is not None:
            extras.learn = extras.learn and may_learn
        else:
            leave(key)
    return extras


def learn_mark(key: str, value: object) -> bool | None:
    """Return whether a key of a message says that it may be learnt; None where it says nothing of that."""
    if key not in _LEARN_KEYS and key not in _MASK_KEYS:
        return None
    truth = _TRUTHS.get(value.strip().lower()) if isinstance(value, str) else None
    if isinstance(value, bool | int | float) and value in (0, 1):
        truth = bool(value)
    return truth if truth is None or key in _LEARN_KEYS else not truth


def join_thinking(first: str, second: str) -> str:
    """Return the one reasoning that two places have. Raises `Reject` ("think_twice") where they differ."""
    if first.strip() and second.strip() and first.split() != second.split():
        raise Reject("think_twice", excerpt(second))
    return first if first.strip() else second


def join_calls(first: str, second: str, where: str) -> str:
    """Return the calls that two places have. Raises `Reject` ("bad_tool_call") where they differ."""
    if first and second and first != second:
        raise Reject("bad_tool_call", f"{where} has two different lists of calls")
    return first or second
