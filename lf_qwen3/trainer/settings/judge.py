"""The one judge of a YAML's settings: keys, values and combinations, with the cure for each fault.

`recipe validate`, `check --config`, `rehearse` and `estimate` all ask it, so that a file has one verdict.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lf_qwen3.base import nearest, packages
from lf_qwen3.base.number_text import is_number
from lf_qwen3.base.severity import Severity
from lf_qwen3.trainer import quantised, schema
from lf_qwen3.trainer.settings import kinds, names
from lf_qwen3.trainer.settings.exclusions import Exclusion, SettingsView
from lf_qwen3.trainer.settings.kinds import Command, Dialect
from lf_qwen3.trainer.settings.shared_rules import ANSWERING, SHARED
from lf_qwen3.trainer.settings.training_rules import TRAINING
from lf_qwen3.trainer.yaml_reader import YamlReading

REFUSED = "trainer_refuses"
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_PROSE = ("default_system",)


@dataclass(frozen=True, slots=True)
class SettingFault:
    """One setting at fault.

    `check` is the code of a check that says the same, "" if there is none; `line` is set where it is
    another than the key's own.
    """

    code: str
    key: str
    message: str
    cure: str
    severity: Severity = "error"
    check: str = ""
    line: int | None = None


def judge_file(reading: YamlReading) -> list[SettingFault]:
    """Return what is wrong with the settings of a YAML of whatever kind, for whatever command."""
    return judge_settings(reading, kinds.detect_dialect(reading), kinds.detect_command(reading))


def judge_settings(reading: YamlReading, dialect: Dialect, command: Command) -> list[SettingFault]:
    """Return what is wrong with the settings of a YAML, key by key, then what excludes what."""
    if dialect in kinds.UNCHECKED:
        return []
    known = _known_keys(dialect)
    faults = [
        SettingFault("repeated_key", key, f"{key}: duplicate key", _ONCE, line=line)
        for key, line in reading.repeated
    ]
    for key, value in reading.settings.items():
        if fault := _judge_key(key, known, command) or (
            _judge_value(key, value) if dialect in kinds.JUDGED else None
        ):
            faults.append(fault)
    if dialect in kinds.JUDGED:
        faults += _judge_template(reading.settings)
        faults += _find_exclusions(reading.settings, command)
        faults += _judge_quantised(reading.settings)
    return faults


_ONCE = "the trainer stops at a duplicate key: remove one of the lines"


def rule_of(message: str) -> Exclusion | None:
    """Return the rule of a message of the trainer, None for any other message."""
    rules = (*SHARED, *TRAINING, *ANSWERING)
    return next((rule for rule in rules if rule.is_said_by(message)), None)


def _find_exclusions(settings: Mapping[str, Any], command: Command) -> Iterator[SettingFault]:
    view = SettingsView(settings, command)
    for rule in (*SHARED, *(TRAINING if command == "train" else ANSWERING)):
        with contextlib.suppress(TypeError, ValueError, AttributeError, ZeroDivisionError):
            if rule.refuses(view):
                key = rule.key_in(settings)
                code = "no_model" if key == "model_name_or_path" else REFUSED
                yield SettingFault(code, key, f"{key}: {rule.message(view)}", rule.cure, check=rule.check)


def _known_keys(dialect: Dialect) -> Collection[str]:
    if dialect == "v1":
        return schema.keys_of("v1")
    extra = {"megatron": kinds.megatron_keys(), "eval": kinds.EVAL_KEYS}
    return {*schema.load()["properties"], *extra.get(dialect, ())}


def _judge_key(key: str, known: Collection[str], command: Command) -> SettingFault | None:
    if key in known:
        return _judge_for_command(key, command)
    trainer = f"LLaMA-Factory {_schema_version()}"
    if key in names.TRANSFORMERS_4_KEYS:
        installed = packages.version("transformers")
        message = f"{key}: transformers 4 accepts it, transformers 5 refuses it"
        message += f" (installed here: {installed})" if installed else ""
        severity: Severity = "error" if installed and int(installed.split(".")[0]) >= 5 else "info"
        return SettingFault("version_key", key, message, "remove it to run with both versions", severity)
    if key in names.GONE_KEYS:
        message = f"{key}: older versions accepted it, {trainer} refuses it"
        return SettingFault("gone_key", key, message, names.GONE_KEYS[key])
    cure = (
        names.suggest_key(key, known) or f"remove it; {schema.path()} lists the keys that the trainer accepts"
    )
    return SettingFault("unknown_key", key, f"{key}: {trainer} has no such key", cure)


def _judge_for_command(key: str, command: Command) -> SettingFault | None:
    """Return the fault of a training argument in a YAML for chat, api or export, which do not take it."""
    if command == "train" or schema.group(key) != "TrainingArguments":
        return None
    cure = f"remove it: {command} accepts no training arguments"
    if key in ("bf16", "fp16"):
        cure = f"set infer_dtype: {'bfloat16' if key == 'bf16' else 'float16'}"
    shown = "chat, api" if command == "chat" else command
    message = f"{key}: `llamafactory-cli {shown}` refuses it: Some keys are not used by the HfArgumentParser"
    return SettingFault("command_key", key, message, cure)


def _judge_value(key: str, value: Any) -> SettingFault | None:
    rule = schema.load()["properties"].get(key)
    if rule is None:
        return None
    if value == "???":
        message = f"{key}: ??? is a placeholder for a value that is still missing"
        return SettingFault("wrong_value", key, message, _cure_of_value(key, value))
    if isinstance(value, str) and key not in _PROSE and (variable := _VARIABLE.search(value)):
        message = f"{key}: the trainer does not resolve {variable[0]}, it uses the text literally"
        cure = f"write the value, or pass it on the command line: {key}=$NAME after the file"
        return SettingFault("wrong_value", key, message, cure)
    fault = schema.fault(key, value)
    if fault is None:
        return None
    if rule.get("type") == "boolean" and (value is None or value in (0, 1)):
        meant = json.dumps(bool(value))
        message = f"{key}: the trainer reads {json.dumps(value)} as {meant}"
        return SettingFault("wrong_value", key, message, f"set {key}: {meant}", "info")
    return SettingFault("wrong_value", key, fault, _cure_of_value(key, value))


def _cure_of_value(key: str, value: Any) -> str:
    """Return the cure of a wrong value: how to spell it, or what the key means."""
    rule = schema.load()["properties"][key]
    choices = rule.get("enum", ())
    if isinstance(value, bool) and "no" in choices:
        return f'YAML reads no as false and yes as true: write {key}: "no" with the quotes'
    if isinstance(value, float) and value.is_integer() and schema.fault(key, int(value)) is None:
        return f"set {key}: {int(value)}"
    if isinstance(value, str):
        if near := names.OTHER_VALUES.get(value) or nearest.nearest(value, map(str, choices)):
            return f"did you mean {near}?"
        number = float(value) if is_number(value) else None
        if number is not None and None in (schema.fault(key, number), schema.fault(key, _whole(number))):
            return f"remove the quotes: {key}: {value}"
    return str(rule.get("description") or f"{schema.path()} lists the keys and their types")


def _whole(number: float) -> float:
    return int(number) if number.is_integer() else number


def _judge_quantised(settings: Mapping[str, Any]) -> Iterator[SettingFault]:
    """Require of a quantised checkpoint what the trainer does when it has loaded one."""
    for refusal in quantised.list_refusals(settings):
        message, code = f"{refusal.key}: {refusal.says}", "quantised_refused"
        yield SettingFault(code, refusal.key, message, refusal.cure, check=code)


def _judge_template(settings: Mapping[str, Any]) -> Iterator[SettingFault]:
    """Require a template and a tool format that the trainer has (data/template.py, data/tool_utils.py)."""
    formats = schema.load().get("x-tool-formats", ())
    for key, known, says, cure in (
        ("template", schema.load().get("x-templates", ()), "Template {} does not exist.", _TEMPLATES),
        ("tool_format", formats, "Tool format {} was not found.", f"known: {', '.join(formats)}"),
    ):
        value = settings.get(key)
        if known and isinstance(value, str) and value not in known and not _VARIABLE.search(value):
            near = _nearest_template(value, known)
            cure = f"did you mean {near}? {cure}" if near else cure
            yield SettingFault(REFUSED, key, f"{key}: {says.format(value)}", cure)


_TEMPLATES = "Qwen3 uses qwen3, and qwen3_nothink for the Instruct-2507 checkpoints"


def _nearest_template(name: str, known: Collection[str]) -> str | None:
    """Return the template that a name begins with, or the one most like it."""
    words = name.split("_")
    begins = ["_".join(words[:count]) for count in range(len(words), 0, -1)]
    return next((begin for begin in begins if begin in known), None) or nearest.nearest(name, known, 0.8)


def _schema_version() -> str:
    """Return the trainer's version that the schema was made from."""
    words = str(schema.load()["$comment"]).split()
    return words[words.index("llamafactory") + 1]
