"""What no row may hold, defined once for `convert`, which rejects it, and `check`, which calls it an error.

The codes are empty_question and empty_answer (`is_empty`), nul (`has_nul`), special_token
(`find_special_token`) and same_preference (`is_same_answer`).
"""

from __future__ import annotations

from collections.abc import Collection

from lf_qwen3.qwen3.special_tokens import PATTERN
from lf_qwen3.qwen3.thinking import CLOSE, OPEN

THINK_TAGS = (OPEN, CLOSE)
"""What a prompt may hold: `find_think_tag` says why."""
TOOL_TAGS = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")
"""What a system text may hold beside tools: the template says there itself how they are called."""


def is_empty(text: str) -> bool:
    """Tell whether a question or an answer, its reasoning taken away, says nothing."""
    return not text or text.isspace()


def has_nul(text: str) -> bool:
    """Tell whether U+0000 stands in a text."""
    return "\0" in text


def find_special_token(text: str, allowed: Collection[str] = ()) -> str | None:
    """Return the first added token of Qwen3's tokenizer in a text that does not belong there, or None."""
    if "<" not in text:
        return None
    tokens = (match[0] for match in PATTERN.finditer(text))
    return next((token for token in tokens if token not in allowed), None)


def find_think_tag(prompt: str) -> str | None:
    """Return the first think tag in a prompt, or None: convert keeps such a row, and both warn of it.

    A prompt that asks for reasoning "in <think> tags" is kept as it is: the tokenizer makes the same control
    token of the tag when the model is asked with that prompt, no template reads think tags in a user's turn
    (Qwen3's and `ReasoningTemplate` take them in assistant turns alone), and no loss stands on it. To take
    the tag out would train another prompt than the one that will be asked.
    """
    if "think>" not in prompt:
        return None
    return next((tag for tag in THINK_TAGS if tag in prompt), None)


def is_same_answer(chosen: str, rejected: str) -> bool:
    """Tell whether two whole answers, reasoning included, differ in white space at most."""
    return chosen.split() == rejected.split()
