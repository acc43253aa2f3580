"""Qwen3's added tokens: text that the tokenizer turns into a control token at any place."""

from __future__ import annotations

import re

from lf_qwen3.qwen3 import thinking

ADDED_TOKENS: tuple[str, ...] = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
    "<tool_call>",
    "</tool_call>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<tool_response>",
    "</tool_response>",
    thinking.OPEN,
    thinking.CLOSE,
)
"""In the order of their ids, 151643 to 151668 (Qwen3's tokenizer_config.json)."""

FIRST_ADDED_ID = 151643

_PIPED = "|".join(re.escape(token[2:-2]) for token in ADDED_TOKENS if token.startswith("<|"))
_PLAIN = "|".join(re.escape(token[1:-1]) for token in ADDED_TOKENS if not token.startswith("<|"))
PATTERN = re.compile(rf"<(?:\|(?:{_PIPED})\||{_PLAIN})>")
"""Any added token; their common parts are outside the alternatives, or markup would be slow to scan."""


def find(text: str) -> str | None:
    """Return the first added token that is in `text`, or None."""
    if "<" not in text:
        return None
    found = PATTERN.search(text)
    return found[0] if found else None
