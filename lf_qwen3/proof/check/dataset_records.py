"""Check every record of a dataset, and count records on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3.base.conversation import Row
from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.proof.check.dataset_rows import RowPlace, read_rows
from lf_qwen3.proof.check.rules.records.column_types import ColumnTypes
from lf_qwen3.proof.check.rules.records.labels import LabelCounts
from lf_qwen3.proof.check.rules.records.row_outcome import RowOutcome
from lf_qwen3.proof.check.rules.records.sample import Sample, SampleReader
from lf_qwen3.proof.check.runner import CheckRunner
from lf_qwen3.proof.check.unremarkable import EXEMPT, is_unremarkable

_TYPES = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


@dataclass(slots=True)
class DatasetCounts:
    """Counts of a dataset: usable records by kind, and unusable rows.

    `orphans` have several answers, and no other record trains on the earlier ones. `good` and `bad` count
    the labels of KTO data. `lost_loops` lose reasoning of their history that Qwen3's own chat template
    keeps, unless preserve_thinking is true; `bare_histories` have an earlier answer that this template
    writes without a think block.
    """

    kind: DatasetKind = "sft"
    records: int = 0
    thinking: int = 0
    several_turns: int = 0
    unusable: int = 0
    orphans: int = 0
    good: int = 0
    bad: int = 0
    lost_loops: int = 0
    bare_histories: int = 0

    @property
    def plain(self) -> int:
        """Return the number of records without reasoning."""
        return self.records - self.thinking

    def add(self, sample: Sample) -> None:
        """Count one record."""
        self.records += 1
        self.thinking += sample.is_thinking
        self.good += sample.label is True
        self.bad += sample.label is False
        if len(sample.assistant_texts) > 1 + (sample.record.rejected is not None):
            self.several_turns += 1
            self.lost_loops += sample.loses_loop_thinking
            self.bare_histories += sample.has_bare_history

    def as_json(self) -> dict[str, Any]:
        """Return the counts as `check --json` has them."""
        return {
            "kind": self.kind,
            "records": self.records,
            "thinking": self.thinking,
            "plain": self.plain,
            "thinking_share": round(self.thinking / self.records, 4) if self.records else 0.0,
            "several_turns": self.several_turns,
            "unusable": self.unusable,
            **({"good": self.good, "bad": self.bad} if self.kind == "kto" else {}),
        }


@dataclass(slots=True)
class DatasetFiles:
    """The files of a dataset: their folder, and their names below it."""

    folder: Path
    names: tuple[str, ...]

    @property
    def paths(self) -> list[Path]:
        """Return the files."""
        return [self.folder / name for name in self.names]

    def shown(self, index: int) -> str:
        """Return one file as messages name it."""
        return str(self.folder / self.names[index])


PlacedSample = tuple[RowPlace, Sample]
"""A record that can be learnt, and where it stands."""


def check_records(
    files: DatasetFiles,
    reader: SampleReader,
    counts: DatasetCounts,
    runner: CheckRunner,
    add_bytes: Callable[[int], None],
) -> Iterator[PlacedSample]:
    """Check every row of a dataset; yield the records that can be learnt, with their places."""
    columns = _Columns()
    shown = [files.shown(index) for index in range(len(files.names))]
    for place in read_rows(files.paths, add_bytes):
        row = place.item
        file = shown[place.file]
        if isinstance(row, dict):
            columns.add(row, place)
        sample = reader(row) if isinstance(row, dict) else row
        if isinstance(sample, Sample):
            counts.add(sample)
            runner.run(sample, file, place.row, only=EXEMPT if is_unremarkable(sample) else None)
            yield place, sample
        else:
            counts.unusable += 1
            runner.run(RowOutcome(sample), file, place.row)
    columns.check(files, runner)
    if counts.kind == "kto":
        runner.run(LabelCounts(counts.good, counts.bad), files.shown(0))


@dataclass(slots=True)
class _Columns:
    """The types of every column of every file; for JSON only, the other kinds bring their types along."""

    types: dict[tuple[int, str], dict[str, int]] = field(default_factory=dict)
    late: set[tuple[int, str]] = field(default_factory=set)

    def add(self, row: Row, place: RowPlace) -> None:
        for name, value in row.items():
            if value is None or value == []:
                continue
            types = self.types.get((place.file, name))
            kind = _TYPES.get(type(value), "an object")
            if types is None:
                self.types[place.file, name] = {kind: place.row}
                if place.block:
                    self.late.add((place.file, name))
            elif kind not in types:
                types[kind] = place.row

    def check(self, files: DatasetFiles, runner: CheckRunner) -> None:
        for (file, name), types in self.types.items():
            if files.names[file].endswith((".json", ".jsonl")):
                column = ColumnTypes(name, types, (file, name) in self.late)
                runner.run(column, files.shown(file), list(types.values())[-1])
