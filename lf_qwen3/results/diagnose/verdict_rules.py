"""Coded verdicts on a run; one verdict is one function, in a file of its own kind.

    @verdict("code", "warning", "what is wrong", "what to try next", good=run, bad=run)
    def name(run: TrainingRun) -> VerdictResult: ...

A function returns None where there is nothing to say, or its evidence: text with numbers and steps. `good`
and `bad` are its examples: the tests run them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lf_qwen3.base.discovery import import_all
from lf_qwen3.base.severity import SEVERITIES, Severity
from lf_qwen3.results.diagnose.training_run import TrainingRun


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on: a sentence with numbers and steps, and the same as `figures`.

    `severity` replaces that of the verdict where this case asks for another.
    """

    text: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity | None = None


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

    def evidence(self, run: TrainingRun) -> Evidence | None:
        """Return what speaks for this verdict, None where nothing does."""
        evidence = self.test(run)
        return Evidence(evidence) if isinstance(evidence, str) else evidence


_VERDICTS: dict[str, VerdictRule] = {}


def verdict(
    code: str, severity: Severity, what: str, advice: str, *, good: TrainingRun, bad: TrainingRun
) -> Callable[[VerdictTest], VerdictTest]:
    """Register the decorated function as the verdict behind `code`."""

    def register(function: VerdictTest) -> VerdictTest:
        if code in _VERDICTS:
            raise ValueError(f"two verdicts are called {code}")
        _VERDICTS[code] = VerdictRule(code, severity, what, advice, function, good, bad)
        return function

    return register


def all_verdicts() -> list[VerdictRule]:
    """Return every verdict, the gravest first, in the order of their codes."""
    import_all("lf_qwen3.results.diagnose.verdicts")
    return sorted(_VERDICTS.values(), key=lambda rule: (SEVERITIES.index(rule.severity), rule.code))
