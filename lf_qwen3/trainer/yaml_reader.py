"""Read a training YAML as LLaMA-Factory reads it, and remember on which line each key stands.

The trainer reads through OmegaConf: YAML 1.1 (yes, no, on and off are true or false), but `1e-4` is a number
and a date is text, and a key may stand only once. Interpolations such as `${x}` stay text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError

_BOOLEAN = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_NULL = {"", "~", "null"}
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*)")
_FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)"
    r"|\.[0-9]+(?:_[0-9]+)*(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_SIXTIES = re.compile(r"[-+]?(?:[1-9][0-9_]*(?::[0-5]?[0-9])+|[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a YAML holds: `settings` by key, `lines` (counted from 1) of the keys.

    `repeated` are keys that stand again, with that line; the first one counts. `is_list` tells a file that
    is a list; such a file has no settings.
    """

    path: Path
    settings: dict[str, Any]
    lines: dict[str, int]
    repeated: list[tuple[str, int]] = field(default_factory=list)
    is_list: bool = False


class NotYamlError(LfQwen3Error):
    """The text is no YAML; `line` (from 1, 0 when unknown) and `problem` say where and why."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        place = f"{path}:{line}" if line else str(path)
        super().__init__(f"{place}: this is not YAML: {problem}", "a setting is one line: `key: value`")
        self.line = line
        self.problem = problem


def read(path: Path) -> Reading:
    """Read one YAML file.

    Raises `UsageError` when there is no such file, `NotYamlError` when it cannot be parsed or holds nothing.
    """
    root = _compose(path, _text(path))
    if root is None:
        raise NotYamlError(path, 0, "it holds no settings")
    if not isinstance(root.value, list):
        raise NotYamlError(path, 1, "it holds one value and no settings")
    if root.id == "sequence":
        return Reading(path, {}, {}, is_list=True)
    reading = Reading(path, {}, {})
    for key_node, value_node in root.value:
        key, line = str(_value(key_node)), key_node.start_mark.line + 1
        if key in reading.settings:
            reading.repeated.append((key, line))
            continue
        reading.lines[key] = line
        reading.settings[key] = _value(value_node)
    return reading


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"there is no file {path}", "name a training YAML") from error
    except IsADirectoryError as error:
        raise UsageError(f"{path} is a folder", "name a training YAML in it") from error
    except UnicodeDecodeError as error:
        raise NotYamlError(path, 0, "it is not UTF-8 text") from error


def _compose(path: Path, text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="safe", pure=True)
    try:
        return yaml.compose(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise NotYamlError(path, mark.line + 1 if mark else 0, str(problem)) from error


def _value(node: Any) -> Any:
    """Return the value of a node: plain Python, all the way down."""
    if node.id == "sequence":
        return [_value(one) for one in node.value]
    if node.id == "mapping":
        return {str(_value(key)): _value(value) for key, value in node.value}
    return _scalar(node.value) if node.style is None else node.value


def _scalar(text: str) -> Any:
    """Return what an unquoted scalar means."""
    if text in _NULL or text in ("Null", "NULL"):
        return None
    if text in (text.lower(), text.title(), text.upper()) and text.lower() in _BOOLEAN:
        return _BOOLEAN[text.lower()]
    for pattern, convert in _NUMBERS:
        if pattern.fullmatch(text):
            return convert(text.replace("_", ""))
    return text


def _integer(text: str) -> int:
    digits = text.lstrip("+-")
    octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    number = int(digits, 8) if octal else int(digits, 0)
    return -number if text[0] == "-" else number


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


def _sixties(text: str) -> float:
    """Return a number to the base of sixty: YAML 1.1 reads 1:30 as 90."""
    total: float = 0
    for part in text.lstrip("+-").split(":"):
        total = total * 60 + (float(part) if "." in part else int(part))
    return -total if text[0] == "-" else total


_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], float]], ...] = (
    (_INTEGER, _integer),
    (_FLOAT, _float),
    (_SIXTIES, _sixties),
)
