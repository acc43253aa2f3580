"""What no row may hold, defined once for `convert`, which rejects it, and `check`, which calls it an error.

The codes are empty_question and empty_answer (`is_empty`), nul (`has_nul`), special_token
(`find_special_token`) and same_preference (`is_same_answer`).
"""

from __future__ import annotations

from collections.abc import Collection

from lf_qwen3.qwen3.special_tokens import PATTERN


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


def is_same_answer(chosen: str, rejected: str) -> bool:
    """Tell whether two whole answers, reasoning included, differ in white space at most."""
    return chosen.split() == rejected.split()
