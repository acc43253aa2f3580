"""Run the checks over one subject after the other."""

from __future__ import annotations

from collections.abc import Callable

from lf_qwen3.proof.check.findings import Findings
from lf_qwen3.proof.check.rules.registered import Check, Fault, checks_for


class CheckRunner:
    """Runs the checks for a subject, chosen by its type, and adds what they find to `findings`."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._checks: dict[tuple[type, tuple[str, ...] | None], list[Check]] = {}

    def run(
        self,
        subject: object,
        file: str,
        row: int | None = None,
        *,
        line_of: Callable[[str], int | None] | None = None,
        dataset: str = "",
        only: tuple[str, ...] | None = None,
    ) -> None:
        """Run the checks over one subject.

        `line_of` returns the line of a key, for faults that name one; `dataset` goes before each detail;
        `only` are the codes of the checks to run, where not all are.
        """
        wanted = type(subject), only
        if wanted not in self._checks:
            checks = checks_for(type(subject))
            self._checks[wanted] = [check for check in checks if only is None or check.code in only]
        for check in self._checks[wanted]:
            for fault in check.faults(subject):
                detail = ": ".join(filter(None, (dataset, fault.detail)))
                line = line_of(fault.key) if line_of else row
                self._findings.add(check, Fault(detail, fault.key, fault.cure), file, line)
