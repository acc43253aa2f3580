"""A record in tokens: what cutoff_len leaves of it."""

from __future__ import annotations

from typing import NamedTuple

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.qwen3.thinking import CLOSE

_CURE = (
    "raise cutoff_len (the figures below name the values that keep 95, 99 and 100 % of the records "
    "whole), or leave such records out"
)


class CutRecord(NamedTuple):
    """The tokens of a record before and after the cut, those in the loss, and what the cut took."""

    length: int
    kept: int
    learnt: int
    lost_close: bool = False
    lost_end: bool = False


_WHOLE = CutRecord(100, 100, 60)


@check(
    "cut_thinking",
    "warning",
    "cutoff_len truncates a record inside its reasoning",
    f"{CLOSE} and the answer are lost, so the model would learn to reason without end; {_CURE}",
    good=_WHOLE,
    bad=CutRecord(3000, 2048, 2000, lost_close=True, lost_end=True),
)
def cut_thinking(record: CutRecord) -> CheckResult:
    """Require that the closing think tag of every learnt answer survives the cut."""
    return Fault(_describe(record)) if record.lost_close and record.learnt else PASS


@check(
    "cut_answer",
    "warning",
    "cutoff_len truncates an answer",
    f"its <|im_end|> is lost, so the model would learn not to stop; {_CURE}",
    good=_WHOLE,
    bad=CutRecord(3000, 2048, 2000, lost_end=True),
)
def cut_answer(record: CutRecord) -> CheckResult:
    """Require that the end of every learnt answer survives the cut."""
    return Fault(_describe(record)) if record.lost_end and not record.lost_close and record.learnt else PASS


@check(
    "cut_prompt",
    "warning",
    "cutoff_len truncates a prompt",
    f"the model would learn the answer to an incomplete question; {_CURE}",
    good=_WHOLE,
    bad=CutRecord(3000, 2048, 500),
)
def cut_prompt(record: CutRecord) -> CheckResult:
    """Require that the prompt survives the cut."""
    is_cut = record.kept < record.length and not record.lost_end and not record.lost_close and record.learnt
    return Fault(_describe(record)) if is_cut else PASS


@check(
    "nothing_learnt",
    "error",
    "truncation leaves no token of the record in the loss",
    _CURE,
    good=_WHOLE,
    bad=CutRecord(3000, 2048, 0),
)
def nothing_learnt(record: CutRecord) -> CheckResult:
    """Require something to learn."""
    return Fault(_describe(record)) if not record.learnt else PASS


def _describe(record: CutRecord) -> str:
    return f"{record.length:,} tokens, {record.kept:,} kept"
