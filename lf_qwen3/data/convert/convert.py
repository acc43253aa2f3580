"""Turn sources into a registered LLaMA-Factory dataset: the main job, start to end."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from lf_qwen3.base.coded import CodedText
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress, Progress, Status
from lf_qwen3.base.reasons import REJECTED, is_fault
from lf_qwen3.data import registry, sources
from lf_qwen3.data.convert import ledger, manifest, outputs, pool, row_numbers, worker
from lf_qwen3.data.convert.label_stop import require_known_labels, require_known_labels_early
from lf_qwen3.data.convert.options import ConvertOptions, ConvertSource
from lf_qwen3.data.convert.ranges import Range, hash_of
from lf_qwen3.data.convert.read_as import describe_files, warn_of_files
from lf_qwen3.data.convert.report import ConversionReport
from lf_qwen3.data.convert.resolve import resolve_sources
from lf_qwen3.data.convert.splits import split_records
from lf_qwen3.data.convert.stage import Stage
from lf_qwen3.data.convert.unread import count_columns, warnings_of
from lf_qwen3.data.convert.warned import WarnedRows
from lf_qwen3.data.converters.source_row import ColumnUse
from lf_qwen3.data.registry.shape import DatasetKind


@dataclass(slots=True)
class ConvertedParts:
    """The results of all parts, put together in the order of the sources.

    `uses` and `rows` (with blank lines) have one item a file, `numbers` one for each row of the ledger.
    """

    lines: ledger.Ledger = field(default_factory=ledger.Ledger)
    numbers: array[int] = field(default_factory=lambda: array("I"))
    rows: list[int] = field(default_factory=list)
    bad: list[outputs.RejectedPlace] = field(default_factory=list)
    read: int = 0
    preferences: int = 0
    labelled: int = 0
    repaired: Counter[str] = field(default_factory=Counter)
    uses: list[Counter[ColumnUse]] = field(default_factory=list)
    warned: WarnedRows = field(default_factory=WarnedRows)

    def kind(self) -> DatasetKind:
        """Return the kind of the dataset. Raises `UsageError` ("mixed_kinds") where there are several."""
        rows: dict[DatasetKind, int] = {"ranking": self.preferences, "kto": self.labelled}
        rows["sft"] = self.lines.rows - sum(rows.values())
        kinds = [kind for kind, count in rows.items() if count]
        if len(kinds) > 1:
            counted = ", ".join(f"{rows[kind]:,} of {kind}" for kind in kinds)
            raise UsageError(
                "pairs, labelled answers and plain conversations cannot stand in one dataset",
                f"convert them apart: of the rows there are {counted}",
                code="mixed_kinds",
            )
        return kinds[0]


def convert(options: ConvertOptions, progress: Progress = NoProgress()) -> ConversionReport:
    """Convert, check, deduplicate, mix, split, write and register; all of it or nothing.

    Raises `UsageError` for options that cannot be met, and `LfQwen3Error` when no row could be kept or,
    with `on_bad` "stop", at the first row that is rejected.
    """
    registry.check_name(options.name)
    files = resolve_sources(options.sources, options.columns)
    outputs.require_free(options, [source.file for source in files])
    if options.limit is None:
        require_known_labels_early(files)
    with Stage(options.dataset_dir, options.name) as stage:
        converted = _convert_parts(options, files, stage.path, progress)
        report = ConversionReport(
            options.name, read=converted.read, converters={source.label: source.converter for source in files}
        )
        report.rejected = dict(sorted(Counter(place.bad.code for place in converted.bad).items()))
        report.repaired = dict(sorted(converted.repaired.items()))
        columns = count_columns(files, converted.uses)
        report.columns = {spec: counts.as_json() for spec, counts in columns.items()}
        report.read_as = describe_files(files)
        labels = [source.label for source in files]
        report.warnings += warnings_of(files, columns) + warn_of_files(files, converted.bad)
        report.warnings += converted.warned.describe(labels)
        require_known_labels(files, columns)
        lines = converted.lines
        if not len(lines):
            raise _nothing_kept(converted, report)
        kind = converted.kind()
        splits = _decide(options, converted, stage.path, report)
        with ThreadPoolExecutor(1) as beside:
            hashes = beside.map(_hash, files)
            in_order = {split: outputs.put_history_first(lines, records) for split, records in splits.items()}
            written = outputs.write(options, stage.path, lines, in_order, converted.bad, labels, progress)
            file = written.files["rows"] = manifest.file_names(options.name)["rows"]
            written.hashes[file] = row_numbers.write(stage.path / file, converted.numbers, lines, in_order)
        _count(report, lines, splits, options, kind)
        if kind == "kto":
            _count_labels(report, outputs.count_good(stage.path, list(report.written), written))
        report.files = {key: str(options.dataset_dir / name) for key, name in written.files.items()}
        entries = outputs.entries(options, written.files, kind)
        report.datasets = list(entries)
        made_from = zip(files, hashes, converted.rows, strict=True)
        manifest.write(stage.path, options, made_from, report, written.hashes)
        removed, report.unregistered, notes = outputs.commit(options, stage, written.files, entries)
        report.warnings += [
            CodedText(f"dataset_info.json: {note}", "registry_mended", {"note": note}) for note in notes
        ]
        report.removed = [str(options.dataset_dir / file) for file in removed]
    return report


def _hash(source: ConvertSource) -> str:
    path = source.file.path
    return hash_of([Range(path, 0, path.stat().st_size)])


def _convert_parts(
    options: ConvertOptions, files: list[ConvertSource], spool_dir: Path, progress: Progress
) -> ConvertedParts:
    worker_options = worker.WorkerOptions(
        options.format,
        options.turns,
        options.seed,
        options.allow_special,
        spool_dir,
        stop_on_bad=options.on_bad == "stop",
        reading=options.reading,
    )
    tasks = [
        worker.PartTask(part, index, source.converter, source.roles)
        for index, source in enumerate(files)
        for part in sources.cut(source.file, options.part_bytes)
    ]
    total = sum(sources.size(task.part) for task in tasks)
    done = 0
    converted = ConvertedParts(uses=[Counter() for _ in files], rows=[0 for _ in files])
    for task, result in _results(options, files, tasks, worker_options):
        base = converted.rows[task.file] + 1
        if options.on_bad == "stop":
            for bad in filter(lambda bad: is_fault(bad.code), result.bad):
                _stop_at(files[task.file], base + bad.row, bad)
        left_out = [*result.blank, *(bad.row for bad in result.bad)]
        converted.numbers.extend(row_numbers.number_rows(sum(converted.rows), result.positions, left_out))
        converted.lines.extend(result.lines)
        converted.bad += [
            outputs.RejectedPlace(task.file, base + bad.row, result.spool, bad) for bad in result.bad
        ]
        converted.read += result.read
        converted.preferences += result.preferences
        converted.labelled += result.labelled
        converted.repaired.update(result.repaired)
        converted.uses[task.file].update(result.uses)
        converted.warned.add(result.warned, task.file, base)
        converted.rows[task.file] += result.positions
        done += sources.size(task.part)
        progress.update(Status("reading", done, total, "bytes"))
    return converted


def _results(
    options: ConvertOptions,
    files: list[ConvertSource],
    tasks: list[worker.PartTask],
    worker_options: worker.WorkerOptions,
) -> Iterator[tuple[worker.PartTask, worker.PartResult]]:
    if options.limit is None:
        is_small = sum(sources.size(task.part) for task in tasks) <= options.part_bytes
        workers = 0 if is_small else options.workers  # they are not worth the start of a process
        yield from zip(tasks, pool.run(tasks, worker_options, workers), strict=True)
        return
    left = dict.fromkeys(options.sources, options.limit)
    for task in tasks:
        spec = files[task.file].spec
        if left[spec]:
            limited = replace(task, limit=left[spec])
            for result in pool.run([limited], worker_options, workers=0):
                left[spec] -= result.read
                yield task, result


def _stop_at(source: ConvertSource, row: int, bad: worker.SpooledReject) -> None:
    reason = REJECTED[bad.code]
    detail = f" ({bad.detail})" if bad.detail else ""
    raise LfQwen3Error(
        f"{source.label}:{row}: {bad.code}: {reason.message}{detail}",
        f"{reason.hint}; or leave such rows out with --on-bad reject. Nothing was written",
        code=bad.code,
    )


def _decide(
    options: ConvertOptions, converted: ConvertedParts, spool_dir: Path, report: ConversionReport
) -> dict[str, ledger.Records]:
    """Deduplicate, mix and split; record the counts in the report, all but one in source rows."""
    lines = converted.lines
    with outputs.AnswerReader(spool_dir, lines) as reader:
        records, report.duplicate_records, report.conflicts = ledger.drop_duplicates(
            lines, reader, labelled=converted.labelled > 0
        )
    rows = ledger.count_rows(lines, records)
    report.duplicates = lines.rows - rows
    if options.mix is not None:
        records = ledger.mix(lines, records, options.mix, options.by)
        report.left_out = rows - ledger.count_rows(lines, records)
    return split_records(lines, records, options.val, options.test)


def _nothing_kept(converted: ConvertedParts, report: ConversionReport) -> LfQwen3Error:
    if not converted.read:
        return UsageError(
            "the sources hold no rows", "an empty file has nothing to learn from", code="no_rows"
        )
    code, count = max(report.rejected.items(), key=lambda item: item[1])
    first = next(place for place in converted.bad if place.bad.code == code)
    detail = f" ({first.bad.detail})" if first.bad.detail else ""
    return LfQwen3Error(
        f"all {converted.read} rows were rejected, {count} of them as {code}: {REJECTED[code].message}",
        f"the first is row {first.row}{detail}; {REJECTED[code].hint}. Nothing was written",
        code="all_rejected",
    )


def _count_labels(report: ConversionReport, good: int) -> None:
    report.good, report.bad = good, sum(report.written.values()) - good
    if not report.good or not report.bad:
        report.warnings.append(
            CodedText(
                f"all answers are marked {'good' if report.good else 'bad'}, and KTO learns from both: add "
                "the others, or convert without the label, --columns ignore=COLUMN",
                "labels_alike",
            )
        )


def _count(
    report: ConversionReport,
    lines: ledger.Ledger,
    splits: dict[str, ledger.Records],
    options: ConvertOptions,
    kind: DatasetKind,
) -> None:
    for name, records in splits.items():
        report.rows[name] = ledger.count_rows(lines, records)
        report.written[name] = len(records)
        report.thinking += sum(map(lines.thinking.__getitem__, records))
    report.plain = sum(report.written.values()) - report.thinking
    if not report.thinking and kind == "sft":
        report.warnings.append(
            CodedText(
                "no record has any thinking: a hybrid Qwen3 trained on these will lose its reasoning; "
                "mix in a reasoning source, 75 % is usual: --mix thinking=0.75",
                "no_thinking",
            )
        )
    if lines.generated and (options.val or options.test):
        report.warnings.append(
            CodedText(
                f"{len(lines.generated):,} rows were written by a model: none of them is held out, nor a row "
                "of a person with the question of one",
                "generated_rows",
                {"rows": len(lines.generated)},
            )
        )
    if options.turns == "all" and kind == "sft":
        report.warnings.append(
            CodedText(
                "--turns all trains every turn at once (mask_history: false) and keeps the thinking of "
                "earlier turns in the prompt, where Qwen3's chat template takes it out; unroll keeps both "
                "right",
                "turns_at_once",
            )
        )
    for name, wanted in (("val", options.val), ("test", options.test)):
        if wanted >= 1 and report.rows.get(name, 0) < wanted:
            report.warnings.append(
                CodedText(
                    f"{name} holds {report.rows[name]} rows: larger groups of one question did not fit",
                    "split_short",
                    {"split": name, "rows": report.rows[name]},
                )
            )
