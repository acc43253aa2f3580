"""The new questions that a journal holds, round after round, and which of them are new."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from lf_qwen3.base.conversation import Turn
from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.generate.evolve import (
    AugmentMethod,
    NewQuestion,
    QuestionWriter,
    copies_prompt,
    read_question,
    says_nothing_new,
)
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.matching import find_kind
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.data.generate.near_texts import NearTexts
from lf_qwen3.data.generate.options import DistilOptions
from lf_qwen3.data.generate.passages import PassageIndex, read_passages
from lf_qwen3.data.generate.questions import SourceQuestion
from lf_qwen3.data.generate.refusals import has_template_text

_WAVE, _SPARE = 8, 1.25
"""The least requests for questions at a time, and how many for each row that is still wanted."""
LAST, LEAST_SHARE = 200, 0.1
_PASSAGES = 8


@dataclass(frozen=True, slots=True)
class AugmentOptions:
    """How many new rows are wanted, and how the questions come about.

    `corpus` are texts of the user, for the method "craft". `rounds` says how often a question is evolved, one
    round after the other. `answering` says how the new questions are answered; its sources are the seeds.
    Raises `UsageError`: "corpus_missing" for "craft" without texts, "option_conflict" for rounds of another
    method than "evol".
    """

    answering: DistilOptions
    rows: int
    method: AugmentMethod = "evol"
    corpus: Path | None = None
    rounds: int = 1

    def __post_init__(self) -> None:
        if (self.method == "craft") != (self.corpus is not None):
            raise UsageError(
                "--method corpus needs the path of your texts",
                "--method corpus:PATH; without texts use --method cot or evol",
                code="corpus_missing",
            )
        if self.rounds > 1 and self.method != "evol":
            raise UsageError(
                f"--method {self.method} has no rounds",
                "remove --rounds, or use --method evol",
                code="option_conflict",
            )


class QuestionStep(NamedTuple):
    """A requested question: what is evolved (""  for another method), the request, what it has.

    Without a request it waits for the replies before it, or there is no passage for it.
    """

    number: int
    before: str
    request: ModelRequest | None
    question: SourceQuestion


class NewQuestions:
    """The questions that the journal holds, in the order in which they were asked for."""

    def __init__(self, options: AugmentOptions, writer: QuestionWriter, journal: Journal) -> None:
        self.options, self.writer, self.journal = options, writer, journal
        self.asked = 0
        self.is_sound: Callable[[SourceQuestion], bool | None] = lambda question: None
        self.passages = PassageIndex(read_passages(options.corpus)) if options.corpus else None

    def ask_more(self, rows: int) -> None:
        """Ask for as many questions as so many rows may need, whole rounds."""
        more = max(_WAVE, math.ceil(_SPARE * rows))
        self.asked += math.ceil(more / self.options.rounds) * self.options.rounds

    def requests(self) -> Iterator[ModelRequest]:
        """Yield the requests for questions; those of a later round need the replies of the one before."""
        return (step.request for step in self._steps() if step.request)

    def __iter__(self) -> Iterator[SourceQuestion]:
        """Yield every question that was asked for, those that are refused with their code."""
        return (step.question for step in self._steps())

    def is_mined_out(self) -> bool:
        """Return whether too few of the last questions were new."""
        last = list(self)[-LAST:]
        kept = sum(not question.code for question in last)
        return len(last) == LAST and kept < LEAST_SHARE * LAST

    def comparisons(self) -> Iterator[ModelRequest]:
        """Yield the requests whether evolved questions ask for anything new."""
        for step in self._steps():
            if self.options.method == "evol" and step.question.text and not step.question.code:
                yield self.writer.compare(step.number, step.before, step.question.text)

    def _steps(self) -> Iterator[QuestionStep]:
        """Yield the questions by rounds: one that is sound is evolved further, else what was before it."""
        known = NearTexts()
        for seed in self.writer.seeds:
            known.add(f"{seed.source}:{seed.row}", seed.text)
        before, done, waits = "", 0, False
        for number in range(self.asked):
            chain, step = divmod(number, self.options.rounds)
            if step == 0:
                before, done, waits = self.writer.seeds[chain % len(self.writer.seeds)].text, 0, False
            request = None if waits else self._request(number, before)
            nothing = SourceQuestion(self.options.method, number + 1, code="not_sent" if waits else "")
            question = nothing if waits else self._judge(nothing, request, before, known, done)
            yield QuestionStep(number, before, request, question)
            if step + 1 < self.options.rounds and not waits:
                is_sound = self._is_sound(question)
                waits = is_sound is None
                before, done = (question.text, done + 1) if is_sound else (before, done)

    def _is_sound(self, question: SourceQuestion) -> bool | None:
        """Return whether a question is new and has an answer that is kept, None while that is not known."""
        if question.code:
            return None if question.code == "not_sent" else False
        return self.is_sound(question)

    def _request(self, number: int, before: str) -> ModelRequest | None:
        if self.options.method == "cot":
            return self.writer.invent(number)
        if self.passages:
            passage = self._find_passage(number)
            return self.writer.craft(number, passage) if passage else None
        return self.writer.evolve(number, before)

    def _find_passage(self, number: int) -> str:
        """Return a passage near a seed, another one each time it is the seed's turn."""
        turn, place = divmod(number, len(self.writer.seeds))
        near = self.passages.find_nearest(self.writer.seeds[place].text, _PASSAGES) if self.passages else []
        return near[turn % len(near)] if near else ""

    def _judge(
        self,
        nothing: SourceQuestion,
        request: ModelRequest | None,
        before: str,
        known: NearTexts,
        done: int,
    ) -> SourceQuestion:
        if request is None:
            return replace(nothing, code="not_a_question")
        reply = self.journal.read_reply(request.key)
        if reply is None:
            return replace(nothing, code="not_sent")
        new = read_question(reply)
        if new is None:
            return replace(nothing, code="not_a_question", detail=reply.content[-200:])
        passage = self._find_passage(nothing.row - 1) if self.passages else ""
        turns = (Turn("user", new.text),)
        question = replace(nothing, turns=turns, reference=new.answer, passage=passage)
        if self.options.rounds > 1:
            question = replace(question, round=done + 1)
        return self._screen(question, new, before, known)

    def _screen(
        self, question: SourceQuestion, new: NewQuestion, before: str, known: NearTexts
    ) -> SourceQuestion:
        if has_template_text(new.text) or copies_prompt(new.text):
            return replace(question, code="template_text", detail=new.text[:200])
        if near := known.find_nearest(new.text):
            return replace(
                question, code="copy", detail=f"{near[0]}, similarity {near[1]:.2f}: {new.text[:200]}"
            )
        known.add(f"{question.source}:{question.row}", new.text)
        if self.options.method == "cot" and find_kind(new.answer) is None:
            return replace(question, code="not_matchable", detail=new.answer[:200])
        if self.options.method == "evol":
            verdict = self.journal.read_reply(self.writer.compare(question.row - 1, before, new.text).key)
            if verdict and says_nothing_new(verdict):
                return replace(question, code="no_gain", detail=new.text[:200])
        return question
