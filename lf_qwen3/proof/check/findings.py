"""Findings: all are counted, a bounded number is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lf_qwen3.base.severity import SEVERITIES, Severity
from lf_qwen3.proof.check.rules.registered import Check, Fault

KEEP = 1000
"""Findings kept of each code; all are counted."""


class Finding(NamedTuple):
    """One finding; `row` is the row of a data file or the line of any other file, or None.

    `what` is the message of the code, `detail` the fact of this finding, `cure` what to do; findings about
    a setting have a cure of their own.
    """

    code: str
    severity: Severity
    file: str
    row: int | None
    what: str
    detail: str
    cure: str

    @property
    def message(self) -> str:
        """The complete message."""
        return f"{self.what}: {self.detail}" if self.detail else self.what

    @property
    def where(self) -> str:
        """The file, and the row or line in it: `data/a.jsonl:7`."""
        return self.file if self.row is None else f"{self.file}:{self.row}"

    def as_json(self) -> dict[str, Any]:
        """Return the finding as `check --json` has it."""
        keys = ("code", "severity", "file", "row", "message")
        return {**{key: getattr(self, key) for key in keys}, "hint": self.cure}


@dataclass(slots=True)
class Findings:
    """Collects findings; `counts` counts all of them, `kept` has the first `KEEP` of each code."""

    counts: Counter[str] = field(default_factory=Counter)
    kept: dict[str, list[Finding]] = field(default_factory=dict)

    def add(self, check: Check, fault: Fault, file: str, row: int | None) -> None:
        """Count a finding, and keep it while there is room."""
        self.counts[check.code] += 1
        kept = self.kept.setdefault(check.code, [])
        if len(kept) < KEEP:
            kept.append(
                Finding(
                    *(check.code, check.severity, file, row),
                    *(check.message, fault.detail, fault.cure or check.hint),
                )
            )

    def count(self, severity: Severity) -> int:
        """Return the number of findings of one severity."""
        return sum(self.counts[code] for code, kept in self.kept.items() if kept[0].severity == severity)

    def by_code(self) -> list[tuple[str, list[Finding]]]:
        """Return the kept findings of each code, the most severe first."""
        return sorted(self.kept.items(), key=lambda item: SEVERITIES.index(item[1][0].severity))

    def __iter__(self) -> Iterator[Finding]:
        """Yield the kept findings, the most severe first."""
        for _, findings in self.by_code():
            yield from findings


def merge_findings(findings: Findings, more: Findings, before: int) -> None:
    """Take in the findings of more rows, which are counted on from `before`."""
    findings.counts.update(more.counts)
    for code, others in more.kept.items():
        kept = findings.kept.setdefault(code, [])
        for finding in others[: KEEP - len(kept)]:
            kept.append(finding._replace(row=None if finding.row is None else before + finding.row))
