"""The keys of an entry: known, whole, and of the right type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from lf_qwen3.base import assets
from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, add_nearest, check
from lf_qwen3.proof.check.rules.registry.checked_entry import CheckedEntry

SCHEMA = "dataset_info.schema.json"

_GOOD = CheckedEntry("a", {"file_name": "a.jsonl", "columns": {"prompt": "q", "response": "a"}})


@check(
    "unknown_key",
    "error",
    "LLaMA-Factory knows no such key",
    "it is passed over in silence; the keys stand in dataset_info.schema.json, which editors complete by",
    good=_GOOD,
    bad=CheckedEntry("a", {"file_name": "a.jsonl", "format": "sharegpt"}),
)
def unknown_key(entry: CheckedEntry) -> Iterator[Fault]:
    """Require keys that data/parser.py reads."""
    yield from _unknown(entry.settings, "dataset", "")
    for block in ("columns", "tags"):
        named = entry.settings.get(block)
        if isinstance(named, dict):
            yield from _unknown(named, block, f"{block}.")


@check(
    "entry_schema",
    "error",
    "the entry does not fit its JSON Schema",
    "correct the value; lf-qwen3 register NAME FILE --replace writes a whole entry",
    good=_GOOD,
    bad=CheckedEntry("a", {"file_name": "a.jsonl", "formatting": "chatml"}),
)
def entry_schema(entry: CheckedEntry) -> Iterator[Fault]:
    """Require the types and choices of the shipped schema; `unknown_key` reports the unknown keys."""
    for error in _validator().iter_errors(entry.settings):
        place = ".".join(str(step) for step in error.absolute_path)
        if error.validator == "anyOf" and not place:
            yield Fault("nothing says where the data is: file_name is missing")
        elif error.validator == "required" and place == "tags":
            continue  # reported as tags_in_part
        elif error.validator != "additionalProperties":
            yield Fault(f"{place}: {error.message}" if place else error.message, place.split(".")[-1])


@check(
    "bad_name",
    "error",
    "no training YAML can name this dataset",
    "use letters, digits, '_', '-' and '.': LLaMA-Factory splits names at commas and strips blanks",
    good=_GOOD,
    bad=CheckedEntry("a,b", {"file_name": "a.jsonl"}),
)
def bad_name(entry: CheckedEntry) -> CheckResult:
    """Require a name without comma and white space."""
    return PASS if entry.name and not set(entry.name) & set(", \t\r\n") else Fault(repr(entry.name))


@check(
    "duplicate_name",
    "error",
    "the name stands there more than once",
    "only the last entry counts; remove or rename the others",
    good=_GOOD,
    bad=CheckedEntry("a", {"file_name": "a.jsonl"}, times=2),
)
def duplicate_name(entry: CheckedEntry) -> CheckResult:
    """Require every name once."""
    return Fault(f"{entry.times} times") if entry.times > 1 else PASS


@check(
    "openai_formatting",
    "warning",
    "formatting: openai changes the system prompt",
    'it adds "detailed thinking off" to every record without tools; use formatting: sharegpt with the '
    "tags role, content, user, assistant",
    good=_GOOD,
    bad=CheckedEntry(
        "a", {"file_name": "a.jsonl", "formatting": "openai", "columns": {"messages": "messages"}}
    ),
)
def openai_formatting(entry: CheckedEntry) -> CheckResult:
    """Require alpaca or sharegpt (data/converter.py, OpenAIDatasetConverter)."""
    return Fault("", "formatting") if entry.settings.get("formatting") == "openai" else PASS


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


def _unknown(block: dict[str, Any], kind: str, prefix: str) -> Iterator[Fault]:
    known = load()["$defs"][kind]["properties"]
    for key in block:
        if key not in known:
            yield Fault(f"{prefix}{add_nearest(key, known)}", key)
