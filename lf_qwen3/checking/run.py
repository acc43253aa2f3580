"""The order of a check: the registry, the records of each dataset, the splits, the training YAML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lf_qwen3.checking.findings import Looker
from lf_qwen3.checking.records import Counts, Files, look_at
from lf_qwen3.checking.registry import Registry, read_registry
from lf_qwen3.checking.report import Report
from lf_qwen3.checking.rows import entry_of, size_of
from lf_qwen3.checking.splits import Keys, find_twins, held_out_of
from lf_qwen3.checks.coded import Fault, checks_for
from lf_qwen3.checks.records.sample import SampleReader
from lf_qwen3.checks.registry.entry import Entry
from lf_qwen3.errors import LfQwen3Error
from lf_qwen3.records import FORMATTINGS

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What to check: `names` of datasets, none for all; `config` is a training YAML."""

    dataset_dir: Path
    names: tuple[str, ...] = ()
    config: Path | None = None
    tokenizer: str = ""
    cutoff_len: int | None = None


@dataclass(slots=True)
class Run:
    """A check under way."""

    options: CheckOptions
    registry: Registry
    report: Report
    look: Looker
    progress: Progress | None = None
    keys: dict[str, Keys] = field(default_factory=dict)


def check(options: CheckOptions, progress: Progress | None = None) -> Report:
    """Look at everything the options name, and report what is wrong with it.

    Raises `UsageError` for a dataset, a file or a tokenizer that is not there, `LfQwen3Error` for a
    dataset_info.json or a YAML that cannot be parsed.
    """
    registry = read_registry(options.dataset_dir)
    report = Report()
    run = Run(options, registry, report, Looker(report.findings), progress)
    names = registry.chosen(options.names)
    readable = {name: entry for name in names if _is_readable(entry := _check_entry(run, name))}
    _check_records(run, readable)
    find_twins(run.keys, held_out_of(run.keys), run.look)
    return report


def _check_entry(run: Run, name: str) -> Entry:
    registry = run.registry
    entry = entry_of(registry.folder, name, registry.entries[name], registry.times[name])
    for one in checks_for(Entry):
        for fault in one.faults(entry):
            told = Fault(f"{name}: {fault.detail}" if fault.detail else name, fault.key)
            run.report.findings.add(one, told, registry.path, registry.line_of(name, fault.key))
    return entry


def _is_readable(entry: Entry) -> bool:
    """Tell whether there are records to look at, and columns to read them by."""
    is_sound = all(isinstance(entry.entry.get(block, {}), dict) for block in ("columns", "tags"))
    return (
        entry.is_read
        and bool(entry.head)
        and not entry.problem
        and is_sound
        and entry.formatting in FORMATTINGS
    )


def _check_records(run: Run, entries: dict[str, Entry]) -> None:
    files = {name: Files(run.registry.folder, entry.files or ()) for name, entry in entries.items()}
    total = sum(size_of(one.paths) for one in files.values()) if run.progress else 0
    done = 0

    def tell(size: int) -> None:
        nonlocal done
        done += size
        if run.progress:
            run.progress("checking", done, total)

    for name, entry in entries.items():
        counts = run.report.datasets[name] = Counts(entry.kind)
        keys = run.keys[name] = Keys(files[name])
        try:
            for place, sample in look_at(
                files[name], SampleReader(entry.entry, entry.kind), counts, run.look, tell
            ):
                keys.add(place, sample)
        except LfQwen3Error as error:
            run.look(Entry(name, entry.entry, problem=error.message), files[name].shown(0))
