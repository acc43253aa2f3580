"""Read YAML of users as LLaMA-Factory reads it, and remember the line of each key.

The trainer reads through OmegaConf: YAML 1.1 (yes, no, on and off are true or false), but `1e-4` is a number
and a date is text, and a key may occur only once. Interpolations such as `${x}` stay text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError

_FLOAT, _TIMESTAMP, _MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("float", "timestamp", "merge"))
_EXPONENT = re.compile(r"[-+]?[0-9]+(?:_[0-9]+)*(?:\.[0-9_]*)?[eE][-+]?[0-9]+$")


@dataclass(frozen=True, slots=True)
class YamlReading:
    """What a YAML holds: `settings` by key, `lines` (counted from 1) of the keys.

    A key inside a section has its line as `section.key`. `repeated` are repeated keys, with that line; the
    first one counts. `is_list` tells a file that is a list; such a file has no settings.
    """

    path: Path
    settings: dict[str, Any]
    lines: dict[str, int]
    repeated: list[tuple[str, int]] = field(default_factory=list)
    is_list: bool = False

    def line_of(self, key: str) -> int | None:
        """Return the line of a key, or of the section that has it; None for a key that is not in the file."""
        names = key.split(".")
        sections = (".".join(names[:count]) for count in range(len(names), 0, -1))
        return next((self.lines[name] for name in sections if name in self.lines), None)


class NotYamlError(LfQwen3Error):
    """The text is no YAML; `line` (from 1, 0 when unknown) and `problem` say where and why."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        place = f"{path}:{line}" if line else str(path)
        hint = "a setting is one line: `key: value`"
        super().__init__(f"{place}: not valid YAML: {problem}", hint, code="not_yaml")
        self.line = line
        self.problem = problem


def read(path: Path) -> YamlReading:
    """Read one YAML file.

    Raises `UsageError` when there is no such file, `NotYamlError` when it cannot be parsed or holds nothing.
    """
    text = _text(path)
    with _yaml_errors(path):
        loader = _loader()(text)
        root = loader.get_single_node()
        if root is None:
            raise NotYamlError(path, 0, "it holds no settings")
        if not isinstance(root.value, list):
            raise NotYamlError(path, 1, "it holds a single value, not settings")
        if root.id == "sequence":
            return YamlReading(path, {}, {}, is_list=True)
        return _read_mapping(path, loader, root)


def parse(text: str) -> Any:
    """Return the value of a YAML text. Raises `NotYamlError`."""
    with _yaml_errors(Path()):
        return _loader()(text).get_single_data()


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"there is no file {path}", "name a training YAML", code="file_missing") from error
    except IsADirectoryError as error:
        raise UsageError(f"{path} is a folder", "name a training YAML in it", code="not_a_file") from error
    except UnicodeDecodeError as error:
        raise NotYamlError(path, 0, "it is not UTF-8 text") from error


def _read_mapping(path: Path, loader: Any, root: Any) -> YamlReading:
    reading = YamlReading(path, {}, {})
    own = [pair for pair in root.value if pair[0].tag != _MERGE]
    loader.flatten_mapping(root)
    merged = root.value[: len(root.value) - len(own)]
    seen: set[int] = set()
    for key_node, value_node in own:
        key, line = str(loader.construct_object(key_node, deep=True)), key_node.start_mark.line + 1
        if key in reading.settings:
            reading.repeated.append((key, line))
            continue
        reading.lines[key] = line
        _read_section(value_node, f"{key}.", reading, seen)
        reading.settings[key] = loader.construct_object(value_node, deep=True)
    for key_node, value_node in reversed(merged):
        reading.settings.setdefault(str(key_node.value), loader.construct_object(value_node, deep=True))
    return reading


def _read_section(node: Any, before: str, reading: YamlReading, seen: set[int]) -> None:
    """Add the lines of a section's keys, and remove repeated keys from it.

    The keys of an alias have the lines of its anchor; `seen` are the ids of the nodes that were read.
    """
    if node.id != "mapping" or id(node) in seen:
        return
    seen.add(id(node))
    own = [pair for pair in node.value if pair[0].tag != _MERGE]
    names: set[str] = set()
    for pair in own:
        name, line = str(pair[0].value), pair[0].start_mark.line + 1
        if name in names:
            reading.repeated.append((f"{before}{name}", line))
            node.value.remove(pair)
            continue
        names.add(name)
        reading.lines.setdefault(f"{before}{name}", line)
        _read_section(pair[1], f"{before}{name}.", reading, seen)


@contextmanager
def _yaml_errors(path: Path) -> Iterator[None]:
    import yaml  # type: ignore[import-untyped]

    try:
        yield
    except (yaml.YAMLError, ValueError) as error:  # int() refuses `0x_`
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise NotYamlError(path, mark.line + 1 if mark else 0, str(problem)) from error


@cache
def _loader() -> Any:
    """Return PyYAML's safe loader with what OmegaConf changes in it (its `get_yaml_loader`)."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """Takes `1e-4` for a number, and a date for text."""

    Loader.add_implicit_resolver(_FLOAT, _EXPONENT, list("-+0123456789"))
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in Loader.yaml_implicit_resolvers.items()
    }
    return Loader
