"""The one pass over the records of every dataset, and all that is gathered on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.proof.check import checked_model
from lf_qwen3.proof.check.dataset_records import Counts, Files, PlacedSample, look_at
from lf_qwen3.proof.check.duplicates import RecordHashes
from lf_qwen3.proof.check.findings import CheckRunner
from lf_qwen3.proof.check.near_duplicates import NearDuplicateIndex, minhash
from lf_qwen3.proof.check.rules.records.row_problem import RowProblem
from lf_qwen3.proof.check.rules.records.sample import SampleReader
from lf_qwen3.proof.check.rules.registry.entry import Entry
from lf_qwen3.proof.check.rules.splits.duplicate import Duplicate
from lf_qwen3.proof.check.token_counter import TokenCounter
from lf_qwen3.proof.check.token_figures import figures
from lf_qwen3.proof.check.training_yaml import Config
from lf_qwen3.trainer.records import Dropped
from lf_qwen3.trainer.render.text import TrainerStopsError, message_texts

_BATCH_SIZE = 8  # per_device_train_batch_size where the YAML sets none


class Pass:
    """Reads datasets one after the other; `near` are the pairs (held-out, trained) to compare closely."""

    def __init__(
        self,
        folder: Path,
        look: CheckRunner,
        model: checked_model.Model | None,
        config: Config | None,
        near: list[tuple[str, str]],
    ) -> None:
        self.counts: dict[str, Counts] = {}
        self.keys: dict[str, RecordHashes] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self._folder = folder
        self._look = look
        self._model = model
        self._settings = config.settings if config else {}
        self._near = near
        self._indexes = {held: NearDuplicateIndex() for held, _ in near}
        self._learns_empty = config is None or self._settings.get("enable_thinking", True) is None

    def read(self, entry: Entry, files: Files, tell: Callable[[int], None] | None) -> None:
        """Read one dataset to its end, or to where its file breaks."""
        name = entry.name
        counts = self.counts[name] = Counts(entry.kind)
        keys = self.keys[name] = RecordHashes(files)
        reader = SampleReader(entry.entry, entry.kind, self._learns_empty)
        counter = None
        if self._model and entry.kind != "pretrain":
            counter = TokenCounter(self._model.tokenizer, self._model.template, files, self._look)
        compared: list[PlacedSample] = []
        try:
            for taken in look_at(files, reader, counts, self._look, tell):
                text = keys.add(*taken)
                self._compare_splits(name, text)
                if counter:
                    counter.add(taken)
                    if len(compared) < checked_model.COMPARED:
                        compared.append(taken)
                else:
                    self._look_at_tools(taken, files)
        except LfQwen3Error as error:
            self._look(Entry(name, entry.entry, problem=error.message), files.shown(0), who=name)
        counts.orphans = keys.orphans()
        if counter and self._model:
            counter.finish()
            self.tokens[name] = figures(counter.counts, self._batch_size())
            checked_model.compare(self._model, compared, files, self._look)

    def _batch_size(self) -> int:
        size = self._settings.get("per_device_train_batch_size", _BATCH_SIZE)
        return size if isinstance(size, int) and size > 0 else _BATCH_SIZE

    def _compare_splits(self, name: str, text: bytes) -> None:
        """Keep a held-out record for later, or hold a trained one against those kept."""
        asked = [held for held, trained in self._near if trained == name]
        if name not in self._indexes and not asked:
            return
        digest = minhash(text)
        if digest is None:
            return
        if name in self._indexes:
            self._indexes[name].add(len(self.keys[name]) - 1, digest)
        mine = self.keys[name]
        for held in asked:
            theirs = self.keys.get(held)
            for number, similarity in self._indexes[held].take_similar(digest) if theirs else ():
                if theirs and theirs.question[number] != mine.question[-1]:
                    twin = Duplicate(mine.row[-1], name, similarity)
                    self._look(twin, theirs.files.shown(theirs.file[number]), theirs.row[number])

    def _look_at_tools(self, taken: PlacedSample, files: Files) -> None:
        """Find tools and calls that are not the JSON they have to be; counting tokens finds them too."""
        place, sample = taken
        record = sample.record
        if not record.tools and all(one["role"] != "function" for one in record.messages):
            return
        try:
            message_texts(record.messages, record.system, record.tools)
        except TrainerStopsError as stop:
            self._look(RowProblem(Dropped(str(stop), stops=True)), files.shown(place.file), place.row)
