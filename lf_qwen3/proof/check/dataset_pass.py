"""The one pass over the records of every dataset, and all that is gathered on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.proof.check.dataset_records import DatasetCounts, DatasetFiles, PlacedSample, check_records
from lf_qwen3.proof.check.duplicates import RecordHashes
from lf_qwen3.proof.check.model_templates import COMPARED, ModelTemplates
from lf_qwen3.proof.check.near_duplicates import NearDuplicateIndex, minhash
from lf_qwen3.proof.check.rules.records.row_outcome import RowOutcome
from lf_qwen3.proof.check.rules.records.sample import SampleReader
from lf_qwen3.proof.check.rules.registry.checked_entry import CheckedEntry
from lf_qwen3.proof.check.rules.splits.duplicate import Duplicate
from lf_qwen3.proof.check.runner import CheckRunner
from lf_qwen3.proof.check.token_counter import TokenCounter, TokenCounts
from lf_qwen3.proof.check.token_figures import token_figures
from lf_qwen3.proof.check.training_yaml import TrainingYaml
from lf_qwen3.trainer.records import Dropped
from lf_qwen3.trainer.render.text import TrainerStopsError, message_texts

_BATCH_SIZE = 8  # per_device_train_batch_size where the YAML sets none


class DatasetPass:
    """Reads datasets one after the other; the dicts hold what each gave, by name."""

    def __init__(
        self, folder: Path, runner: CheckRunner, model: ModelTemplates | None, yaml: TrainingYaml | None
    ) -> None:
        self.folder = folder
        self.runner = runner
        self.counts: dict[str, DatasetCounts] = {}
        self.hashes: dict[str, RecordHashes] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.token_counts: dict[str, TokenCounts] = {}
        self._model = model
        self._settings = yaml.settings if yaml else {}
        self._near_pairs: list[tuple[str, str]] = []
        self._indexes: dict[str, NearDuplicateIndex] = {}
        self._learns_empty = yaml is None or self._settings.get("enable_thinking", True) is None

    def compare_nearly(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Look for near-duplicates in the pairs (held-out dataset, training dataset); needs rensa."""
        self._near_pairs = list(pairs)
        self._indexes = {held_out: NearDuplicateIndex() for held_out, _ in self._near_pairs}

    def read(self, entry: CheckedEntry, files: DatasetFiles, add_bytes: Callable[[int], None]) -> None:
        """Read one dataset to its end, or to where its file breaks."""
        name = entry.name
        counts = self.counts[name] = DatasetCounts(entry.kind)
        hashes = self.hashes[name] = RecordHashes(files)
        reader = SampleReader(entry.settings, entry.kind, self._learns_empty)
        counter = None
        if self._model and entry.kind != "pretrain":
            counter = TokenCounter(self._model.tokenizer, self._model.template, files, self.runner)
        first: list[PlacedSample] = []
        try:
            for placed in check_records(files, reader, counts, self.runner, add_bytes):
                self._compare_splits(name, hashes.add(*placed))
                if counter is None:
                    self._check_tools(placed, files)
                    continue
                counter.add(placed)
                if len(first) < COMPARED:
                    first.append(placed)
        except LfQwen3Error as error:
            broken = CheckedEntry(name, entry.settings, problem=error.message)
            self.runner.run(broken, files.shown(0), dataset=name)
        counts.orphans = hashes.orphans()
        if counter and self._model:
            counter.finish()
            self.token_counts[name] = counter.counts
            self.tokens[name] = token_figures(counter.counts, self._batch_size())
            self._model.compare(first, files, self.runner)

    def _batch_size(self) -> int:
        size = self._settings.get("per_device_train_batch_size", _BATCH_SIZE)
        return size if isinstance(size, int) and size > 0 else _BATCH_SIZE

    def _compare_splits(self, name: str, text: bytes) -> None:
        """Keep a held-out record for later, or compare a trained one with those kept."""
        held_out_names = [held_out for held_out, trained in self._near_pairs if trained == name]
        if name not in self._indexes and not held_out_names:
            return
        digest = minhash(text)
        if digest is None:
            return
        trained = self.hashes[name]
        if name in self._indexes:
            self._indexes[name].add(len(trained) - 1, digest)
        for held_out_name in held_out_names:
            held_out = self.hashes.get(held_out_name)
            for number, similarity in self._indexes[held_out_name].take_similar(digest) if held_out else ():
                if held_out and held_out.question[number] != trained.question[-1]:
                    near = Duplicate(trained.row[-1], name, similarity)
                    self.runner.run(near, held_out.files.shown(held_out.file[number]), held_out.row[number])

    def _check_tools(self, placed: PlacedSample, files: DatasetFiles) -> None:
        """Report tools and calls that are not the JSON they have to be; counting tokens reports them too."""
        place, sample = placed
        record = sample.record
        if not record.tools and all(message["role"] != "function" for message in record.messages):
            return
        try:
            message_texts(record.messages, record.system, record.tools)
        except TrainerStopsError as stop:
            outcome = RowOutcome(Dropped(str(stop), stops=True))
            self.runner.run(outcome, files.shown(place.file), place.row)
