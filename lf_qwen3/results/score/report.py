"""Score a predictions file: read it, find how it was made, score every row."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.argument_types import require_argument_types
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.data.generate.options import ServerOptions
from lf_qwen3.results.score import predictions as reading
from lf_qwen3.results.score import words
from lf_qwen3.results.score.compute import score_predictions
from lf_qwen3.results.score.findings import DefectFinding, find_defects
from lf_qwen3.results.score.judge import export_files, require_judge_options
from lf_qwen3.results.score.judge_replies import Judgements, read_judgements
from lf_qwen3.results.score.judge_sending import ask_judge
from lf_qwen3.results.score.result import Scores
from lf_qwen3.results.score.setting import PredictSetting, find_setting

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """The scores of one predictions file, its settings, and a judge's verdicts if there are any."""

    file: Path
    scores: Scores
    setting: PredictSetting
    judgements: Judgements | None = None

    @property
    def defects(self) -> list[DefectFinding]:
        """The defects of 1 % of the rows or more, causes before effects."""
        return find_defects(self.scores)

    @property
    def notes(self) -> list[str]:
        """Unknown settings of the run, and how to name them."""
        return [*self.setting.unreadable, *self.setting.notes]

    def as_json(self) -> dict[str, Any]:
        """Return means, shares, defects and notes as one JSON object; the rows stay out of it."""
        defects = [{**defect._asdict(), "share": round(defect.share, 6)} for defect in self.defects]
        return {
            "file": str(self.file),
            "config": None if self.setting.config is None else str(self.setting.config),
            "max_new_tokens": self.setting.max_new_tokens,
            **self.scores.as_json(),
            **({"judge": self.judgements.as_json()} if self.judgements else {}),
            "findings": defects,
            "notes": self.notes,
        }

    def to_frame(self) -> polars.DataFrame:
        """Return one row per prediction, with null where a measure does not count for it.

        Columns are `row` (its line, from 1), `kind` ("thinking" or "plain"), `answer/bleu-4` and the like (0
        to 100), `form/cut` and the like (true or false), `length/answer` and the like (in `length_unit` of
        the scores), and with a judge `judge/grade` or `judge/outcome`.
        """
        import polars

        scores = self.scores
        columns: dict[str, Any] = {"row": scores.rows, "kind": scores.kinds}
        for part, metrics in scores.metrics.items():
            columns |= {
                f"{part}/{name}": polars.Series(values, dtype=polars.Float64)
                for name, values in metrics.items()
            }
        columns |= {
            f"form/{name}": polars.Series(values, dtype=polars.Boolean)
            for name, values in scores.flags.items()
        }
        columns |= {
            f"length/{name}": polars.Series(values, dtype=polars.Int64)
            for name, values in scores.lengths.items()
        }
        if self.judgements and self.judgements.outcomes:
            columns["judge/outcome"] = polars.Series(self.judgements.outcomes, dtype=polars.String)
        elif self.judgements:
            columns["judge/grade"] = polars.Series(self.judgements.grades, dtype=polars.Int64)
        return polars.DataFrame(columns)

    def _repr_html_(self) -> str:
        """Return the table of the command line, for a notebook."""
        return f"<pre>{html.escape(chr(10).join(words.format_scores(self.scores)))}</pre>"


@require_argument_types
def score(
    predictions: Path | str,
    *,
    config: Path | str | None = None,
    tokenizer: str = "",
    max_new_tokens: int | None = None,
    judge_export: Path | str | None = None,
    judge_model: str = "",
    judge_import: Path | str | None = None,
    judge_against: Path | str | None = None,
    judge_url: str = "",
    judge_api_key_env: str = "",
    workers: int | None = 1,
    seed: int = 42,
    progress: Progress = NoProgress(),
) -> ScoreReport:
    """Score a generated_predictions.jsonl, or the file in a folder: similarity, defects, lengths by row.

    `config` is the predict YAML of the run, found automatically beside the file; `max_new_tokens` overrides
    its limit. `tokenizer` is a folder with a tokenizer.json or a hub id; without one lengths are in
    characters. `judge_export` is the file for the requests to a judge, named `judge_model` at its endpoint;
    `judge_import` is the output of that batch. `judge_url` is a server that judges at once, with the key in
    the environment variable `judge_api_key_env`. With `judge_against` the judge compares pairs. `workers`
    are processes; None uses one per core for large files. `seed` fixes the bootstrap. Raises `UsageError`
    for a file that does not exist and options that exclude each other, `LfQwen3Error` for a file without
    predictions or without the `eval` extra.
    """
    require_judge_options(judge_export, judge_model, judge_import, judge_against, judge_url)
    if judge_export:
        export_files(predictions, judge_export, judge_model, judge_against)
    file = reading.locate(Path(predictions))
    rows = reading.read(file)
    against = reading.read(Path(judge_against)) if judge_against else None
    if judge_url:
        judge = ServerOptions(judge_url, judge_model, api_key_env=judge_api_key_env)
        judge_import = ask_judge(rows, against, judge, file.parent, progress)
    judgements = read_judgements(Path(judge_import), rows, against) if judge_import else None
    setting = find_setting(file, Path(config) if config else None, tokenizer, max_new_tokens)
    scores = score_predictions(
        rows,
        workers=workers,
        tokenizer=setting.tokenizer,
        max_new_tokens=setting.max_new_tokens,
        progress=progress,
        seed=seed,
    )
    return ScoreReport(file, scores, setting, judgements)
