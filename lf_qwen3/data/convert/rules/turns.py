"""The order of the turns and what each of them holds."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.convert.rules import rule

_GOOD = Conversation([Turn("user", "q"), Turn("assistant", "a")])
_MAY_FOLLOW: dict[str, tuple[str, ...]] = {
    "": ("user",),
    "user": ("assistant",),
    "assistant": ("user", "tool"),
    "tool": ("tool", "assistant"),
}


@rule("no_answer", good=_GOOD, bad=Conversation([Turn("user", "q")]))
def no_answer(conversation: Conversation) -> str | None:
    """Require an assistant turn: without one there is nothing to learn."""
    return None if "assistant" in [turn.role for turn in conversation.turns] else ""


@rule("roles", good=_GOOD, bad=Conversation([Turn("user", "q"), Turn("user", "q"), Turn("assistant", "a")]))
def roles(conversation: Conversation) -> str | None:
    """Let user (or tool) and assistant alternate; the user begins, the assistant ends.

    LLaMA-Factory drops a sharegpt row that does not, with one line in the log (data/converter.py).
    Several tool turns in a row are the answers to parallel calls and count as one.
    """
    before = ""
    for index, turn in enumerate(conversation.turns):
        if turn.role not in _MAY_FOLLOW[before]:
            return f"turn {index + 1} is {turn.role} after {before or 'nothing'}"
        before = turn.role
    return f"the last turn is {before}" if before in ("user", "tool") else None


@rule("empty_question", good=_GOOD, bad=Conversation([Turn("user", " "), Turn("assistant", "a")]))
def empty_question(conversation: Conversation) -> str | None:
    """Require text in every user turn."""
    for index, turn in enumerate(conversation.turns):
        if turn.role == "user" and not turn.content.strip():
            return f"turn {index + 1}"
    return None


@rule("empty_answer", good=_GOOD, bad=Conversation([Turn("user", "q"), Turn("assistant", "", thinking="t")]))
def empty_answer(conversation: Conversation) -> str | None:
    """Require text or a tool call in every assistant turn; reasoning alone is no answer."""
    for index, turn in enumerate(conversation.turns):
        if turn.role == "assistant" and not turn.content.strip() and not turn.calls:
            return f"turn {index + 1}"
    losing = conversation.rejected
    return "the rejected answer" if losing and not losing.content.strip() and not losing.calls else None


@rule(
    "same_preference",
    good=_GOOD,
    bad=Conversation([Turn("user", "q"), Turn("assistant", "a")], rejected=Turn("assistant", "a")),
)
def same_preference(conversation: Conversation) -> str | None:
    """Require that the chosen answer differs from the rejected one."""
    return "" if conversation.rejected in conversation.turns[-1:] else None
