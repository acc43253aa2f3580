"""The requests of a distillation: one for each question, mode and sample, and one with a hint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lf_qwen3.data.generate.dialects import ServerDialect, ThinkingMode
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.data.generate.options import DistilOptions
from lf_qwen3.data.generate.questions import SourceQuestion
from lf_qwen3.data.provenance import GenerationMethod, Provenance
from lf_qwen3.qwen3.sampling import SAMPLING

HINT = (
    "\n\n(For you alone: the right answer is {answer}. Work the problem out from the beginning, step by "
    "step, and arrive there by your own reasoning. Write as if you did not know it: speak neither of this "
    "note nor of a given answer.)"
)
_HINT_LENGTH = 2000
_SEEDS_APART = 1_000_003


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reply to come: a question in a mode, the number of the sample, and the request.

    `earlier` are the keys of requests whose replies were set aside for this one.
    """

    question: SourceQuestion
    mode: ThinkingMode
    sample: int
    request: ModelRequest
    hinted: bool = False
    method: GenerationMethod = "distil"
    earlier: tuple[str, ...] = ()

    def origin(self, model: str, matched: bool | None) -> Provenance:
        """Return the provenance of the row that the reply becomes."""
        question = self.question
        origin = Provenance(
            id=f"{question.digest}-{self.mode}-{self.sample}",
            source=question.source,
            row=question.row,
            question_hash=question.digest,
            model=model,
            mode=self.mode,
            sample=self.sample,
            method="hint" if self.hinted else self.method,
            request=self.request.key,
            matched=matched,
            hinted=self.hinted,
        )
        if question.passage:
            origin["passage"] = question.passage
        if question.round:
            origin["round"] = question.round
        return origin


class CandidateBuilder:
    """Builds the requests of one model behind one kind of server; the journal says which are set aside."""

    def __init__(
        self,
        options: DistilOptions,
        model: str,
        dialect: ServerDialect,
        journal: Journal,
        method: GenerationMethod = "distil",
    ) -> None:
        self.options, self.model, self.dialect, self.method = options, model, dialect, method
        self._journal = journal

    def build_all(self, question: SourceQuestion) -> Iterator[Candidate]:
        """Yield the candidates of a question, by mode and sample."""
        for mode in self.options.modes:
            for sample in range(self.options.samples):
                request, earlier = self._build_request(self._messages(question), mode, sample)
                yield Candidate(question, mode, sample, request, method=self.method, earlier=earlier)

    def build_hinted(self, question: SourceQuestion) -> Candidate:
        """Return the candidate that is shown the answer; its row has the question without the hint."""
        mode, sample = self.options.modes[0], self.options.samples
        messages = self._messages(question)
        messages[-1]["content"] += HINT.format(answer=question.reference[:_HINT_LENGTH])
        request, earlier = self._build_request(messages, mode, sample)
        return Candidate(question, mode, sample, request, hinted=True, earlier=earlier)

    def _build_request(
        self, messages: list[dict[str, str]], mode: ThinkingMode, sample: int
    ) -> tuple[ModelRequest, tuple[str, ...]]:
        """Return the request of a sample, and the keys of those that were set aside for it."""
        earlier: tuple[str, ...] = ()
        while True:
            seed = self.options.seed + sample + _SEEDS_APART * len(earlier)
            request = ModelRequest(self.build_body(messages, mode, seed), sample)
            if not self._journal.is_set_aside(request.key):
                return request, earlier
            earlier += (request.key,)

    def build_body(self, messages: list[dict[str, str]], mode: ThinkingMode, seed: int) -> dict[str, Any]:
        """Return a body with Qwen's sampling for the mode and the mode's switch."""
        sampling = {
            name: value
            for name, value in SAMPLING[mode].items()
            if name != "top_k" or self.dialect.takes_top_k
        }
        limit = {"max_tokens": self.options.max_new_tokens} if self.options.max_new_tokens else {}
        switch = self.dialect.switch.get(mode, {})
        start = {"model": self.model, "messages": messages}
        return start | sampling | {"seed": seed} | limit | dict(switch)

    def _messages(self, question: SourceQuestion) -> list[dict[str, str]]:
        system = self.options.system or question.system
        messages = [{"role": "system", "content": system}] if system else []
        return messages + [{"role": turn.role, "content": turn.content} for turn in question.turns]
