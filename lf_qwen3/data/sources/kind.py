"""The kind of a file: by its first bytes, and by its name only if they do not decide it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.sources.encoding import find_encoding, guess_encoding, to_utf8
from lf_qwen3.data.sources.json_layout import find_layout
from lf_qwen3.data.sources.part import Compression, FileKind, Layout, SourceFile
from lf_qwen3.data.sources.row import BOM, decode
from lf_qwen3.data.sources.stream import open_bytes

ACCEPTED = ".jsonl .ndjson .json .csv .tsv, each plain, .gz or .zst, and .parquet"

HEAD = 64 << 10
"""Bytes that tell what a file is."""

_PACKED: dict[bytes, Compression] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_PACKED_NAMES = {".gz", ".gzip", ".zst", ".zstd"}
_PARQUET = b"PAR1"
_KINDS: dict[str, FileKind] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
_LINES = {".jsonl", ".ndjson"}
_WRAPPERS = {
    "data",
    "rows",
    "train",
    "test",
    "validation",
    "examples",
    "records",
    "items",
    "samples",
    "dataset",
}
_TABLES = {".csv", ".tsv"}
_OTHERS = {
    b"version https://git-lfs": ("a Git LFS pointer, not the data", "run `git lfs pull` in its folder"),
    b"<!doctype": ("a web page, not the data", "download the raw file"),
    b"<html": ("a web page, not the data", "download the raw file"),
    b"pk\x03\x04": ("a zip archive (or a spreadsheet)", "unpack it, or save the sheet as CSV in UTF-8"),
    b"arrow1": ("an Arrow file", "save it as parquet"),
    b"\xff\xff\xff\xff": ("an Arrow stream, as save_to_disk writes it", "save it as parquet"),
    b"\xfd7zxz": ("an xz archive", "unpack it with xz -d"),
    b"bzh": ("a bzip2 archive", "unpack it with bzip2 -d"),
}


def sniff(path: Path, wanted: str = "") -> SourceFile:
    """Return the kind, the compression and the encoding of a file, and how the rows are in its JSON.

    `wanted` names one of several lists of rows. Raises `UsageError` when the file cannot be opened, is of no
    accepted kind, or is not what it is called, and what `find_layout` raises.
    """
    head, compression = read_head(path)
    _require_data(path, head.lstrip())
    name = extension(path)
    if head.startswith(_PARQUET):
        if compression:
            raise UsageError(
                f"{path}: a parquet file compressed with {compression}",
                "decompress it; parquet compresses itself",
                code="parquet_packed",
            )
        return SourceFile(path, "parquet")
    if name == ".parquet":
        raise UsageError(
            f"{path}: it is truncated, or not a parquet file", "download it again", code="parquet_broken"
        )
    encoding = find_encoding(head, is_whole=len(head) < HEAD)
    text = to_utf8(head, encoding).removeprefix(BOM).lstrip()
    kind = _json_kind(text, name) or _KINDS.get(name)
    if kind is None:
        raise UsageError(
            f"{path}: unknown file type",
            f"accepted files: {ACCEPTED}; a glob skips other files",
            code="unknown_file_kind",
        )
    file = SourceFile(path, kind, compression, encoding)
    layout = None
    if kind != "csv" and _may_have_layout(text, name):
        stat = path.stat()
        layout = _layout_of(file, wanted, stat.st_mtime_ns, stat.st_size)
    if wanted and layout is None:
        raise UsageError(
            f"{path}: there are no rows under '{wanted}'", f"name the file only: {path}", code="list_missing"
        )
    is_lines = kind == "jsonl" and layout is not None and layout.shape == "lists"
    return replace(file, kind="json" if layout and not is_lines else kind, layout=layout, list_name=wanted)


@lru_cache(maxsize=16)  # a file that is one object is read to its end for this
def _layout_of(file: SourceFile, wanted: str, changed: int, size: int) -> Layout | None:
    return find_layout(file, wanted)


def _may_have_layout(head: bytes, name: str) -> bool:
    """Return whether a JSON text begins with an array, or with an object that may be all of it.

    An object that is a line of a file of JSON lines is one row, unless a key says that it holds the rows.
    """
    if head.startswith(b"["):
        return True
    if not head.startswith(b"{"):
        return False
    line, _, below = head.partition(b"\n")
    row = decode(line)
    if name in _LINES and isinstance(row, dict) and not _WRAPPERS.intersection(map(str.lower, row)):
        return False
    return not below.strip() or not isinstance(row, dict)


def extension(path: Path) -> str:
    """Return the extension that names the kind, in lower case: ".csv" of "A.CSV.gz"."""
    name = Path(path.name.lower())
    return Path(name.stem).suffix if name.suffix in _PACKED_NAMES else name.suffix


def read_head(path: Path) -> tuple[bytes, Compression]:
    """Return the first bytes of a file, unpacked, and how it is packed."""
    with open_bytes(path) as file:
        head = file.read(HEAD)
    for magic, compression in _PACKED.items():
        if head.startswith(magic):
            with open_bytes(path, compression) as file:
                return file.read(HEAD), compression
    return head, ""


def likely_encoding(path: Path) -> str:
    """Return what a file that is no UTF-8 is likely encoded in, as iconv calls it; "" for no idea."""
    head, _ = read_head(path)
    return guess_encoding(head, is_whole=len(head) < HEAD)


def _require_data(path: Path, head: bytes) -> None:
    start = head[:32].lower()
    for magic, (what, hint) in _OTHERS.items():
        if start.startswith(magic):
            raise UsageError(f"{path}: this is {what}", hint, code="not_a_data_file")


def _json_kind(head: bytes, name: str) -> FileKind | None:
    """Distinguish JSON lines from an array and from objects of several lines; None leaves it to the name."""
    text = head.decode("utf-8", "replace")
    if not text.startswith(("{", "[")):
        return "jsonl" if name not in _TABLES and _has_row(head) else None
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None if name in _TABLES else _unfinished_kind(head, name)
    line, _, below = text[end:].partition("\n")
    if "\n" in text[:end]:
        return "json"
    if text.startswith("["):
        return "jsonl" if below.strip() and not line.strip() else "json"
    return "json" if line.lstrip().startswith(("{", ",")) else "jsonl"


def _unfinished_kind(head: bytes, name: str) -> FileKind | None:
    """Return the kind where the first value is malformed, or longer than what was read of it."""
    if head.startswith(b"[") or head.partition(b"\n")[0].strip() == b"{":
        return "json"
    if _has_row(head):
        return "jsonl"
    return "json" if name not in _KINDS and head[1:].lstrip().startswith(b'"') else None


def _has_row(head: bytes) -> bool:
    return any(line.startswith(b"{") and isinstance(decode(line), dict) for line in head.split(b"\n"))
