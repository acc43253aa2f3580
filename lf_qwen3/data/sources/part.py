"""What a reader is given and what it yields."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from lf_qwen3.base.conversation import Row

FileKind = Literal["jsonl", "json", "parquet", "csv"]
Compression = Literal["", "gzip", "zstd"]
Encoding = Literal["", "gb18030", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
"""How a text file is encoded; "" is UTF-8."""
Shape = Literal["array", "by_key", "columns", "columns_by_key", "table", "lists"]
"""See `Layout`."""

PART_BYTES = 8 << 20
"""Bytes of a part: small enough to keep every process busy, large enough to forget its start-up."""


class JsonPlace(NamedTuple):
    """An array or an object in a JSON text: its key, and where it starts and stops in the unpacked UTF-8.

    `stop` is None where the text ends early inside it.
    """

    key: str
    start: int
    stop: int | None


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are in a JSON file that is not a plain run of objects.

    | shape | the rows |
    |---|---|
    | array | the elements of the one place: objects, or a list (of messages, or of one row) |
    | by_key | the values of the one place, an object; the key becomes the column `key` |
    | columns | each place is the array of one column |
    | columns_by_key | each place is the object of one column, from the row's key to the cell |
    | table | the second place is an array of arrays of cells, the first the array of the columns' names |
    | lists | no place: each line is a list of messages |

    `beside` names what is beside the places and is not read; `inner` the key inside each row that holds
    the row itself.
    """

    shape: Shape
    places: tuple[JsonPlace, ...] = ()
    beside: tuple[str, ...] = ()
    inner: str = ""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file, what it holds, how it is packed and encoded, and how the rows of a JSON text are in it.

    `layout` is None for a plain run of rows. `list_name` names the list of rows that was asked for, where the
    file holds several.
    """

    path: Path
    kind: FileKind
    compression: Compression = ""
    encoding: Encoding = ""
    layout: Layout | None = None
    list_name: str = ""

    @property
    def label(self) -> str:
        """The file as messages and the manifest name it: as it was given."""
        return f"{self.path.as_posix()}#{self.list_name}" if self.list_name else self.path.as_posix()


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
"""What is at one row position; None is a blank line, which is not a row but counts for numbering."""
