"""Read the question out of a prompt that was rendered by Qwen's chat template."""

from __future__ import annotations

import re

from lf_qwen3.qwen3.thinking import CLOSE, OPEN

_TURN = re.compile(r"<\|im_start\|>(user|assistant)\n(.*?)<\|im_end\|>", re.DOTALL)


def find_question(prompt: str) -> str:
    """Return the last user turn; of a prompt that is not Qwen's the whole text."""
    questions = [text for role, text in _TURN.findall(prompt) if role == "user"]
    return questions[-1].strip() if questions else _bare(prompt)


def find_conversation(prompt: str) -> str:
    """Return all user and assistant turns, with their roles where there are several."""
    turns = _TURN.findall(prompt)
    if len(turns) < 2:
        return find_question(prompt)
    return "\n\n".join(f"{role}: {text.strip()}" for role, text in turns)


def _bare(prompt: str) -> str:
    return prompt.replace(OPEN, "").replace(CLOSE, "").strip()
