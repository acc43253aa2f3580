"""Write the examples of checks and rules as text that a person reads."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from functools import singledispatch
from typing import Any

import yaml  # type: ignore[import-untyped]

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.proof.check.rules.records.sample import Sample
from lf_qwen3.proof.check.rules.registry.checked_entry import CheckedEntry
from lf_qwen3.proof.check.rules.training.training_setup import TrainingSetup
from lf_qwen3.qwen3.thinking import frame

_LONGEST = 160


@singledispatch
def show_example(example: object) -> str:
    """Return an example as lines of `name: value`; fields that have their default are left out."""
    lines = [f"{name}: {_short(value)}" for name, value in _set_fields(example).items()]
    return "\n".join(lines) or "(none)"


@show_example.register
def _(sample: Sample) -> str:
    record = sample.record
    lines = [f"tools: {record.tools}"] if record.tools else []
    lines += [f"system: {_escaped(record.system)}"] if record.system else []
    lines += [f"{message['role']}: {_escaped(message['content'])}" for message in record.messages]
    lines += [f"rejected: {_escaped(record.rejected['content'])}"] if record.rejected else []
    return "\n".join(lines)


@show_example.register
def _(conversation: Conversation) -> str:
    lines = [f"system: {_escaped(conversation.system)}"] if conversation.system else []
    lines += [f"{turn.role}: {_turn(turn)}" for turn in conversation.turns]
    lines += [f"rejected: {_turn(conversation.rejected)}"] if conversation.rejected else []
    return "\n".join(lines)


@show_example.register
def _(entry: CheckedEntry) -> str:
    settings = json.dumps({entry.name: entry.settings}, ensure_ascii=False)
    facts = [f"dataset_info.json: {settings}"]
    facts += [f"row: {_short(json.dumps(row, ensure_ascii=False))}" for row in entry.head]
    facts += [f"files: {', '.join(entry.files)}"] if entry.files and len(entry.files) > 1 else []
    facts += [f"reading: {entry.problem}"] if entry.problem else []
    facts += [f"times: {entry.times}"] if entry.times > 1 else []
    return "\n".join(facts)


@show_example.register
def _(setup: TrainingSetup) -> str:
    text = yaml.safe_dump(dict(setup.settings), sort_keys=False, allow_unicode=True).rstrip()
    rest = {name: value for name, value in _set_fields(setup).items() if name != "settings"}
    data = _set_fields(rest.pop("data", None)) | rest
    return "\n".join([text, *(f"# {name}: {_short(value)}" for name, value in data.items())])


def _turn(turn: Turn) -> str:
    text = turn.content if turn.thinking is None else frame(turn.thinking, turn.content)
    mark = "" if turn.learn else " (not to be learnt)"
    return " ".join(filter(None, (_escaped(text), turn.calls))) + mark


def _set_fields(example: Any) -> dict[str, Any]:
    """Return the fields of a dataclass or a named tuple that differ from their default."""
    if is_dataclass(example):
        defaults = {
            field.name: field.default_factory() if field.default_factory is not MISSING else field.default
            for field in fields(example)
        }
    elif hasattr(example, "_fields"):
        defaults = dict.fromkeys(example._fields, MISSING) | example._field_defaults
    else:
        return {}
    values = {name: getattr(example, name) for name in defaults}
    return {name: value for name, value in values.items() if value != defaults[name]}


def _escaped(text: str) -> str:
    return _short(text.replace("\n", "\\n").replace("\0", "\\0"))


def _short(value: object) -> str:
    text = ", ".join(sorted(value)) if isinstance(value, frozenset | set) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
