"""Distillation: new answers to questions that one has, and of these the ones worth learning."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.data.generate.batch import export_batch, import_batch
from lf_qwen3.data.generate.candidates import Candidate, CandidateBuilder
from lf_qwen3.data.generate.client import ModelClient
from lf_qwen3.data.generate.decide import Decider, Decision, keep_best, require_majority
from lf_qwen3.data.generate.dialects import DIALECTS, ServerDialect, ThinkingMode
from lf_qwen3.data.generate.dry_run import DryRun, estimate_run
from lf_qwen3.data.generate.generation_files import (
    JOURNAL,
    GenerationReport,
    require_own_folder,
    write_decisions,
    write_manifest,
)
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.data.generate.near_texts import NearTexts
from lf_qwen3.data.generate.options import DistilOptions, ServerOptions
from lf_qwen3.data.generate.questions import QuestionReader, SourceQuestion, read_texts

PROBED = 8
"""Replies of each mode that are waited for before the others are asked for."""

_Questions = TypeVar("_Questions", bound=Iterable[SourceQuestion])

Pass = Callable[[], Iterable[ModelRequest]]


class ExportedBatch(NamedTuple):
    """The files of a batch, and how many requests they hold."""

    files: list[Path]
    requests: int


class Distillation(Generic[_Questions]):
    """The candidates of some questions, and what the journal makes of them; it sends nothing by itself."""

    def __init__(self, questions: _Questions, builder: CandidateBuilder, journal: Journal) -> None:
        self.questions = questions
        self.builder = builder
        self.options = builder.options
        self.decider = Decider(builder, journal)
        self.held_out = NearTexts()
        if self.options.held_out:
            for question in read_texts(self.options.held_out):
                self.held_out.add(f"{question.source}:{question.row}", question.text)

    def screen(self) -> Iterator[tuple[SourceQuestion, Decision | None]]:
        """Yield every question, and the refusal of one that is not asked."""
        seen: set[str] = set()
        for question in self.questions:
            code, detail = question.code, question.detail
            is_own = self.builder.method == "distil"
            if not code and (near := self.held_out.find_nearest(question.text, same_numbers=is_own)):
                code, detail = "leak", f"{near[0]}, similarity {near[1]:.2f}"
            if not code and question.digest in seen:
                code = "duplicate"
            if not code and self.options.keep == "agree" and self.decider.find_kind(question) is None:
                code = "not_matchable"
            seen.add(question.digest)
            yield question, _refuse(question, code, detail) if code else None

    def asked(self) -> Iterator[SourceQuestion]:
        """Yield the questions that are asked."""
        return (question for question, refusal in self.screen() if refusal is None)

    def candidates(self) -> Iterator[Candidate]:
        """Yield the candidates of all questions, without those with a hint."""
        for question in self.asked():
            yield from self.builder.build_all(question)

    def decide(self, question: SourceQuestion) -> list[Decision]:
        """Return what becomes of the replies to one question, that to the hint included."""
        decisions = [self.decider.decide(candidate) for candidate in self.builder.build_all(question)]
        if self._needs_hint(question, decisions):
            decisions.append(self.decider.decide(self.builder.build_hinted(question)))
        if self.builder.method in ("cot", "craft") and question.reference:
            decisions = require_majority(decisions)
        return keep_best(decisions) if self.options.keep == "best" else decisions

    def decisions(self) -> Iterator[Decision]:
        """Yield what becomes of every candidate, in the order of the sources."""
        for question, refusal in self.screen():
            yield from [refusal] if refusal else self.decide(question)

    def passes(self) -> list[Pass]:
        """Return what is asked for, one after the other: each pass follows from the replies before it."""
        passes: list[Pass] = [lambda: (candidate.request for candidate in self.candidates())]
        if self.options.match == "judge":
            passes.append(self._judge_requests)
        if self.options.hint:
            passes.append(self._hint_requests)
            if self.options.match == "judge":
                passes.append(self._judge_requests)
        return passes

    def probes(self) -> Iterator[list[ModelRequest]]:
        """Yield, of each mode, the first requests, and more until a reply is of that mode.

        Raises `LfQwen3Error` ("mode_ignored") after 8 that are not.
        """
        for mode in self.options.modes:
            ignored = 0
            candidates = (candidate for candidate in self.candidates() if candidate.mode == mode)
            while probe := list(islice(candidates, PROBED - ignored)):
                yield [candidate.request for candidate in probe]
                obeyed = [self.decider.obeys(candidate) for candidate in probe]
                ignored += obeyed.count(False)
                if ignored >= PROBED:
                    raise _mode_ignored(mode)
                if any(obeyed):
                    break

    def _needs_hint(self, question: SourceQuestion, decisions: list[Decision]) -> bool:
        return (
            self.options.hint
            and self.decider.find_kind(question) is not None
            and all(decision.outcome == "refused" for decision in decisions)
            and any(decision.code == "no_match" for decision in decisions)
        )

    def _judge_requests(self) -> Iterator[ModelRequest]:
        for question in self.asked():
            yield from (decision.judged for decision in self.decide(question) if decision.judged)

    def _hint_requests(self) -> Iterator[ModelRequest]:
        for question in self.asked():
            yield from (
                decision.candidate.request for decision in self.decide(question) if decision.candidate.hinted
            )


def _mode_ignored(mode: ThinkingMode) -> LfQwen3Error:
    what, other = {
        "thinking": ("thinking, and no reply brings any", "plain"),
        "plain": ("no thinking, and all bring it", "thinking"),
    }[mode]
    return LfQwen3Error(
        f"{PROBED} requests asked for {what}: the server ignores the switch",
        f"name what it is (--dialect), switch it there, or take --modes {other}",
        code="mode_ignored",
    )


def _refuse(question: SourceQuestion, code: str, detail: str) -> Decision:
    nothing = Candidate(question, "thinking", 0, ModelRequest({}))
    return Decision(nothing, "unanswered" if code == "not_sent" else "refused", code, detail)


def distil(
    options: DistilOptions,
    server: ServerOptions,
    progress: Progress = NoProgress(),
    batch_import: tuple[Path, ...] = (),
) -> GenerationReport:
    """Ask a model the questions of the sources, and write what is kept and what is not into `options.to`.

    With `batch_import` nothing is sent: the replies of those files are taken. A run that was stopped goes on
    where it was; what the journal holds is never asked for again. Raises `UsageError` for options that cannot
    be met, `LfQwen3Error` where the server refuses, only fails, or ignores the mode ("mode_ignored").
    """
    require_own_folder(options.to)
    report = GenerationReport(options.to)
    with Journal(options.to / JOURNAL) as journal:
        report.unfinished = journal.unfinished
        place = None if batch_import else server.find()
        work = _plan(options, server, journal, place.dialect if place else None)
        journal.note_open(_describe(options, server) | {"dialect": work.builder.dialect.name})
        for file in batch_import:
            taken = import_batch(file, journal)
            if taken.failed:
                report.warnings.append(f"{file}: {taken.failed:,} lines hold no reply")
        if place:
            send_passes(work, ModelClient(place, journal, server.client), report, progress)
            report.cost = server.budget.cost
        settle(work, journal, report)
        write_manifest(report, "distil", work.questions.files, _describe(options, server))
    return report


def send_passes(
    work: Distillation[Any], client: ModelClient, report: GenerationReport, progress: Progress
) -> None:
    """Send the probes, then one pass after the other, until something stops it."""
    total = sum(1 for _ in work.candidates())
    for probe in work.probes():
        send(client, probe, report, NoProgress(), 0)
        if report.stopped:
            return
    for requests in work.passes():
        send(client, requests(), report, progress, total)


def send(
    client: ModelClient,
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


def export_requests(options: DistilOptions, server: ServerOptions, file: Path) -> ExportedBatch:
    """Write the requests that have no reply yet as batch files; nothing is sent.

    These are the requests of the first pass that lacks some: hints and judgements follow when the replies
    before them are there.
    """
    require_own_folder(options.to)
    with Journal(options.to / JOURNAL) as journal:
        for requests in _plan(options, server, journal).passes():
            files, count = export_batch(requests(), journal, file)
            if count:
                return ExportedBatch(files, count)
    return ExportedBatch([], 0)


def estimate_requests(options: DistilOptions, server: ServerOptions, tokenizer: str = "") -> DryRun:
    """Return what a run would send; no socket is opened. `tokenizer` is as `estimate_run` takes it."""
    with tempfile.TemporaryDirectory(prefix="lf-qwen3-") as folder:
        is_begun = (options.to / JOURNAL).is_file()
        with Journal((options.to if is_begun else Path(folder)) / JOURNAL) as journal:
            candidates = _plan(options, server, journal).candidates()
            requests = (candidate.request for candidate in candidates)
            name, limit = tokenizer or server.model, options.max_new_tokens
            return estimate_run(requests, journal.settled_keys(), server.budget, name, limit)


def _plan(
    options: DistilOptions, server: ServerOptions, journal: Journal, dialect: ServerDialect | None = None
) -> Distillation[QuestionReader]:
    """Return the work; without a dialect it is the one that is named, that of the last run, or a guess."""
    before = None if server.dialect else DIALECTS.get(str(journal.made_with.get("dialect")))
    builder = CandidateBuilder(options, server.model, dialect or before or server.describe().dialect)
    return Distillation(QuestionReader(options.sources, options.columns, options.limit), builder, journal)


def _describe(options: DistilOptions, server: ServerOptions) -> dict[str, object]:
    """Return the options as the manifest names them: no folder, no address, no key."""
    named = asdict(options)
    del named["to"], named["sources"]
    return {"model": server.model} | {
        name: value for name, value in named.items() if value not in ("", (), None)
    }
