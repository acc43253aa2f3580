"""Thinking and answer: one text taken apart, and two put together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lf_qwen3.base.argument_types import require_argument_types
from lf_qwen3.base.errors import LfQwen3Error, Reject
from lf_qwen3.base.reasons import REJECTED
from lf_qwen3.qwen3 import thinking as frames


@require_argument_types
def split_thinking(text: str) -> tuple[str | None, str]:
    """Split an assistant text into thinking and answer; the thinking is None if there is none.

    Other spellings of the tags, a missing opening tag, empty and adjacent blocks are repaired as in
    `convert`, and both parts are stripped. `split_thinking(frame_thinking(thinking, answer))` returns the
    two parts again. Raises `LfQwen3Error` (codes `think_unclosed`, `think_unopened`, `think_nested`,
    `think_not_first`, `think_several`) if the parts are ambiguous.
    """
    with _as_error():
        parts = frames.split(text)
    return parts.thinking, parts.answer


@require_argument_types
def frame_thinking(thinking: str | None, answer: str) -> str:
    """Join thinking and answer in the think format that Qwen3's chat template writes.

    Without thinking the answer is returned without a think block: LLaMA-Factory's template adds the empty
    block. Tags around the thinking are removed, and both parts are stripped, so that framing a text twice
    changes nothing. Raises `LfQwen3Error` as `split_thinking` does, and with the code `think_twice` if the
    answer has a different thinking.
    """
    with _as_error():
        parts = frames.join_column(thinking or "", answer)
    return frames.frame(parts.thinking, parts.answer)


@contextmanager
def _as_error() -> Iterator[None]:
    """Turn the rejection of a row into an error with the same code."""
    try:
        yield
    except Reject as reject:
        reason = REJECTED[reject.code]
        raise LfQwen3Error(f"{reason.message}: {reject.detail}", reason.hint, code=reject.code) from None
