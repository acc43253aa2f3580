"""Run `lf-qwen3 check`: the registry, the records of each dataset, the splits, the training YAML."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from lf_qwen3.base.argument_types import require_argument_types
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import NoProgress, Progress, Status
from lf_qwen3.proof import known_broken
from lf_qwen3.proof.check import near_duplicates, training_yaml
from lf_qwen3.proof.check.dataset_pass import DatasetPass
from lf_qwen3.proof.check.dataset_records import DatasetFiles
from lf_qwen3.proof.check.dataset_rows import count_bytes, inspect_entry
from lf_qwen3.proof.check.duplicates import find_duplicates, pair_splits
from lf_qwen3.proof.check.model_templates import ModelTemplates
from lf_qwen3.proof.check.registry_file import Registry, read_registry
from lf_qwen3.proof.check.report import CheckReport
from lf_qwen3.proof.check.rules.registry.checked_entry import CheckedEntry, OtherNames
from lf_qwen3.proof.check.rules.training.training_setup import TrainingSetup
from lf_qwen3.proof.check.run_folders import read_run_folders
from lf_qwen3.proof.check.runner import CheckRunner
from lf_qwen3.proof.check.training_data import gather_training_data
from lf_qwen3.proof.check.training_yaml import TrainingYaml
from lf_qwen3.trainer import versions
from lf_qwen3.trainer.records import FORMATTINGS


@require_argument_types
def check(
    dataset_dir: Path | str | None = None,
    names: str | Iterable[str] = (),
    *,
    config: Path | str | None = None,
    tokenizer: Path | str = "",
    cutoff_len: int | None = None,
    progress: Progress = NoProgress(),
) -> CheckReport:
    """Check registered datasets, and a training YAML over them.

    Without `dataset_dir` it is the one that the YAML `config` names. `names` are datasets, or names given to
    `convert`, which stand for their splits; without them all datasets that the YAML names are checked, or all
    that are registered. With `tokenizer`, a folder or a hub id, tokens are counted too; `cutoff_len` (tokens
    a record) wins over the YAML's.

    Raises `UsageError` for a dataset, a file or a tokenizer that is not there and for a `cutoff_len` below 1,
    `LfQwen3Error` for a dataset_info.json or a YAML that cannot be parsed.
    """
    if cutoff_len is not None and cutoff_len < 1:
        raise UsageError(f"cutoff_len is {cutoff_len}", "it must be 1 or more", code="option_value")
    yaml = training_yaml.read_config(Path(config)) if config else None
    registry = read_registry(_dataset_dir(dataset_dir, yaml))
    report = CheckReport()
    if yaml and (mismatch := versions.describe_mismatch()):
        report.notes.append(mismatch)
    runner = CheckRunner(report.collected)
    model = None
    if tokenizer:
        model = ModelTemplates.load(str(tokenizer), yaml.settings if yaml else None, cutoff_len, report.notes)
    if model:
        runner.run(model.vocabulary(), str(model.folder / "tokenizer.json"))
    if yaml is None and not names:
        runner.run(
            OtherNames(registry.document.other_names), registry.path, line_of=registry.document.line_of
        )
    entries = _check_entries(registry, _chosen(names, registry, yaml), runner)
    dataset_pass = DatasetPass(registry.folder, runner, model, yaml)
    _check_records(dataset_pass, entries, yaml, report, progress)
    if yaml:
        data = gather_training_data(yaml, dataset_pass, entries)
        setup = TrainingSetup(yaml.settings, data, list(registry.entries), known_broken.read_versions())
        runner.run(read_run_folders(setup), str(yaml.path), line_of=yaml.line_of)
        report.training = training_yaml.check_training(yaml, setup, runner)
    return report


def _dataset_dir(dataset_dir: Path | str | None, yaml: TrainingYaml | None) -> Path:
    if dataset_dir is not None:
        return Path(dataset_dir)
    if yaml is None:
        raise UsageError(
            "no datasets are named",
            "name their folder: --dataset-dir DIR, or a YAML: --config FILE",
            code="option_missing",
        )
    return Path(str(yaml.settings.get("dataset_dir") or "data"))


def _chosen(names: str | Iterable[str], registry: Registry, yaml: TrainingYaml | None) -> list[str]:
    """Return the names of the datasets to check."""
    wanted = (names,) if isinstance(names, str) else tuple(names)
    if wanted or yaml is None:
        return registry.chosen(wanted)
    used = dict.fromkeys([*yaml.trained, *yaml.held_out])
    return [name for name in used if name in registry.entries]


def _check_entries(registry: Registry, names: Iterable[str], runner: CheckRunner) -> dict[str, CheckedEntry]:
    """Check the entries; return those whose records can be read."""
    entries = {}
    for name in names:
        entry = inspect_entry(registry.folder, name, registry.entries[name], registry.times[name])
        runner.run(entry, registry.path, line_of=partial(registry.document.line_of, name), dataset=name)
        if _is_readable(entry):
            entries[name] = entry
    return entries


def _is_readable(entry: CheckedEntry) -> bool:
    """Tell whether there are records to check, and columns to read them by."""
    blocks_are_sound = all(_holds_texts(entry.settings.get(block, {})) for block in ("columns", "tags"))
    has_rows = entry.is_read and bool(entry.head) and not entry.problem
    return has_rows and blocks_are_sound and entry.formatting in FORMATTINGS


def _holds_texts(block: object) -> bool:
    return isinstance(block, dict) and all(name is None or isinstance(name, str) for name in block.values())


def _check_records(
    dataset_pass: DatasetPass,
    entries: dict[str, CheckedEntry],
    yaml: TrainingYaml | None,
    report: CheckReport,
    progress: Progress,
) -> None:
    """Read every dataset once, the held-out ones first, to compare the trained ones with them."""
    named = [(held_out, trained) for held_out in yaml.held_out for trained in yaml.trained] if yaml else []
    pairs = pair_splits(entries, also=named)
    if near_duplicates.is_available():
        dataset_pass.compare_nearly(pairs)
    elif pairs:
        cure = near_duplicates.INSTALL
        report.notes.append(f"near-duplicates across splits were not looked for: {cure}")
    files = {name: DatasetFiles(dataset_pass.folder, entry.files or ()) for name, entry in entries.items()}
    held_out = {name for name, _ in pairs}
    bytes_read = _BytesRead(progress, sum(count_bytes(dataset.paths) for dataset in files.values()))
    for name in sorted(entries, key=lambda name: name not in held_out):
        dataset_pass.read(entries[name], files[name], bytes_read.add)
    progress.finish("")
    report.datasets = {name: dataset_pass.counts[name] for name in entries}
    report.tokens = {name: dataset_pass.tokens[name] for name in entries if name in dataset_pass.tokens}
    find_duplicates(dataset_pass.hashes, pairs, dataset_pass.runner)


class _BytesRead:
    """Passes on how many bytes of all datasets have been read."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0
        progress.start("checking")

    def add(self, size: int) -> None:
        self._done += size
        self._progress.update(Status("checking", self._done, self._total, "bytes"))
