"""Coded verdicts on a run; one verdict is one function, in a file of its own kind.

    @verdict("code", "warning", "what is wrong", "what to try next", good=run, bad=run)
    def name(run: Run) -> Result: ...

A function returns None where there is nothing to say, or its evidence: text with numbers and steps. `good`
and `bad` are its examples: the tests run them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lf_qwen3.base.discovery import import_all
from lf_qwen3.results.diagnose.run import Run

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on: a sentence with numbers and steps, and the same as `figures`.

    `severity` replaces that of the verdict where this case asks for another.
    """

    text: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity | None = None


Result = Evidence | str | None
Test = Callable[[Run], Result]


@dataclass(frozen=True, slots=True)
class Coded:
    """One thing that a run may show.

    An error: the weights are of no use. A warning: very likely a mistake, or a better run is near. An info is
    worth knowing and does not fail the command.
    """

    code: str
    severity: Severity
    what: str
    advice: str
    test: Test
    good: Run
    bad: Run

    def evidence(self, run: Run) -> Evidence | None:
        """Return what speaks for this verdict, None where nothing does."""
        found = self.test(run)
        return Evidence(found) if isinstance(found, str) else found


_VERDICTS: dict[str, Coded] = {}


def verdict(
    code: str, severity: Severity, what: str, advice: str, *, good: Run, bad: Run
) -> Callable[[Test], Test]:
    """Register the decorated function as the verdict behind `code`."""

    def register(function: Test) -> Test:
        if code in _VERDICTS:
            raise ValueError(f"two verdicts are called {code}")
        _VERDICTS[code] = Coded(code, severity, what, advice, function, good, bad)
        return function

    return register


def all_verdicts() -> list[Coded]:
    """Return every verdict, the gravest first, in the order of their codes."""
    import_all("lf_qwen3.results.diagnose.verdicts")
    return sorted(_VERDICTS.values(), key=lambda one: (SEVERITIES.index(one.severity), one.code))
