"""The fast path of `normalise`."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.qwen3 import thinking


def normalise_clean(conversation: Conversation) -> bool:
    """Fast path of `normalise` and the rules: trim, in place, a conversation that needs nothing else.

    True for user and assistant turns that alternate, with text in each and no `<`, carriage return or NUL
    anywhere: most rows of most sources. Such a conversation is as `normalise` would leave it, and breaks no
    rule. False when the slow path is needed: **some turns may be trimmed already**, which does it no harm.
    """
    if conversation.system or conversation.tools or conversation.rejected:
        return False
    role = "user"
    for turn in conversation.turns:
        text = turn.content
        if turn.role != role or turn.calls or not turn.learn or "<" in text or "\r" in text or "\0" in text:
            return False
        if role == "assistant" and turn.thinking is not None:
            thought = turn.thinking
            if "<" in thought or "\r" in thought or "\0" in thought:
                return False
            turn.thinking = thought.strip(thinking.WHITESPACE) or None
        turn.content = text = thinking.trimmed(text)
        if not text or text.isspace():
            return False
        role = "assistant" if role == "user" else "user"
    return role == "user" and len(conversation.turns) > 0
