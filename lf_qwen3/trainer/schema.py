"""The keys a training YAML may hold, as a JSON Schema generated from the trainer's own dataclasses.

The trainer fills its dataclasses from a YAML without looking at a type and answers an unknown key only after
seconds of imports, with a traceback. The schema answers at once, and editors complete and check with it.
There is one for each version in `versions.KNOWN`. `python -m lf_qwen3.trainer.schema` writes that of the
installed version again; only that imports the trainer.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import re
import sys
import types
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from lf_qwen3.base import assets
from lf_qwen3.base.errors import UsageError
from lf_qwen3.trainer import versions, yaml_reader
from lf_qwen3.trainer.settings.names import suggest_key

_PLAIN = {str: "string", Path: "string", int: "integer", float: "number", bool: "boolean"} | {
    types.NoneType: "null"
}
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (types.NoneType,),
    "array": (list,),
    "object": (dict,),
}
_ALSO_TAKES = {"resume_from_checkpoint": bool}
"""Keys that the trainer takes in a type more than it declares: `true` continues from the last checkpoint."""
_SPLIT_AT_COMMAS = re.compile(r"self\.(\w+)\b[^=\n]*= (?:list\(map\(\w+, )?split_arg\(")


def path() -> Path:
    """Return the path of the schema of the installed trainer, or of the version nearest to it."""
    return assets.folder("recipes") / versions.KNOWN[versions.known_version(versions.installed_version())]


@cache
def load() -> dict[str, Any]:
    """Return the shipped schema of the installed trainer, or of the version nearest to it."""
    schema: dict[str, Any] = json.loads(path().read_text("utf-8"))
    return schema


def keys_of(arguments: str) -> frozenset[str]:
    """Return the keys of other argument classes of the trainer: "v1" (its engine) or "megatron-bridge"."""
    return frozenset(load()[f"x-{arguments}"])


def group(key: str) -> str:
    """Return the trainer's dataclass that takes this key, "" for a key that none takes."""
    return str(load()["properties"].get(key, {}).get("x-arguments", ""))


def parse(pairs: Iterable[str]) -> dict[str, Any]:
    """Return the settings written as `key=value`, the values read as YAML and compared with the schema.

    A value that is text by its key (a dataset called 2024) stays text. Raises `UsageError` for a pair without
    `=`, a key the trainer does not know (with the nearest ones) and a value it does not take.
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(
                f"--set takes key=value, not '{pair}'",
                "for example: --set learning_rate=2e-4",
                code="option_value",
            )
        settings[key.strip()] = _value(key.strip(), text.strip())
    return settings


def check_settings(settings: Mapping[str, Any], where: str) -> None:
    """Check a whole YAML by the schema; raise `UsageError` that lists every key at fault."""
    faults = [problem for key, value in settings.items() if (problem := fault(key, value))]
    if faults:
        raise UsageError(
            f"{where}: {faults[0]}" if len(faults) == 1 else f"{where}:\n  " + "\n  ".join(faults),
            f"{path()} lists the keys, their types and their defaults",
            code="setting_value",
        )


def _value(key: str, text: str) -> Any:
    try:
        value = yaml_reader.parse(text)
    except yaml_reader.NotYamlError as error:
        raise UsageError(
            f"--set {key}: '{text}' is not valid YAML: {error.problem}",
            "put the text in quotes",
            code="not_yaml",
        ) from error
    problem = fault(key, value)
    if problem and not isinstance(value, str) and fault(key, text) is None:
        return text
    if problem:
        raise UsageError(f"--set {problem}", _describe(key), code="setting_value")
    return value


def fault(key: str, value: Any) -> str | None:
    """Return what is wrong with one setting, as `key: ...`; None where the trainer takes it."""
    known = load()["properties"]
    if key not in known:
        cure = suggest_key(key, known) or "no argument class of the trainer has it"
        return f"{key}: the trainer has no such key; {cure}"
    if _takes(known[key], value):
        return None
    return f"{key}: {json.dumps(value, ensure_ascii=False, default=str)} is not {_accepted(known[key])}"


def _takes(rule: dict[str, Any], value: Any) -> bool:
    """Return whether a value is of a rule's kind; 8.0 is not an integer, since range(8.0) is none."""
    if "anyOf" in rule:
        return any(_takes(option, value) for option in rule["anyOf"])
    if "enum" in rule:
        return any(type(value) is type(choice) and value == choice for choice in rule["enum"])
    names = rule.get("type", [])
    kinds = [_JSON_TYPES[name] for name in ([names] if isinstance(names, str) else names)]
    is_of_kind = not kinds or any(type(value) in kind for kind in kinds)
    return is_of_kind and (
        not isinstance(value, list) or all(_takes(rule.get("items", {}), item) for item in value)
    )


def _accepted(rule: dict[str, Any]) -> str:
    if "anyOf" in rule:
        return " or ".join(_accepted(option) for option in rule["anyOf"])
    if "enum" in rule:
        return "one of " + ", ".join(json.dumps(choice) for choice in rule["enum"])
    names = rule.get("type", "anything")
    return names if isinstance(names, str) else " or ".join(names)


def _describe(key: str) -> str:
    rule = load()["properties"].get(key)
    if rule is None:
        return f"{path()} lists the keys, their types and their defaults"
    text = rule.get("description", key)
    return f"{text} (default: {json.dumps(rule['default'])})" if "default" in rule else text


def generate() -> dict[str, Any]:
    """Return the schema of the installed trainer: every key with type, choices, default and help text.

    `x-arguments` names the dataclass a key belongs to; `x-templates` are the names of the chat
    templates, `x-no-train-on-prompt` those that refuse this key; `x-v1` and `x-megatron-bridge` are the keys
    of two other sets of classes. Imports the trainer (about ten seconds).
    """
    from importlib import import_module
    from importlib.metadata import version

    trainer = import_module("llamafactory.hparams.parser")
    templates = import_module("llamafactory.data.template").TEMPLATES
    folder = Path(trainer.__file__ or "").parents[1]
    properties: dict[str, Any] = {}
    for arguments in dict.fromkeys([*trainer._TRAIN_ARGS, *trainer._INFER_ARGS]):
        properties.update(_properties(arguments))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "generated by python -m lf_qwen3.trainer.schema from "
        f"llamafactory {versions.installed_version()} and transformers {version('transformers')}",
        "title": "LLaMA-Factory training YAML",
        "type": "object",
        "required": ["model_name_or_path"],
        "additionalProperties": False,
        "x-templates": sorted(templates),
        "x-no-train-on-prompt": sorted(name for name in templates if templates[name].efficient_eos),
        "x-tool-formats": sorted(import_module("llamafactory.data.tool_utils").TOOLS),
        "properties": properties,
        "x-v1": _annotated(folder.glob("v1/config/*_args.py")),
        "x-megatron-bridge": _annotated(folder.glob("hparams/megatron_bridge_args.py")),
    }


def _annotated(files: Iterable[Path]) -> list[str]:
    """Return the fields of all argument classes in some files of the trainer, which are not imported."""
    classes = (node for file in files for node in ast.parse(file.read_text("utf-8")).body)
    return sorted(
        field.target.id
        for node in classes
        if isinstance(node, ast.ClassDef) and node.name.endswith("Arguments")
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    )


def _properties(arguments: type) -> dict[str, Any]:
    hints = get_type_hints(arguments)
    lists = _split_at_commas(arguments)
    return {
        field.name: _property(field, hints[field.name], arguments.__name__, field.name in lists)
        for field in dataclasses.fields(arguments)
        if field.init
    }


def _property(field: dataclasses.Field[Any], hint: Any, arguments: str, may_be_list: bool) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    if text := " ".join(str(field.metadata.get("help") or "").split()):
        rule["description"] = text
    if choices := field.metadata.get("choices"):
        nullable = types.NoneType in get_args(hint)
        rule["enum"] = [*choices, *([None] if nullable and None not in choices else [])]
    else:
        also = [_ALSO_TAKES[field.name]] if field.name in _ALSO_TAKES else []
        rule |= _rule(Union[(hint, *also, *([list] if may_be_list else []))])
    if field.default_factory is not dataclasses.MISSING:
        rule["default"] = _plain(field.default_factory())
    elif field.default is not dataclasses.MISSING:
        rule["default"] = _plain(field.default)
    return {**rule, "x-arguments": arguments}


def _split_at_commas(arguments: type) -> set[str]:
    """Return the text keys that the trainer splits at commas, and so takes as a list too."""
    source = [inspect.getsource(base) for base in arguments.__mro__ if "__post_init__" in vars(base)]
    return set(_SPLIT_AT_COMMAS.findall("\n".join(source))) if "split_arg(" in "".join(source) else set()


def _rule(hint: Any) -> dict[str, Any]:
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    origin = get_origin(hint) or hint
    if origin in (Union, types.UnionType):
        return _union([rule for argument in get_args(hint) if (rule := _rule(argument))])
    if origin is Literal:
        return {"enum": list(get_args(hint))}
    if origin is list:
        items = [_rule(argument) for argument in get_args(hint)]
        return {"type": "array", **({"items": items[0]} if items and items[0] else {})}
    if origin is dict:
        return {"type": "object"}
    if inspect.isclass(origin) and issubclass(origin, Enum):
        return {"enum": [member.value for member in origin]}
    return {}


def _union(rules: list[dict[str, Any]]) -> dict[str, Any]:
    """Join alternatives; beside named choices of text, plain text is only the type of their spelling."""
    choices = [value for rule in rules for value in rule.get("enum", ())]
    spelled = any(isinstance(value, str) for value in choices)
    names = list(dict.fromkeys(rule["type"] for rule in rules if rule.keys() == {"type"}))
    others = [rule for rule in rules if "enum" not in rule and rule.keys() != {"type"}]
    if spelled and not others:
        return {"enum": [*choices, *([None] if "null" in names else [])]}
    if not choices and not others:
        return {"type": names[0] if len(names) == 1 else names}
    enum = [{"enum": choices}] if choices else []
    return {"anyOf": [*others, *enum, *({"type": name} for name in names)]}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def main() -> None:
    """Write the schema of the installed trainer into the recipes folder."""
    text = json.dumps(generate(), ensure_ascii=False, indent=2) + "\n"
    path().write_text(text, "utf-8")
    sys.stdout.write(f"{path()}: {text.count('x-arguments')} keys\n")


if __name__ == "__main__":
    main()
