"""What a row becomes, and the names by which an entry of dataset_info.json finds its way in a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypedDict

from lf_qwen3.base.conversation import Row

DatasetEntry = Mapping[str, Any]
"""One entry of dataset_info.json."""

_COLUMNS = {"prompt": "instruction", "query": "input", "response": "output", "messages": "conversations"}
SHAREGPT_TAGS = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "observation_tag": "observation",
    "function_tag": "function_call",
    "system_tag": "system",
}
"""The tags LLaMA-Factory takes for a sharegpt file whose entry names none (data/parser.py)."""

_ROLES = {
    "user_tag": "user",
    "assistant_tag": "assistant",
    "observation_tag": "observation",
    "function_tag": "function",
    "system_tag": "system",
}


class Message(TypedDict):
    """One message; the role is user, assistant, observation or function."""

    role: str
    content: str


@dataclass(slots=True)
class Record:
    """What the trainer tokenises: messages that alternate and end with the answer.

    `rejected` is the losing answer of a ranking record; the chosen one is then the last message.
    """

    messages: list[Message]
    system: str = ""
    tools: str = ""
    rejected: Message | None = None


class Dropped(NamedTuple):
    """A row that the trainer does not learn from: it leaves it out, or, with `stops`, ends the run there."""

    reason: str
    stops: bool = False


class BrokenRowError(Exception):
    """The row is dropped, or ends the run; `dropped` says so."""

    def __init__(self, reason: str, stops: bool = False) -> None:
        super().__init__(reason)
        self.dropped = Dropped(reason, stops)


@dataclass(slots=True)
class Aligned:
    """The two sides that the trainer's converters make of a row, not yet checked."""

    prompt: list[Message]
    response: list[Message]
    system: Any = ""
    tools: Any = ""


class Names:
    """The columns and tags of one entry, with the trainer's defaults (data/parser.py, DatasetAttr).

    Naming one column or tag resets every other to None.
    """

    def __init__(self, entry: DatasetEntry) -> None:
        self.is_ranking = bool(entry.get("ranking", False))
        self.columns: Mapping[str, str | None] = entry.get("columns", _COLUMNS)
        self.tags: Mapping[str, str | None] = entry.get("tags", SHAREGPT_TAGS)
        self.role_tag = self.tags.get("role_tag") or ""
        self.content_tag = self.tags.get("content_tag") or ""
        self.roles = {self.tags.get(tag): role for tag, role in _ROLES.items()}

    def column(self, row: Row, name: str) -> Any:
        """Return the value of a column by the trainer's name for it, None where the entry names none."""
        column = self.columns.get(name)
        return row.get(column) if column else None

    def pair(self, row: Row, kind: type) -> list[Any]:
        """Return chosen and rejected of a ranking row; empty where one of them is not of that kind."""
        values: list[Any] = []
        for name in ("chosen", "rejected"):
            if not self.columns.get(name):
                raise BrokenRowError(f"the entry of ranking data does not name its {name} column", stops=True)
            values.append(self.column(row, name))
            if not isinstance(values[-1], kind):
                return []
        return values

    def role(self, message: Mapping[str, Any]) -> str:
        """Return the trainer's role of a message; in quotes the message's own where no tag knows it."""
        given = message.get(self.role_tag)
        try:
            return self.roles.get(given) or repr(given)
        except TypeError:
            return repr(given)

    def is_known(self, role: str) -> bool:
        """Return whether a role that `role` returned is one of the trainer's."""
        return role in _ROLES.values()


def message(role: str, content: Any) -> Message:
    """Return a message; its content is compared with text later."""
    return {"role": role, "content": content}


def kto_answers(wanted: bool, answers: list[Message]) -> list[Message]:
    """Return the answer of a kto row and the empty one of the other side."""
    empty = [message("assistant", "")]
    return answers + empty if wanted else empty + answers


def split_off_label(entry: DatasetEntry) -> tuple[DatasetEntry, str]:
    """Return the entry of KTO data as that of ordinary data, and the column of its label ("" for none).

    A row of KTO data is read as an ordinary one: question and answer in turn.
    """
    columns = entry.get("columns")
    label = columns.get("kto_tag") if isinstance(columns, Mapping) else None
    if not isinstance(columns, Mapping) or not label:
        return entry, ""
    others = {key: value for key, value in columns.items() if key != "kto_tag"}
    return {**entry, "columns": others}, str(label)


def as_pair(record: Record) -> Record:
    """Return a record of KTO data as a pair of one answer with itself.

    Its chosen side is what FeedbackDatasetProcessor feeds: like PairwiseDatasetProcessor it encodes one
    turn, the last answer, and cuts by its length.
    """
    return replace(record, rejected=record.messages[-1])


def require_text(value: Any, what: str) -> str:
    """Return `value` if it is text; the trainer stops at anything else."""
    if not isinstance(value, str):
        raise BrokenRowError(
            f"{what} is {'null' if value is None else type(value).__name__}, not text", stops=True
        )
    return value
