"""Turn sources into a registered LLaMA-Factory dataset: the main job, start to end."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Protocol

from lf_qwen3.base.coded import CodedText
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.base.storage import StorePath, is_store
from lf_qwen3.data import registry
from lf_qwen3.data.convert import manifest, outputs
from lf_qwen3.data.convert.label_stop import require_known_labels, require_known_labels_early
from lf_qwen3.data.convert.local_engine import LocalEngine
from lf_qwen3.data.convert.options import ConvertOptions, ConvertSource
from lf_qwen3.data.convert.outcome import ConvertOutcome, count_labels, count_outcome, nothing_kept
from lf_qwen3.data.convert.part_totals import PartTotals
from lf_qwen3.data.convert.read_as import describe_files, warn_of_files
from lf_qwen3.data.convert.report import ConversionReport
from lf_qwen3.data.convert.resolve import resolve_sources
from lf_qwen3.data.convert.stage import Stage
from lf_qwen3.data.convert.store_stage import StoreStage, name_run
from lf_qwen3.data.convert.unread import count_columns, warnings_of


class Engine(Protocol):
    """What converts the parts, decides over all rows and writes: see `LocalEngine`."""

    def convert_parts(self) -> PartTotals:
        """Convert all parts."""

    def decide(self) -> ConvertOutcome:
        """Deduplicate, mix and split."""

    def write(self, names: Mapping[str, str]) -> outputs.WrittenFiles:
        """Write everything but the manifest."""

    def close(self) -> None:
        """Let go of what was needed."""


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
    names = _name_files(options, files)
    with _open_stage(options, names) as stage, ExitStack() as stack:
        engine = stack.enter_context(closing(_start_engine(options, files, stage.path, progress)))
        totals = engine.convert_parts()
        report = _report_parts(options, files, totals)
        if not totals.kept:
            raise nothing_kept(totals, files)
        kind = totals.kind()
        count_outcome(report, engine.decide(), options, kind)
        written = engine.write(names)
        if kind == "kto":
            count_labels(report, written.good)
        report.files = {key: str(options.dataset_dir / name) for key, name in written.files.items()}
        entries = outputs.entries(options, written.files, kind)
        report.datasets = list(entries)
        made_from = zip(files, written.source_digests, totals.rows, strict=True)
        manifest.write(stage.path, options, made_from, report, written.hashes)
        removed, report.unregistered, notes = outputs.commit(options, stage, written.files, entries)
        report.warnings += [
            CodedText(f"dataset_info.json: {note}", "registry_mended", {"note": note}) for note in notes
        ]
        report.removed = [str(options.dataset_dir / file) for file in removed]
    return report


def _report_parts(
    options: ConvertOptions, files: list[ConvertSource], totals: PartTotals
) -> ConversionReport:
    """Return the report as far as the parts tell. Raises what `require_known_labels` raises."""
    report = ConversionReport(
        options.name, read=totals.read, converters={source.label: source.converter for source in files}
    )
    report.rejected = dict(sorted(totals.rejected.items()))
    report.repaired = dict(sorted(totals.repaired.items()))
    columns = count_columns(files, totals.uses)
    report.columns = {spec: counts.as_json() for spec, counts in columns.items()}
    report.read_as = describe_files(files)
    report.warnings += warnings_of(files, columns) + warn_of_files(files, totals.broken)
    report.warnings += totals.warned.describe([source.label for source in files])
    require_known_labels(files, columns)
    return report


def _name_files(options: ConvertOptions, files: list[ConvertSource]) -> dict[str, str]:
    """Return the files to write by key; on a store the same conversion always has the same names."""
    run = name_run(options, files) if is_store(options.dataset_dir) else ""
    return manifest.file_names(options.name, run, options.is_sharded)


def _start_engine(
    options: ConvertOptions, files: list[ConvertSource], stage: Path, progress: Progress
) -> Engine:
    if options.engine == "local":
        return LocalEngine(options, files, stage, progress)
    from lf_qwen3.data.convert.cluster.ray_engine import RayEngine  # only where it is needed

    return RayEngine(options, files, stage, progress)


def _open_stage(options: ConvertOptions, names: dict[str, str]) -> Stage | StoreStage:
    if isinstance(options.dataset_dir, StorePath):
        return StoreStage(options.dataset_dir, manifest.place_of(names["rows"]))
    return Stage(options.dataset_dir, options.name)
