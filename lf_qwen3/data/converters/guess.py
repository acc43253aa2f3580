"""Guess what unknown columns may be to a conversation, for the messages that tell a user what to write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from lf_qwen3.base.conversation import Row
from lf_qwen3.data.converters._dialogue import holds_messages
from lf_qwen3.data.converters._message_roles import role_key_of, speaker_of
from lf_qwen3.data.converters._turn_objects import read_marked_texts, spread_turns
from lf_qwen3.data.converters.fields import parse_cell
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
        *(
            "assistant",
            "code",
            "label",
            "答",
            "回复",
            "回應",
            "cevap",
            "yanıt",
            "réponse",
            "antwort",
            "respuesta",
        ),
        *("resposta", "risposta", "jawaban", "ответ", "답", "trả lời"),
    ),
    "system": ("system", "persona"),
    "question": (
        *("question", "prompt", "ask", "instruct", "query", "problem", "input", "user", "usrmsg", "title"),
        *("requirement", "task"),
        *("问", "問", "指令", "soru", "frage", "pregunta", "pergunta", "domanda", "pertanyaan", "вопрос"),
        *("질문", "câu hỏi"),
    ),
}
"""Beginnings of words in column names, by the role that they indicate; earlier roles choose first."""
_EXACT: Mapping[str, str] = {"question": "q", "answer": "a"}
"""Names that mean a role only if both are present, and no further letter (the choices A, B, C, D)."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_UNWANTED = re.compile(
    r"(?<![a-z])(?:incorrect|wrong|false|bad|distract|id(?![a-z])|idx|hash|uuid)"
    r"|(?<![a-z])(?:name|type|source|model|level|category|index|url|lang|language|split|date|time)s?$"
)
"""Names of what must not be learnt, and of what tells of a row and is not a part of it."""
_LEAST_THINKING = 5
"""Characters: a column of shorter texts is no reasoning, whatever it is called."""
_LEAST_PROSE = 12
"""Characters: a shorter text that asks nothing is taken for no question or answer by its length alone."""
_COUNTED = re.compile(r"(.*?)[\s_-]*(?:[0-9]+|(?<![a-z])[a-h])")
_RIVALS = ("answer", "response", "output", "completion", "reply")
_GOOD = re.compile("best|correct|right|good|gold")


def guess_roles(rows: Iterable[Row]) -> Roles:
    """Return the likeliest columns of question, thinking and answer, or of messages, in the first rows.

    Names decide; where they say nothing, the longest texts are the answer. Empty where no training pair can
    be seen.
    """
    rows = list(rows)
    for name in rows[0] if rows else ():
        if all(_holds_marked_texts(row.get(name)) for row in rows):
            return (("messages", name),)
    texts, lists = _columns_by_kind(rows)
    roles = _exact_roles(texts)
    for role, words in _WORDS.items():
        columns = lists if role == "messages" else texts
        free = [column for column in columns if column not in roles.values()]
        if role == "thinking":
            free = [column for column in free if texts[column] >= _LEAST_THINKING]
        if role not in roles and (column := _best(free, (*ROLES.get(role, ()), *words))):
            roles[role] = column
    free = [column for column in texts if column not in roles.values() and _is_prose(column, rows)]
    for role in ("answer", "question"):
        if "messages" not in roles and "chosen" not in roles and role not in roles and free:
            roles[role] = max(free, key=texts.__getitem__)
            free.remove(roles[role])
    if several_answers(texts, roles.get("answer", "")):
        return ()
    return _complete(roles)


def name_speakers(rows: Iterable[Row], column: str) -> bool:
    """Return whether the messages of a column name a known role somewhere in the first rows."""
    values = (spread_turns(parse_cell(row.get(column))) for row in rows)
    messages = (message for value in values if isinstance(value, list) for message in value)
    return any(speaker_of(item.get(role_key_of(item))) for item in messages if isinstance(item, dict))


def several_answers(columns: Iterable[str], answer: str = "") -> list[str]:
    """Return the columns that hold answers of one row side by side: response 1 and response 2; [] for none.

    With `answer`, only those that this column is one of. Where all are called good, any of them will do.
    """
    groups: dict[str, list[str]] = {}
    for column in columns:
        match = _COUNTED.fullmatch(_spelt(column))
        if match and match[1].endswith(_RIVALS) and not _GOOD.search(match[1]):
            groups.setdefault(match[1], []).append(column)
    several = (group for group in groups.values() if len(group) > 1)
    return next((group for group in several if not answer or answer in group), [])


def _exact_roles(texts: Mapping[str, float]) -> dict[str, str]:
    """Return the roles of columns called Q and A."""
    by_name = {column.lower(): column for column in texts}
    if not {"q", "a"} <= by_name.keys() or "b" in by_name:
        return {}
    return {role: by_name[name] for role, name in _EXACT.items()}


def _is_prose(column: str, rows: Sequence[Row]) -> bool:
    """Return whether a column of a name that says nothing may hold a question or an answer."""
    if _UNWANTED.search(_spelt(column)):
        return False
    said = [_may_be_said(row[column]) for row in rows if is_filled(row.get(column))]
    return 2 * sum(said) > len(said)


def _may_be_said(text: str) -> bool:
    text = text.strip()
    return text.endswith(("?", "？")) or (len(text) >= _LEAST_PROSE and (" " in text or not text.isascii()))


def _spelt(column: str) -> str:
    return _CAMEL.sub("_", column).lower()


def _complete(roles: Mapping[str, str]) -> Roles:
    """Return the roles in the order of a conversation; none where they make no training pair."""
    if "messages" in roles:
        return (("messages", roles["messages"]),)
    if "chosen" in roles and not {"answer", "rejected"} & roles.keys():
        roles = {**roles, "answer": roles["chosen"]}
    is_pair = "question" in roles and ("answer" in roles or {"chosen", "rejected"} <= roles.keys())
    pair = ("chosen", "rejected") if {"chosen", "rejected"} <= roles.keys() else ("thinking", "answer")
    wanted = [role for role in ("system", "question", *pair) if role in roles]
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


def _holds_marked_texts(value: object) -> bool:
    return isinstance(value, list) and bool(read_marked_texts(value))


def _is_list_of_objects(value: object) -> bool:
    """Return whether a cell holds a list of objects, or messages as JSON text."""
    if isinstance(value, str):
        return holds_messages(value)
    return isinstance(value, list) and isinstance(value[0], dict)


def _best(columns: Sequence[str], words: Sequence[str]) -> str:
    """Return the column with a word that begins with the earliest of `words`, "" where none does.

    Of several columns the shortest name counts: others say of what else they are.
    """
    names = {column: _spelt(column) for column in columns}
    wanted = [column for column in sorted(names, key=len) if not _UNWANTED.search(names[column])]
    for word in words:
        for column in wanted:
            if re.search(rf"(?<![a-z]){re.escape(word)}", names[column]):
                return column
    return ""
