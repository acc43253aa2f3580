"""Read messages that are user and assistant in turn, each a role and a text: most dialogues are."""

from __future__ import annotations

from operator import itemgetter
from typing import NamedTuple

_SHAREGPT, _OPENAI = itemgetter("from", "value"), itemgetter("role", "content")
_MOST_TURNS = 64
_ROLES = frozenset(
    pair * turns for pair in (("human", "gpt"), ("user", "assistant")) for turns in range(1, _MOST_TURNS + 1)
)


class PlainMessages(NamedTuple):
    """The texts of user and assistant in turn, and the system text before them, "" if there is none."""

    texts: tuple[str, ...]
    system: str


def read_plain_messages(messages: object) -> PlainMessages | None:
    """Return the texts of a list of messages; None for any other, which `read_dialogue` may read.

    What is returned is what `read_dialogue` reads of them, and it would note nothing as left.
    """
    if type(messages) is not list or not messages or type(messages[0]) is not dict:
        return None
    try:
        roles, texts = zip(*map(_SHAREGPT if "from" in messages[0] else _OPENAI, messages), strict=True)
    except (KeyError, TypeError):
        return None
    if set(map(len, messages)) != {2} or set(map(type, texts)) != {str}:
        return None
    system = ""
    if roles[0] == "system":
        system, roles, texts = texts[0] if texts[0].strip() else "", roles[1:], texts[1:]
    try:
        return PlainMessages(texts, system) if roles in _ROLES else None
    except TypeError:  # a role that is a list or an object
        return None
