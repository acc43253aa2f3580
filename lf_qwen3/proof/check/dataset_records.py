"""What a dataset holds: its files, its records by kind, the types of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from lf_qwen3.base.conversation import Row
from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.proof.check.dataset_rows import RowPlace
from lf_qwen3.proof.check.rules.records.column_types import ColumnTypes
from lf_qwen3.proof.check.rules.records.sample import Sample
from lf_qwen3.proof.check.runner import CheckRunner

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

    def add_plain(self, turns: int, is_thinking: bool) -> None:
        """Count a record of user and assistant in turn, that many questions and answers."""
        self.records += 1
        self.thinking += is_thinking
        self.several_turns += turns > 1
        self.bare_histories += turns > 1  # the template takes all before the last question for history

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


def merge_counts(counts: DatasetCounts, more: DatasetCounts) -> None:
    """Add the counts of more rows of the same dataset."""
    for count in fields(counts):
        if count.name != "kind":
            setattr(counts, count.name, getattr(counts, count.name) + getattr(more, count.name))


@dataclass(frozen=True, slots=True)
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
"""A record that can be learnt, and its place."""


@dataclass(slots=True)
class ColumnsSeen:
    """The first row of each type of each column of each file; `late` are columns that a later block began."""

    types: dict[tuple[int, str], dict[str, int]] = field(default_factory=dict)
    late: set[tuple[int, str]] = field(default_factory=set)
    _known: set[tuple[Any, ...]] = field(default_factory=set, repr=False, compare=False)

    def add(self, row: Row, file: int, number: int) -> None:
        """Take in the columns of a row of a file; nulls and empty lists have no type."""
        shape = (file, *row, *map(type, row.values()))
        if shape in self._known:
            return
        if [] not in row.values():
            self._known.add(shape)
        for name, value in row.items():
            if value is None or value == []:
                continue
            types = self.types.get((file, name))
            kind = _TYPES.get(type(value), "an object")
            if types is None:
                self.types[file, name] = {kind: number}
            elif kind not in types:
                types[kind] = number

    def merge(self, types: Mapping[tuple[int, str], Mapping[str, int]], block: int, before: int) -> None:
        """Take in the types of a block; its rows are counted on from `before`."""
        for column, rows in types.items():
            if column not in self.types and block:
                self.late.add(column)
            own = self.types.setdefault(column, {})
            for kind, row in rows.items():
                own.setdefault(kind, before + row)

    def check(self, files: DatasetFiles, runner: CheckRunner) -> None:
        """Check the columns of JSON files; the other kinds declare their types."""
        for (file, name), types in self.types.items():
            if files.names[file].endswith((".json", ".jsonl")):
                column = ColumnTypes(name, types, (file, name) in self.late)
                runner.run(column, files.shown(file), list(types.values())[-1])
