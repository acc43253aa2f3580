"""Sentences about a rendered row, for the terminal and for notebooks."""

from __future__ import annotations

from lf_qwen3.proof.preview.rows import PreviewRendering
from lf_qwen3.qwen3.thinking import CLOSE
from lf_qwen3.trainer.chat_template import TemplateComparison


def describe_counts(rendering: PreviewRendering) -> str:
    """Return how many tokens there are, by part, and how many are in the loss."""
    encoded = rendering.encoded
    parts = ", ".join(f"{encoded.count(part):,} {part}" for part in ("prompt", "thinking", "answer"))
    return f"{encoded.length:,} tokens: {parts}; {encoded.learnt:,} in the loss"


def describe_cut(rendering: PreviewRendering, cutoff_len: int) -> str:
    """Return what cutoff_len removes, "" where it removes nothing."""
    encoded = rendering.encoded
    if not encoded.is_cut:
        return ""
    lost = encoded.length - len(encoded.input_ids)
    marks = [mark for mark, gone in ((CLOSE, encoded.lost_close), ("<|im_end|>", encoded.lost_end)) if gone]
    with_them = f", and with them {' and '.join(marks)}" if marks else ""
    return f"cutoff_len {cutoff_len:,} truncates {lost:,} of them{with_them}"


def describe_official(official: TemplateComparison) -> str:
    """Return whether the model's own chat template gives the same tokens, and else where it differs."""
    difference = official.difference
    if difference is None:
        return f"official chat template: the same {official.tokens:,} tokens"
    if difference.refused:
        return f"official chat template: {difference.refused}"
    side = f"on the {difference.side} side " if difference.side else ""
    place = f"token {difference.at + 1:,} on, in the {difference.part} of turn {difference.turn + 1}"
    return f"official chat template: it differs {side}from {place}"
