"""Coded verdicts on a run; one verdict is one function, in a separate file kind.

    @verdict("code", "warning", "what is wrong", "what to try next", good=run, bad=run)
    def name(run: TrainingRun) -> VerdictResult: ...

A function returns None where there is nothing to say, or its evidence: text with numbers and steps. `good`
and `bad` are its examples: the tests run them. `turns` says which settings the advice turns up or down,
`voids` which kinds of verdicts rest on nothing where this one is an error. `settle` goes by both, so that a
report never advises two opposite things.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lf_qwen3.base.discovery import import_all
from lf_qwen3.base.severity import SEVERITIES, Severity
from lf_qwen3.results.diagnose.training_run import TrainingRun

AdviceTurn = Literal["up", "down"]

KINDS = ("numbers", "plan", "stop", "curve", "validation", "weights", "answers")
"""The files of verdicts, causes before effects: of two opposite verdicts alike in gravity the cause wins."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on: a sentence with numbers and steps, and the same as `figures`.

    `severity` and `advice` replace those of the verdict where this case asks for others.
    """

    text: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity | None = None
    advice: str = ""


VerdictResult = Evidence | str | None
VerdictTest = Callable[[TrainingRun], VerdictResult]


@dataclass(frozen=True, slots=True)
class VerdictRule:
    """One thing that a run may show.

    An error: the weights are of no use. A warning: very likely a mistake, or a better run is near. An info is
    worth knowing and does not fail the command.
    """

    code: str
    severity: Severity
    what: str
    advice: str
    test: VerdictTest
    good: TrainingRun
    bad: TrainingRun
    turns: Mapping[str, AdviceTurn] = field(default_factory=dict)
    voids: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Return the file the verdict is in."""
        return self.test.__module__.rpartition(".")[2]

    def evidence(self, run: TrainingRun) -> Evidence | None:
        """Return the evidence for this verdict, None if there is none."""
        evidence = self.test(run)
        return Evidence(evidence) if isinstance(evidence, str) else evidence


_VERDICTS: dict[str, VerdictRule] = {}


def verdict(
    code: str,
    severity: Severity,
    what: str,
    advice: str,
    *,
    good: TrainingRun,
    bad: TrainingRun,
    turns: Mapping[str, AdviceTurn] | None = None,
    voids: tuple[str, ...] = (),
) -> Callable[[VerdictTest], VerdictTest]:
    """Register the decorated function as the verdict behind `code`."""

    def register(function: VerdictTest) -> VerdictTest:
        if code in _VERDICTS:
            raise ValueError(f"two verdicts are called {code}")
        _VERDICTS[code] = VerdictRule(code, severity, what, advice, function, good, bad, turns or {}, voids)
        return function

    return register


def all_verdicts() -> list[VerdictRule]:
    """Return every verdict, the most severe first, of those the causes first, in the order of their codes."""
    import_all("lf_qwen3.results.diagnose.verdicts")
    return sorted(
        _VERDICTS.values(),
        key=lambda rule: (SEVERITIES.index(rule.severity), KINDS.index(rule.kind), rule.code),
    )


def settle(run: TrainingRun) -> list[tuple[VerdictRule, Evidence]]:
    """Return the verdicts on a run that can be beside each other, the most severe first.

    A verdict falls where a graver one, or an equally grave cause, turns a setting the other way, or where an
    error has taken the ground away that it rests on.
    """
    spoken = [(rule, evidence) for rule in all_verdicts() if (evidence := rule.evidence(run))]
    spoken.sort(key=lambda pair: SEVERITIES.index(pair[1].severity or pair[0].severity))
    standing: list[tuple[VerdictRule, Evidence]] = []
    for rule, evidence in spoken:
        if not any(_overrules(graver, said, rule) for graver, said in standing):
            standing.append((rule, evidence))
    return standing


def _overrules(graver: VerdictRule, said: Evidence, rule: VerdictRule) -> bool:
    is_error = (said.severity or graver.severity) == "error"
    is_opposite = any(rule.turns.get(setting, turn) != turn for setting, turn in graver.turns.items())
    return is_opposite or (is_error and rule.kind in graver.voids)
