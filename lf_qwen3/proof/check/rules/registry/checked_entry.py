"""One entry of dataset_info.json, as the checks and LLaMA-Factory see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lf_qwen3.base.conversation import Row
from lf_qwen3.data.registry.listing import kind_of
from lf_qwen3.data.registry.names import ELSEWHERE
from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.trainer.records.record import Names

COLUMNS = Names({}).columns
"""What a column is called where an entry names none (data/parser.py of LLaMA-Factory)."""

TAGS = Names({}).tags
"""What a tag is where an entry names none."""


@dataclass(slots=True)
class CheckedEntry:
    """What the checks of this group get: `settings` is the entry as it is in dataset_info.json.

    `files` are the names below the dataset_dir that LLaMA-Factory would load, None where nothing is
    there. `head` holds the first rows that can be read, `problem` why a file cannot be read at all,
    `is_read` whether reading was tried. `times` counts how often the name is in dataset_info.json.
    """

    name: str
    settings: dict[str, Any]
    files: tuple[str, ...] | None = ("a.jsonl",)
    head: list[Row] = field(default_factory=list)
    problem: str = ""
    is_read: bool = True
    times: int = 1

    @property
    def kind(self) -> DatasetKind:
        """Return the training stage the data is for."""
        return kind_of(self.settings)

    @property
    def formatting(self) -> str:
        """Return the formatting, which is alpaca where none is named."""
        return str(self.settings.get("formatting", "alpaca"))

    def column(self, key: str) -> str | None:
        """Return the column that LLaMA-Factory will look up: naming one resets the unnamed ones."""
        return _block(self.settings, "columns", COLUMNS).get(key)

    def tag(self, key: str) -> str | None:
        """Return the tag that LLaMA-Factory will look for: naming one resets the unnamed ones."""
        return _block(self.settings, "tags", TAGS).get(key)

    @property
    def is_local(self) -> bool:
        """Return whether the data is in the dataset_dir."""
        return not any(key in self.settings for key in ELSEWHERE)

    @property
    def columns(self) -> list[str]:
        """Return the columns of the first rows."""
        return list(dict.fromkeys(name for row in self.head for name in row))

    def messages(self) -> Iterable[dict[str, Any]]:
        """Yield the messages of the first rows, as far as they are any."""
        column = self.column("messages") or ""
        for row in self.head:
            turns = row.get(column)
            if isinstance(turns, list):
                yield from (turn for turn in turns if isinstance(turn, dict))


@dataclass(frozen=True, slots=True)
class OtherNames:
    """The names in dataset_info.json whose values are no objects."""

    names: tuple[str, ...]


def _block(
    settings: dict[str, Any], key: str, defaults: Mapping[str, str | None]
) -> Mapping[str, str | None]:
    named = settings.get(key, defaults)
    if not isinstance(named, Mapping):
        return {}
    return {key: name for key, name in named.items() if isinstance(name, str)}
