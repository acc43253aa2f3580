"""What is wrong with a YAML in just those settings that its rehearsal takes out or changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from lf_qwen3.proof import known_broken
from lf_qwen3.proof.check.rules.registered import Check, Fault, checks_for
from lf_qwen3.proof.check.rules.training.training_setup import TrainingData, TrainingSetup
from lf_qwen3.proof.check.run_folders import read_run_folders
from lf_qwen3.proof.rehearse.failure_context import FailureContext
from lf_qwen3.proof.rehearse.verdict import RehearsalFault

_NOT_OF_THE_RUN = ("known_broken", "yaml_secret")
"""What hangs on the versions of this machine, or stops no run: a note."""

_STOPS = ("dataset_unregistered", "stage_unfit")
"""What stops the trainer when it reads the data."""


def find_unseen_faults(
    context: FailureContext, changed: Collection[str]
) -> tuple[RehearsalFault | None, list[str]]:
    """Return the first error of the checks of a training YAML in a `changed` key, and notes on the others.

    The rehearsal cannot come upon it, or the trainer stops there for sure. The notes are warnings in such
    keys, and errors in other keys: those are no matter of starting, or the rehearsal will come upon them.
    """
    unseen: list[RehearsalFault] = []
    notes = []
    for check, fault in _faults(context):
        message = ": ".join(filter(None, (check.message, fault.detail)))
        is_error, is_unseen = check.severity == "error", fault.key in changed
        if check.code in _STOPS or (is_error and is_unseen and check.code not in _NOT_OF_THE_RUN):
            cure = fault.cure or check.hint
            unseen.append(RehearsalFault(message, cure, fault.key, context.lines.get(fault.key)))
        elif is_error or (is_unseen and check.severity == "warning"):
            notes.append(f"lf-qwen3 check says {check.code}: {message}; {fault.cure or check.hint}")
    return next(iter(unseen), None), notes


def _faults(context: FailureContext) -> Iterator[tuple[Check, Fault]]:
    files = {dataset.name: (Path(context.folder, dataset.file),) for dataset in context.datasets}
    kinds = {dataset.name: dataset.kind for dataset in context.datasets}
    data = TrainingData(kinds=kinds, files=files)
    registered = context.registered or None
    setup = TrainingSetup(context.settings, data, registered, known_broken.read_versions())
    for subject in (setup, read_run_folders(setup)):
        for check in checks_for(type(subject)):
            if check.code != "yaml_key":  # `validate` has judged keys and values
                yield from ((check, fault) for fault in check.faults(subject))
