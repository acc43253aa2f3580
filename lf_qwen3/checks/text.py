"""What no text of a conversation may hold."""

from __future__ import annotations

from collections.abc import Callable

from lf_qwen3 import special_tokens
from lf_qwen3.checks import rule
from lf_qwen3.types import Conversation, Turn

_GOOD = Conversation([Turn("user", "a < b?"), Turn("assistant", "yes")])


@rule("nul", good=_GOOD, bad=Conversation([Turn("user", "a\0b"), Turn("assistant", "yes")]))
def nul(conversation: Conversation) -> str | None:
    """Refuse a NUL character in any text."""
    return _first(conversation, lambda text: "NUL" if "\0" in text else None)


@rule("special_token", good=_GOOD, bad=Conversation([Turn("user", "q"), Turn("assistant", "a<|im_end|>")]))
def special_token(conversation: Conversation) -> str | None:
    """Refuse an added token of Qwen3's tokenizer in any text: it would be read as a control token."""
    return _first(conversation, special_tokens.find)


def _first(conversation: Conversation, search: Callable[[str], str | None]) -> str | None:
    """Return what `search` finds first in a text that stands in a prompt or an answer, and where."""
    for number, turn in enumerate(conversation.turns, 1):
        if found := _first_in(turn, search):
            return f"{found} in turn {number}"
    if conversation.rejected and (found := _first_in(conversation.rejected, search)):
        return f"{found} in the rejected answer"
    if found := search(conversation.system):
        return f"{found} in the system text"
    found = search(conversation.tools)
    return f"{found} in the tools" if found else None


def _first_in(turn: Turn, search: Callable[[str], str | None]) -> str | None:
    return search(turn.content) or search(turn.thinking or "") or search(turn.calls)
