"""Unwrap chat-template text that a tutorial wrote into the data.

LLaMA-Factory applies the template itself. A field that already holds
`<|im_start|>user\\n...<|im_end|>` would get it twice, and the model would learn the markup as its answer.
"""

from __future__ import annotations

import re

from lf_qwen3.errors import Reject
from lf_qwen3.types import Conversation, Role, Turn

_MARK = "<|im_"
_END_TOKENS = ("<|endoftext|>", "<|im_end|>")
_START = re.compile(r"<\|im_start\|>[ \t]*(system|user|assistant|tool|observation)[ \t]*(?:\n|\Z)")
_END = re.compile(r"<\|im_end\|>")
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "tool": "tool", "observation": "tool"}


def unwrap(conversation: Conversation) -> None:
    """Replace turns that hold chat-template text by the turns it spells out, in place.

    Adds the repair codes `chat_template` and `end_token`. Raises `Reject` ("chat_template") where the
    markup does not parse, or brings a second, different system text.
    """
    if not any(_is_marked(turn.content) for turn in conversation.turns):
        return
    turns: list[Turn] = []
    for turn in conversation.turns:
        for role, text in _segments(turn, conversation.repairs):
            if role == "system":
                _set_system(conversation, text)
            elif turns and turns[-1].role == role == "assistant" and not turns[-1].content.strip():
                turns[-1] = Turn(role, text, turn.thinking, turn.calls)
            else:
                same = role == turn.role
                turns.append(Turn(_ROLES[role], text, turn.thinking if same else None, turn.calls if same else ""))
    conversation.turns = _without_open_prompt(turns)


def _is_marked(text: str) -> bool:
    return "<|" in text and (_MARK in text or text.rstrip().endswith(_END_TOKENS))


def _segments(turn: Turn, repairs: set[str]) -> list[tuple[str, str]]:
    """Cut one field into (role, text) pieces; text before the first mark belongs to the turn's own role."""
    text = turn.content
    if _MARK not in text or not _START.search(text):
        stripped = _strip_end_tokens(text)
        if stripped != text:
            repairs.add("end_token")
        return [(turn.role, stripped)]
    repairs.add("chat_template")
    pieces: list[tuple[str, str]] = []
    role, at = str(turn.role), 0
    for mark in _START.finditer(text):
        _add(pieces, role, text[at : mark.start()])
        role, at = mark[1], mark.end()
    _add(pieces, role, text[at:], is_last=True)
    return pieces


def _add(pieces: list[tuple[str, str]], role: str, text: str, is_last: bool = False) -> None:
    body = _strip_end_tokens(text)
    if _END.search(body):
        raise Reject("chat_template", "text behind <|im_end|>")
    if body.strip() or (is_last and role == "assistant"):
        pieces.append((role, body))


def _strip_end_tokens(text: str) -> str:
    stripped = text.rstrip()
    while stripped.endswith(_END_TOKENS):
        stripped = stripped[: stripped.rindex("<|")].rstrip()
    return stripped if stripped != text.rstrip() else text


def _set_system(conversation: Conversation, text: str) -> None:
    text = text.strip()
    if conversation.system and conversation.system.strip() != text:
        raise Reject("chat_template", "two different system texts")
    conversation.system = text


def _without_open_prompt(turns: list[Turn]) -> list[Turn]:
    """Drop the empty assistant turn that a generation prompt leaves before the real one, or at the end."""
    return [
        turn
        for index, turn in enumerate(turns)
        if not (
            turn.role == "assistant"
            and not turn.content.strip()
            and turn.thinking is None
            and index + 1 < len(turns)
            and turns[index + 1].role == "assistant"
        )
    ]
