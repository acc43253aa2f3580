"""What a check ends with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lf_qwen3.proof.check.dataset_records import Counts
from lf_qwen3.proof.check.findings import Findings


@dataclass(slots=True)
class Report:
    """The findings and the figures; `notes` say what was not checked, and why."""

    findings: Findings = field(default_factory=Findings)
    datasets: dict[str, Counts] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Tell whether there is neither an error nor a warning."""
        return not (self.findings.count("error") or self.findings.count("warning"))

    def as_json(self) -> dict[str, Any]:
        """Return the object that --json prints."""
        return {"findings": [one.as_json() for one in self.findings], "summary": self.summary()}

    def summary(self) -> dict[str, Any]:
        """Return the figures: findings by severity and code, records by dataset and kind, tokens."""
        found = self.findings
        figures = {
            "errors": found.count("error"),
            "warnings": found.count("warning"),
            "infos": found.count("info"),
            "codes": {code: found.counts[code] for code, _ in found.by_code()},
            "datasets": {name: _figures(counts) for name, counts in self.datasets.items()},
            "notes": self.notes,
        }
        return figures | {name: block for name in ("tokens", "training") if (block := getattr(self, name))}


def _figures(counts: Counts) -> dict[str, Any]:
    share = counts.thinking / counts.records if counts.records else 0.0
    return {
        "kind": counts.kind,
        "records": counts.records,
        "thinking": counts.thinking,
        "plain": counts.plain,
        "thinking_share": round(share, 4),
        "several_turns": counts.several_turns,
        "unusable": counts.unusable,
    }
