"""The result of a check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.html_table import render_table
from lf_qwen3.base.severity import Severity
from lf_qwen3.proof.check.dataset_records import DatasetCounts
from lf_qwen3.proof.check.findings import Finding, Findings

if TYPE_CHECKING:
    import polars as pl

SHOWN = 5
"""Findings of each code that a page or a terminal shows; the rest is counted."""


@dataclass(slots=True, repr=False)
class CheckReport:
    """The findings and the figures of a check; `notes` say what was not checked, and why.

    `datasets` holds the counts and `tokens` the token figures of each dataset by its name, `training` the
    figures of the YAML. `lengths` has the tokens of each row by dataset and data file, see `TokenCounts`;
    it is empty if tokens were not counted.
    """

    collected: Findings = field(default_factory=Findings)
    datasets: dict[str, DatasetCounts] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    lengths: dict[str, dict[str, Sequence[int]]] = field(default_factory=dict)

    @property
    def findings(self) -> list[Finding]:
        """The findings, the most severe first: of each code the first 1,000."""
        return list(self.collected)

    @property
    def counts(self) -> Counter[str]:
        """The number of findings by code, all of them."""
        return self.collected.counts

    def by_code(self) -> list[tuple[str, list[Finding]]]:
        """Return the findings of each code, the most severe first; of each code the first 1,000."""
        return self.collected.by_code()

    @property
    def errors(self) -> list[Finding]:
        """The errors: they stop the training, lose records or teach something wrong."""
        return self._of("error")

    @property
    def warnings(self) -> list[Finding]:
        """The findings that are very likely a mistake."""
        return self._of("warning")

    @property
    def is_clean(self) -> bool:
        """Return whether there is neither an error nor a warning."""
        return not (self.collected.count("error") or self.collected.count("warning"))

    def raise_for_errors(self) -> None:
        """Raise `LfQwen3Error` (code `check_failed`) if there are errors; it names the first three."""
        if not self.errors:
            return
        number = self.collected.count("error")
        first = "; ".join(f"{error.where}: {error.code}: {error.message}" for error in self.errors[:3])
        raise LfQwen3Error(f"{count_of(number, 'error')}: {first}", self.errors[0].cure, code="check_failed")

    def to_frame(self) -> pl.DataFrame:
        """Return a Polars frame with one row for each finding; its columns are the fields of `Finding`."""
        import polars as pl

        schema = dict.fromkeys(Finding._fields, pl.String) | {"row": pl.Int64}
        return pl.DataFrame(self.findings, schema=schema, orient="row")

    def as_json(self) -> dict[str, Any]:
        """Return the object that --json prints."""
        return {"findings": [finding.as_json() for finding in self.findings], "summary": self.summary()}

    def summary(self) -> dict[str, Any]:
        """Return the figures: findings by severity and code, records by dataset and kind, tokens."""
        figures = {
            "errors": self.collected.count("error"),
            "warnings": self.collected.count("warning"),
            "infos": self.collected.count("info"),
            "codes": {code: self.counts[code] for code, _ in self.by_code()},
            "datasets": {name: counts.as_json() for name, counts in self.datasets.items()},
            "notes": self.notes,
        }
        return figures | {name: block for name in ("tokens", "training") if (block := getattr(self, name))}

    @property
    def scope(self) -> str:
        """What was checked, as text: `5 records in 1 dataset, 40% thinking`."""
        records = sum(counts.records for counts in self.datasets.values())
        thinking = sum(counts.thinking for counts in self.datasets.values())
        share = f", {thinking / records:.0%} thinking" if records else ""
        return f"{count_of(records, 'record')} in {count_of(len(self.datasets), 'dataset')}{share}"

    @property
    def verdict(self) -> str:
        """The number of errors and warnings as text, `clean` if there are none."""
        if self.is_clean:
            return "clean"
        errors, warnings = self.collected.count("error"), self.collected.count("warning")
        return f"{count_of(errors, 'error')}, {count_of(warnings, 'warning')}"

    def __repr__(self) -> str:
        """Return verdict and scope in one line."""
        return f"<CheckReport {self.verdict}: {self.scope}>"

    def _repr_html_(self) -> str:
        """Return the report as a table for a notebook: `SHOWN` findings of each code."""
        head = f"<p><b>{self.verdict}</b>: {self.scope}</p>"
        rows = [
            cells for code, findings in self.by_code() for cells in _shown_cells(findings, self.counts[code])
        ]
        if not rows:
            return head
        return head + render_table(("severity", "code", "where", "what", "cure"), rows)

    def _of(self, severity: Severity) -> list[Finding]:
        return [finding for finding in self.collected if finding.severity == severity]


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun, the plural where it is expected."""
    return f"{number:,} {noun}" + "s" * (number != 1)


def _shown_cells(findings: list[Finding], total: int) -> list[tuple[str, ...]]:
    """Return the cells of the findings of one code; the last row counts those that are not shown."""
    rows: list[tuple[str, ...]] = [
        (finding.severity, finding.code, finding.where, finding.message, finding.cure)
        for finding in findings[:SHOWN]
    ]
    if total > SHOWN:
        rows.append((findings[0].severity, findings[0].code, f"and {total - SHOWN:,} more", "", ""))
    return rows
