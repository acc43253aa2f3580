"""The order of the turns and what each of them holds."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.convert.rules import Breach, rule
from lf_qwen3.data.convert.turn_items import assistant_text
from lf_qwen3.data.row_defects import is_empty, is_same_answer

_GOOD = Conversation([Turn("user", "q"), Turn("assistant", "a")])
_MAY_FOLLOW: dict[str, tuple[str, ...]] = {
    "": ("user",),
    "user": ("assistant",),
    "assistant": ("user", "tool"),
    "tool": ("tool", "assistant"),
}


@rule("no_answer", good=_GOOD, bad=Conversation([Turn("user", "q")]))
def no_answer(conversation: Conversation) -> Breach | None:
    """Require an assistant turn: without one there is nothing to learn."""
    return None if "assistant" in [turn.role for turn in conversation.turns] else Breach()


@rule(
    "nothing_learnt", good=_GOOD, bad=Conversation([Turn("user", "q"), Turn("assistant", "a", learn=False)])
)
def nothing_learnt(conversation: Conversation) -> Breach | None:
    """Require an answer that may be learnt; of a pair and of a labelled row that is the last one."""
    answers = [turn for turn in conversation.turns if turn.role == "assistant"]
    is_last = conversation.rejected is not None or conversation.label is not None
    may_learn = [turn.learn for turn in (answers[-1:] if is_last else answers)]
    return Breach() if answers and not any(may_learn) else None


@rule("roles", good=_GOOD, bad=Conversation([Turn("user", "q"), Turn("user", "q"), Turn("assistant", "a")]))
def roles(conversation: Conversation) -> Breach | None:
    """Let user (or tool) and assistant alternate; the user begins, the assistant ends.

    LLaMA-Factory drops a sharegpt row that does not, with one line in the log (data/converter.py).
    Several tool turns in a row are the answers to parallel calls and count as one.
    """
    before = ""
    for number, turn in enumerate(conversation.turns, 1):
        if turn.role not in _MAY_FOLLOW[before]:
            return Breach(f"turn {number} is {turn.role} after {before or 'nothing'}")
        before = turn.role
    return Breach(f"the last turn is {before}") if before in ("user", "tool") else None


@rule("empty_question", good=_GOOD, bad=Conversation([Turn("user", " "), Turn("assistant", "a")]))
def empty_question(conversation: Conversation) -> Breach | None:
    """Require text in every user turn."""
    for number, turn in enumerate(conversation.turns, 1):
        if turn.role == "user" and is_empty(turn.content):
            return Breach(f"turn {number}")
    return None


@rule("empty_answer", good=_GOOD, bad=Conversation([Turn("user", "q"), Turn("assistant", "", thinking="t")]))
def empty_answer(conversation: Conversation) -> Breach | None:
    """Require text or a tool call in every assistant turn; reasoning alone is not an answer."""
    for number, turn in enumerate(conversation.turns, 1):
        if turn.role == "assistant" and is_empty(turn.content) and not turn.calls:
            return Breach(f"turn {number}")
    losing = conversation.rejected
    return Breach("the rejected answer") if losing and is_empty(losing.content) and not losing.calls else None


@rule(
    "same_preference",
    good=_GOOD,
    bad=Conversation([Turn("user", "q"), Turn("assistant", "a b")], rejected=Turn("assistant", "a  b")),
)
def same_preference(conversation: Conversation) -> Breach | None:
    """Require that the chosen answer differs from the rejected one in more than white space."""
    losing = conversation.rejected
    if losing is None or not conversation.turns:
        return None
    return (
        Breach() if is_same_answer(assistant_text(conversation.turns[-1]), assistant_text(losing)) else None
    )
