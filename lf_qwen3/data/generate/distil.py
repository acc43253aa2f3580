"""Distillation: new answers to questions that one has, and of these the ones worth learning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.data.generate.batch import BatchClient, import_batches
from lf_qwen3.data.generate.candidates import CandidateBuilder
from lf_qwen3.data.generate.client import ModelClient
from lf_qwen3.data.generate.dialects import ServerDialect
from lf_qwen3.data.generate.distillation import Distillation
from lf_qwen3.data.generate.dry_run import DryRun, estimate_run
from lf_qwen3.data.generate.generation_files import (
    JOURNAL,
    GenerationReport,
    require_own_folder,
    write_decisions,
    write_manifest,
)
from lf_qwen3.data.generate.journal import Journal, open_to_read
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.data.generate.options import DistilOptions, ServerOptions
from lf_qwen3.data.generate.questions import QuestionReader


def distil(
    options: DistilOptions,
    server: ServerOptions,
    progress: Progress = NoProgress(),
    batch_import: Sequence[Path] = (),
    again: Sequence[str] = (),
) -> GenerationReport:
    """Ask a model the questions of the sources, and write what is kept and what is not into `options.to`.

    With `batch_import` nothing is sent: the replies of those files are taken. A run that was stopped
    continues where it was; what the journal holds is never asked for again, but for replies that were
    refused for a code in `again`: these are asked for once more, with another seed. Raises `UsageError` for
    options that cannot be met, `LfQwen3Error` where the server refuses, only fails, or ignores the mode
    ("mode_ignored").
    """
    require_own_folder(options.to)
    report = GenerationReport(options.to)
    with Journal(options.to / JOURNAL) as journal:
        report.unfinished = journal.unfinished
        place = None if batch_import else server.find()
        work = _plan(options, server, journal, place.dialect if place else None)
        journal.note_open(_describe(options, server) | {"dialect": work.builder.dialect.name})
        report.warnings += import_batches(batch_import, journal)
        if place:
            work.set_aside(again)
            send_passes(work, ModelClient(place, journal, server.client), report, progress)
            report.cost = server.budget.cost
        settle(work, journal, report)
        write_manifest(report, "distil", work.questions.files, _describe(options, server))
    return report


def send_passes(
    work: Distillation[Any], client: ModelClient | BatchClient, report: GenerationReport, progress: Progress
) -> None:
    """Send the probes, then one pass after the other, until something stops it; a batch has no probes."""
    total = sum(1 for _ in work.candidates())
    for probe in work.probes():
        if isinstance(client, BatchClient):
            break
        send(client, probe, report, NoProgress(), 0)
        if report.stopped:
            return
    for requests in work.passes():
        send(client, requests(), report, progress, total)


def send(
    client: ModelClient | BatchClient,
    requests: Iterable[ModelRequest],
    report: GenerationReport,
    progress: Progress,
    total: int,
) -> None:
    """Send requests and count them, unless something has stopped the run."""
    if not report.stopped:
        sent = client.send(requests, progress, total)
        report.sent += sent.sent
        report.stopped = sent.stopped


def settle(work: Distillation[Any], journal: Journal, report: GenerationReport) -> None:
    """Write the files of what the journal holds, and count it."""
    for question, refusal in work.screen():
        report.rows += 1
        report.matchable += refusal is None and work.decider.find_kind(question) is not None
    write_decisions(report, work.decisions(), journal)


def export_requests(
    options: DistilOptions, server: ServerOptions, file: Path, again: Sequence[str] = ()
) -> BatchClient:
    """Write the requests that have no reply yet as batch files, which are returned; nothing is sent.

    These are the requests of the first pass that lacks some: hints and judgements follow when the replies
    before them are there.
    """
    require_own_folder(options.to)
    with Journal(options.to / JOURNAL) as journal:
        work, client = _plan(options, server, journal), BatchClient(journal, file)
        work.set_aside(again)
        send_passes(work, client, GenerationReport(options.to), NoProgress())
    return client


def estimate_requests(
    options: DistilOptions, server: ServerOptions, tokenizer: str = "", again: Sequence[str] = ()
) -> DryRun:
    """Return what a run would send; no socket is opened. `tokenizer` is as `estimate_run` takes it."""
    with open_to_read(options.to / JOURNAL) as journal:
        work = _plan(options, server, journal)
        settled = journal.settled_keys() - set(work.find_refused(again))
        requests = (candidate.request for candidate in work.candidates())
        name, limit = tokenizer or server.model, options.max_new_tokens
        estimate = estimate_run(requests, settled, server.budget, name, limit)
        if options.match == "judge":
            estimate.later = estimate.requests + estimate.answered
        if options.hint:
            estimate.later += sum(work.decider.find_kind(question) is not None for question in work.asked())
        return estimate


def _plan(
    options: DistilOptions, server: ServerOptions, journal: Journal, dialect: ServerDialect | None = None
) -> Distillation[QuestionReader]:
    """Return the work; without a dialect it is as `recall_dialect` says."""
    dialect = dialect or server.recall_dialect(journal.made_with)
    builder = CandidateBuilder(options, server.model, dialect, journal)
    return Distillation(QuestionReader(options.sources, options.columns, options.limit), builder, journal)


def _describe(options: DistilOptions, server: ServerOptions) -> dict[str, object]:
    """Return the options as the manifest names them: no folder, no address, no key."""
    named = asdict(options)
    del named["to"], named["sources"]
    return {"model": server.model} | {
        name: value for name, value in named.items() if value not in ("", (), None)
    }
