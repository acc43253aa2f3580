"""The candidates of some questions, and what the journal makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.base.reasons import REJECTED
from lf_qwen3.data.generate.candidates import Candidate, CandidateBuilder
from lf_qwen3.data.generate.decide import Decider, Decision, keep_best, require_majority
from lf_qwen3.data.generate.dialects import ThinkingMode
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.data.generate.near_texts import NearTexts
from lf_qwen3.data.generate.questions import SourceQuestion, read_texts
from lf_qwen3.data.generate.refusals import REFUSED

PROBED = 8
"""Number of replies of each mode to wait for before the other requests are sent."""

_Questions = TypeVar("_Questions", bound=Iterable[SourceQuestion])

Pass = Callable[[], Iterable[ModelRequest]]


class Distillation(Generic[_Questions]):
    """The candidates of some questions, and what the journal makes of them; it sends nothing by itself."""

    def __init__(self, questions: _Questions, builder: CandidateBuilder, journal: Journal) -> None:
        self.questions = questions
        self.builder = builder
        self.options = builder.options
        self.journal = journal
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
            if not code and (near := self.find_held_out(question)):
                code, detail = "leak", f"{near[0]}, similarity {near[1]:.2f}"
            if not code and question.digest in seen:
                code = "duplicate"
            if not code and self.options.keep == "agree" and self.decider.find_kind(question) is None:
                code = "not_matchable"
            seen.add(question.digest)
            yield question, _refuse(question, code, detail) if code else None

    def find_held_out(self, question: SourceQuestion) -> tuple[str, float] | None:
        """Return the held-out row that a question is nearly the same as, and how far, None for none."""
        return self.held_out.find_nearest(question.text, same_numbers=self.builder.method == "distil")

    def set_aside(self, codes: Sequence[str]) -> None:
        """Let the replies that were refused for one of the codes be asked for again, with another seed."""
        for key in self.find_refused(codes):
            self.journal.set_aside(key)

    def find_refused(self, codes: Sequence[str]) -> list[str]:
        """Return the keys of the requests whose replies are refused for one of the codes.

        Raises `UsageError` ("unknown_name") for a code that no reply is refused for.
        """
        for code in codes:
            if code not in REFUSED and code not in REJECTED:
                raise unknown_name("code of a refusal", code, [*REFUSED, *REJECTED])
        refused = (decision for decision in self.decisions() if decision.code in codes) if codes else ()
        return [decision.candidate.request.key for decision in refused if decision.candidate.request.body]

    def asked(self) -> Iterator[SourceQuestion]:
        """Yield the questions that are asked."""
        return (question for question, refusal in self.screen() if refusal is None)

    def candidates(self) -> Iterator[Candidate]:
        """Yield the candidates of all questions, without those with a hint."""
        for question in self.asked():
            yield from self.builder.build_all(question)

    def decide(self, question: SourceQuestion) -> list[Decision]:
        """Return the outcome of each reply to one question, that to the hint included."""
        decisions = [self.decider.decide(candidate) for candidate in self.builder.build_all(question)]
        if self._needs_hint(question, decisions):
            decisions.append(self.decider.decide(self.builder.build_hinted(question)))
        if self.builder.method in ("cot", "craft") and question.reference:
            decisions = require_majority(decisions)
        return keep_best(decisions) if self.options.keep == "best" else decisions

    def is_sound(self, question: SourceQuestion) -> bool | None:
        """Return whether an answer to a question is kept, None while replies are missing."""
        if self.find_held_out(question):
            return False
        outcomes = [decision.outcome for decision in self.decide(question)]
        return True if "kept" in outcomes else None if "unanswered" in outcomes else False

    def decisions(self) -> Iterator[Decision]:
        """Yield the outcome of every candidate, in the order of the sources."""
        for question, refusal in self.screen():
            yield from [refusal] if refusal else self.decide(question)

    def passes(self) -> list[Pass]:
        """Return the passes of requests: each follows from the replies to the one before."""
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
        "thinking": ("thinking, but no reply has any", "plain"),
        "plain": ("no thinking, but all replies have it", "thinking"),
    }[mode]
    return LfQwen3Error(
        f"{PROBED} requests asked for {what}: the server ignores the switch",
        f"name the kind of server (--dialect), switch it there, or use --modes {other}",
        code="mode_ignored",
    )


def _refuse(question: SourceQuestion, code: str, detail: str) -> Decision:
    nothing = Candidate(question, "thinking", 0, ModelRequest({}))
    return Decision(nothing, "unanswered" if code == "not_sent" else "refused", code, detail)
