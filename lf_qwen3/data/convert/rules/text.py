"""What no text of a conversation may hold."""

from __future__ import annotations

from collections.abc import Callable

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.convert.rules import rule
from lf_qwen3.qwen3 import special_tokens

_GOOD = Conversation([Turn("user", "a < b?"), Turn("assistant", "yes")])


@rule("nul", good=_GOOD, bad=Conversation([Turn("user", "a\0b"), Turn("assistant", "yes")]))
def nul(conversation: Conversation) -> str | None:
    """Refuse a NUL character in any text."""
    return _first(conversation, "\0", lambda _: "NUL")


@rule("special_token", good=_GOOD, bad=Conversation([Turn("user", "q"), Turn("assistant", "a<|im_end|>")]))
def special_token(conversation: Conversation) -> str | None:
    """Refuse an added token of Qwen3's tokenizer in any text: it would be read as a control token."""
    return _first(conversation, "<", special_tokens.find)


def _first(conversation: Conversation, mark: str, search: Callable[[str], str | None]) -> str | None:
    """Return what `search` finds first, and where; only texts that hold `mark` are searched."""
    losing = conversation.rejected
    for number, turn in enumerate([*conversation.turns, losing] if losing else conversation.turns, 1):
        for text in (turn.content, turn.thinking, turn.calls):
            if text and mark in text and (found := search(text)):
                return f"{found} in {'the rejected answer' if turn is losing else f'turn {number}'}"
    for text, where in ((conversation.system, "the system text"), (conversation.tools, "the tools")):
        if mark in text and (found := search(text)):
            return f"{found} in {where}"
    return None
