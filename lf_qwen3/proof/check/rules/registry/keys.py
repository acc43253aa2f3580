"""The keys of an entry: known, whole, and of the right type."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from lf_qwen3.base import assets, nearest
from lf_qwen3.data.convert.formats import FORMATS
from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.proof.check.rules.registry.checked_entry import CheckedEntry, OtherNames

SCHEMA = "dataset_info.schema.json"

_BLOCKS = ("columns", "tags")
_LIKE = 0.76
"""How like a key must be to one of the trainer's (difflib's ratio): format and samples are, task is not."""

_OTHER_COLUMNS = {
    **dict.fromkeys(("instruction", "question"), "prompt"),
    "input": "query",
    **dict.fromkeys(("output", "answer", "completion"), "response"),
    **dict.fromkeys(("conversations", "conversation", "dialogue", "turns"), "messages"),
    "systemprompt": "system",
}
"""What people call a column that the trainer knows by another name."""

_GOOD = CheckedEntry("a", {"file_name": "a.jsonl", "columns": {"prompt": "q", "response": "a"}})


@check(
    "unknown_key",
    "error",
    "unknown key in dataset_info.json, close to a known one",
    "LLaMA-Factory ignores it without a message; dataset_info.schema.json lists the keys, and "
    "editors complete them from it",
    good=_GOOD,
    bad=CheckedEntry("a", {"file_name": "a.jsonl", "format": "sharegpt"}),
)
def unknown_key(entry: CheckedEntry) -> Iterator[Fault]:
    """Require that each key which data/parser.py does not read is unlike those that it reads."""
    return (Fault(f"{place}; did you mean {near}?", key) for place, key, near in _foreign(entry) if near)


@check(
    "foreign_key",
    "info",
    "LLaMA-Factory ignores this key",
    "it does no harm; a note for readers may stay",
    good=_GOOD,
    bad=CheckedEntry("a", {"file_name": "a.jsonl", "license": "apache-2.0"}),
)
def foreign_key(entry: CheckedEntry) -> Iterator[Fault]:
    """Require keys that data/parser.py reads."""
    return (Fault(place, key) for place, key, near in _foreign(entry) if not near)


@check(
    "not_a_dataset",
    "info",
    "the value of this name is not a dataset entry",
    "training ignores it, but LLaMA Board cannot list the datasets while it is there; remove it",
    good=OtherNames(()),
    bad=OtherNames(("_comment",)),
)
def not_a_dataset(others: OtherNames) -> CheckResult:
    """Require an object under every name (webui/control.py, list_datasets)."""
    return [Fault(name, name) for name in others.names]


@check(
    "entry_schema",
    "error",
    "the entry does not match its JSON Schema",
    "correct the value; lf-qwen3 register NAME FILE --replace writes a whole entry",
    good=_GOOD,
    bad=CheckedEntry("a", {"file_name": "a.jsonl", "formatting": "chatml"}),
)
def entry_schema(entry: CheckedEntry) -> Iterator[Fault]:
    """Require the types and choices of the shipped schema; `unknown_key` is for the keys."""
    if _is_as_written(entry.settings):
        return
    for error in _validator().iter_errors(entry.settings):
        place = ".".join(str(step) for step in error.absolute_path)
        if error.validator == "anyOf" and not place:
            yield Fault("file_name is missing: the entry does not say where the data is")
        elif error.validator == "required" and place == "tags":
            continue  # reported as tags_in_part
        elif error.validator != "additionalProperties":
            yield Fault(f"{place}: {error.message}" if place else error.message, place.split(".")[-1])


@check(
    "bad_name",
    "error",
    "a training YAML cannot use this dataset name",
    "use letters, digits, '_', '-' and '.': LLaMA-Factory splits names at commas and strips spaces",
    good=_GOOD,
    bad=CheckedEntry("a,b", {"file_name": "a.jsonl"}),
)
def bad_name(entry: CheckedEntry) -> CheckResult:
    """Require a name without comma and white space."""
    return PASS if entry.name and not set(entry.name) & set(", \t\r\n") else Fault(repr(entry.name))


@check(
    "duplicate_name",
    "error",
    "duplicate name in dataset_info.json",
    "LLaMA-Factory reads only the last entry of a name; remove or rename the others",
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


def _is_as_written(settings: dict[str, Any]) -> bool:
    """Return whether an entry is as convert writes it: it matches, and jsonschema takes 0.1 s to load."""
    name = settings.get("file_name")
    kinds = get_args(DatasetKind)
    return isinstance(name, str) and any(
        settings == form.entry(name, kind) for form in FORMATS.values() for kind in kinds
    )


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


def _foreign(entry: CheckedEntry) -> Iterator[tuple[str, str, str]]:
    """Yield each key that the trainer does not read: its place, the key, the key that was probably meant."""
    for kind in ("dataset", *_BLOCKS):
        block = entry.settings if kind == "dataset" else entry.settings.get(kind)
        if isinstance(block, dict):
            for key in (key for key in block if key not in _known(kind)):
                place = key if kind == "dataset" else f"{kind}.{key}"
                yield place, key, _meant(key, block, kind, entry)


def _meant(key: str, block: dict[str, Any], kind: str, entry: CheckedEntry) -> str:
    """Return the key of the trainer that is missing and that a foreign one is like, "" where none is."""
    plain = re.sub(r"[\W_]", "", key).casefold()
    missing = [
        name
        for name in _known(kind)
        if name not in block and (name not in _BLOCKS or isinstance(block[key], dict))
    ]
    if longer := [name for name in missing if len(plain) > 3 and name.replace("_", "").startswith(plain)]:
        return longer[0]
    if near := nearest.nearest(key.casefold(), missing, cutoff=_LIKE):
        return near
    named = _OTHER_COLUMNS.get(plain, "") if kind == "columns" else ""
    if named in missing and (named == "messages") == (entry.formatting != "alpaca"):
        return named
    elsewhere = [name for name in _BLOCKS if name != kind and key in _known(name)]
    blocks = {name: entry.settings.get(name) for name in elsewhere}
    return next(
        (
            f"{name}.{key}"
            for name, block in blocks.items()
            if not isinstance(block, dict) or key not in block
        ),
        "",
    )


def _known(kind: str) -> dict[str, Any]:
    keys: dict[str, Any] = load()["$defs"][kind]["properties"]
    return keys
