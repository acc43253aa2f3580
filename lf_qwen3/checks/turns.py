"""The order of the turns and what each of them holds."""

from __future__ import annotations

from lf_qwen3.checks import rule
from lf_qwen3.types import Conversation, Turn

_GOOD = Conversation([Turn("user", "q"), Turn("assistant", "a")])


@rule("no_answer", good=_GOOD, bad=Conversation([Turn("user", "q")]))
def no_answer(conversation: Conversation) -> str | None:
    """A conversation without an assistant turn teaches nothing."""
    return None if any(turn.role == "assistant" for turn in conversation.turns) else ""


@rule("roles", good=_GOOD, bad=Conversation([Turn("user", "q"), Turn("user", "q"), Turn("assistant", "a")]))
def roles(conversation: Conversation) -> str | None:
    """User (or tool) and assistant alternate, the user begins, the assistant ends.

    LLaMA-Factory drops a sharegpt row that does not, with one line in the log (data/converter.py).
    Several tool turns in a row are the answers to parallel calls and count as one.
    """
    before = "assistant"
    for index, turn in enumerate(conversation.turns):
        is_answer = turn.role == "assistant"
        is_parallel = turn.role == before == "tool"
        if is_answer == (before == "assistant") and not is_parallel or (index == 0 and turn.role != "user"):
            return f"turn {index + 1} is {turn.role} after {before if index else 'nothing'}"
        before = turn.role
    return None if before == "assistant" else f"the last turn is {before}"


@rule("empty_question", good=_GOOD, bad=Conversation([Turn("user", " "), Turn("assistant", "a")]))
def empty_question(conversation: Conversation) -> str | None:
    """A user turn holds text."""
    for index, turn in enumerate(conversation.turns):
        if turn.role == "user" and not turn.content.strip():
            return f"turn {index + 1}"
    return None


@rule("empty_answer", good=_GOOD, bad=Conversation([Turn("user", "q"), Turn("assistant", "", thinking="t")]))
def empty_answer(conversation: Conversation) -> str | None:
    """An assistant turn holds text or calls a tool; reasoning alone is no answer."""
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
    """The chosen answer differs from the rejected one."""
    return "" if conversation.rejected == conversation.turns[-1] else None
