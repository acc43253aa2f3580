"""Steps, tokens and padding of a dataset under the settings of a training."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.proof.check.dataset_records import DatasetFiles, PlacedSample
from lf_qwen3.proof.check.dataset_rows import inspect_entry, read_rows
from lf_qwen3.proof.check.findings import Findings
from lf_qwen3.proof.check.registry_file import Registry, read_registry
from lf_qwen3.proof.check.rules.records.sample import Sample, SampleReader
from lf_qwen3.proof.check.runner import CheckRunner
from lf_qwen3.proof.check.token_counter import TokenCounter
from lf_qwen3.proof.check.token_figures import packing_waste, padding_waste
from lf_qwen3.proof.estimate.plan import TrainingPlan
from lf_qwen3.qwen3 import tokenizer_files as tokenizers
from lf_qwen3.trainer.records import Record
from lf_qwen3.trainer.render import Template
from lf_qwen3.trainer.training_steps import count_held_out, count_steps, is_packed

BYTES_A_TOKEN = 4.3
"""UTF-8 bytes in one token of Qwen3: 4.7 in Chinese medical reasoning, 3.7 to 5.0 in English and code."""

TEMPLATE_TOKENS = 5
"""Tokens that the chat template adds to every message: its marks, the role, the line ends."""


_NO_TOKENIZER = (
    "no tokenizer was found: token counts are estimated from bytes; --tokenizer PATH_OR_ID counts them "
    "exactly"
)


@dataclass(frozen=True)
class DataFigures:
    """The figures of the training data; tokens are those of one epoch, after truncation at cutoff_len.

    `exact` means that a tokenizer counted; `learnt` (tokens in the loss) is None without one. `padding` is
    the share of padding in all computed tokens, `cut` the share of truncated records, `rows` the records,
    or the packed rows.
    """

    records: int
    rows: int
    tokens: int
    learnt: int | None
    padding: float
    cut: float
    steps: int
    epochs: float
    exact: bool
    tokenizer: str

    def as_json(self) -> dict[str, Any]:
        """Return all figures."""
        return asdict(self)


@dataclass
class _Counted:
    kept: array[int]
    learnt: int = 0
    cut: int = 0


def count_data(
    plan: TrainingPlan, settings: Mapping[str, Any], tokenizer: str
) -> tuple[DataFigures, list[str]]:
    """Return the figures of the datasets that the settings name, and notes on how they were counted.

    `tokenizer` is a folder or a hub id; without one the model's own is used where it is available, or else
    lengths are estimated from bytes. Raises `UsageError` for a dataset or a named tokenizer that is not
    there.
    """
    registry = read_registry(Path(str(settings.get("dataset_dir") or "data")))
    folder = _tokenizer_folder(tokenizer, plan.model)
    options = {"template": "qwen3", **settings, "cutoff_len": plan.cutoff_len}
    template = Template.from_settings(options)
    counted = _Counted(array("I"))
    for name in _names(settings.get("dataset"), registry):
        _count(registry, name, template, folder, settings, counted)
    _hold_out(counted, settings)
    notes = [] if folder else [_NO_TOKENIZER]
    return _figures(plan, settings, counted, folder), notes


def _tokenizer_folder(tokenizer: str, model: str) -> Path | None:
    if tokenizer:
        return tokenizers.find(tokenizer)
    for name in (model, f"Qwen/{model}"):
        try:
            return tokenizers.find(name)
        except UsageError:
            continue
    return None


def _names(value: Any, registry: Registry) -> list[str]:
    parts = value.split(",") if isinstance(value, str) else value or []
    names = [str(part).strip() for part in parts]
    if not names:
        raise UsageError(
            "no dataset is named",
            "add dataset: NAME to the YAML, or --dataset NAME",
            code="no_dataset",
        )
    for name in names:
        if name not in registry.entries:
            raise registry.unknown(name)
    return names


def _count(
    registry: Registry,
    name: str,
    template: Template,
    folder: Path | None,
    settings: Mapping[str, Any],
    counted: _Counted,
) -> None:
    entry = inspect_entry(registry.folder, name, registry.entries[name], registry.times[name])
    if not entry.is_read:
        raise UsageError(
            f"{name} has no file to read in {registry.folder}",
            "estimate reads local datasets only",
            code="dataset_not_local",
        )
    files = DatasetFiles(registry.folder, entry.files or ())
    reader = SampleReader(entry.settings, entry.kind, True)
    taken = _taken(files, reader, int(settings.get("max_samples") or 1 << 60))
    if folder is None:
        _estimate_from_bytes(taken, template.cutoff_len, counted)
        return
    counter = TokenCounter(tokenizers.load(folder), template, files, CheckRunner(Findings()))
    for record in taken:
        counter.add(record)
    counter.finish()
    counted.kept.extend(counter.counts.kept)
    counted.learnt += counter.counts.learnt
    counted.cut += counter.counts.cut


def _taken(files: DatasetFiles, reader: SampleReader, most: int) -> Iterator[PlacedSample]:
    """Yield the records that can be learnt, the first `most` rows at most."""
    for number, place in enumerate(read_rows(files.paths)):
        if number >= most:
            return
        sample = reader(place.item) if isinstance(place.item, dict) else None
        if isinstance(sample, Sample):
            yield place, sample


def _estimate_from_bytes(taken: Iterator[PlacedSample], cutoff_len: int, counted: _Counted) -> None:
    for _, sample in taken:
        for record in _fed(sample):
            length = _length(record)
            counted.kept.append(min(length, cutoff_len))
            counted.cut += length > cutoff_len


def _fed(sample: Sample) -> tuple[Record, ...]:
    """Return what is fed of a record: a ranking record once with either answer."""
    record = sample.record
    if record.rejected is None:
        return (record,)
    return record, replace(record, messages=[*record.messages[:-1], record.rejected])


def _length(record: Record) -> int:
    texts = [message["content"] for message in record.messages] + [record.system, record.tools]
    size = sum(len(text.encode()) for text in texts if text)
    return ceil(size / BYTES_A_TOKEN) + TEMPLATE_TOKENS * len(record.messages)


def _hold_out(counted: _Counted, settings: Mapping[str, Any]) -> None:
    """Take what val_size holds out off."""
    total = len(counted.kept)
    held_out = count_held_out(settings, total)
    if held_out:
        left = (total - held_out) / total
        del counted.kept[total - held_out :]
        counted.learnt, counted.cut = round(counted.learnt * left), round(counted.cut * left)


def _figures(
    plan: TrainingPlan, settings: Mapping[str, Any], counted: _Counted, folder: Path | None
) -> DataFigures:
    records, tokens = len(counted.kept), sum(counted.kept)
    if not records:
        raise UsageError(
            "no record of the datasets can be trained on", "lf-qwen3 check says why", code="no_records"
        )
    waste = padding_waste(counted.kept, plan.batch)
    number = records
    if is_packed(settings):
        waste = packing_waste(counted.kept, plan.cutoff_len)
        number = round(tokens / ((1 - waste) * plan.cutoff_len))
    epochs = float(settings.get("num_train_epochs") or 3.0)
    return DataFigures(
        records=records,
        rows=number,
        tokens=tokens,
        learnt=counted.learnt if folder else None,
        padding=round(waste, 4),
        cut=round(counted.cut / records, 4),
        steps=count_steps(settings, number, plan.batch, plan.gpus),
        epochs=epochs,
        exact=folder is not None,
        tokenizer=str(folder or ""),
    )
