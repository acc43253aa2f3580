"""`recipe validate`: check one YAML against the trainer's keys, in milliseconds and without the trainer."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3.base import nearest
from lf_qwen3.base.number_text import is_number
from lf_qwen3.base.severity import Severity
from lf_qwen3.proof import dialects
from lf_qwen3.proof.dialects import Dialect
from lf_qwen3.trainer import schema, versions
from lf_qwen3.trainer.yaml_reader import NotYamlError, YamlReading, read


@dataclass(frozen=True, slots=True)
class YamlFinding:
    """One thing at fault. An error stops the trainer; an info does so with some versions only.

    `row` is the line, counted from 1, None for the file as a whole.
    """

    code: str
    severity: Severity
    file: str
    row: int | None
    key: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class YamlValidation:
    """The findings of one file; `dialect` says whose YAML it is, `notes` what else is worth knowing."""

    file: str
    dialect: Dialect
    settings: int
    findings: list[YamlFinding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_valid(self) -> bool:
        """Tell whether the trainer takes the file, as far as its keys and values go."""
        return all(finding.severity == "info" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return the report as one JSON object."""
        return {**asdict(self), "valid": self.is_valid}


def validate(path: Path) -> YamlValidation:
    """Check every key and value of a YAML.

    Raises `UsageError` when there is no such file; a file that is no YAML is a finding.
    """
    try:
        reading = read(path)
    except NotYamlError as error:
        broken = YamlFinding(
            "not_yaml", "error", str(path), error.line or None, "", error.problem, error.hint
        )
        return YamlValidation(str(path), "train", 0, [broken])
    dialect = dialects.detect_dialect(reading, schema.load()["properties"])
    notes = [note for note in (dialects.NOTES[dialect], versions.describe_mismatch()) if note]
    unsorted = [] if dialect in dialects.UNCHECKED else _findings(reading, dialect)
    findings = sorted(unsorted, key=lambda finding: finding.row or 0)
    return YamlValidation(str(path), dialect, len(reading.settings), findings, notes)


def _findings(reading: YamlReading, dialect: Dialect) -> Iterator[YamlFinding]:
    for key, line in reading.repeated:
        hint = "the trainer stops at a key that stands twice: take one of the lines out"
        yield _finding(reading, "repeated_key", key, "it stood there before", hint, line=line)
    known = _known_keys(dialect)
    for key, value in reading.settings.items():
        if key not in known:
            yield _describe_unknown(reading, key, known)
        elif dialect in ("train", "megatron") and (fault := _fault_of_value(key, value)):
            yield _finding(reading, "wrong_value", key, fault, _hint_for_value(key, value))
    if dialect in ("train", "megatron") and reading.settings.get("model_name_or_path") is None:
        hint = "name a hub id such as Qwen/Qwen3-4B, or the model's folder"
        yield _finding(reading, "no_model", "model_name_or_path", "the trainer needs it", hint)


def _known_keys(dialect: Dialect) -> Collection[str]:
    if dialect == "v1":
        return schema.keys_of("v1")
    extra = {"megatron": dialects.megatron_keys(), "eval": dialects.EVAL_KEYS}
    return {*schema.load()["properties"], *extra.get(dialect, ())}


def _describe_unknown(reading: YamlReading, key: str, known: Collection[str]) -> YamlFinding:
    trainer = f"LLaMA-Factory {_schema_version()}"
    if key in dialects.TRANSFORMERS_4_KEYS:
        message = f"transformers 4 takes it, transformers 5 refuses it{_installed()}"
        return _finding(
            reading, "version_key", key, message, "leave it out to run with both", severity="info"
        )
    if key in dialects.GONE_KEYS:
        message = f"older versions took it, {trainer} refuses it"
        return _finding(reading, "gone_key", key, message, dialects.GONE_KEYS[key])
    near = dialects.OTHER_NAMES.get(key) or nearest.nearest(key, known)
    hint = f"did you mean {near}?" if near else f"the keys the trainer takes stand in {schema.path()}"
    return _finding(reading, "unknown_key", key, f"{trainer} has no such key", hint)


def _fault_of_value(key: str, value: Any) -> str:
    """Return what is wrong with the value of a known key, "" where nothing is."""
    if value == "???":
        return "??? stands for a value that is still to be filled in"
    fault = schema.fault(key, value) if schema.group(key) else None
    return fault.removeprefix(f"{key}: ") if fault else ""


def _hint_for_value(key: str, value: Any) -> str:
    """Return the hint for a wrong value: how to spell it, or what the key means."""
    rule = schema.load()["properties"][key]
    choices = rule.get("enum", ())
    if isinstance(value, bool) and "no" in choices:
        return f'YAML reads no as false and yes as true: write {key}: "no" with its quotes'
    if isinstance(value, str):
        if near := dialects.OTHER_VALUES.get(value) or nearest.nearest(value, map(str, choices)):
            return f"did you mean {near}?"
        if is_number(value) and schema.fault(key, float(value)) is None:
            return f"take the quotes away: {key}: {value}"
    return str(rule.get("description") or f"the keys and their types stand in {schema.path()}")


def _finding(
    reading: YamlReading,
    code: str,
    key: str,
    message: str,
    hint: str,
    severity: Severity = "error",
    line: int | None = None,
) -> YamlFinding:
    row = line or reading.lines.get(key)
    return YamlFinding(code, severity, str(reading.path), row, key, f"{key}: {message}", hint)


def _schema_version() -> str:
    """Return the trainer's version that the schema was made from."""
    words = str(schema.load()["$comment"]).split()
    return words[words.index("llamafactory") + 1]


def _installed() -> str:
    try:
        return f" (installed here: {importlib.metadata.version('transformers')})"
    except importlib.metadata.PackageNotFoundError:
        return ""
