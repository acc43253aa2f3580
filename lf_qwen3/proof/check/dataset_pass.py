"""The one pass over the records of every dataset, and all that is gathered on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.proof.check.dataset_records import ColumnsSeen, DatasetCounts, DatasetFiles, merge_counts
from lf_qwen3.proof.check.dataset_rows import cut_rows
from lf_qwen3.proof.check.engines import CheckEngine
from lf_qwen3.proof.check.findings import Findings, merge_findings
from lf_qwen3.proof.check.model_templates import ModelTemplates
from lf_qwen3.proof.check.near_duplicates import NearDuplicateIndex, RecordPlace
from lf_qwen3.proof.check.part_checks import NearRole, PartCheckOptions, PartCheckTask, PartReport
from lf_qwen3.proof.check.rules.records.labels import LabelCounts
from lf_qwen3.proof.check.rules.registry.checked_entry import CheckedEntry
from lf_qwen3.proof.check.rules.splits.duplicate import Duplicate
from lf_qwen3.proof.check.runner import CheckRunner
from lf_qwen3.proof.check.token_counter import TokenCounts
from lf_qwen3.proof.check.token_figures import token_figures
from lf_qwen3.proof.check.training_yaml import TrainingYaml

_BATCH_SIZE = 8  # per_device_train_batch_size where the YAML sets none


class DatasetPass:
    """Reads datasets one after the other, part by part; the dicts hold what each gave, by name."""

    def __init__(
        self,
        folder: Path,
        findings: Findings,
        model: ModelTemplates | None,
        yaml: TrainingYaml | None,
        engine: CheckEngine,
    ) -> None:
        self.folder = folder
        self._engine = engine
        self.files: dict[str, DatasetFiles] = {}
        self.counts: dict[str, DatasetCounts] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.token_counts: dict[str, TokenCounts] = {}
        self._findings = findings
        self._runner = CheckRunner(findings)
        self._settings = yaml.settings if yaml else {}
        self._model = model
        self._learns_empty = yaml is None or self._settings.get("enable_thinking", True) is None
        self._columns: dict[str, ColumnsSeen] = {}
        self._problems: dict[str, str] = {}
        self._rows: Counter[tuple[str, int]] = Counter()
        self._near_pairs: list[tuple[str, str]] = []
        self._indexes: dict[str, NearDuplicateIndex] = {}
        self._beginnings: set[bytes] = set()

    def compare_nearly(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Look for near-duplicates in the pairs (held-out dataset, training dataset); needs rensa."""
        self._near_pairs = list(pairs)
        self._indexes = {held_out: NearDuplicateIndex() for held_out, _ in self._near_pairs}

    def read(self, entries: Mapping[str, CheckedEntry], show_bytes: Callable[[int, int], None]) -> None:
        """Read the datasets in this order, each to its end or to where a file breaks.

        `show_bytes` gets the bytes read so far and those of all parts.
        """
        tasks = [task for entry in entries.values() for task in self._cut(entry)]
        done, total = 0, sum(task.part.size for task in tasks)
        options = PartCheckOptions(self._model, self._learns_empty)
        for is_held_out in (True, False):  # the held-out records say which of the others may be near
            own = [task for task in tasks if (task.near == "held_out") == is_held_out]
            options = replace(options, held_out_beginnings=frozenset(self._beginnings))
            for task, report in zip(own, self._engine.run(own, options, total), strict=True):
                if task.name not in self._problems:
                    self._add(task, report)
                done += task.part.size
                show_bytes(done, total)
        for entry in entries.values():
            self._finish(entry)

    def compare(self, pairs: list[tuple[str, str]]) -> None:
        """Report duplicates inside each dataset, then held-out records of the pairs that are trained on."""
        comparison = self._engine.compare(list(self.counts), pairs)
        for name, orphans in comparison.orphans.items():
            self.counts[name].orphans = orphans
        for found in comparison.duplicates:
            self._runner.run(found.duplicate, self.files[found.name].shown(found.file), found.row)

    def _cut(self, entry: CheckedEntry) -> Iterator[PartCheckTask]:
        """Yield the parts of a dataset."""
        name = entry.name
        files = self.files[name] = DatasetFiles(self.folder, entry.files or ())
        self.counts[name] = DatasetCounts(entry.kind)
        self._columns[name] = ColumnsSeen()
        is_trained = any(name == trained for _, trained in self._near_pairs)
        near: NearRole = "held_out" if name in self._indexes else "trained" if is_trained else ""
        about = name, entry.settings, entry.kind, files
        try:
            for number, part in enumerate(cut_rows(files.paths)):
                yield PartCheckTask(part, *about, is_first=number == 0, near=near)
        except LfQwen3Error as error:
            self._problems[name] = error.message

    def _add(self, task: PartCheckTask, report: PartReport) -> None:
        name, file = task.name, task.part.file
        before = self._rows[name, file]
        self._rows[name, file] += report.rows
        merge_findings(self._findings, report.findings, before)
        merge_counts(self.counts[name], report.counts)
        self._columns[name].merge(report.columns.types, task.part.block, before)
        self._engine.add(name, report.hashes, before)
        if report.tokens:
            own = self.token_counts.setdefault(name, TokenCounts(report.tokens.cutoff_len))
            own.merge(report.tokens, before)
        self._beginnings |= report.beginnings
        hashes = report.hashes
        for minhash, *place in zip(report.minhashes, hashes.file, hashes.row, hashes.question, strict=False):
            if minhash is not None:
                self._compare_splits(name, minhash, RecordPlace(place[0], before + place[1], place[2]))
        if report.problem:
            self._problems[name] = report.problem

    def _finish(self, entry: CheckedEntry) -> None:
        name, files, counts = entry.name, self.files[entry.name], self.counts[entry.name]
        if problem := self._problems.get(name):
            broken = CheckedEntry(name, entry.settings, problem=problem)
            self._runner.run(broken, files.shown(0), dataset=name)
        else:
            self._columns[name].check(files, self._runner)
            if counts.kind == "kto":
                self._runner.run(LabelCounts(counts.good, counts.bad), files.shown(0))
        if name in self.token_counts:
            self.tokens[name] = token_figures(self.token_counts[name], self._batch_size())

    def _batch_size(self) -> int:
        size = self._settings.get("per_device_train_batch_size", _BATCH_SIZE)
        return size if isinstance(size, int) and size > 0 else _BATCH_SIZE

    def _compare_splits(self, name: str, minhash: Any, place: RecordPlace) -> None:
        """Keep a held-out record for later, or compare a trained one with those kept."""
        if name in self._indexes:
            self._indexes[name].add(place, minhash)
        for held_out in (held_out for held_out, other in self._near_pairs if other == name):
            for other, similarity in self._indexes[held_out].take_similar(minhash):
                if other.question != place.question:
                    near = Duplicate(place.row, name, similarity)
                    self._runner.run(near, self.files[held_out].shown(other.file), other.row)
