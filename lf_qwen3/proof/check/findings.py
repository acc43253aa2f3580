"""What was found: every finding counted, a bounded number of places kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lf_qwen3.proof.check.rules.check_rule import Check, Fault, Severity, check_rules_for, faults_of

KEEP = 1000
"""Places kept of each code; all are counted."""

_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}


class Finding(NamedTuple):
    """One thing at fault; `row` is the row of a data file, the line of any other, None where neither is.

    `what` is the same for every finding of a code, `detail` says which thing it is here.
    """

    code: str
    severity: Severity
    file: str
    row: int | None
    what: str
    detail: str
    hint: str

    @property
    def message(self) -> str:
        """What is wrong, in full."""
        return f"{self.what}: {self.detail}" if self.detail else self.what

    def as_json(self) -> dict[str, Any]:
        """Return the finding as `check --json` has it."""
        keys = ("code", "severity", "file", "row", "message", "hint")
        return {key: getattr(self, key) for key in keys}


@dataclass(slots=True)
class Findings:
    """Collects findings; `counts` counts every one, `kept` holds the first `KEEP` of each code."""

    counts: Counter[str] = field(default_factory=Counter)
    kept: dict[str, list[Finding]] = field(default_factory=dict)
    severities: dict[str, Severity] = field(default_factory=dict)

    def add(self, check: Check, fault: Fault, file: str, row: int | None) -> None:
        """Count one finding, and keep it while there is room."""
        self.counts[check.code] += 1
        kept = self.kept.setdefault(check.code, [])
        self.severities[check.code] = check.severity
        if len(kept) < KEEP:
            kept.append(
                Finding(check.code, check.severity, file, row, check.message, fault.detail, check.hint)
            )

    def count(self, severity: Severity) -> int:
        """Return the number of findings of one severity."""
        return sum(times for code, times in self.counts.items() if self.severities[code] == severity)

    def by_code(self) -> list[tuple[str, list[Finding]]]:
        """Return the kept findings of each code, the gravest first."""
        return sorted(self.kept.items(), key=lambda item: _ORDER[self.severities[item[0]]])

    def __iter__(self) -> Iterator[Finding]:
        """Yield the kept findings, the gravest first."""
        for _, found in self.by_code():
            yield from found


class CheckRunner:
    """Runs the checks that look at a subject, by its type."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._checks: dict[type, list[Check]] = {}

    def __call__(
        self,
        subject: object,
        file: str,
        row: int | None = None,
        *,
        line_of: Callable[[str], int | None] | None = None,
        who: str = "",
    ) -> None:
        """Run the checks over one subject.

        `line_of` finds the line of a key where faults name one; `who` goes before each detail.
        """
        kind = type(subject)
        if kind not in self._checks:
            self._checks[kind] = check_rules_for(kind)
        for one in self._checks[kind]:
            result = one.test(subject)
            for fault in () if result is None else faults_of(result):
                told = Fault(": ".join(part for part in (who, fault.detail) if part), fault.key)
                self._findings.add(one, told, file, line_of(fault.key) if line_of else row)
