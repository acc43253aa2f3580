"""The records of registered datasets, rendered and cut as LLaMA-Factory does it, one row after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.reasons import describe
from lf_qwen3.data import registry, sources
from lf_qwen3.data.registry.listing import kind_of
from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.recipes.trainers.rows import TrainerRow, as_fed
from lf_qwen3.trainer.records import (
    DatasetEntry,
    Dropped,
    Record,
    RecordReader,
    as_pair,
    split_off_label,
)
from lf_qwen3.trainer.render import Encoded, Template

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

_BATCH = 256
KINDS: dict[str, DatasetKind] = {
    "sft": "sft",
    "grpo": "sft",
    "dpo": "ranking",
    "orpo": "ranking",
    "simpo": "ranking",
    "kto": "kto",
}
"""The kind of data that a stage takes."""
_CALLED = {
    "sft": "questions with answers",
    "ranking": "pairs",
    "kto": "answers with a label",
    "pretrain": "text",
}


class LeftOut(str):
    """Why a record becomes no row."""

    __slots__ = ()


@dataclass(frozen=True)
class LocalDataset:
    """A registered dataset with local files."""

    name: str
    entry: DatasetEntry
    path: Path


def find_datasets(names: list[str], dataset_dir: str, stage: str) -> list[LocalDataset]:
    """Return datasets of the kind that a stage takes.

    Raises `UsageError` for one that is not registered, is elsewhere, has no file, or is of another kind.
    """
    registered = registry.read_registry(dataset_dir)
    return [_find(name, registered.get(name), dataset_dir, stage) for name in names]


def _find(name: str, entry: DatasetEntry | None, dataset_dir: str, stage: str) -> LocalDataset:
    path = Path(dataset_dir) / str(entry.get("file_name", "")) if entry else Path()
    if entry is None or not entry.get("file_name") or not path.exists():
        raise UsageError(
            f"{name} has no file in {dataset_dir}",
            f"lf-qwen3 convert SOURCE --name NAME --dataset-dir {dataset_dir} writes and registers it",
            code="dataset_not_local",
        )
    kind, wanted = kind_of(entry), KINDS[stage]
    if kind != wanted:
        stages = " or ".join(other for other, taken in KINDS.items() if taken == kind) or "pt"
        raise UsageError(
            f"{name} has {_CALLED[kind]}, but {stage} needs {_CALLED[wanted]}",
            f"use a recipe for {stages}, or other data; lf-qwen3 datasets {dataset_dir} lists the datasets",
            code="dataset_kind",
        )
    return LocalDataset(name, entry, path)


def render_rows(
    dataset: LocalDataset, settings: Mapping[str, Any], tokenizer: Tokenizer
) -> Iterator[TrainerRow | LeftOut]:
    """Yield each record of a dataset as LLaMA-Factory feeds it, or why it feeds none of it."""
    entry, label = split_off_label(dataset.entry)
    reader, template = RecordReader(entry), Template.from_settings(settings)
    items = iter(islice(_read_items(dataset), settings.get("max_samples")))
    while batch := list(islice(items, _BATCH)):
        read = [_read(item, reader, label) for item in batch]
        records = [record for record in read if isinstance(record, Record)]
        encoded = iter(_encode(records, template, tokenizer, label))
        for item, record in zip(batch, read, strict=True):
            if isinstance(record, LeftOut):
                yield record
                continue
            sides = next(encoded)
            yield _check(sides) or TrainerRow(
                tuple(as_fed(side) for side in sides), bool(item[label]) if label else None
            )


def read_records(dataset: LocalDataset) -> Iterator[Record | str]:
    """Yield each record of a dataset, or why LLaMA-Factory makes none of a row."""
    reader = RecordReader(dataset.entry)
    return (_read(item, reader, "") for item in _read_items(dataset))


def _read_items(dataset: LocalDataset) -> Iterator[Any]:
    for file in sources.find_files(str(dataset.path)):
        for part in sources.cut(file):
            yield from (item for item in sources.rows(part) if item is not None)


def _read(item: Any, reader: RecordReader, label: str) -> Record | LeftOut:
    if isinstance(item, sources.BadRow):
        return LeftOut(describe(item.code))
    record = reader(item)
    if isinstance(record, Dropped):
        return LeftOut(record.reason)
    if label and not isinstance(item.get(label), bool):
        return LeftOut(f"{label} is neither true nor false")
    return record


def _encode(
    records: list[Record], template: Template, tokenizer: Tokenizer, label: str
) -> list[tuple[Encoded, ...]]:
    if label:
        return [template.encode_pair(tokenizer, as_pair(record))[:1] for record in records]
    if any(record.rejected for record in records):
        return [template.encode_pair(tokenizer, record) for record in records]
    return [(encoded,) for encoded in template.encode_batch(tokenizer, records)]


def _check(sides: tuple[Encoded, ...]) -> LeftOut | None:
    """Return why nothing can be learnt of a rendered record."""
    if sides[0].stopped:
        return LeftOut(sides[0].stopped)
    if not all(side.learnt for side in sides):
        return LeftOut("cutoff_len truncates its whole answer")
    return None
