"""Readers: files of any accepted kind become plain rows, cut into parts that any process can read.

    for file in find_files("data/*.jsonl"):
        for part in cut(file):
            for item in rows(part): ...

An item is a row (a dict), a `BadRow` with the reason it cannot be one, or None for a blank line, which
counts for numbering only. Memory is bounded by one row and one block, never by the file.
"""

from lf_qwen3.data.sources.find import find_files, is_companion
from lf_qwen3.data.sources.kind import likely_encoding
from lf_qwen3.data.sources.part import PART_BYTES, BadRow, Compression, FileKind, Item, Part, SourceFile
from lf_qwen3.data.sources.read import columns, cut, first_rows, rows, size
from lf_qwen3.data.sources.reading import describe_reading, require_plain

__all__ = [
    "PART_BYTES",
    "BadRow",
    "Compression",
    "FileKind",
    "Item",
    "Part",
    "SourceFile",
    "columns",
    "cut",
    "describe_reading",
    "find_files",
    "first_rows",
    "is_companion",
    "likely_encoding",
    "require_plain",
    "rows",
    "size",
]
