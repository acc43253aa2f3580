"""What the trainer's last error means: which key, which dataset, which row, and what to do.

The messages are those of LLaMA-Factory 0.9.5, transformers, peft and datasets; a test provokes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lf_qwen3.base.nearest import did_you_mean
from lf_qwen3.proof.rehearse.data import LostRow, RehearsalDataset, find_unreadable_row, list_names
from lf_qwen3.proof.rehearse.known import KEY_OF_PACKAGE, KNOWN_ERRORS
from lf_qwen3.proof.rehearse.verdict import RehearsalFault
from lf_qwen3.trainer import schema

_TEMPLATES = ("qwen3", "qwen3_nothink")
_LOADING = re.compile(r"Loading dataset (.+?)\.\.\.")
_IN_DATA = re.compile(r"[/\\](?:llamafactory[/\\]data|datasets|pyarrow|pandas)[/\\]")


@dataclass(frozen=True, slots=True)
class FailureContext:
    """What the trainer was given (`settings`, the line of each key, the datasets) and what it said."""

    settings: Mapping[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)
    datasets: list[RehearsalDataset] = field(default_factory=list)
    registered: tuple[str, ...] = ()
    log: str = ""

    @property
    def loading(self) -> RehearsalDataset | None:
        """Return the dataset that was loaded last, None where the log does not say."""
        files = _LOADING.findall(self.log)
        return next((dataset for dataset in self.datasets if files and dataset.file == files[-1]), None)

    @property
    def folder(self) -> str:
        """Return the dataset_dir."""
        return str(self.settings.get("dataset_dir") or "data")


def explain_error(error: str, context: FailureContext) -> RehearsalFault:
    """Return what the trainer's last error means; an unknown error is returned as it is."""
    for explain in _EXPLAINERS:
        if fault := explain(error, context):
            break
    else:
        fault = _by_message(error, context) or _in_the_data(error, context) or _by_key(error, context)
    return replace(fault, line=context.lines.get(fault.key)) if fault.key else fault


def _unknown_keys(error: str, context: FailureContext) -> RehearsalFault | None:
    match = re.search(r"Some keys are not used by the HfArgumentParser: \[(.+)\]", error)
    if not match:
        return None
    keys = re.findall(r"'([^']+)'", match[1])
    hint = did_you_mean(keys[0], schema.load()["properties"]) or "take it out"
    return RehearsalFault(f"the trainer has no key called {', '.join(keys)}", hint, key=keys[0])


def _undefined_dataset(error: str, context: FailureContext) -> RehearsalFault | None:
    match = re.search(r"Undefined dataset (.+?) in dataset_info\.json", error)
    if not match:
        return None
    key = "eval_dataset" if match[1] in list_names(context.settings, "eval_dataset") else "dataset"
    return RehearsalFault(
        f"{match[1]} is not registered in {context.folder}/dataset_info.json",
        did_you_mean(match[1], context.registered)
        or f"register it: lf-qwen3 register {match[1]} FILE --dataset-dir {context.folder}",
        key=key,
        dataset=match[1],
    )


def _no_registry(error: str, context: FailureContext) -> RehearsalFault | None:
    match = re.search(r"Cannot open (.+dataset_info\.json) due to (.+)", error)
    if not match:
        return None
    missing = "No such file" in match[2]
    why = "is not there" if missing else f"cannot be read: {match[2].rstrip('.')}"
    hint = "set dataset_dir to the folder that holds it; it is looked for from where you start the trainer"
    return RehearsalFault(
        f"{match[1]} {why}", hint if missing else "mend the file", key="dataset_dir", file=match[1]
    )


def _missing_file(error: str, context: FailureContext) -> RehearsalFault | None:
    match = re.search(r"File (.+) not found\.", error)
    if not match:
        return None
    dataset = context.loading
    name = dataset.name if dataset else ""
    return RehearsalFault(
        f"the file of the dataset {name or 'named last'} is not there: {match[1]}",
        f"put it there, or: lf-qwen3 register {name or 'NAME'} FILE --replace --dataset-dir {context.folder}",
        key="dataset",
        dataset=name,
        file=match[1],
    )


def _no_records(error: str, context: FailureContext) -> RehearsalFault | None:
    if not re.search(r"Cannot find (?:valid|sufficient) samples", error):
        return None
    emptied = [dataset for dataset in context.datasets if dataset.lost]
    if not emptied:
        name = context.loading.name if context.loading else "the dataset"
        hint = f"look at its records: lf-qwen3 check --dataset-dir {context.folder}"
        if "sufficient" in error:
            hint = "too few rows to fill one packed sequence: rehearse more with --rows, or lower cutoff_len"
        return RehearsalFault(f"no record is left to train on in {name}", hint, "dataset", dataset=name)
    worst = max(emptied, key=lambda dataset: len(dataset.lost))
    fault = _at(context, worst, worst.lost[0], "is left out")
    return replace(fault, message=f"no record is left to train on: {fault.message}")


def _missing_column(error: str, context: FailureContext) -> RehearsalFault | None:
    """Tell a KeyError of the trainer's converter: a column or tag that the entry names and no row has."""
    match = re.search(r"^KeyError: (?:'([^']+)'|(None))$", error)
    dataset = context.loading
    if not match or dataset is None or not _IN_DATA.search(_traceback(context)):
        return None
    if row := next((lost for lost in dataset.lost if lost.stops), None):
        return _at(context, dataset, row, "stops the trainer")
    if match[2]:
        message = f"the entry of {dataset.name} in dataset_info.json names columns or tags in part"
    else:
        message = f"the trainer looks for {match[1]} in the rows of {dataset.name}, and it is not there"
    return RehearsalFault(
        message,
        f"let the entry be made from the file: lf-qwen3 register {dataset.name} "
        f"{context.folder}/{dataset.file} --replace --dataset-dir {context.folder}",
        key="dataset",
        dataset=dataset.name,
        file=dataset.file,
    )


def _template(error: str, context: FailureContext) -> RehearsalFault | None:
    match = re.search(r"Template (\S+) does not exist", error)
    if not match:
        return None
    return RehearsalFault(
        f"the trainer has no template called {match[1]}",
        f"{did_you_mean(match[1], _TEMPLATES, cutoff=0.3)} Qwen3 takes qwen3, and qwen3_nothink for the "
        "Instruct-2507 checkpoints".strip(),
        key="template",
    )


def _stage(error: str, context: FailureContext) -> RehearsalFault | None:
    if "not applicable in the current training stage" not in error:
        return None
    stage = context.settings.get("stage", "sft")
    wants = stage in ("dpo", "rm")
    wrong = [dataset for dataset in context.datasets if bool(dataset.entry.get("ranking")) != wants]
    name = wrong[0].name if wrong else ""
    kind = "ranking data (chosen and rejected)" if wants else "data with one answer a record"
    return RehearsalFault(
        f"{name or 'a dataset'} is not what stage: {stage} takes, which is {kind}",
        "name another dataset, or another stage (ranking data is for dpo)",
        key="stage",
        dataset=name,
    )


def _choice(error: str, context: FailureContext) -> RehearsalFault | None:
    match = re.search(r"(\S+) is not a valid (\w+), please select one of (\[.+?\])", error)
    if not match:
        return None
    given = match[1].strip("'\"")
    key = next((key for key, value in context.settings.items() if str(value) == given), "")
    return RehearsalFault(
        f"{key or match[2]}: {given} is not among the choices", f"it may be one of {match[3]}", key=key
    )


_EXPLAINERS: tuple[Callable[[str, FailureContext], RehearsalFault | None], ...] = (
    _unknown_keys,
    _undefined_dataset,
    _no_registry,
    _missing_file,
    _no_records,
    _missing_column,
    _template,
    _stage,
    _choice,
)


def _by_message(error: str, context: FailureContext) -> RehearsalFault | None:
    for known in KNOWN_ERRORS:
        if match := re.search(known.pattern, error):
            part = next((group for group in match.groups() if group), "")
            message, hint, keys = (text.replace("{0}", part) for text in known[1:])
            wanted = KEY_OF_PACKAGE.get(part, keys).split()
            set_keys = [key for key in wanted if key in context.settings]
            return RehearsalFault(message, hint, key=next(iter([*set_keys, *wanted]), ""))
    return None


def _traceback(context: FailureContext) -> str:
    return context.log[context.log.rfind("Traceback (most recent call last)") :]


def _in_the_data(error: str, context: FailureContext) -> RehearsalFault | None:
    """Return the row at which the trainer's own reader stops, where the error came from reading data."""
    if not _IN_DATA.search(_traceback(context)):
        return None
    for dataset in context.datasets:
        if row := next((lost for lost in dataset.lost if lost.stops), None):
            return _at(context, dataset, row, "stops the trainer")
    last = context.loading or next(iter(context.datasets), None)
    if last is None:
        return None
    if row := find_unreadable_row(last, Path(context.folder)):
        return _at(context, last, row, "stops the trainer")
    cause = (
        f"it cannot be read: {last.problem or _cause(context) or error}" if last.rows else "it has no rows"
    )
    command = f"look at every row: lf-qwen3 check {last.name} --dataset-dir {context.folder}"
    return RehearsalFault(
        f"{last.name}: {cause}",
        command if last.rows else "put rows into its file, or name another dataset",
        key="dataset",
        dataset=last.name,
        file=last.file,
    )


def _cause(context: FailureContext) -> str:
    """Return the error that the last one was raised from."""
    pattern = r"^(?:[\w.]+\.)?(\w*(?:Error|Invalid|Exception)): (.+)$"
    chain = re.findall(pattern, context.log, re.MULTILINE)[-2:-1]
    return ": ".join(chain[0]) if chain else ""


def _at(context: FailureContext, dataset: RehearsalDataset, row: LostRow, what: str) -> RehearsalFault:
    hint = f"all such rows: lf-qwen3 check {dataset.name} --dataset-dir {context.folder}"
    where = f"{row.file}:{row.row}"
    return RehearsalFault(
        f"{where} {what}: {row.reason}", hint, "dataset", dataset=dataset.name, file=row.file, row=row.row
    )


def _by_key(error: str, context: FailureContext) -> RehearsalFault:
    """Return an error as it is, with the key of the YAML that it names, if it names one."""
    key = next((word for word in re.findall(r"\w+", error) if word in context.settings), "")
    message = re.sub(r"^(?:\w+\.)*\w*(?:Error|Exception): ", "", error) or error
    hint = f"the YAML has {key}: {context.settings[key]}" if key else "the trainer's whole output says more"
    return RehearsalFault(message if key else error, hint, key=key)
