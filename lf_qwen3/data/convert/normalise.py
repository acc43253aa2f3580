"""Bring a conversation into canonical form: template text and tool tags read, thinking split from answer."""

from __future__ import annotations

from itertools import groupby, pairwise

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.convert import unwrap
from lf_qwen3.data.convert.tool_tags import read_tool_tags
from lf_qwen3.data.row_defects import unescape_text
from lf_qwen3.qwen3 import foreign_tags, thinking


def normalise(conversation: Conversation) -> None:
    """Mend what can be repaired without guessing, in place; every repair is noted by its code.

    Afterwards each text is trimmed and holds plain line ends, and an assistant turn's `thinking` is its
    reasoning without tags, or None. White space at the two ends of a text has no meaning: taking it off
    is not a repair. Doing it twice changes nothing. Raises `Reject` where the parts cannot be separated.
    """
    repairs = conversation.repairs
    conversation.system = _plain(conversation.system, repairs).strip(thinking.WHITESPACE)
    unwrap.unwrap(conversation)
    read_tool_tags(conversation)
    losing = conversation.rejected
    for number, turn in enumerate([*conversation.turns, losing] if losing else conversation.turns, 1):
        try:
            _normalise_turn(turn, repairs)
        except Reject as error:
            where = "the rejected answer" if turn is losing else f"turn {number}"
            raise Reject(error.code, f"{where}: {error.detail}") from None
    _join_turns(conversation)
    _drop_greeting(conversation)
    _drop_unanswered(conversation)
    _end_with_learnt_turn(conversation)


def unescape(conversation: Conversation) -> None:
    r"""Make characters of \n, \t and \" in texts that are written in one line, in place; a repair.

    A \n or \t before a letter that makes it a command of LaTeX (\nu, \theta) stays.
    """
    losing = conversation.rejected
    system, conversation.system = conversation.system, unescape_text(conversation.system)
    is_changed = system != conversation.system
    for turn in [*conversation.turns, losing] if losing else conversation.turns:
        written = turn.content, turn.thinking
        turn.content = unescape_text(turn.content)
        turn.thinking = unescape_text(turn.thinking) if turn.thinking is not None else None
        is_changed = is_changed or written != (turn.content, turn.thinking)
    conversation.repairs.update(["unescaped"] * is_changed)


def _normalise_turn(turn: Turn, repairs: set[str]) -> None:
    text = _plain(turn.content, repairs)
    if turn.role != "assistant" or (turn.thinking is None and "<" not in text):
        turn.content = thinking.trimmed(text)
        return
    renamed = foreign_tags.rename_foreign_tags(text)
    if turn.thinking is None:
        parts = thinking.split(renamed)
    else:
        thought = _plain(turn.thinking, repairs)
        bare = foreign_tags.strip_foreign_tags(thought)
        parts = thinking.join_column(bare, renamed)
        repairs.update(["think_column_tags"] * (bare != thought))
    turn.thinking, turn.content = parts.thinking, parts.answer
    repairs.update(parts.repairs, ["think_tag_renamed"] * (renamed != text))
    if turn.thinking is not None and (answer := foreign_tags.unwrap_answer(turn.content)) != turn.content:
        turn.content = thinking.trimmed(answer)
        repairs.add("solution_tags")


def _plain(text: str, repairs: set[str]) -> str:
    """Return the text with plain line ends."""
    if "\r" not in text:
        return text
    repairs.add("crlf")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _join_turns(conversation: Conversation) -> None:
    """Join the turns that a speaker has in a row, with a blank line between their texts.

    Answers with reasoning or a call stay as they are. Several answers to the only question may be
    alternatives, and the answer of a pair or of a labelled row is not a part of its prompt: they stay too.
    """
    turns = conversation.turns
    if all(first.role != second.role for first, second in pairwise(turns)):
        return
    asked = sum(role == "user" for role, _ in groupby(turns, key=lambda turn: turn.role))
    is_rated = conversation.rejected is not None or conversation.label is not None
    joined = turns[:1]
    for turn in turns[1:]:
        may_join = turn.role == "user" or (turn.role == "assistant" and asked > 1)
        if may_join and not (is_rated and turn is turns[-1]) and _are_parts(joined[-1], turn):
            joined[-1].content += f"\n\n{turn.content}"
            conversation.repairs.add("turns_joined")
        else:
            joined.append(turn)
    conversation.turns = joined


def _are_parts(first: Turn, second: Turn) -> bool:
    """Return whether two turns are texts by one speaker, and nothing else."""
    if first.role != second.role or first.learn != second.learn:
        return False
    return all(turn.content and turn.thinking is None and not turn.calls for turn in (first, second))


def _drop_greeting(conversation: Conversation) -> None:
    """Drop a first assistant turn, which answers nothing, when there is a dialogue behind it."""
    turns = conversation.turns
    if len(turns) > 2 and turns[0].role == "assistant" and turns[1].role == "user" and not turns[0].calls:
        del turns[0]
        conversation.repairs.add("leading_assistant")


def _drop_unanswered(conversation: Conversation) -> None:
    """Drop a last user turn that nobody answered, when there is a dialogue before it."""
    turns = conversation.turns
    if len(turns) > 2 and turns[-1].role == "user" and turns[-2].role == "assistant":
        turns.pop()
        conversation.repairs.add("trailing_user")


def _end_with_learnt_turn(conversation: Conversation) -> None:
    """Drop what is behind the last turn that may be learnt: it is the history of nothing.

    The order of the turns is left to the rules, and so is a dialogue of which nothing may be learnt. A label,
    and the losing answer of a pair, belong to the last turn: there nothing is dropped.
    """
    turns = conversation.turns
    if all(turn.learn for turn in turns):
        return
    conversation.repairs.add("not_learnt")
    learnt = [at for at, turn in enumerate(turns) if turn.role == "assistant" and turn.learn]
    if learnt and not conversation.rejected and conversation.label is None:
        del turns[learnt[-1] + 1 :]
