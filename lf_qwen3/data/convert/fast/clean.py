"""The fast path of `normalise`: texts that need nothing but trimming and plain line ends."""

from __future__ import annotations

import re
from functools import lru_cache

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.convert.normalise import normalise
from lf_qwen3.data.convert.rules import all_rules, require_sound
from lf_qwen3.data.convert.unwrap import END_TOKENS
from lf_qwen3.data.row_defects import find_think_tag
from lf_qwen3.qwen3 import foreign_tags, thinking

_find_mark = re.compile(
    rf"<(?:[|｜]|[ \t]*/?[ \t]*think|/?(?:tool|function|(?:{foreign_tags.NAMES})>)|image|img>|audio|video"
    rf"|{'|'.join(re.escape(token[1:]) for token in END_TOKENS if token[1] not in '|｜')})",
    re.IGNORECASE,
).search
"""Whatever `normalise` or a rule may take for markup; other tags, code and formulas hold `<` too."""
_CALLS, _RESULT = "[TOOL_CALLS]", "FUNCTION RESPONSE:"
"""Markup without `<`: of calls in an answer, and of their results in a prompt."""


def need_nothing(texts: tuple[str, ...]) -> bool:
    r"""Return whether each of some texts is a `clean_text` as it is, and no answer to warn of.

    Looks at all of them at once. False, too, where it would have to look closer: at `<`, `{{` or \n.
    """
    joined = "\n".join(texts)
    return not (
        "<" in joined
        or "\r" in joined
        or "\0" in joined
        or ("{" in joined and "{{" in joined)
        or ("\\" in joined and "\\n" in joined)
        or ("[" in joined and _CALLS in joined)
        or ("F" in joined and _RESULT in joined)
        or "" in texts
        or tuple(map(str.strip, texts)) != texts
    )


def clean_text(text: str, is_answer: bool, repairs: set[str]) -> str | None:
    """Return a text trimmed and with plain line ends, as `normalise` leaves it; a repair is noted.

    None where the slow path is needed: for markup, NUL, and text that is blank.
    """
    if ("<" in text and _find_mark(text)) or "\0" in text:
        return None
    if is_answer:
        if "[" in text and _CALLS in text:
            return None
    elif "F" in text and _RESULT in text:
        return None
    if "\r" in text:
        text = _plain(text, repairs)
    if text.strip() is not text:
        text = thinking.trimmed(text)
        if text.isspace():
            return None
    return text or None


def clean_thinking(text: str, repairs: set[str]) -> str | None:
    """Return the reasoning of a column as `normalise` leaves it, "" for none; None as in `clean_text`."""
    if "\0" in text or ("<" in text and _find_mark(text)):
        return None
    return (_plain(text, repairs) if "\r" in text else text).strip(thinking.WHITESPACE)


@lru_cache(maxsize=256)
def clean_system(system: str) -> tuple[str, bool] | None:
    """Return a system text as `normalise` leaves it, and whether its line ends were repaired.

    None where it has a bearing on other texts, breaks a rule, or is something to warn of.
    """
    turns = [Turn("user", "q"), Turn("assistant", "a")]
    conversation = Conversation(list(turns), system)
    try:
        normalise(conversation)
        require_sound(conversation, all_rules())
    except Reject:
        return None
    bears = conversation.turns != turns or conversation.tools or conversation.repairs - {"crlf"}
    if bears or find_think_tag(conversation.system):
        return None
    return conversation.system, bool(conversation.repairs)


def normalise_clean(conversation: Conversation) -> bool:
    """Fast path of `normalise` and the rules: repair, in place, a conversation that needs little.

    True for user and assistant turns that alternate, each of them a `clean_text`: most rows of most sources.
    Such a conversation is as `normalise` would leave it, and breaks no rule. False when the slow path is
    needed: **some turns may be repaired already**, which does it no harm.
    """
    if conversation.tools or conversation.rejected:
        return False
    repairs = conversation.repairs
    role = "user"
    for turn in conversation.turns:
        if turn.role != role or turn.calls or not turn.learn:
            return False
        text = clean_text(turn.content, role == "assistant", repairs)
        if text is None:
            return False
        turn.content = text
        if turn.thinking is not None and role == "assistant":
            thought = clean_thinking(turn.thinking, repairs)
            if thought is None:
                return False
            turn.thinking = thought or None
        role = "assistant" if role == "user" else "user"
    if role != "user" or not conversation.turns:
        return False
    if conversation.system:
        system = clean_system(conversation.system)
        if system is None:
            return False
        conversation.system = system[0]
        repairs.update(["crlf"] * system[1])
    return True


def _plain(text: str, repairs: set[str]) -> str:
    repairs.add("crlf")
    return text.replace("\r\n", "\n").replace("\r", "\n")
