"""What a conversion is asked to do, and the sources it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lf_qwen3.data.convert.formats import FormatName, Turns
from lf_qwen3.data.sources import PART_BYTES, SourceFile

Progress = Callable[[str, int, int], Any]
"""Told (what is being done, done, total), the last two in bytes."""


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """What to convert, and how.

    `sources` are paths (file, folder, glob) or "CONVERTER:PATH". `val` and `test` are a share below 1 or a
    number of rows; 0 means no such split. `mix` is the share of thinking records, None for no mixing.
    `limit` is the most rows to read of each source. `workers` and `part_bytes` change the speed only: 0
    workers convert in this process, 2 or more are processes, for which a script needs a main guard.
    """

    sources: tuple[str, ...]
    name: str
    dataset_dir: Path
    format: FormatName = "sharegpt"
    turns: Turns = "unroll"
    limit: int | None = None
    val: float = 0
    test: float = 0
    mix: float | None = None
    by: Literal["rows", "tokens"] = "rows"
    seed: int = 42
    on_bad: Literal["reject", "stop"] = "reject"
    allow_special: bool = False
    replace: bool = False
    workers: int = 0
    part_bytes: int = PART_BYTES


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read and the converter that takes its rows; `spec` is the source it was named by."""

    spec: str
    file: SourceFile
    converter: str

    @property
    def label(self) -> str:
        """The file as messages and the manifest name it: as it was given."""
        return self.file.path.as_posix()
