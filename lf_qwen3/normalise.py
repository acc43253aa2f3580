"""Bring a conversation into canonical form: template text unwrapped, thinking told from answer."""

from __future__ import annotations

from lf_qwen3 import chat_template, thinking
from lf_qwen3.types import Conversation, Turn


def normalise(conversation: Conversation) -> None:
    """Mend what can be mended without guessing, in place; every repair is noted by its code.

    Afterwards contents and thinking are stripped, hold plain line ends, and an assistant turn's
    `thinking` is its reasoning without tags, or None. Raises `Reject` where the parts cannot be told.
    """
    repairs = conversation.repairs
    chat_template.unwrap(conversation)
    for turn in conversation.turns:
        _normalise_turn(turn, repairs)
    if conversation.rejected:
        _normalise_turn(conversation.rejected, repairs)
    conversation.system = conversation.system.strip(thinking.WHITESPACE)
    turns = conversation.turns
    if len(turns) > 2 and turns[-1].role == "user" and turns[-2].role == "assistant":
        turns.pop()
        repairs.add("trailing_user")


def _normalise_turn(turn: Turn, repairs: set[str]) -> None:
    turn.content = _plain_line_ends(turn.content, repairs)
    if turn.role != "assistant":
        turn.content = turn.content.strip(thinking.WHITESPACE)
        return
    if turn.thinking is None:
        found = thinking.split(turn.content)
    else:
        found = thinking.join_column(_plain_line_ends(turn.thinking, repairs), turn.content)
    turn.thinking, turn.content = found.thinking, found.answer
    if found.repair:
        repairs.add(found.repair)


def _plain_line_ends(text: str, repairs: set[str]) -> str:
    if "\r" not in text:
        return text
    repairs.add("crlf")
    return text.replace("\r\n", "\n").replace("\r", "\n")
