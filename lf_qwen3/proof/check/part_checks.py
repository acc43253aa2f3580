"""Check the records of one part of a dataset, with nothing known of the other parts.

All rows are counted from 1 within the part; `DatasetPass` counts them on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.proof.check.dataset_records import ColumnsSeen, DatasetCounts, DatasetFiles, PlacedSample
from lf_qwen3.proof.check.dataset_rows import RowPlace, RowsPart, read_items
from lf_qwen3.proof.check.duplicates import RecordHashes
from lf_qwen3.proof.check.findings import Findings
from lf_qwen3.proof.check.model_templates import COMPARED, ModelTemplates
from lf_qwen3.proof.check.near_duplicates import may_be_near, minhash, pick_beginnings
from lf_qwen3.proof.check.plain_records import plain_reader
from lf_qwen3.proof.check.rules.records.row_outcome import RowOutcome
from lf_qwen3.proof.check.rules.records.sample import Sample, SampleReader
from lf_qwen3.proof.check.runner import CheckRunner
from lf_qwen3.proof.check.token_counter import TokenCounter, TokenCounts
from lf_qwen3.proof.check.unremarkable import EXEMPT, is_unremarkable
from lf_qwen3.trainer.records import Dropped
from lf_qwen3.trainer.render.text import TrainerStopsError, message_texts

NearRole = Literal["", "held_out", "trained"]
"""As what records are compared with those of other datasets."""


@dataclass(frozen=True, slots=True)
class PartCheckTask:
    """A part to check: its dataset's name, entry, kind and files.

    `is_first` says that its first records are also rendered with the model's own chat template; `near` as
    what its records are compared with those of other datasets, "" where they are not.
    """

    part: RowsPart
    name: str
    settings: dict[str, Any]
    kind: DatasetKind
    files: DatasetFiles
    is_first: bool
    near: NearRole = ""


@dataclass(frozen=True, slots=True)
class PartCheckOptions:
    """What is the same for all parts: the tokenizer with its templates, what is learnt of empty blocks.

    `threads` is how many the tokenizer may use, 0 as many as the machine has processors. A trained record
    without some of `held_out_beginnings` is near no held-out one (`may_be_near`).
    """

    model: ModelTemplates | None
    learns_empty: bool
    threads: int = 0
    held_out_beginnings: frozenset[bytes] = frozenset()


@dataclass(slots=True)
class PartReport:
    """What a part gave.

    `rows` counts all row positions; `problem` says why the rest could not be read. `minhashes` are those of
    the records that are compared, None for one that is near no other; `beginnings` are of held-out ones.
    """

    counts: DatasetCounts
    rows: int = 0
    findings: Findings = field(default_factory=Findings)
    hashes: RecordHashes = field(default_factory=RecordHashes)
    columns: ColumnsSeen = field(default_factory=ColumnsSeen)
    tokens: TokenCounts | None = None
    minhashes: list[Any] = field(default_factory=list)
    beginnings: set[bytes] = field(default_factory=set)
    problem: str = ""


class PartChecker:
    """Checks parts in one process."""

    def __init__(self, options: PartCheckOptions) -> None:
        self._options = options
        if options.threads:  # the tokenizer's batches are spread by Rayon, which reads this at its first use
            os.environ["RAYON_NUM_THREADS"] = str(options.threads)

    def run(self, task: PartCheckTask) -> PartReport:
        """Check one part to its end, or to where its file breaks."""
        report = PartReport(DatasetCounts(task.kind))
        runner = CheckRunner(report.findings)
        model = self._options.model
        counter = None
        if model and task.kind != "pretrain":
            counter = TokenCounter(model.tokenizer, model.template, task.files, runner)
        first: list[PlacedSample] = []
        try:
            for placed in self._check_rows(task, report, runner):
                self._compare_nearly(report.hashes.add(*placed), task, report)
                if counter is None:
                    _check_tools(placed, task.files, runner)
                    continue
                counter.add(placed)
                if task.is_first and len(first) < COMPARED:
                    first.append(placed)
        except LfQwen3Error as error:
            report.problem = error.message
        if model and counter:
            counter.finish()
            report.tokens = counter.counts
            model.compare(first, task.files, runner)
        return report

    def close(self) -> None:
        """Do nothing: it keeps no file open."""

    def _compare_nearly(self, text: bytes, task: PartCheckTask, report: PartReport) -> None:
        """Take in the MinHash of the record that came last, if it may be near another."""
        if task.near == "held_out":
            report.minhashes.append(minhash(text))
            report.beginnings.update(pick_beginnings(text))
        elif task.near:
            is_near = may_be_near(text, self._options.held_out_beginnings)
            report.minhashes.append(minhash(text) if is_near else None)

    def _check_rows(
        self, task: PartCheckTask, report: PartReport, runner: CheckRunner
    ) -> Iterator[PlacedSample]:
        """Check every row; yield the records that can be learnt and are not plain, with their places."""
        reader = SampleReader(task.settings, task.kind, self._options.learns_empty)
        plain = None if self._options.model else plain_reader(task.settings, task.kind)
        file = task.files.shown(task.part.file)
        for item in read_items(task.part):
            report.rows += 1
            if item is None:
                continue
            if isinstance(item, dict):
                report.columns.add(item, task.part.file, report.rows)
                if plain and (record := plain.read(item)):
                    report.counts.add_plain((len(record.texts) + 1) // 2, record.is_thinking)
                    text = report.hashes.add_folded(task.part.file, report.rows, record)
                    self._compare_nearly(text, task, report)
                    continue
            place = RowPlace(task.part.file, report.rows, item)
            sample = reader(item) if isinstance(item, dict) else item
            if isinstance(sample, Sample):
                report.counts.add(sample)
                runner.run(sample, file, place.row, only=EXEMPT if is_unremarkable(sample) else None)
                yield place, sample
            else:
                report.counts.unusable += 1
                runner.run(RowOutcome(sample), file, place.row)


def _check_tools(placed: PlacedSample, files: DatasetFiles, runner: CheckRunner) -> None:
    """Report tools and calls that are not the JSON they have to be; counting tokens reports them too."""
    place, sample = placed
    record = sample.record
    if not record.tools and all(message["role"] != "function" for message in record.messages):
        return
    try:
        message_texts(record.messages, record.system, record.tools)
    except TrainerStopsError as stop:
        runner.run(RowOutcome(Dropped(str(stop), stops=True)), files.shown(place.file), place.row)
