"""Read a run, put it before every verdict, and gather what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.results.diagnose.coded import SEVERITIES, Coded, Evidence, Severity, all_verdicts
from lf_qwen3.results.diagnose.reading import read
from lf_qwen3.results.diagnose.run import Run


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing a run shows: what it is, the evidence for it with numbers and steps, what to try next."""

    code: str
    severity: Severity
    what: str
    evidence: str
    advice: str
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that is said about a run: its verdicts, the gravest first, and notes on what could not be read."""

    run: Run
    verdicts: list[Verdict]
    notes: list[str]

    @property
    def is_sound(self) -> bool:
        """Tell whether there is nothing but information."""
        return all(one.severity == "info" for one in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """Return the diagnosis as one JSON object; a value that is no number is given as null."""
        run = self.run
        return {
            "run": str(run.folder),
            "is_finished": run.is_finished,
            "is_sound": self.is_sound,
            "step": run.step,
            "total_steps": run.total,
            "verdicts": [_finite(asdict(one)) for one in self.verdicts],
            "notes": self.notes,
            "curves": {
                "loss": _finite(list(map(list, run.train))),
                **{f"eval_{name}": _finite(list(map(list, one))) for name, one in run.validation.items()},
                "learning_rate": _finite(list(map(list, run.learning_rate))),
            },
        }


def diagnose(folder: Path) -> Diagnosis:
    """Diagnose the training run in `folder`: the trainer's output_dir, or the folder of a recipe above it.

    Nothing is written and nothing unpickled. Raises `UsageError` for a folder that is not there or holds no
    training run, `LfQwen3Error` where its files cannot be read.
    """
    run, notes = read(folder)
    found = [_verdict(one, evidence) for one in all_verdicts() if (evidence := one.evidence(run))]
    found.sort(key=lambda one: SEVERITIES.index(one.severity))
    return Diagnosis(run, found, notes)


def _verdict(one: Coded, evidence: Evidence) -> Verdict:
    severity = evidence.severity or one.severity
    return Verdict(one.code, severity, one.what, evidence.text, one.advice, evidence.figures)


def _finite(value: Any) -> Any:
    """Return the value with every NaN and infinity as None: JSON has neither."""
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    is_odd = isinstance(value, float) and (value != value or value in (float("inf"), float("-inf")))
    return None if is_odd else value
