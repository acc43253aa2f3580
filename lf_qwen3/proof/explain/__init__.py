"""What a code means: findings of check, rejected and repaired rows of convert, verdicts of diagnose."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from lf_qwen3.base import docs_link, nearest, reasons
from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.convert.rules import all_rules
from lf_qwen3.proof.check.rules.registered import all_checks
from lf_qwen3.proof.explain.examples import show_example
from lf_qwen3.results.diagnose.verdict_rules import VerdictRule, all_verdicts

ExplanationPage = Literal["checks", "rows", "verdicts"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the documents say of one code.

    `group` is the section of the page; `kind` is the severity, or `rejected` or `repaired`. `cure` says why
    it is bad and what to do. `bad` is an example that has the fault, `reported` what is said of it, `good`
    the example without; each is "" if there is none.
    """

    page: ExplanationPage
    group: str
    code: str
    kind: str
    message: str
    cure: str
    bad: str = ""
    reported: str = ""
    good: str = ""

    @property
    def link(self) -> str:
        """Return the address of its entry on the site, "" where the site's place is not configured."""
        return docs_link.link_to(self.page, self.code)

    def as_json(self) -> dict[str, Any]:
        """Return all fields, and the link."""
        return {**asdict(self), "link": self.link}


def explain(code: str) -> list[Explanation]:
    """Return what a code means; more than one entry where several commands use it.

    Raises `UsageError` (unknown_code) for a code that nothing reports.
    """
    known = [*explain_checks(), *explain_rows(), *explain_verdicts()]
    entries = [entry for entry in known if entry.code == code]
    if not entries:
        near = nearest.did_you_mean(code, [entry.code for entry in known])
        hint = near or "a code is printed before each finding, for example think_unclosed"
        raise UsageError(f"there is no code '{code}'", hint, code="unknown_code")
    return entries


def explain_checks() -> list[Explanation]:
    """Return the checks, group by group."""
    return [
        Explanation(
            "checks",
            check.group,
            check.code,
            check.severity,
            check.message,
            check.hint,
            show_example(check.bad),
            "; ".join(fault.detail for fault in check.faults(check.bad) if fault.detail),
            show_example(check.good),
        )
        for check in all_checks()
    ]


def explain_rows() -> list[Explanation]:
    """Return why convert rejects a row, then what it repairs."""
    examples = {rule.code: (show_example(rule.bad), show_example(rule.good)) for rule in all_rules()}
    entries = []
    for kind, table in (("rejected", reasons.REJECTED), ("repaired", reasons.REPAIRED)):
        for code, reason in sorted(table.items()):
            bad, good = examples.get(code, ("", "")) if kind == "rejected" else ("", "")
            text = Explanation("rows", kind, code, kind, reason.message, reason.hint, bad, good=good)
            entries.append(text)
    return entries


def explain_verdicts() -> list[Explanation]:
    """Return the verdicts of diagnose; the example is what is said of a run that shows it."""
    return [
        Explanation(
            "verdicts", rule.kind, rule.code, rule.severity, rule.what, rule.advice, reported=_evidence(rule)
        )
        for rule in all_verdicts()
    ]


def _evidence(rule: VerdictRule) -> str:
    evidence = rule.evidence(rule.bad)
    return evidence.text if evidence else ""
