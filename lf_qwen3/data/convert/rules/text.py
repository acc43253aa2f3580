"""What no text of a conversation may hold."""

from __future__ import annotations

from collections.abc import Iterator

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.convert.rules import Breach, rule
from lf_qwen3.data.row_defects import (
    THINK_TAGS,
    TOOL_TAGS,
    find_media_tag,
    find_special_token,
    has_nul,
)
from lf_qwen3.qwen3.thinking import has_tag

_GOOD = Conversation([Turn("user", "a < b?"), Turn("assistant", "yes")])
_SYSTEM = "the system text"
_CALL = '[{"name": "f", "arguments": {"text": "<thinking>"}}]'


@rule("nul", good=_GOOD, bad=Conversation([Turn("user", "a\0b"), Turn("assistant", "yes")]))
def nul(conversation: Conversation) -> Breach | None:
    """Refuse a NUL character in any text."""
    return next((Breach(f"NUL in {where}") for where, text in _texts(conversation) if has_nul(text)), None)


@rule("special_token", good=_GOOD, bad=Conversation([Turn("user", "q"), Turn("assistant", "a<|im_end|>")]))
def special_token(conversation: Conversation) -> Breach | None:
    """Refuse an added token of Qwen3's tokenizer in a text, save what the prompt may hold."""
    allowed: dict[str, tuple[str, ...]] = {
        where: () for where, turn in _turns(conversation) if turn.role == "assistant"
    }
    if conversation.tools:
        allowed[_SYSTEM] = (*THINK_TAGS, *TOOL_TAGS)
    for where, text in _texts(conversation):
        if "<" in text and (token := find_special_token(text, allowed.get(where, THINK_TAGS))):
            return Breach(f"{token} in {where}")
    return None


@rule("multimodal", good=_GOOD, bad=Conversation([Turn("user", "<image>\nq"), Turn("assistant", "yes")]))
def media_tag(conversation: Conversation) -> Breach | None:
    """Refuse a prompt with a placeholder tag of a picture, video or audio."""
    prompts = [(where, turn.content) for where, turn in _turns(conversation) if turn.role != "assistant"]
    for where, text in (*prompts, ("the system text", conversation.system)):
        if tag := find_media_tag(text):
            return Breach(f"{tag} in {where}")
    return None


@rule(
    "think_not_first",
    good=_GOOD,
    bad=Conversation([Turn("user", "q"), Turn("assistant", "", calls=_CALL)]),
)
def think_in_call(conversation: Conversation) -> Breach | None:
    """Refuse a think tag of any spelling in a tool call, which is in the answer's text."""
    calls = ((where, turn.calls) for where, turn in _turns(conversation) if turn.calls)
    return next((Breach(f"a tool call of {where}") for where, text in calls if has_tag(text)), None)


def _turns(conversation: Conversation) -> Iterator[tuple[str, Turn]]:
    for number, turn in enumerate(conversation.turns, 1):
        yield f"turn {number}", turn
    if conversation.rejected:
        yield "the rejected answer", conversation.rejected


def _texts(conversation: Conversation) -> Iterator[tuple[str, str]]:
    for where, turn in _turns(conversation):
        yield from ((where, text) for text in (turn.content, turn.thinking, turn.calls) if text)
    yield _SYSTEM, conversation.system
    yield "the tools", conversation.tools
