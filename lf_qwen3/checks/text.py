"""What no text of a conversation may hold."""

from __future__ import annotations

from collections.abc import Iterator

from lf_qwen3 import special_tokens
from lf_qwen3.checks import rule
from lf_qwen3.types import Conversation, Turn

_GOOD = Conversation([Turn("user", "a < b?"), Turn("assistant", "yes")])


@rule("nul", good=_GOOD, bad=Conversation([Turn("user", "a\0b"), Turn("assistant", "yes")]))
def nul(conversation: Conversation) -> str | None:
    """No text holds a NUL character."""
    return next((where for where, text in _texts(conversation) if "\0" in text), None)


@rule("special_token", good=_GOOD, bad=Conversation([Turn("user", "q"), Turn("assistant", "a<|im_end|>")]))
def special_token(conversation: Conversation) -> str | None:
    """No text holds an added token of Qwen3's tokenizer; it would be read as a control token."""
    for where, text in _texts(conversation):
        if token := special_tokens.find(text):
            return f"{token} in {where}"
    return None


def _texts(conversation: Conversation) -> Iterator[tuple[str, str]]:
    for index, turn in enumerate(conversation.turns):
        yield f"turn {index + 1}", turn.content
        if turn.thinking:
            yield f"the thinking of turn {index + 1}", turn.thinking
    if conversation.system:
        yield "the system text", conversation.system
    if conversation.rejected:
        yield "the rejected answer", conversation.rejected.content
        yield "the rejected answer's thinking", conversation.rejected.thinking or ""
