"""Recognise the shape of a data file from its first records: which formatting, columns and tags describe it.

A shape is named only when LLaMA-Factory's converters (data/converter.py) take every one of these records
as it stands. What would be lost on the way, such as reasoning in a separate column, is not a fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lf_qwen3.base.conversation import Row
from lf_qwen3.data.converters.labels import is_against, is_verdict
from lf_qwen3.data.converters.source_row import fill_of

DatasetKind = Literal["sft", "ranking", "kto", "pretrain"]
Columns = dict[str, list[Any]]

_PROMPT = ("instruction", "prompt", "question")
_QUERY = ("input", "query")
_RESPONSE = ("output", "response", "completion")
_MESSAGES = ("conversations", "messages")
_KTO_TAG = ("kto_tag", "label")
_MEDIA = {"images": ("images", "image"), "videos": ("videos", "video"), "audios": ("audios", "audio")}
_REASONING = {"think", "thinking", "reasoning", "reasoning_content", "cot", "complex_cot", "chain_of_thought"}

_MESSAGE_KEYS = (("from", "value"), ("role", "content"))
_LOST_IN_MESSAGES = {"tool_calls", "function_call", *_REASONING}
_ROLES = {
    "user_tag": ("human", "user"),
    "assistant_tag": ("gpt", "assistant"),
    "observation_tag": ("observation", "tool"),
    "function_tag": ("function_call",),
    "system_tag": ("system",),
}


class NoFitError(Exception):
    """No shape fits; the text says why, as far as it is known."""


@dataclass(frozen=True, slots=True)
class RecordShape:
    """What dataset_info.json has to say about a file; `unused` are the columns it cannot name."""

    formatting: Literal["alpaca", "sharegpt"]
    kind: DatasetKind
    columns: dict[str, str]
    tags: dict[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()

    def entry(self, file_name: str) -> dict[str, Any]:
        """Return the dataset_info entry that says this of a file, columns and tags in full."""
        ranking = {"ranking": True} if self.kind == "ranking" else {}
        tags = {"tags": self.tags} if self.tags else {}
        return {
            "file_name": file_name,
            "formatting": self.formatting,
            **ranking,
            "columns": self.columns,
            **tags,
        }


def recognise(rows: Sequence[Row]) -> RecordShape:
    """Return the shape of a file that begins with `rows`. Raises `NoFitError`."""
    columns = columns_of(rows)
    reasoning = [name for name in columns if name.lower() in _REASONING and any(columns[name])]
    if reasoning:
        raise NoFitError(f"LLaMA-Factory has no column for the reasoning in {', '.join(reasoning)}")
    if is_preference := all(any(columns.get(name, ())) for name in ("chosen", "rejected")):
        kind: DatasetKind = "ranking"
    else:
        kind = "kto" if _first(columns, _KTO_TAG, _is_truth) else "sft"
    if kind == "sft" and (verdict := find_verdict(columns)):
        raise NoFitError(
            f"{verdict} marks some answers as wrong, but LLaMA-Factory reads the labels true and false only"
        )
    messages = _first(columns, _MESSAGES, _is_messages)
    if messages:
        shape = _sharegpt(columns, messages, kind)
    elif _first(columns, (*_PROMPT, *_QUERY), _is_text):
        shape = _alpaca(columns, kind)
    elif _first(columns, ("text",), _is_text) and not is_preference:
        shape = RecordShape("alpaca", "pretrain", {"prompt": "text"})
    else:
        raise NoFitError
    used = set(shape.columns.values())
    return RecordShape(
        shape.formatting,
        shape.kind,
        shape.columns,
        shape.tags,
        tuple(name for name in columns if name not in used),
    )


def columns_of(rows: Iterable[Row]) -> Columns:
    """Return the values of every column; a row that lacks a column counts as null there."""
    rows = list(rows)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _alpaca(columns: Columns, kind: DatasetKind) -> RecordShape:
    prompt = _first(columns, _PROMPT, _is_text)
    query = _first(columns, _QUERY, _is_text_or_null if prompt else _is_text)
    named = {"prompt": prompt or query or "", **({"query": query} if prompt and query else {})}
    if kind == "ranking":
        if not all(_is_text(columns[name]) for name in ("chosen", "rejected")):
            raise NoFitError("beside a prompt column, chosen and rejected have to be text")
        named |= {"chosen": "chosen", "rejected": "rejected"}
    else:
        response = _first(columns, _RESPONSE, _is_text)
        if response is None:
            raise NoFitError(f"no text column named {' or '.join(_RESPONSE)} has the answer")
        named["response"] = response
    history = columns.get("history", [])
    if any(history) and not _is_history(history):
        raise NoFitError("history has to be a list of [question, answer] pairs of text")
    named |= _shared(columns, kind)
    if history and _is_history(history):
        named["history"] = "history"
    return RecordShape("alpaca", kind, named)


def _sharegpt(columns: Columns, messages: str, kind: DatasetKind) -> RecordShape:
    turns = [turn for conversation in columns[messages] for turn in conversation]
    named = {"messages": messages}
    if kind == "ranking":
        answers = [*columns["chosen"], *columns["rejected"]]
        if not all(isinstance(answer, dict) for answer in answers):
            raise NoFitError(f"beside {messages}, chosen and rejected have to be one message each")
        turns += answers
        named |= {"chosen": "chosen", "rejected": "rejected"}
    return RecordShape("sharegpt", kind, named | _shared(columns, kind), _tags(turns))


def _shared(columns: Columns, kind: DatasetKind) -> dict[str, str]:
    """Return the columns that both formattings can name."""
    named = {}
    for name, what in (("system", "text"), ("tools", "text that holds a JSON list")):
        if name in columns:
            if not _is_text_or_null(columns[name]):
                raise NoFitError(f"{name} has to be {what}")
            named[name] = name
    for name, spellings in _MEDIA.items():
        if column := _first(columns, spellings, _is_media):
            named[name] = column
    if kind == "kto":
        named["kto_tag"] = _first(columns, _KTO_TAG, _is_truth) or ""
    return named


def find_verdict(columns: Columns) -> str:
    """Return the column that says in numbers or words which answers are wrong, "" where none does."""
    for name, values in columns.items():
        fills = {fill_of(value) for value in values} - {""}
        wrong = "yes" if is_against(name) else "no"
        if is_verdict(name) and wrong in fills and fills <= {"yes", "no"}:
            return name
    return ""


def _tags(turns: Sequence[dict[str, Any]]) -> dict[str, str]:
    keys = next((keys for keys in _MESSAGE_KEYS if all(set(keys) <= set(turn) for turn in turns)), None)
    if keys is None or not turns:
        raise NoFitError("a message needs from and value, or role and content")
    role_key, content_key = keys
    lost = sorted({name for turn in turns for name in _LOST_IN_MESSAGES if turn.get(name)})
    if lost:
        raise NoFitError(f"LLaMA-Factory's sharegpt format has no key for the {', '.join(lost)} of a message")
    if not all(isinstance(turn[content_key], str) for turn in turns):
        raise NoFitError(f"the {content_key} of every message has to be text")
    tags = {"role_tag": role_key, "content_tag": content_key}
    seen = dict.fromkeys(str(turn[role_key]) for turn in turns)
    for tag, spellings in _ROLES.items():
        used = [role for role in spellings if role in seen]
        if len(used) > 1:
            raise NoFitError(f"{' and '.join(used)} are both used, but LLaMA-Factory knows one {tag}")
        usual = spellings[-1] if role_key == "role" else spellings[0]
        tags[tag] = used[0] if used else usual
    strange = [role for role in seen if role not in tags.values()]
    if strange:
        raise NoFitError(f"unknown role: {', '.join(strange)}")
    return tags


def _first(columns: Columns, names: Iterable[str], fits: Callable[[list[Any]], bool]) -> str | None:
    return next((name for name in names if name in columns and fits(columns[name])), None)


def _is_text(values: list[Any]) -> bool:
    return any(values) and _is_text_or_null(values)


def _is_text_or_null(values: list[Any]) -> bool:
    return all(value is None or isinstance(value, str) for value in values)


def _is_media(values: list[Any]) -> bool:
    """Return whether a column holds paths or contents of files, one or a list in a row."""
    return any(values) and all(
        item is None or isinstance(item, str | bytes | list | dict)
        for value in values
        for item in (value if isinstance(value, list) else [value])
    )


def _is_truth(values: list[Any]) -> bool:
    return any(value is not None for value in values) and all(
        value is None or isinstance(value, bool) for value in values
    )


def _is_messages(values: list[Any]) -> bool:
    return any(values) and all(
        isinstance(value, list) and all(isinstance(turn, dict) for turn in value) for value in values
    )


def _is_history(values: list[Any]) -> bool:
    pairs = [pair for value in values if isinstance(value, list) for pair in value]
    return all(value is None or isinstance(value, list) for value in values) and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)
        for pair in pairs
    )
