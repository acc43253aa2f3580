"""The order of a check: the registry, the records of each dataset, the splits, the training YAML."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lf_qwen3.base.errors import UsageError
from lf_qwen3.proof.check import checked_model, near_duplicates, training_yaml
from lf_qwen3.proof.check.dataset_pass import Pass
from lf_qwen3.proof.check.dataset_records import Files
from lf_qwen3.proof.check.dataset_rows import entry_of, size_of
from lf_qwen3.proof.check.duplicates import RecordHashes, find_duplicates, pair_splits
from lf_qwen3.proof.check.findings import CheckRunner
from lf_qwen3.proof.check.registry_file import Registry, read_registry
from lf_qwen3.proof.check.report import Report
from lf_qwen3.proof.check.rules.registry.entry import Entry
from lf_qwen3.trainer.records import FORMATTINGS

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What to check.

    Without `dataset_dir` it is the one that the YAML `config` names. Without `names` all datasets that the
    YAML names are checked, or all that are registered. `cutoff_len` wins over the YAML's.
    """

    dataset_dir: Path | None = None
    names: tuple[str, ...] = ()
    config: Path | None = None
    tokenizer: str = ""
    cutoff_len: int | None = None


@dataclass(slots=True)
class Run:
    """A check under way."""

    registry: Registry
    config: training_yaml.Config | None
    report: Report
    look: CheckRunner
    model: checked_model.Model | None = None
    keys: dict[str, RecordHashes] = field(default_factory=dict)


def check(options: CheckOptions, progress: Progress | None = None) -> Report:
    """Look at everything the options name, and report what is wrong with it.

    Raises `UsageError` for a dataset, a file or a tokenizer that is not there, `LfQwen3Error` for a
    dataset_info.json or a YAML that cannot be parsed.
    """
    config = training_yaml.read_config(options.config) if options.config else None
    registry = read_registry(_dataset_dir(options, config))
    report = Report()
    run = Run(registry, config, report, CheckRunner(report.findings))
    if options.tokenizer:
        settings = config.settings if config else None
        run.model = checked_model.load(options.tokenizer, settings, options.cutoff_len, report.notes)
    if run.model:
        run.look(run.model.vocabulary(), str(run.model.folder / "tokenizer.json"))
    names = _names(options, run)
    entries = {name: entry for name in names if _is_readable(entry := _check_entry(run, name))}
    _check_records(run, entries, progress)
    if config:
        yaml = training_yaml.subject_of(config, report.datasets, list(registry.entries))
        report.training = training_yaml.look_at_training(config, yaml, run.look)
    return report


def _dataset_dir(options: CheckOptions, config: training_yaml.Config | None) -> Path:
    if options.dataset_dir is not None:
        return options.dataset_dir
    if config is None:
        raise UsageError(
            "no datasets are named", "name their folder: --dataset-dir DIR, or a YAML: --config FILE"
        )
    return Path(str(config.settings.get("dataset_dir") or "data"))


def _names(options: CheckOptions, run: Run) -> list[str]:
    if options.names or run.config is None:
        return run.registry.chosen(options.names)
    used = dict.fromkeys([*run.config.trained, *run.config.held_out])
    return [name for name in used if name in run.registry.entries]


def _check_entry(run: Run, name: str) -> Entry:
    registry = run.registry
    entry = entry_of(registry.folder, name, registry.entries[name], registry.times[name])
    run.look(entry, registry.path, line_of=lambda key: registry.line_of(name, key), who=name)
    return entry


def _is_readable(entry: Entry) -> bool:
    """Tell whether there are records to look at, and columns to read them by."""
    is_sound = all(_names_texts(entry.entry.get(block, {})) for block in ("columns", "tags"))
    return (
        entry.is_read
        and bool(entry.head)
        and not entry.problem
        and is_sound
        and entry.formatting in FORMATTINGS
    )


def _names_texts(block: object) -> bool:
    return isinstance(block, dict) and all(name is None or isinstance(name, str) for name in block.values())


def _check_records(run: Run, entries: dict[str, Entry], progress: Progress | None) -> None:
    """Read every dataset once, the held-out ones first, so that the trained ones can be held against them."""
    config = run.config
    named = [(held, trained) for held in config.held_out for trained in config.trained] if config else []
    pairs = pair_splits(entries, also=named)
    if pairs and not near_duplicates.is_available():
        run.report.notes.append(
            f"near-duplicates across splits were not looked for: {near_duplicates.INSTALL}"
        )
    one_pass = Pass(
        run.registry.folder, run.look, run.model, config, pairs if near_duplicates.is_available() else []
    )
    files = {name: Files(run.registry.folder, entry.files or ()) for name, entry in entries.items()}
    tell = _teller(progress, files.values())
    held = {name for name, _ in pairs}
    for name in sorted(entries, key=lambda one: one not in held):
        one_pass.read(entries[name], files[name], tell)
    run.report.datasets = {name: one_pass.counts[name] for name in entries}
    run.report.tokens = {name: one_pass.tokens[name] for name in entries if name in one_pass.tokens}
    find_duplicates(one_pass.keys, pairs, run.look)


def _teller(progress: Progress | None, files: Iterable[Files]) -> Callable[[int], None] | None:
    if progress is None:
        return None
    total = sum(size_of(one.paths) for one in files)
    done = 0

    def tell(size: int) -> None:
        nonlocal done
        done += size
        progress("checking", done, total)

    return tell
