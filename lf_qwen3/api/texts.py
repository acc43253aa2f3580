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
    """Return the thinking and the answer of an assistant text; the thinking is None where there is none.

    Other spellings of the tags, a missing opening tag, empty and adjoining blocks are mended as `convert`
    does it, and both parts are trimmed. `split_thinking(frame_thinking(thinking, answer))` returns the two
    parts again. Raises `LfQwen3Error` (codes `think_unclosed`, `think_unopened`, `think_nested`,
    `think_not_first`, `think_several`) where it is not clear which part is which.
    """
    with _as_error():
        parts = frames.split(text)
    return parts.thinking, parts.answer


@require_argument_types
def frame_thinking(thinking: str | None, answer: str) -> str:
    """Return one assistant text in the frame that Qwen3's chat template writes and LLaMA-Factory can read.

    Without thinking the answer stands alone: LLaMA-Factory's template adds the empty block. Tags around the
    thinking are taken off, and both parts are trimmed, so that framing a text twice changes nothing. Raises
    `LfQwen3Error` as `split_thinking` does, and with the code `think_twice` where the answer brings another
    thinking.
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
