"""The keys of an entry: known, whole, and of the right type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from lf_qwen3.base import assets
from lf_qwen3.proof.check.rules.check_rule import Fault, check, did_you_mean
from lf_qwen3.proof.check.rules.registry.entry import Entry

SCHEMA = "dataset_info.schema.json"

_GOOD = Entry("a", {"file_name": "a.jsonl", "columns": {"prompt": "q", "response": "a"}})


@check(
    "unknown_key",
    "error",
    "LLaMA-Factory knows no such key",
    "it is passed over in silence; the keys stand in dataset_info.schema.json, which editors complete by",
    good=_GOOD,
    bad=Entry("a", {"file_name": "a.jsonl", "format": "sharegpt"}),
)
def unknown_key(entry: Entry) -> Iterator[Fault]:
    """Require keys that data/parser.py reads."""
    yield from _unknown(entry.entry, "dataset", "")
    for block in ("columns", "tags"):
        named = entry.entry.get(block)
        if isinstance(named, dict):
            yield from _unknown(named, block, f"{block}.")


@check(
    "entry_schema",
    "error",
    "the entry does not fit its JSON Schema",
    "correct the value; lf-qwen3 register NAME FILE --replace writes a whole entry",
    good=_GOOD,
    bad=Entry("a", {"file_name": "a.jsonl", "formatting": "chatml"}),
)
def entry_schema(entry: Entry) -> Iterator[Fault]:
    """Require the types and choices of the shipped schema; unknown keys are told by name."""
    for error in _validator().iter_errors(entry.entry):
        place = ".".join(str(step) for step in error.absolute_path)
        if error.validator == "anyOf" and not place:
            yield Fault("nothing says where the data is: file_name is missing")
        elif error.validator == "required" and place == "tags":
            continue  # told as tags_in_part
        elif error.validator != "additionalProperties":
            yield Fault(f"{place}: {error.message}" if place else error.message, place.split(".")[-1])


@check(
    "bad_name",
    "error",
    "no training YAML can name this dataset",
    "use letters, digits, '_', '-' and '.': LLaMA-Factory splits names at commas and strips blanks",
    good=_GOOD,
    bad=Entry("a,b", {"file_name": "a.jsonl"}),
)
def bad_name(entry: Entry) -> str | None:
    """Require a name without comma and white space."""
    return None if entry.name and not set(entry.name) & set(", \t\r\n") else repr(entry.name)


@check(
    "duplicate_name",
    "error",
    "the name stands there more than once",
    "only the last entry counts; remove or rename the others",
    good=_GOOD,
    bad=Entry("a", {"file_name": "a.jsonl"}, times=2),
)
def duplicate_name(entry: Entry) -> str | None:
    """Require every name once."""
    return f"{entry.times} times" if entry.times > 1 else None


@check(
    "openai_formatting",
    "warning",
    "formatting: openai changes the system prompt",
    'it adds "detailed thinking off" to every record without tools; use formatting: sharegpt with the '
    "tags role, content, user, assistant",
    good=_GOOD,
    bad=Entry("a", {"file_name": "a.jsonl", "formatting": "openai", "columns": {"messages": "messages"}}),
)
def openai_formatting(entry: Entry) -> list[Fault]:
    """Require alpaca or sharegpt (data/converter.py, OpenAIDatasetConverter)."""
    return [Fault("", "formatting")] if entry.entry.get("formatting") == "openai" else []


@cache
def load() -> dict[str, Any]:
    """Return the shipped schema of dataset_info.json."""
    schema: dict[str, Any] = json.loads((assets.folder("dataset_info") / SCHEMA).read_text("utf-8"))
    return schema


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    schema = load()
    return Draft202012Validator({"$ref": "#/$defs/dataset", "$defs": schema["$defs"]})


def _unknown(found: dict[str, Any], kind: str, where: str) -> Iterator[Fault]:
    known = load()["$defs"][kind]["properties"]
    for key in found:
        if key not in known:
            yield Fault(f"{where}{key}{did_you_mean(key, known)}", key)
