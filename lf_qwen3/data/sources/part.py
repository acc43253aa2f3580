"""What a reader is given and what it yields."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from lf_qwen3.base.conversation import Row

FileKind = Literal["jsonl", "json", "parquet", "csv"]
Compression = Literal["", "gzip", "zstd"]

PART_BYTES = 8 << 20
"""Bytes of a part: small enough to keep every process busy, large enough to forget its start-up."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file, what it holds and how it is packed."""

    path: Path
    kind: FileKind
    compression: Compression = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a file that can be read by itself, in any process.

    `start` and `stop` are bytes of a plain JSONL file (the part owns the lines that start between them),
    row groups of a parquet file, and 0 and None, the whole file, for everything else.
    """

    file: SourceFile
    start: int = 0
    stop: int | None = None


class BadRow(NamedTuple):
    """A row that cannot be read: `code` is a key of `reasons.REJECTED`, `raw` its whole text."""

    code: str
    detail: str
    raw: str


Item = Row | BadRow | None
"""What stands at one row position; None is a blank line, which is no row but counts for numbering."""
