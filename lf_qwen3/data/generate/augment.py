"""New questions from the ones one has, answered by distil itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lf_qwen3.base.conversation import Turn
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.data.generate.candidates import CandidateBuilder
from lf_qwen3.data.generate.client import ModelClient
from lf_qwen3.data.generate.distil import Distillation, send, send_passes, settle
from lf_qwen3.data.generate.evolve import (
    AugmentMethod,
    NewQuestion,
    QuestionWriter,
    copies_prompt,
    read_question,
    says_nothing_new,
)
from lf_qwen3.data.generate.generation_files import (
    JOURNAL,
    GenerationReport,
    require_own_folder,
    write_manifest,
)
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.matching import find_kind
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.data.generate.near_texts import NearTexts
from lf_qwen3.data.generate.options import DistilOptions, ServerOptions
from lf_qwen3.data.generate.passages import PassageIndex, read_passages
from lf_qwen3.data.generate.questions import QuestionReader, SourceQuestion
from lf_qwen3.data.generate.refusals import has_template_text

_WAVE, _SPARE = 8, 1.25
"""The least requests for questions at a time, and how many for each row that is still wanted."""
_LAST, _LEAST_SHARE = 200, 0.1
_PASSAGES = 8


@dataclass(frozen=True, slots=True)
class AugmentOptions:
    """How many new rows are wanted, and how the questions come about.

    `corpus` are texts of the user, for the method "craft". `answering` says how the new questions are
    answered; its sources are the seeds. Raises `UsageError` ("corpus_missing") for "craft" without texts.
    """

    answering: DistilOptions
    rows: int
    method: AugmentMethod = "evol"
    corpus: Path | None = None

    def __post_init__(self) -> None:
        if (self.method == "craft") != (self.corpus is not None):
            raise UsageError(
                "CRAFT makes questions from texts, and none are named",
                "--method corpus:PATH; without texts take --method cot or evol",
                code="corpus_missing",
            )


class _Questions:
    """The questions that the journal holds, in the order in which they were asked for."""

    def __init__(self, options: AugmentOptions, writer: QuestionWriter, journal: Journal) -> None:
        self.options, self.writer, self.journal = options, writer, journal
        self.asked = 0
        self.passages = PassageIndex(read_passages(options.corpus)) if options.corpus else None

    def requests(self) -> Iterator[ModelRequest]:
        """Yield the requests for questions; those of a later round need the replies of the one before."""
        return (request for request in map(self._request, range(self.asked)) if request)

    def __iter__(self) -> Iterator[SourceQuestion]:
        """Yield every question that was asked for, those that are refused with their code."""
        known = NearTexts()
        for seed in self.writer.seeds:
            known.add(f"{seed.source}:{seed.row}", seed.text)
        for number in range(self.asked):
            yield self._judge(number, known)

    def is_mined_out(self) -> bool:
        """Tell whether too few of the last questions were new."""
        last = list(self)[-_LAST:]
        kept = sum(not question.code for question in last)
        return len(last) == _LAST and kept < _LEAST_SHARE * _LAST

    def _request(self, number: int) -> ModelRequest | None:
        if self.options.method == "cot":
            return self.writer.invent(number)
        if self.passages:
            passage = self._find_passage(number)
            return self.writer.craft(number, passage) if passage else None
        return self.writer.evolve(number)

    def _find_passage(self, number: int) -> str:
        """Return a passage near a seed, another one each time it is the seed's turn."""
        turn, place = divmod(number, len(self.writer.seeds))
        near = self.passages.find_nearest(self.writer.seeds[place].text, _PASSAGES) if self.passages else []
        return near[turn % len(near)] if near else ""

    def comparisons(self) -> Iterator[ModelRequest]:
        """Yield the requests whether evolved questions ask for anything new."""
        for number, question in enumerate(self):
            if self.options.method == "evol" and question.text and not question.code:
                yield self.writer.compare(number, question.text)

    def _judge(self, number: int, known: NearTexts) -> SourceQuestion:
        nothing = SourceQuestion(self.options.method, number + 1)
        request = self._request(number)
        if request is None:
            return replace(nothing, code="not_a_question")
        reply = self.journal.read_reply(request.key)
        if reply is None:
            return replace(nothing, code="not_sent")
        new = read_question(reply)
        if new is None:
            return replace(nothing, code="not_a_question", detail=reply.content[-200:])
        return self._screen(nothing, new, known, number)

    def _screen(
        self, nothing: SourceQuestion, new: NewQuestion, known: NearTexts, number: int
    ) -> SourceQuestion:
        passage = self._find_passage(number) if self.passages else ""
        turns = (Turn("user", new.text),)
        question = replace(nothing, turns=turns, reference=new.answer, passage=passage)
        if has_template_text(new.text) or copies_prompt(new.text):
            return replace(question, code="template_text", detail=new.text[:200])
        if near := known.find_nearest(new.text):
            return replace(
                question, code="copy", detail=f"{near[0]}, similarity {near[1]:.2f}: {new.text[:200]}"
            )
        known.add(f"{nothing.source}:{nothing.row}", new.text)
        if self.options.method == "cot" and find_kind(new.answer) is None:
            return replace(question, code="not_matchable", detail=new.answer[:200])
        verdict = self.journal.read_reply(self.writer.compare(number, new.text).key)
        if self.options.method == "evol" and verdict and says_nothing_new(verdict):
            return replace(question, code="no_gain", detail=new.text[:200])
        return question


def augment(
    options: AugmentOptions, server: ServerOptions, progress: Progress = NoProgress()
) -> GenerationReport:
    """Write new questions until `options.rows` of their answers are kept, or nothing new comes any more.

    A question that is nearly a seed, another new one or a held-out row is refused, and so is one whose
    answers do not agree with the one it came with (`cot`, `craft`: more than half of the samples must).
    Raises `UsageError` for options that cannot be met, and what `distil` raises.
    """
    answering = options.answering
    require_own_folder(answering.to)
    reader = QuestionReader(answering.sources, answering.columns, answering.limit)
    seeds = [question for question in reader if not question.code]
    if not seeds:
        raise UsageError(
            "the sources hold no question to begin with", "name rows with questions", code="no_rows"
        )
    report = GenerationReport(answering.to)
    with Journal(answering.to / JOURNAL) as journal:
        report.unfinished = journal.unfinished
        place = server.find()
        writer = QuestionWriter(server.model, place.dialect, seeds, answering.seed)
        questions = _Questions(options, writer, journal)
        builder = CandidateBuilder(answering, server.model, place.dialect, options.method)
        work = Distillation(questions, builder, journal)
        client = ModelClient(place, journal, server.client)
        _grow(options, work, questions, client, report, progress)
        report.cost = server.budget.cost
        settle(work, journal, report)
        named = {"model": server.model, "method": options.method, "rows": options.rows}
        write_manifest(report, "augment", reader.files, named)
    return report


def _grow(
    options: AugmentOptions,
    work: Distillation[_Questions],
    questions: _Questions,
    client: ModelClient,
    report: GenerationReport,
    progress: Progress,
) -> None:
    """Ask for questions and answer them, wave after wave."""
    kept = 0
    while kept < options.rows and not report.stopped:
        if questions.is_mined_out():
            report.warnings.append(
                f"of the last {_LAST} questions fewer than {_LEAST_SHARE:.0%} were new: more seeds, another "
                "method or another model would help"
            )
            return
        questions.asked += max(_WAVE, math.ceil(_SPARE * (options.rows - kept)))
        for requests in (questions.requests(), questions.comparisons()):
            send(client, requests, report, progress, questions.asked)
        send_passes(work, client, report, progress)
        kept = sum(decision.outcome == "kept" for decision in work.decisions())
