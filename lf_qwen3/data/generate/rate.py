"""Rate the rows one has by a judge, and keep the better ones as far as the judge can be believed."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import orjson

from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.data.generate.batch import BatchClient, import_batches
from lf_qwen3.data.generate.candidates import Candidate
from lf_qwen3.data.generate.client import ModelClient
from lf_qwen3.data.generate.decide import Decision
from lf_qwen3.data.generate.dialects import ServerDialect
from lf_qwen3.data.generate.dry_run import DryRun, estimate_run
from lf_qwen3.data.generate.generated_row import write_row
from lf_qwen3.data.generate.generation_files import (
    JOURNAL,
    GenerationReport,
    require_own_folder,
    write_decisions,
    write_manifest,
)
from lf_qwen3.data.generate.journal import Journal, open_to_read
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.data.generate.options import ServerOptions
from lf_qwen3.data.generate.questions import QuestionReader, SourceQuestion
from lf_qwen3.data.generate.rating import (
    Rating,
    build_rating_request,
    compute_spearman,
    read_labels,
    read_rating,
)

RATINGS = "rows.ratings.jsonl"
PLANTED_SHARE, FIT_SHARE, GOOD_KEPT = 0.05, 0.95, 0.9
"""Rows that are rated with another's answer; how many of them must be below the median; good rows kept."""
_LEAST_PLANTED = 5
_GOOD = 4.0


@dataclass(frozen=True, slots=True)
class RateOptions:
    """What is rated. `top` is the share to keep of a ranking, `labels` a CSV file with row and label.

    Labels are 1 to 5 for the rows of the sources, counted from 1 through all of them. Without `top` and
    `labels` all rows are kept.
    """

    sources: tuple[str, ...]
    to: Path
    top: float | None = None
    labels: Path | None = None
    limit: int | None = None
    columns: tuple[str, ...] = ()


@dataclass(slots=True)
class RatingReport(GenerationReport):
    """What a rating came to, beside the counts of `GenerationReport`.

    `fit` says whether the judge rates planted wrong answers below the median, None where too few rows were
    rated to say. `spearman` is the correlation with the labels, `threshold` the least mean of a row kept.
    """

    planted: int = 0
    fit: bool | None = None
    spearman: float | None = None
    threshold: float | None = None
    means: list[float] = field(default_factory=list)


class _RatedRow(NamedTuple):
    number: int
    question: SourceQuestion
    request: ModelRequest
    rating: Rating | None


def rate(
    options: RateOptions,
    server: ServerOptions,
    progress: Progress = NoProgress(),
    batch_import: Sequence[Path] = (),
) -> RatingReport:
    """Rate every row, decide whether the judge is fit, and write the kept rows.

    A judge that is not fit filters nothing. With `batch_import` nothing is sent: the replies of those files
    are taken. Raises `UsageError` for options that cannot be met, and what
    `ModelClient.send` raises.
    """
    require_own_folder(options.to)
    labels = read_labels(options.labels) if options.labels else {}
    report = RatingReport(options.to)
    with Journal(options.to / JOURNAL) as journal:
        report.unfinished = journal.unfinished
        place = None if batch_import else server.find()
        work = _plan(options, server, journal, place.dialect if place else None)
        journal.note_open({"model": server.model, "dialect": work.dialect.name})
        report.warnings += import_batches(batch_import, journal)
        if place:
            requests = work.requests()
            sent = ModelClient(place, journal, server.client).send(requests, progress, len(requests))
            report.sent, report.stopped, report.cost = sent.sent, sent.stopped, server.budget.cost
        _measure(report, work, labels, options)
        write_decisions(report, work.decide(report), journal)
        _write_ratings(options.to / RATINGS, work)
        named = {"model": server.model, "top": options.top, "labels": len(labels)}
        write_manifest(report, "rate", work.reader.files, named)
    return report


def export_ratings(options: RateOptions, server: ServerOptions, file: Path) -> BatchClient:
    """Write the requests that have no reply yet as batch files, which are returned; nothing is sent."""
    require_own_folder(options.to)
    with Journal(options.to / JOURNAL) as journal:
        client = BatchClient(journal, file)
        client.send(_plan(options, server, journal).requests())
    return client


def estimate_ratings(options: RateOptions, server: ServerOptions, tokenizer: str = "") -> DryRun:
    """Return what a run would send; no socket is opened. `tokenizer` is as `estimate_run` takes it."""
    with open_to_read(options.to / JOURNAL) as journal:
        requests = _plan(options, server, journal).requests()
        return estimate_run(requests, journal.settled_keys(), server.budget, tokenizer or server.model, None)


def _plan(
    options: RateOptions, server: ServerOptions, journal: Journal, dialect: ServerDialect | None = None
) -> _Rating:
    reader = QuestionReader(options.sources, options.columns, options.limit)
    return _Rating(reader, server.model, dialect or server.recall_dialect(journal.made_with), journal)


class _Rating:
    """The rows of some sources, and what the journal holds of their ratings."""

    def __init__(self, reader: QuestionReader, model: str, dialect: ServerDialect, journal: Journal) -> None:
        self.reader, self.model, self.dialect, self.journal = reader, model, dialect, journal

    def requests(self) -> list[ModelRequest]:
        """Return all requests: about the rows, and about planted wrong answers."""
        return [*(row.request for row in self.rows()), *self.planted()]

    def rows(self) -> Iterator[_RatedRow]:
        """Yield the rows that have an answer."""
        for number, question in enumerate(self.reader, 1):
            if not question.code and question.reference:
                yield _RatedRow(number, question, *self._rated(question, question.reference))

    def planted(self) -> list[ModelRequest]:
        """Return requests about every 20th row with the answer of another."""
        rows = [row.question for row in self.rows()]
        step = max(1, min(round(1 / PLANTED_SHARE), len(rows) // _LEAST_PLANTED))
        other = [*rows[len(rows) // 2 :], *rows[: len(rows) // 2]]
        pairs = list(zip(rows, other, strict=True))[::step]
        return [
            self._rated(question, wrong.reference)[0]
            for question, wrong in pairs
            if wrong.reference != question.reference
        ]

    def decide(self, report: RatingReport) -> Iterator[Decision]:
        """Yield the outcome of every row of the sources."""
        rated = {row.number: row for row in self.rows()}
        for number, question in enumerate(self.reader, 1):
            nothing = Candidate(question, "plain", 0, ModelRequest({}))
            if number not in rated:
                yield Decision(nothing, "refused", question.code or "no_answer", question.detail)
                continue
            yield self._decide(rated[number], report.threshold)

    def _decide(self, row: _RatedRow, threshold: float | None) -> Decision:
        candidate = Candidate(row.question, "plain", 0, row.request)
        if self.journal.read_reply(row.request.key) is None:
            return Decision(candidate, "unanswered", "not_sent")
        if row.rating is None:
            return Decision(candidate, "refused", "not_judged")
        if threshold is not None and row.rating.mean < threshold:
            return Decision(
                candidate, "refused", "low_rating", f"{row.rating.mean:.1f} below {threshold:.1f}"
            )
        question = row.question
        line = write_row(question, question.thinking, question.reference, question.origin)
        return Decision(candidate, "kept", line=line, thinks=bool(question.thinking))

    def _rated(self, question: SourceQuestion, answer: str) -> tuple[ModelRequest, Rating | None]:
        request = build_rating_request(question, answer, self.model, self.dialect)
        reply = self.journal.read_reply(request.key)
        return request, read_rating(reply) if reply else None

    def read_planted(self) -> list[float]:
        """Return the means of the planted answers that have a rating."""
        replies = [self.journal.read_reply(request.key) for request in self.planted()]
        ratings = [read_rating(reply) for reply in replies if reply]
        return [rating.mean for rating in ratings if rating]


def _measure(report: RatingReport, work: _Rating, labels: Mapping[int, float], options: RateOptions) -> None:
    """Say whether the judge is fit, and set the threshold."""
    report.rows = sum(1 for _ in work.reader)
    means = {row.number: row.rating.mean for row in work.rows() if row.rating}
    planted = work.read_planted()
    report.planted, report.means = len(planted), sorted(means.values())
    if len(planted) >= _LEAST_PLANTED and means:
        median = statistics.median(means.values())
        report.fit = sum(mean < median for mean in planted) >= FIT_SHARE * len(planted)
    if report.fit is False:
        report.warnings.append(
            "the judge is unfit: it rates wrong answers as high as those of the rows, so "
            "nothing was left out; use another model"
        )
    known = [(means[number], label) for number, label in labels.items() if number in means]
    if known:
        report.spearman = compute_spearman(*zip(*known, strict=True))
    if report.fit is False:
        return
    if known:
        good = sorted(mean for mean, label in known if label >= _GOOD)
        report.threshold = good[int(len(good) * (1 - GOOD_KEPT))] if good else None
    elif options.top is not None and report.means:
        report.threshold = report.means[min(len(report.means) - 1, round(len(means) * (1 - options.top)))]


def _write_ratings(path: Path, work: _Rating) -> None:
    """Write the rating of every row, the best first."""
    rated = [row for row in work.rows() if row.rating]
    order: Sequence[_RatedRow] = sorted(rated, key=lambda row: -(row.rating.mean if row.rating else 0))
    lines = [
        orjson.dumps(
            {
                "source": row.question.source,
                "row": row.question.row,
                "mean": row.rating.mean,
                "scores": row.rating.scores,
                "reasons": row.rating.reasons,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for row in order
        if row.rating
    ]
    path.write_bytes(b"".join(lines))
