"""One pass over the records of a dataset: every check, and what is counted on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lf_qwen3.base.conversation import Row
from lf_qwen3.data.registry.shape import Kind
from lf_qwen3.proof.check.dataset_rows import RowPlace, rows
from lf_qwen3.proof.check.findings import CheckRunner
from lf_qwen3.proof.check.rules.records.column_types import ColumnTypes
from lf_qwen3.proof.check.rules.records.row_problem import RowProblem
from lf_qwen3.proof.check.rules.records.sample import Sample, SampleReader

_TYPES = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


@dataclass(slots=True)
class Counts:
    """What a dataset holds: records that can be learnt, by kind, and rows that cannot.

    `orphans` have several answers, and the dialogue before the last one is no record of its own.
    """

    kind: Kind = "sft"
    records: int = 0
    thinking: int = 0
    several_turns: int = 0
    unusable: int = 0
    orphans: int = 0

    @property
    def plain(self) -> int:
        """Return the number of records whose answer does not reason."""
        return self.records - self.thinking

    def add(self, sample: Sample) -> None:
        """Count one record."""
        self.records += 1
        self.thinking += sample.is_thinking
        if len(sample.spoken) > 1 + (sample.record.rejected is not None):
            self.several_turns += 1


@dataclass(slots=True)
class Files:
    """The files of a dataset: where they lie, and how messages name them."""

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


def look_at(
    files: Files, read: SampleReader, counts: Counts, look: CheckRunner, tell: Callable[[int], None] | None
) -> Iterator[PlacedSample]:
    """Check every row of a dataset; yield the records that can be learnt, with their places."""
    columns = _Columns()
    for place in rows(files.paths, tell):
        row = place.item
        file = files.shown(place.file)
        if isinstance(row, dict):
            columns.see(row, place)
        sample = read(row) if isinstance(row, dict) else row
        if isinstance(sample, Sample):
            counts.add(sample)
            look(sample, file, place.row)
            yield place, sample
        else:
            counts.unusable += 1
            look(RowProblem(sample), file, place.row)
    columns.check(files, look)


@dataclass(slots=True)
class _Columns:
    """The types of every column of every file; for JSON only, the other kinds bring their types along."""

    types: dict[tuple[int, str], dict[str, int]] = field(default_factory=dict)
    late: set[tuple[int, str]] = field(default_factory=set)

    def see(self, row: Row, place: RowPlace) -> None:
        for name, value in row.items():
            if value is None or value == []:
                continue
            found = self.types.get((place.file, name))
            kind = _TYPES.get(type(value), "an object")
            if found is None:
                self.types[place.file, name] = {kind: place.row}
                if place.block:
                    self.late.add((place.file, name))
            elif kind not in found:
                found[kind] = place.row

    def check(self, files: Files, look: CheckRunner) -> None:
        for (file, name), types in self.types.items():
            if files.names[file].endswith((".json", ".jsonl")):
                column = ColumnTypes(name, types, (file, name) in self.late)
                look(column, files.shown(file), list(types.values())[-1])
