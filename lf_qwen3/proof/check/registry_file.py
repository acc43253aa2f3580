"""Read a dataset_info.json as LLaMA-Factory does, and keep what it would pass over."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3.base import nearest
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data.registry.names import DATA_CONFIG, config_path

_SPLITS = ("_train", "_val", "_test")


@dataclass(slots=True)
class Registry:
    """The entries by name, how often each name stands there, and the text to find lines in."""

    folder: Path
    entries: dict[str, dict[str, Any]]
    times: Counter[str]
    text: str = field(repr=False, default="")

    @property
    def path(self) -> str:
        """Return the file as messages name it."""
        return str(self.folder / DATA_CONFIG)

    def line_of(self, name: str, key: str = "") -> int | None:
        """Return the line of an entry, or of a key inside it; None where it cannot be found."""
        places = list(re.finditer(rf"{re.escape(json.dumps(name))}\s*:\s*\{{", self.text))
        if not places:
            return None
        at = places[-1].start()
        if key and (
            inside := re.compile(rf"{re.escape(json.dumps(key))}\s*:").search(self.text, places[-1].end())
        ):
            at = inside.start()
        return self.text.count("\n", 0, at) + 1

    def chosen(self, names: tuple[str, ...]) -> list[str]:
        """Return the names to check: all, or those given; NAME also stands for its registered splits."""
        chosen: list[str] = []
        for name in names or self.entries:
            splits = [name + split for split in _SPLITS if name + split in self.entries]
            if name not in self.entries and not splits:
                raise self.unknown(name)
            chosen += [name] if name in self.entries else splits
        return list(dict.fromkeys(chosen))

    def unknown(self, name: str) -> UsageError:
        """Return the error that a name is not registered."""
        registered = f"registered: {', '.join(self.entries) or 'none'}"
        hint = " ".join(filter(None, (nearest.did_you_mean(name, self.entries), registered)))
        message = f"no dataset is called '{name}' in {self.path}"
        return UsageError(message, hint, code="dataset_not_registered")


def read_registry(folder: Path) -> Registry:
    """Read the registry of a dataset_dir; of entries with the same name the last one counts.

    Raises `UsageError` when there is none, `LfQwen3Error` with line and column when it is broken.
    """
    path = config_path(folder)
    if not path.exists():
        hint = "name the folder that holds it: --dataset-dir DIR; lf-qwen3 register makes one"
        raise UsageError(f"there is no {DATA_CONFIG} in {folder}", hint, code="registry_missing")
    text, pairs = _parsed(path, folder / DATA_CONFIG)
    return Registry(folder, dict(pairs), Counter(name for name, _ in pairs), text)


def _parsed(path: Path, shown: Path) -> tuple[str, list[tuple[str, dict[str, Any]]]]:
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise _broken(f"{shown} is not UTF-8: byte {error.start + 1}", "save it as UTF-8") from error
    if text.startswith("\ufeff"):
        raise _broken(f"{shown} begins with a byte order mark, which LLaMA-Factory cannot read")
    try:
        root = json.loads(text, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        place = f"{shown}, line {error.lineno} column {error.colno}"
        raise _broken(f"{place}: not valid JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise _broken(f"{shown}: cannot be read as JSON: {error}") from error
    if not isinstance(root, _Pairs):
        raise _broken(f"{shown} holds no object of datasets")
    for name, entry in root.pairs:
        if not isinstance(entry, _Pairs):
            raise _broken(f"{shown}: the entry '{name}' is no object")
    return text, [(name, _plain(entry)) for name, entry in root.pairs]


_REPAIR = "correct the file there; lf-qwen3 register and convert never write a broken one"


def _broken(message: str, hint: str = _REPAIR) -> LfQwen3Error:
    return LfQwen3Error(message, hint, code="registry_broken")


class _Pairs:
    """A JSON object with names that may stand twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return {name: _plain(item) for name, item in value.pairs}
    return [_plain(item) for item in value] if isinstance(value, list) else value
