"""Convert on a Ray cluster: the parts as tasks, the ledger in partitions, the files written by tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from xxhash import xxh3_128

from lf_qwen3.base.cluster_tasks import TaskRunner, count_partitions
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import Progress, Status
from lf_qwen3.base.storage import is_store
from lf_qwen3.data import sources
from lf_qwen3.data.convert import manifest, outputs, row_numbers
from lf_qwen3.data.convert.cluster import shards
from lf_qwen3.data.convert.cluster.decisions import ClusterPlan, Decisions
from lf_qwen3.data.convert.cluster.part_lines import PartRejects, convert_part
from lf_qwen3.data.convert.local_engine import list_tasks, worker_options
from lf_qwen3.data.convert.options import ConvertOptions, ConvertSource
from lf_qwen3.data.convert.outcome import ConvertOutcome, stop_at
from lf_qwen3.data.convert.part_totals import FirstRejected, PartCounts, PartTotals
from lf_qwen3.data.convert.worker import PartTask

SHARD_BYTES = 512 << 20
"""The size of a file where none is asked for."""

_PARTS = 8
"""Parts for each processor, where there is enough data: few cost Ray less, many keep the processors busy."""
_MOST_PART_BYTES = 128 << 20
_MOST_PARTITIONS = 256
_GROUPS = 256
"""Groups of parts of which each makes a piece of every partition, however many parts there are."""
_HASHING = "hashing a source"


class RayEngine:
    """Converts on a cluster; its methods are called in the order of their definition."""

    def __init__(
        self, options: ConvertOptions, files: list[ConvertSource], stage: Path, progress: Progress
    ) -> None:
        if options.limit is not None:
            raise UsageError(
                "--limit and --engine ray exclude each other",
                "remove --engine ray to try a few rows on this machine",
                code="options_exclude",
            )
        self._files = files
        self._stage = stage
        self._progress = progress
        self._totals = PartTotals.of_files(len(files))
        self._runner = TaskRunner(options.ray_address)
        part_bytes = _part_bytes(options, files, self._runner.count_processors())
        self._options = replace(options, part_bytes=part_bytes)
        self._tasks: list[PartTask] = []
        self._parts: list[PartCounts] = []
        self._results: list[list[Any]] = []
        self._fates: list[Any] = []
        self._counts: list[dict[str, shards.SplitCounts]] = []

    def close(self) -> None:
        """Leave the cluster."""
        self._runner.close()

    def convert_parts(self) -> PartTotals:
        """Convert all parts. Raises `LfQwen3Error` where one fails for good, or `on_bad` says stop."""
        self._tasks = list_tasks(self._options, self._files)
        options = self._runner.put(worker_options(self._options, Path()))
        total = sum(sources.size(task.part) for task in self._tasks)
        done = 0
        calls = ((task, number, options) for number, task in enumerate(self._tasks))
        started = self._runner.start_in_turn(4, convert_part, calls)
        for task, result in zip(self._tasks, started, strict=True):
            self._results.append(result)
            self._add(task.file, self._runner.get(result[0], self._name_part(task)))
            done += sources.size(task.part)
            self._progress.update(Status("reading", done, total, "bytes"))
        return self._totals

    def decide(self) -> ConvertOutcome:
        """Deduplicate, mix and split over all records. Raises what the local engine raises."""
        _, lines, records, _ = (list(results) for results in zip(*self._results, strict=True))
        self._plan = _plan_cluster(sum(sources.size(task.part) for task in self._tasks), len(lines))
        decisions = Decisions(self._runner, self._plan, self._options, lines, records)
        decisions.drop_duplicates(self._totals.labelled > 0)
        self._fates = decisions.hold_out()
        counted = [
            self._runner.start(shards.count_splits, own, self._fates_of(number))
            for number, own in enumerate(lines)
        ]
        self._counts = [self._runner.get(own, "planning the output files") for own in counted]
        outcome = decisions.outcome
        for split in self._list_splits():
            own = [counts[split] for counts in self._counts]
            outcome.rows[split] = sum(counts.rows for counts in own)
            outcome.written[split] = sum(counts.records for counts in own)
            outcome.thinking += sum(counts.thinking for counts in own)
        return outcome

    def write(self, names: Mapping[str, str]) -> outputs.WrittenFiles:
        """Write the files of the splits by tasks, the rejected rows and the row numbers in this process."""
        digests = [self._runner.start(manifest.digest_source, source.file.path) for source in self._files]
        written = outputs.WrittenFiles()
        with (self._stage / names["rows"]).open("wb") as rows:
            digest = xxh3_128()
            for split, number, shard in self._write_shards(names):
                file = manifest.shard_name(names[split], number)
                written.hashes[file] = shard.digest
                written.good += shard.good
                content = row_numbers.encode(shard.numbers)
                digest.update(content)
                rows.write(content)
        written.hashes[names["rejected"]] = self._write_rejected(self._stage / names["rejected"])
        written.hashes[names["rows"]] = digest.hexdigest()
        written.files = {key: names[key] for key in (*self._list_splits(), "rejected", "manifest", "rows")}
        written.source_digests = [self._runner.get(digest, _HASHING) for digest in digests]
        return written

    def _list_splits(self) -> list[str]:
        wanted = {"train": True, "val": self._options.val, "test": self._options.test}
        return [split for split in manifest.SPLITS if wanted[split]]

    def _fates_of(self, part: int) -> Any:
        return self._fates[part // self._plan.group_size]

    def _write_shards(self, names: Mapping[str, str]) -> Iterator[tuple[str, int, shards.WrittenShard]]:
        """Write the files of each split; yield them in their order."""
        place = self._options.dataset_dir if is_store(self._options.dataset_dir) else self._stage
        size = self._options.shard_size or SHARD_BYTES
        first_numbers = [0, *accumulate(part.positions for part in self._parts)]
        is_labelled = self._totals.labelled > 0
        started: list[tuple[str, int, Any]] = []
        for split in self._list_splits():
            plan = shards.plan_shards([counts[split] for counts in self._counts], size)
            for number, run in enumerate(plan):
                parts = [part for part in run if self._counts[part][split].records]
                inputs = [own for part in parts for own in self._give(part, first_numbers[part], split)]
                path = place / manifest.shard_name(names[split], number)
                shard = self._runner.start(shards.write_shard, path, is_labelled, split, *inputs)
                started.append((split, number, shard))
        for step, (split, number, shard) in enumerate(started, 1):
            yield split, number, self._runner.get(shard, f"{names[split]}, file {number}")
            self._progress.update(Status("writing", step, len(started), "files"))

    def _give(self, part: int, first_number: int, split: str) -> list[Any]:
        """Return what a split is written from: the part itself, or a copy of the little that it gives."""
        own = [first_number, *self._results[part][1:3], self._fates_of(part)]
        if shards.gives_most(self._counts[part], split):
            return own
        return [self._runner.start(shards.copy_piece, split, *own)]

    def _write_rejected(self, path: Path) -> str:
        """Write the rejected rows, the text of one part in memory at a time; return the hash of the file."""
        digest = xxh3_128()
        base = [1] * len(self._files)
        with path.open("wb") as target:
            for task, part, result in zip(self._tasks, self._parts, self._results, strict=True):
                if part.rejected:
                    rejects: PartRejects = self._runner.get(result[3], self._name_part(task))
                    label = self._files[task.file].label
                    for bad in rejects.bad:
                        text = rejects.texts[bad.offset : bad.offset + bad.length]
                        line = outputs.write_rejected_row(label, base[task.file] + bad.row, bad, text)
                        digest.update(line)
                        target.write(line)
                base[task.file] += part.positions
        return digest.hexdigest()

    def _add(self, file: int, part: PartCounts) -> None:
        if self._options.on_bad == "stop" and part.fault:
            first = part.first_rejected[part.fault]
            row = self._totals.rows[file] + 1 + first.row
            raise stop_at(self._files[file], part.fault, FirstRejected(row, first.detail))
        self._parts.append(part)
        self._totals.add(file, part)

    def _name_part(self, task: PartTask) -> str:
        part = task.part
        unit = "row groups" if part.file.kind == "parquet" else "bytes"
        place = "" if part.stop is None else f", {unit} {part.start:,} to {part.stop:,}"
        return f"{self._files[task.file].label}{place}"


def _part_bytes(options: ConvertOptions, files: list[ConvertSource], processors: int) -> int:
    """Return the size of a part: larger for much data, as each costs Ray work, and no more than a file's."""
    total = sum(source.file.path.stat().st_size for source in files)
    size = min(max(options.part_bytes, total // (_PARTS * processors)), _MOST_PART_BYTES)
    return min(size, options.shard_size or size)


def _plan_cluster(total: int, parts: int) -> ClusterPlan:
    return ClusterPlan(count_partitions(total, _MOST_PARTITIONS), max(1, -(-parts // _GROUPS)))
