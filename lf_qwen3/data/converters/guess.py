"""Guess what unknown columns may be to a conversation, for the messages that tell a user what to write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from lf_qwen3.base.conversation import Row
from lf_qwen3.data.converters._dialogue import holds_messages
from lf_qwen3.data.converters.roles import ROLES, Roles
from lf_qwen3.data.converters.source_row import is_filled

_WORDS: Mapping[str, tuple[str, ...]] = {
    "messages": ("message", "conversation", "dialog", "turns", "chat", "contents"),
    "chosen": ("chosen", "prefer", "winner", "better", "response_j"),
    "rejected": ("reject", "loser", "worse", "other", "response_k"),
    "thinking": (
        *("think", "reason", "cot", "thought", "rationale", "trajector", "analysis", "思", "推理", "推論"),
        *("рассужд", "추론", "사고", "düşünce"),
    ),
    "answer": (
        *("answer", "response", "output", "reply", "replies", "replied", "completion", "target", "solution"),
        *("assistant", "label", "答", "回复", "回應", "cevap", "yanıt", "réponse", "antwort", "respuesta"),
        *("resposta", "risposta", "jawaban", "ответ", "답", "trả lời"),
    ),
    "system": ("system", "persona"),
    "question": (
        *("question", "prompt", "ask", "instruct", "query", "problem", "input", "user", "title"),
        *("问", "問", "指令", "soru", "frage", "pregunta", "pergunta", "domanda", "pertanyaan", "вопрос"),
        *("질문", "câu hỏi"),
    ),
}
"""How words of names begin that speak for a role; earlier roles choose first."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_UNWANTED = re.compile(r"(?<![a-z])(?:incorrect|wrong|false|bad|distract|id(?![a-z]))")


def guess_roles(rows: Iterable[Row]) -> Roles:
    """Return the likeliest columns of question, thinking and answer, or of messages, in the first rows.

    Names decide; where they say nothing, the longest texts are the answer. Empty where no training pair can
    be seen.
    """
    texts, lists = _columns_by_kind(list(rows))
    roles: dict[str, str] = {}
    for role, words in _WORDS.items():
        columns = lists if role == "messages" else texts
        free = [column for column in columns if column not in roles.values()]
        if column := _best(free, (*ROLES.get(role, ()), *words)):
            roles[role] = column
    free = [column for column in texts if column not in roles.values()]
    for role in ("answer", "question"):
        if "messages" not in roles and "chosen" not in roles and role not in roles and free:
            roles[role] = max(free, key=texts.__getitem__)
            free.remove(roles[role])
    return _complete(roles)


def _complete(roles: Mapping[str, str]) -> Roles:
    """Return the roles in the order of a conversation; none where they make no training pair."""
    if "messages" in roles:
        return (("messages", roles["messages"]),)
    is_pair = "question" in roles and ("answer" in roles or {"chosen", "rejected"} <= roles.keys())
    order = ("system", "question", "thinking", "answer", "chosen", "rejected")
    wanted = [role for role in order if role in roles]
    if {"chosen", "rejected"} <= roles.keys():
        wanted = [role for role in wanted if role not in ("thinking", "answer")]
    return tuple((role, roles[role]) for role in wanted) if is_pair else ()


def _columns_by_kind(rows: Sequence[Row]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the mean length of each column of text, and of each column of lists of objects."""
    texts: dict[str, float] = {}
    lists: dict[str, float] = {}
    for column in dict.fromkeys(name for row in rows for name in row):
        values = [row[column] for row in rows if is_filled(row.get(column))]
        if values and all(map(_is_list_of_objects, values)):
            lists[column] = sum(map(len, values)) / len(values)
        elif values and all(isinstance(value, str) for value in values):
            texts[column] = sum(map(len, values)) / len(values)
    return texts, lists


def _is_list_of_objects(value: object) -> bool:
    """Tell whether a cell holds a list of objects, or messages as JSON text."""
    if isinstance(value, str):
        return holds_messages(value)
    return isinstance(value, list) and isinstance(value[0], dict)


def _best(columns: Sequence[str], words: Sequence[str]) -> str:
    """Return the column with a word that begins with the earliest of `words`, "" where none does.

    Of several columns the shortest name counts: others say of what else they are.
    """
    names = {column: _CAMEL.sub("_", column).lower() for column in columns}
    wanted = [column for column in sorted(names, key=len) if not _UNWANTED.search(names[column])]
    for word in words:
        for column in wanted:
            if re.search(rf"(?<![a-z]){re.escape(word)}", names[column]):
                return column
    return ""
