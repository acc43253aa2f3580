"""What an error of the trainer says of the datasets: which one, which row, and what to do."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from lf_qwen3.proof.rehearse.data import LostRow, RehearsalDataset, find_unreadable_row
from lf_qwen3.proof.rehearse.failure_context import FailureContext
from lf_qwen3.proof.rehearse.verdict import RehearsalFault

_IN_DATA = re.compile(r"[/\\](?:llamafactory[/\\]data|datasets|pyarrow|pandas)[/\\]")


def _missing_file(error: str, context: FailureContext) -> RehearsalFault | None:
    match = re.search(r"File (.+) not found\.", error)
    if not match:
        return None
    dataset = context.loading
    name = dataset.name if dataset else ""
    return RehearsalFault(
        f"the file of the dataset {name or 'named last'} does not exist: {match[1]}",
        f"put it there, or register another: lf-qwen3 register {name or 'NAME'} FILE --replace "
        f"--dataset-dir {context.folder}",
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
        hint = f"check its records: lf-qwen3 check --dataset-dir {context.folder}"
        if "sufficient" in error:
            hint = "too few rows to fill one packed sequence: rehearse more with --rows, or lower cutoff_len"
        return RehearsalFault(f"no record of {name} is left to train on", hint, "dataset", dataset=name)
    worst = max(emptied, key=lambda dataset: len(dataset.lost))
    fault = _at(context, worst, worst.lost[0], "is dropped")
    return replace(fault, message=f"no record is left to train on: {fault.message}")


def _missing_column(error: str, context: FailureContext) -> RehearsalFault | None:
    """Detect a KeyError of the trainer's converter: a column or tag that the entry names and no row has."""
    match = re.search(r"^KeyError: (?:'([^']+)'|(None))$", error)
    dataset = context.loading
    if not match or dataset is None or not _IN_DATA.search(context.traceback):
        return None
    if row := next((lost for lost in dataset.lost if lost.stops), None):
        return _at(context, dataset, row, "stops the trainer")
    if match[2]:
        message = f"the entry of {dataset.name} in dataset_info.json names columns or tags in part"
    else:
        message = f"the rows of {dataset.name} have no column {match[1]}, which its entry names"
    return RehearsalFault(
        message,
        f"rewrite the entry from the file: lf-qwen3 register {dataset.name} {context.folder}/{dataset.file} "
        f"--replace --dataset-dir {context.folder}",
        key="dataset",
        dataset=dataset.name,
        file=dataset.file,
    )


def explain_reading_error(error: str, context: FailureContext) -> RehearsalFault | None:
    """Return the row at which the trainer's own reader stops, where the error came from reading data."""
    if not _IN_DATA.search(context.traceback):
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
    command = f"check every row: lf-qwen3 check {last.name} --dataset-dir {context.folder}"
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
    hint = f"list all such rows: lf-qwen3 check {dataset.name} --dataset-dir {context.folder}"
    where = f"{row.file}:{row.row}"
    return RehearsalFault(
        f"{where} {what}: {row.reason}", hint, "dataset", dataset=dataset.name, file=row.file, row=row.row
    )


DATA_EXPLAINERS = (_missing_file, _no_records, _missing_column)
"""Each returns what an error means, None where it is none of its own."""
