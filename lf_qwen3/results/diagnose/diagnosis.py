"""Read a run, put it before every verdict, and gather what they say."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lf_qwen3.base.argument_types import require_argument_types
from lf_qwen3.base.severity import Severity
from lf_qwen3.results.diagnose.plots import draw
from lf_qwen3.results.diagnose.reading import read_run
from lf_qwen3.results.diagnose.training_run import TrainingRun
from lf_qwen3.results.diagnose.verdict_rules import Evidence, VerdictRule, settle

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True, slots=True)
class Verdict:
    """One verdict on a run: what happened, the evidence with numbers and steps, and what to try next."""

    code: str
    severity: Severity
    what: str
    evidence: str
    advice: str
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The verdicts on a run, the most severe first, and notes on what could not be read.

    `plots` are the paths of the drawn curves.
    """

    run: TrainingRun
    verdicts: list[Verdict]
    notes: list[str]
    plots: list[Path] = field(default_factory=list)

    @property
    def has_faults(self) -> bool:
        """Return whether there is an error or a warning."""
        return any(verdict.severity != "info" for verdict in self.verdicts)

    @property
    def is_sound(self) -> bool:
        """Return whether there are no errors and warnings, and enough steps to judge."""
        return self.state == "sound"

    @property
    def state(self) -> Literal["sound", "too short to tell", "not sound"]:
        """Return the sum of the verdicts."""
        if self.has_faults:
            return "not sound"
        is_short = any(verdict.code == "too_short" for verdict in self.verdicts)
        return "too short to tell" if is_short else "sound"

    def to_frame(self) -> polars.DataFrame:
        """Return one row per verdict, the most severe first: code, severity, what, evidence, advice."""
        import polars

        names = ("code", "severity", "what", "evidence", "advice")
        rows = [{name: getattr(verdict, name) for name in names} for verdict in self.verdicts]
        return polars.DataFrame(rows, schema=dict.fromkeys(names, polars.String))

    def _repr_html_(self) -> str:
        """Return the verdicts as a list, for a notebook."""
        items = [
            f"<li><b>{verdict.severity}: {verdict.code}</b>: {html.escape(verdict.what)}"
            f"<br>evidence: {html.escape(verdict.evidence)}<br>try next: {html.escape(verdict.advice)}</li>"
            for verdict in self.verdicts
        ]
        return f"<p>{html.escape(str(self.run.folder))}: {self.state}</p><ul>{''.join(items)}</ul>"

    def as_json(self) -> dict[str, Any]:
        """Return the diagnosis as one JSON object; NaN and infinite values are null."""
        run = self.run
        return {
            "run": str(run.folder),
            "is_finished": run.is_finished,
            "is_sound": self.is_sound,
            "state": self.state,
            "step": run.step,
            "total_steps": run.total,
            "verdicts": [_finite(asdict(verdict)) for verdict in self.verdicts],
            "notes": self.notes,
            "curves": {
                "loss": _finite(list(map(list, run.train))),
                **{f"eval_{name}": _finite(list(map(list, curve))) for name, curve in run.validation.items()},
                "learning_rate": _finite(list(map(list, run.learning_rate))),
            },
        }


@require_argument_types
def diagnose(run_dir: Path | str, *, plots: Path | str | None = None) -> Diagnosis:
    """Diagnose the training run in `run_dir`: the trainer's output_dir, or the folder of `recipe new`.

    `plots` is a folder for the curves, as PNG and SVG; nothing else is written, and nothing unpickled.
    Raises `UsageError` for a folder that does not exist or has no training run, `LfQwen3Error` if its files
    cannot be read, or for `plots` without matplotlib.
    """
    run, notes = read_run(Path(run_dir))
    verdicts = [_verdict(rule, evidence) for rule, evidence in settle(run)]
    return Diagnosis(run, verdicts, notes, draw(run, Path(plots)) if plots else [])


def summarise(run_dir: Path | str, most_bytes: int) -> Diagnosis:
    """Diagnose a run in little time: of a longer file `most_bytes` are read, answers are left out.

    Raises as `diagnose` does.
    """
    run, notes = read_run(Path(run_dir), most_bytes)
    return Diagnosis(run, [_verdict(rule, evidence) for rule, evidence in settle(run)], notes)


def _verdict(rule: VerdictRule, evidence: Evidence) -> Verdict:
    severity = evidence.severity or rule.severity
    return Verdict(
        rule.code, severity, rule.what, evidence.text, evidence.advice or rule.advice, evidence.figures
    )


def _finite(value: Any) -> Any:
    """Return the value with every NaN and infinity as None: JSON has neither."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    is_odd = isinstance(value, float) and (value != value or value in (float("inf"), float("-inf")))
    return None if is_odd else value
