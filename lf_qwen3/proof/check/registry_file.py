"""Read a dataset_info.json as LLaMA-Factory does, and keep what it would pass over."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lf_qwen3.base import nearest
from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.registry.change import read_registry_text
from lf_qwen3.data.registry.names import DATA_CONFIG, require_config
from lf_qwen3.data.registry.text import RegistryText

_SPLITS = ("_train", "_val", "_test")


@dataclass(frozen=True)
class Registry:
    """The file as text with its members, and its path."""

    folder: Path
    document: RegistryText

    @cached_property
    def entries(self) -> dict[str, dict[str, Any]]:
        """Return the datasets by name, in the order of the file; of two of one name the last."""
        return self.document.entries

    @cached_property
    def times(self) -> Counter[str]:
        """Return how often each name is in the file."""
        return self.document.times

    @property
    def path(self) -> str:
        """Return the file as messages name it."""
        return str(self.folder / DATA_CONFIG)

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
        message = f"there is no dataset '{name}' in {self.path}"
        return UsageError(message, hint, code="dataset_not_registered")


def read_registry(folder: Path) -> Registry:
    """Read the registry of a dataset_dir; of entries with the same name the last one counts.

    Raises `UsageError` when there is none, `LfQwen3Error` for a file that the trainer could not read.
    """
    require_config(folder)
    return Registry(folder, read_registry_text(folder))
