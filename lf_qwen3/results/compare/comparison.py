"""Compare runs: read, align, score, and tell what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.argument_types import require_argument_types
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.results.compare import page
from lf_qwen3.results.compare.align import align_runs
from lf_qwen3.results.compare.difference import Pair, compare_pair, deciding_differences
from lf_qwen3.results.compare.examples import Examples, choose_examples
from lf_qwen3.results.compare.measures import MEASURES
from lf_qwen3.results.compare.named_run import NamedRun, read_named_runs
from lf_qwen3.results.compare.saving import save_reports
from lf_qwen3.results.score import predictions, score_predictions
from lf_qwen3.results.score.judge_replies import Judgements, read_judgements
from lf_qwen3.results.score.setting import find_setting

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two or more runs on the same rows; every pair is a run against the first run, the base.

    `judgements` are wins, ties and losses of the second run, if a judge or a person has compared the two.
    """

    runs: list[NamedRun]
    pairs: list[Pair]
    examples: Examples
    notes: list[str]
    judgements: Judgements | None = None

    @property
    def base(self) -> NamedRun:
        """The first run, with which the others are compared."""
        return self.runs[0]

    @property
    def rows(self) -> int:
        """How many rows are compared."""
        return len(self.base.rows)

    @property
    def kinds(self) -> list[str]:
        """The kinds of rows that there are: thinking, plain."""
        return [kind for kind in ("thinking", "plain") if kind in self.base.scored.kinds]

    @property
    def is_worse(self) -> bool:
        """Return whether a run is clearly worse than the base, in its answers or by a defect."""
        return any(outcome == "worse" for pair in self.pairs for _, _, outcome in deciding_differences(pair))

    def as_json(self) -> dict[str, Any]:
        """Return the comparison as one JSON object."""
        judged = {"judge": self.judgements.as_json()} if self.judgements else {}
        return {
            "rows": self.rows,
            "is_worse": self.is_worse,
            "runs": [
                {"name": run.name, "file": str(run.path), "scores": run.scored.as_json()} for run in self.runs
            ],
            "pairs": [pair.as_json() for pair in self.pairs],
            "examples": asdict(self.examples),
            "notes": self.notes,
            **judged,
        }

    def to_frame(self) -> polars.DataFrame:
        """Return one row per measure, of every pair and kind of rows ("all", "thinking", "plain").

        `base` and `other` are the names of the runs. `base_mean`, `other_mean`, `difference`, `low` and
        `high` are 0 to 100 for metrics and shares, counts for lengths, null where no row counts. `outcome`
        is "better", "worse" or "unclear" for the other run.
        """
        import polars

        floats = dict.fromkeys(("base_mean", "other_mean", "difference", "low", "high"), polars.Float64)
        return polars.DataFrame(list(self._frame_rows()), schema_overrides=floats)

    def _frame_rows(self) -> Iterator[dict[str, Any]]:
        for pair in self.pairs:
            for kind in ("all", *self.kinds):
                for measure in MEASURES:
                    difference = pair.differences[kind][measure.key]
                    figures = asdict(difference)
                    yield {
                        "base": pair.base,
                        "other": pair.other,
                        "kind": kind,
                        "measure": measure.key,
                        "n": figures.pop("n"),
                        "base_mean": figures.pop("base"),
                        "other_mean": figures.pop("other"),
                        "difference": figures.pop("value"),
                        **figures,
                        "outcome": difference.outcome(measure),
                    }

    def _repr_html_(self) -> str:
        """Return the report page in a frame, for a notebook."""
        text = escape(page.render_page(self), quote=True)
        return f'<iframe srcdoc="{text}" style="width:100%;height:600px;border:0"></iframe>'


@require_argument_types
def compare(
    *runs: Path | str,
    html: Path | str | None = None,
    markdown: Path | str | None = None,
    tokenizer: str = "",
    workers: int | None = 1,
    seed: int = 42,
    judge_import: Path | str | None = None,
    progress: Progress = NoProgress(),
) -> Comparison:
    """Compare prediction files, or the folders that contain them, with the first file.

    Only rows that all runs answered count. Tokenizer and max_new_tokens come from the predict YAML beside
    each file, if there is one. `html` and `markdown` are files for the report. `workers` are processes;
    None uses one per core for large files. The same files and seed give the same comparison. `judge_import`
    has a judge's verdicts on the second run against the first, as `score --judge-import` reads them. Raises
    `UsageError` for fewer than two runs or a missing file, and for verdicts on more than two runs;
    `LfQwen3Error` for a file without predictions, runs without a row in common, and without the `eval`
    extra.
    """
    aligned = align_runs(read_named_runs([Path(run) for run in runs]))
    settings = [find_setting(predictions.locate(run.path), tokenizer=tokenizer) for run in aligned.runs]
    shared_tokenizer = next((setting.tokenizer for setting in settings if setting.tokenizer), None)
    scored = []
    for run, setting in zip(aligned.runs, settings, strict=True):
        scores = score_predictions(
            run.rows,
            workers=workers,
            tokenizer=shared_tokenizer,
            max_new_tokens=setting.max_new_tokens,
            progress=progress,
            phase=f"scoring {run.name}",
            seed=seed,
        )
        scored.append(run.with_scores(scores))
    base = scored[0]
    pairs = [compare_pair((base.name, run.name), base.scored, run.scored, seed) for run in scored[1:]]
    notes = [*aligned.notes, *dict.fromkeys(note for setting in settings for note in setting.unreadable)]
    judgements = _read_verdicts(judge_import, aligned.runs) if judge_import else None
    comparison = Comparison(scored, pairs, choose_examples(scored, seed), notes, judgements)
    save_reports(comparison, [Path(path) for path in (html, markdown) if path])
    return comparison


def _read_verdicts(file: Path | str, runs: Sequence[NamedRun]) -> Judgements:
    if len(runs) != 2:
        raise UsageError(
            f"{file} holds verdicts on two runs, but {len(runs)} runs are compared",
            "name the base run and the tuned run that were judged",
            code="option_conflict",
        )
    return read_judgements(Path(file), runs[1].rows, runs[0].rows)
