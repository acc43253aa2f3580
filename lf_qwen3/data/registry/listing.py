"""List what is registered: what each entry is for, and whether its file is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lf_qwen3.base.storage import path_of
from lf_qwen3.data.registry.change import read_registry_text
from lf_qwen3.data.registry.names import ELSEWHERE, name_own_file, require_config
from lf_qwen3.data.registry.shape import DatasetKind

_COUNT_LINES_TO = 256 << 20
_COUNT_JSON_TO = 16 << 20


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry. `size` (bytes) and `rows` are None if they are expensive to count.

    `exists` is None for data that is elsewhere: then `source` is the key that says where (hf_hub_url,
    ...) and `file` its value. `times` counts how often the name is in the file: of two the last counts.
    """

    name: str
    kind: DatasetKind
    formatting: str
    source: str
    file: str
    exists: bool | None
    size: int | None
    rows: int | None
    times: int = 1


def listing(dataset_dir: Path | str, *, allow_mark: bool = False) -> list[Listed]:
    """Return what is registered, in the order of the file.

    Raises `UsageError` when there is no dataset_info.json, and else what `read_registry` raises.
    """
    require_config(dataset_dir)
    document = read_registry_text(dataset_dir, allow_mark=allow_mark)
    return [
        replace(_listed(name, entry, path_of(dataset_dir)), times=document.times[name])
        for name, entry in document.entries.items()
    ]


def kind_of(entry: Mapping[str, Any]) -> DatasetKind:
    """Return the training stage an entry is for, as LLaMA-Factory will take it."""
    columns = entry.get("columns")
    if entry.get("ranking"):
        return "ranking"
    if not isinstance(columns, dict):
        return "sft"
    if columns.get("kto_tag"):
        return "kto"
    if entry.get("formatting", "alpaca") == "alpaca" and not columns.get("response"):
        return "pretrain"
    return "sft"


def count_rows(dataset_dir: Path | str, entry: Mapping[str, Any]) -> int | None:
    """Return the rows of one entry, None if they are expensive to count."""
    return _listed("", entry, Path(dataset_dir)).rows


def _listed(name: str, entry: Mapping[str, Any], folder: Path) -> Listed:
    own = name_own_file(folder, entry)
    source = "file_name" if own else next((key for key in ELSEWHERE if key in entry), "file_name")
    file = own or str(entry.get(source, ""))
    formatting = str(entry.get("formatting", "alpaca"))
    if source != "file_name":
        return Listed(name, kind_of(entry), formatting, source, file, None, None, None)
    path = folder / file
    if not file or not path.exists():
        return Listed(name, kind_of(entry), formatting, source, file, False, None, None)
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    counts = [_rows(file) for file in files]
    rows = None if None in counts else sum(count or 0 for count in counts)
    size = sum(file.stat().st_size for file in files)
    return Listed(name, kind_of(entry), formatting, source, file, True, size, rows)


def _rows(path: Path) -> int | None:
    """Return the number of rows of a file when it is cheap to know."""
    size = path.stat().st_size
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            return int(pq.read_metadata(path).num_rows)
        if path.suffix == ".jsonl" and size <= _COUNT_LINES_TO:
            with path.open("rb") as lines:
                return sum(1 for line in lines if not line.isspace())
        if path.suffix == ".json" and size <= _COUNT_JSON_TO:
            import orjson

            value = orjson.loads(path.read_bytes())
            return len(value) if isinstance(value, list) else None
    except (OSError, ValueError):
        return None
    return None
