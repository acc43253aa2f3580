"""Convert on this machine: parts in processes, the ledger in memory, records in spool files."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from lf_qwen3.base import worker_pool
from lf_qwen3.base.progress import Progress, Status
from lf_qwen3.data import sources
from lf_qwen3.data.convert import ledger, manifest, outputs, row_numbers
from lf_qwen3.data.convert.options import ConvertOptions, ConvertSource
from lf_qwen3.data.convert.outcome import ConvertOutcome, stop_at
from lf_qwen3.data.convert.part_totals import FirstRejected, PartTotals, count_part
from lf_qwen3.data.convert.splits import split_records
from lf_qwen3.data.convert.worker import PartResult, PartTask, Worker, WorkerOptions


def list_tasks(options: ConvertOptions, files: list[ConvertSource]) -> list[PartTask]:
    """Return the parts of all files, in their order."""
    return [
        PartTask(part, index, source.converter, source.roles)
        for index, source in enumerate(files)
        for part in sources.cut(source.file, options.part_bytes)
    ]


def worker_options(options: ConvertOptions, spool_dir: Path) -> WorkerOptions:
    """Return what a worker needs to know."""
    return WorkerOptions(
        options.format,
        options.turns,
        options.seed,
        options.allow_special,
        spool_dir,
        stop_on_bad=options.on_bad == "stop",
        reading=options.reading,
    )


class LocalEngine:
    """Converts on this machine; its methods are called in the order of their definition."""

    def __init__(
        self, options: ConvertOptions, files: list[ConvertSource], stage: Path, progress: Progress
    ) -> None:
        self._options = options
        self._files = files
        self._stage = stage
        self._progress = progress
        self._totals = PartTotals.of_files(len(files))
        self._lines = ledger.Ledger()
        self._numbers = array("I")
        self._bad: list[outputs.RejectedPlace] = []
        self._splits: dict[str, ledger.Records] = {}

    def convert_parts(self) -> PartTotals:
        """Convert all parts. Raises `LfQwen3Error` where a part cannot be read, or `on_bad` says stop."""
        tasks = list_tasks(self._options, self._files)
        total = sum(sources.size(task.part) for task in tasks)
        done = 0
        for task, result in self._results(tasks):
            self._add(task.file, result)
            done += sources.size(task.part)
            self._progress.update(Status("reading", done, total, "bytes"))
        return self._totals

    def decide(self) -> ConvertOutcome:
        """Deduplicate, mix and split. Raises what `ledger.mix` and `split_records` raise."""
        lines, options = self._lines, self._options
        with outputs.AnswerReader(self._stage, lines) as reader:
            is_labelled = self._totals.labelled > 0
            records, duplicates, conflicts = ledger.drop_duplicates(lines, reader, labelled=is_labelled)
        rows = kept = ledger.count_rows(lines, records)
        if options.mix is not None:
            records = ledger.mix(lines, records, options.mix, options.by)
            kept = ledger.count_rows(lines, records)
        self._splits = splits = split_records(lines, records, options.val, options.test)
        return ConvertOutcome(
            rows={split: ledger.count_rows(lines, own) for split, own in splits.items()},
            written={split: len(own) for split, own in splits.items()},
            thinking=sum(sum(map(lines.thinking.__getitem__, own)) for own in splits.values()),
            generated=len(lines.generated),
            duplicates=lines.rows - rows,
            duplicate_records=duplicates,
            conflicts=conflicts,
            left_out=rows - kept,
        )

    def write(self, names: Mapping[str, str]) -> outputs.WrittenFiles:
        """Write everything but the manifest into the stage; the sources are hashed beside that."""
        lines = self._lines
        with ThreadPoolExecutor(1) as beside:
            hashes = beside.map(manifest.digest_source, (source.file.path for source in self._files))
            shards = {
                split: outputs.cut_shards(lines, records, self._options.shard_size)
                for split, records in self._splits.items()
            }
            labels = [source.label for source in self._files]
            written = outputs.write(names, self._stage, lines, shards, self._bad, labels, self._progress)
            file = written.files["rows"] = names["rows"]
            written.hashes[file] = row_numbers.write(self._stage / file, self._numbers, lines, shards)
            written.source_digests = list(hashes)
        if self._totals.labelled:
            data = [file for file in written.hashes if manifest.split_of(self._options.name, file)]
            written.good = outputs.count_good(self._stage, data)
        return written

    def close(self) -> None:
        """Do nothing: the processes have ended."""

    def _results(self, tasks: list[PartTask]) -> Iterator[tuple[PartTask, PartResult]]:
        start = partial(Worker, worker_options(self._options, self._stage))
        limit = self._options.limit
        if limit is None:
            is_small = sum(sources.size(task.part) for task in tasks) <= self._options.part_bytes
            workers = 0 if is_small else self._options.workers  # they are not worth the start of a process
            yield from zip(tasks, worker_pool.run(tasks, start, workers), strict=True)
            return
        left = dict.fromkeys(self._options.sources, limit)
        for task in tasks:
            spec = self._files[task.file].spec
            if left[spec]:
                limited = replace(task, limit=left[spec])
                for result in worker_pool.run([limited], start):
                    left[spec] -= result.read
                    yield task, result

    def _add(self, file: int, result: PartResult) -> None:
        part = count_part(result)
        base = self._totals.rows[file] + 1
        if self._options.on_bad == "stop" and part.fault:
            first = part.first_rejected[part.fault]
            raise stop_at(self._files[file], part.fault, FirstRejected(base + first.row, first.detail))
        left_out = [*result.blank, *(bad.row for bad in result.bad)]
        before = sum(self._totals.rows)
        self._numbers.extend(row_numbers.number_rows(before, result.positions, left_out))
        self._lines.extend(result.lines)
        self._bad += [outputs.RejectedPlace(file, base + bad.row, result.spool, bad) for bad in result.bad]
        self._totals.add(file, part)
