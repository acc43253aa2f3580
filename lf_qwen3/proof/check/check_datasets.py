"""Run `lf-qwen3 check`: the registry, the records of each dataset, the splits, the training YAML."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from lf_qwen3.base.argument_types import require_argument_types
from lf_qwen3.base.coded import CodedText
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import NoProgress, Progress, Status
from lf_qwen3.base.storage import path_of
from lf_qwen3.proof import known_broken
from lf_qwen3.proof.check import near_duplicates, training_yaml
from lf_qwen3.proof.check.dataset_pass import DatasetPass
from lf_qwen3.proof.check.dataset_rows import inspect_entry
from lf_qwen3.proof.check.duplicates import pair_splits
from lf_qwen3.proof.check.engines import CheckEngine, LocalCheckEngine
from lf_qwen3.proof.check.model_templates import ModelTemplates
from lf_qwen3.proof.check.registry_file import Registry, read_registry
from lf_qwen3.proof.check.report import CheckReport
from lf_qwen3.proof.check.rules.registry.checked_entry import CheckedEntry, OtherNames
from lf_qwen3.proof.check.rules.training.training_setup import TrainingData, TrainingSetup
from lf_qwen3.proof.check.run_folders import read_run_folders
from lf_qwen3.proof.check.runner import CheckRunner
from lf_qwen3.proof.check.training_data import gather_training_data
from lf_qwen3.proof.check.training_yaml import TrainingYaml
from lf_qwen3.recipes.trainers.judge import recognise_trainer
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
    ask_trainer: bool = True,
    workers: int = 0,
    engine: Literal["local", "ray"] = "local",
    ray_address: str = "",
    progress: Progress = NoProgress(),
) -> CheckReport:
    """Check registered datasets, and a training YAML that uses them.

    Without `dataset_dir` the folder of the YAML `config` is used. `names` are datasets, or names given to
    `convert`, which mean all their splits; without them all datasets of the YAML are checked, or all that
    are registered. With `tokenizer`, a folder or a hub id, tokens are counted too; `cutoff_len` (tokens a
    record) wins over the YAML's.

    The installed trainer's own parsers check the YAML too, in a process beside the reading of the data;
    `ask_trainer=False` skips this and saves some seconds. A YAML whose dataset_dir does not exist is
    checked too, with the missing folder as one finding. Of another trainer's config only keys and values
    are checked. `workers` processes share the reading; 0 reads in this one, and all give the same report,
    as `engine="ray"` does, which reads on the Ray cluster at `ray_address`.

    Raises `UsageError` for a dataset, a file, a tokenizer or a cluster that does not exist and for a
    `cutoff_len` below 1, `LfQwen3Error` for a dataset_info.json or a YAML that cannot be parsed.
    """
    _require_positive(cutoff_len)
    yaml = training_yaml.read_config(Path(config)) if config else None
    report = CheckReport()
    if yaml and (trainer := recognise_trainer(yaml.reading)):
        training_yaml.check_other_trainer(yaml, trainer, report)
        return report
    asked = training_yaml.ask_trainer(yaml, dataset_dir) if yaml and ask_trainer else None
    with asked or nullcontext(), _start_engine(engine, workers, ray_address) as running:
        registry = _read_registry(dataset_dir, yaml, names)
        runner = CheckRunner(report.collected)
        model = _load_model(str(tokenizer), yaml, cutoff_len, runner, report) if tokenizer else None
        entries = _check_registry(registry, names, yaml, runner) if registry else {}
        folder = registry.folder if registry else _dataset_dir(dataset_dir, yaml)
        dataset_pass = DatasetPass(folder, report.collected, model, yaml, running)
        _check_records(dataset_pass, entries, yaml, report, progress)
        if yaml:
            setup = _setup(yaml, gather_training_data(yaml, dataset_pass, entries), registry, folder, report)
            runner.run(read_run_folders(setup), str(yaml.path), line_of=yaml.line_of)
            training_yaml.check_training(yaml, setup, runner, report, asked)
    return report


def _start_engine(name: str, workers: int, ray_address: str) -> AbstractContextManager[CheckEngine]:
    """Return an engine, which is closed on leaving. Raises `UsageError` for a name that is none."""
    if name == "ray":
        from lf_qwen3.proof.check.ray_engine import RayCheckEngine  # only where it is needed

        return closing(RayCheckEngine(ray_address))
    if name != "local":
        raise UsageError(f"engine is {name!r}", "it must be local or ray", code="option_value")
    return closing(LocalCheckEngine(workers))


def _load_model(
    tokenizer: str,
    yaml: TrainingYaml | None,
    cutoff_len: int | None,
    runner: CheckRunner,
    report: CheckReport,
) -> ModelTemplates | None:
    """Return the templates of a tokenizer whose vocabulary was checked; None, and a note, without one."""
    model = ModelTemplates.load(tokenizer, yaml.settings if yaml else None, cutoff_len, report.notes)
    if model:
        runner.run(model.vocabulary(), str(model.folder / "tokenizer.json"))
    return model


def _setup(
    yaml: TrainingYaml, data: TrainingData, registry: Registry | None, folder: Path, report: CheckReport
) -> TrainingSetup:
    """Return what the checks of a YAML get; another version, and datasets on a hub, are notes."""
    if mismatch := versions.describe_mismatch():
        report.notes.append(mismatch)
    setup = TrainingSetup(yaml.settings, data, installed=known_broken.read_versions())
    if registry:
        return replace(setup, registered=list(registry.entries))
    if str(folder).startswith(_ELSEWHERE):
        note = f"the datasets of {folder} were not checked: they are on a hub, not on this disk"
        report.notes.append(CodedText(note, "data_on_hub", {"folder": str(folder)}))
        return setup
    return replace(setup, missing_dir=str(folder))


_ELSEWHERE = ("ONLINE", "REMOTE:")
"""How a dataset_dir begins that is not a folder: the trainer reads it from a hub (data/parser.py)."""


def _read_registry(
    dataset_dir: Path | str | None, yaml: TrainingYaml | None, names: object
) -> Registry | None:
    """Return the registry; None where the YAML alone names its folder, and it does not exist."""
    try:
        return read_registry(_dataset_dir(dataset_dir, yaml))
    except UsageError as error:
        is_from_yaml = yaml is not None and dataset_dir is None and not names
        if not is_from_yaml or error.code not in ("folder_missing", "registry_missing"):
            raise
        return None


def _dataset_dir(dataset_dir: Path | str | None, yaml: TrainingYaml | None) -> Path:
    if dataset_dir is not None:
        return path_of(dataset_dir)
    if yaml is None:
        raise UsageError(
            "no dataset folder is named",
            "add --dataset-dir DIR, or --config TRAIN.yaml",
            code="option_missing",
        )
    return path_of(str(yaml.settings.get("dataset_dir") or "data"))


def _chosen(names: str | Iterable[str], registry: Registry, yaml: TrainingYaml | None) -> list[str]:
    """Return the names of the datasets to check."""
    wanted = (names,) if isinstance(names, str) else tuple(names)
    if wanted or yaml is None:
        return registry.chosen(wanted)
    used = dict.fromkeys([*yaml.trained, *yaml.held_out])
    return [name for name in used if name in registry.entries]


def _require_positive(cutoff_len: int | None) -> None:
    if cutoff_len is not None and cutoff_len < 1:
        raise UsageError(f"cutoff_len is {cutoff_len}", "it must be 1 or more", code="option_value")


def _check_registry(
    registry: Registry, names: str | Iterable[str], yaml: TrainingYaml | None, runner: CheckRunner
) -> dict[str, CheckedEntry]:
    """Check the names, and the entries of the chosen datasets; return those whose records can be read."""
    if yaml is None and not names:
        other = OtherNames(registry.document.other_names)
        runner.run(other, registry.path, line_of=registry.document.line_of)
    entries = {}
    for name in _chosen(names, registry, yaml):
        entry = inspect_entry(registry.folder, name, registry.entries[name], registry.times[name])
        runner.run(entry, registry.path, line_of=partial(registry.document.line_of, name), dataset=name)
        if _is_readable(entry):
            entries[name] = entry
    return entries


def _is_readable(entry: CheckedEntry) -> bool:
    """Return whether there are records to check, and columns to read them by."""
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
        note = f"near-duplicates across splits (data leakage) were not searched for: {cure}"
        report.notes.append(CodedText(note, "no_near_duplicates", {"cure": cure}))
    held_out = {name for name, _ in pairs}
    ordered = sorted(entries, key=lambda name: name not in held_out)
    progress.start("checking")
    dataset_pass.read(
        {name: entries[name] for name in ordered},
        lambda done, total: progress.update(Status("checking", done, total, "bytes")),
    )
    progress.finish("")
    report.datasets = {name: dataset_pass.counts[name] for name in entries}
    report.tokens = {name: dataset_pass.tokens[name] for name in entries if name in dataset_pass.tokens}
    for name in entries:
        dataset = dataset_pass.files[name]
        rows = dataset_pass.token_counts[name].rows if name in dataset_pass.token_counts else {}
        shown = map(dataset.shown, range(len(dataset.names)))
        report.lengths[name] = {path: rows.get(path, array("I")) for path in shown}
    dataset_pass.compare(pairs)
