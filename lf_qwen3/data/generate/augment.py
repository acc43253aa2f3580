"""New questions from the ones one has, answered by distil itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.data.convert.options import ConvertSource
from lf_qwen3.data.generate.batch import BatchClient, import_batches
from lf_qwen3.data.generate.candidates import CandidateBuilder
from lf_qwen3.data.generate.client import ModelClient
from lf_qwen3.data.generate.dialects import ServerDialect
from lf_qwen3.data.generate.distil import send, send_passes, settle
from lf_qwen3.data.generate.distillation import Distillation
from lf_qwen3.data.generate.dry_run import DryRun, estimate_run
from lf_qwen3.data.generate.evolve import (
    QuestionWriter,
)
from lf_qwen3.data.generate.generation_files import (
    JOURNAL,
    GenerationReport,
    require_own_folder,
    write_manifest,
)
from lf_qwen3.data.generate.journal import Journal, open_to_read
from lf_qwen3.data.generate.new_questions import LAST, LEAST_SHARE, AugmentOptions, NewQuestions
from lf_qwen3.data.generate.options import ServerOptions
from lf_qwen3.data.generate.questions import QuestionReader


def augment(
    options: AugmentOptions,
    server: ServerOptions,
    progress: Progress = NoProgress(),
    batch_import: Sequence[Path] = (),
) -> GenerationReport:
    """Write new questions until `options.rows` of their answers are kept, or nothing new comes any more.

    A question that is nearly a seed, another new one or a held-out row is refused, and so is one whose
    answers do not agree with the one it came with (`cot`, `craft`: more than half of the samples must).
    With `batch_import` nothing is sent: the replies of those files are taken. Raises `UsageError` for options
    that cannot be met, and what `distil` raises.
    """
    require_own_folder(options.answering.to)
    report = GenerationReport(options.answering.to)
    with Journal(report.folder / JOURNAL) as journal:
        report.unfinished = journal.unfinished
        place = None if batch_import else server.find()
        work, files = _plan(options, server, journal, place.dialect if place else None)
        journal.note_open({"model": server.model, "dialect": work.builder.dialect.name})
        report.warnings += import_batches(batch_import, journal)
        client = ModelClient(place, journal, server.client) if place else BatchClient(journal)
        _grow(options, work, client, report, progress)
        if place:
            report.cost = server.budget.cost
        else:
            report.stopped = ""
        settle(work, journal, report)
        named = {"model": server.model, "method": options.method, "rows": options.rows}
        write_manifest(report, "augment", files, named | {"rounds": options.rounds})
    return report


def export_questions(options: AugmentOptions, server: ServerOptions, file: Path) -> BatchClient:
    """Write the requests that have no reply yet as batch files, which are returned; nothing is sent.

    These are the questions of a wave, then the comparisons, then the answers: each follows from the replies
    before it.
    """
    require_own_folder(options.answering.to)
    with Journal(options.answering.to / JOURNAL) as journal:
        client = BatchClient(journal, file)
        report = GenerationReport(options.answering.to)
        _grow(options, _plan(options, server, journal)[0], client, report, NoProgress())
    return client


def estimate_questions(options: AugmentOptions, server: ServerOptions, tokenizer: str = "") -> DryRun:
    """Return what the first wave of questions would send; no socket is opened.

    Comparisons and answers are counted in `later`, where every question is new.
    """
    with open_to_read(options.answering.to / JOURNAL) as journal:
        questions = _plan(options, server, journal)[0].questions
        questions.ask_more(options.rows)
        limit = options.answering.max_new_tokens
        name = tokenizer or server.model
        estimate = estimate_run(questions.requests(), journal.settled_keys(), server.budget, name, limit)
        answers = len(options.answering.modes) * options.answering.samples
        of_rounds = questions.asked - estimate.requests - estimate.answered
        estimate.later = of_rounds + questions.asked * (answers + (options.method == "evol"))
        return estimate


def _plan(
    options: AugmentOptions, server: ServerOptions, journal: Journal, dialect: ServerDialect | None = None
) -> tuple[Distillation[NewQuestions], list[ConvertSource]]:
    """Return the work and the files of the seeds. Raises `UsageError` ("no_rows") where there is no seed."""
    answering = options.answering
    reader = QuestionReader(answering.sources, answering.columns, answering.limit)
    seeds = [question for question in reader if not question.code]
    if not seeds:
        raise UsageError(
            "the sources have no question to start from", "name rows with questions", code="no_rows"
        )
    dialect = dialect or server.recall_dialect(journal.made_with)
    questions = NewQuestions(options, QuestionWriter(server.model, dialect, seeds, answering.seed), journal)
    builder = CandidateBuilder(answering, server.model, dialect, journal, options.method)
    work = Distillation(questions, builder, journal)
    questions.is_sound = work.is_sound
    return work, reader.files


def _grow(
    options: AugmentOptions,
    work: Distillation[NewQuestions],
    client: ModelClient | BatchClient,
    report: GenerationReport,
    progress: Progress,
) -> None:
    """Ask for questions and answer them, wave after wave."""
    kept, questions = 0, work.questions
    while kept < options.rows and not report.stopped:
        if questions.is_mined_out():
            report.warnings.append(
                f"of the last {LAST} questions fewer than {LEAST_SHARE:.0%} were new: use more seeds, "
                "another method or another model"
            )
            return
        questions.ask_more(options.rows - kept)
        for _ in range(options.rounds):
            for requests in (questions.requests(), questions.comparisons()):
                send(client, requests, report, progress, questions.asked)
            send_passes(work, client, report, progress)
        kept = sum(decision.outcome == "kept" for decision in work.decisions())
