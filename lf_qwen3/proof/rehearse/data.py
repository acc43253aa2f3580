"""The datasets of a training YAML: what of their first rows the trainer will not learn, and some prompts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.reasons import describe
from lf_qwen3.data import registry, sources
from lf_qwen3.data.convert.formats import FORMATS
from lf_qwen3.data.registry.listing import kind_of
from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.trainer.records import DatasetEntry, Record, RecordReader, split_off_label

PROMPTS = "rehearsal_prompts"
_TEXT_PROMPT = 200
_ROLES = {"user": "human", "assistant": "gpt", "observation": "observation", "function": "function_call"}


@dataclass(frozen=True, slots=True)
class LostRow:
    """A row that the trainer leaves out, or at which it stops."""

    file: str
    row: int
    reason: str
    stops: bool


@dataclass(slots=True)
class RehearsalDataset:
    """One dataset, as far as it was read: `problem` tells why it could not be."""

    name: str
    entry: DatasetEntry
    kind: DatasetKind = "sft"
    rows: int = 0
    lost: list[LostRow] = field(default_factory=list)
    prompts: list[Record] = field(default_factory=list)
    problem: str = ""

    @property
    def file(self) -> str:
        """Return the file's name as the entry has it, "" for data on a hub."""
        return str(self.entry.get("file_name", ""))


def list_names(settings: Mapping[str, Any], key: str) -> list[str]:
    """Return the dataset names that a key lists, in a list or separated by commas."""
    value = settings.get(key)
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return [text for part in parts if (text := str(part).strip())]


def read_datasets(settings: Mapping[str, Any], rows: int) -> list[RehearsalDataset]:
    """Read the first rows of every dataset that the YAML names and the registry knows.

    A registry that cannot be read gives none: the trainer will say why.
    """
    folder = Path(str(settings.get("dataset_dir") or "data"))
    try:
        entries = registry.read_registry(folder)
    except LfQwen3Error:
        return []
    wanted = dict.fromkeys([*list_names(settings, "dataset"), *list_names(settings, "eval_dataset")])
    return [_read(name, entries[name], folder, rows) for name in wanted if name in entries]


def _read(name: str, entry: DatasetEntry, folder: Path, rows: int) -> RehearsalDataset:
    dataset = RehearsalDataset(name, entry)
    try:
        dataset.kind = kind_of(entry)
        if dataset.file:
            _fill(dataset, RecordReader(split_off_label(entry)[0]), folder / dataset.file, rows)
    except (LfQwen3Error, OSError, AttributeError, TypeError) as error:
        dataset.problem = error.message if isinstance(error, LfQwen3Error) else str(error)
    return dataset


def find_unreadable_row(dataset: RehearsalDataset, folder: Path) -> LostRow | None:
    """Return the first row of the whole dataset that cannot be parsed; the trainer reads every row."""
    try:
        for file, number, item in _items(folder / dataset.file):
            if isinstance(item, sources.BadRow):
                return _unreadable(file, number, item)
    except (LfQwen3Error, OSError):
        return None
    return None


def _unreadable(file: str, number: int, item: sources.BadRow) -> LostRow:
    detail = f" ({item.detail})" if item.detail else ""
    return LostRow(file, number, f"{describe(item.code)}{detail}", stops=True)


def _fill(dataset: RehearsalDataset, reader: RecordReader, path: Path, rows: int) -> None:
    for file, number, item in _items(path):
        if dataset.rows == rows:
            return
        dataset.rows += 1
        if isinstance(item, sources.BadRow):
            dataset.lost.append(_unreadable(file, number, item))
            continue
        if dataset.kind == "pretrain":
            dataset.prompts += _text_prompt(dataset.entry, item or {})
            continue
        record = reader(item or {})
        if isinstance(record, Record):
            dataset.prompts.append(record)
        else:
            dataset.lost.append(LostRow(file, number, record.reason, record.stops))


def _items(path: Path) -> Iterator[tuple[str, int, sources.Item]]:
    """Yield file, row (counted from 1) and content, without blank lines."""
    for file in sources.find_files(str(path)):
        sources.require_plain(file, "lf-qwen3 convert makes a dataset of it")
        items = (item for part in sources.cut(file) for item in sources.rows(part))
        for number, item in enumerate(items, 1):
            if item is not None:
                yield str(file.path), number, item


def _text_prompt(entry: DatasetEntry, row: Mapping[str, Any]) -> list[Record]:
    text = row.get((entry.get("columns") or {}).get("prompt") or "instruction")
    if not isinstance(text, str) or not text.strip():
        return []
    question, answer = text[:_TEXT_PROMPT], text[_TEXT_PROMPT : 2 * _TEXT_PROMPT] or text
    return [Record([{"role": "user", "content": question}, {"role": "assistant", "content": answer}])]


def write_prompts(datasets: list[RehearsalDataset], folder: Path, count: int) -> int:
    """Write a dataset_dir that holds some prompts of the datasets as `PROMPTS`; return how many they are."""
    records = [record for dataset in datasets for record in dataset.prompts[:count]][:count]
    folder.mkdir(parents=True)
    lines = [json.dumps(_sharegpt(record), ensure_ascii=False) for record in records]
    (folder / f"{PROMPTS}.jsonl").write_text("\n".join(lines) + "\n", "utf-8", errors="replace")
    info = {PROMPTS: FORMATS["sharegpt"].entry(f"{PROMPTS}.jsonl")}
    (folder / registry.DATA_CONFIG).write_text(json.dumps(info), "utf-8")
    return len(records)


def _sharegpt(record: Record) -> dict[str, Any]:
    turns = [{"from": _ROLES[turn["role"]], "value": turn["content"]} for turn in record.messages]
    return {"conversations": turns, "system": record.system, "tools": record.tools}
