"""lf-qwen3 score: how good predictions are, and what went wrong in them."""

from __future__ import annotations

from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.results.score.findings import DefectFinding

GROUP = "results"

PLACES = 3


@click.command(name="score")
@click.argument("predictions", type=click.Path(), metavar="PREDICTIONS")
@click.option(
    "--config",
    type=click.Path(),
    help="The predict YAML of the run; found automatically beside the predictions.",
)
@click.option(
    "--tokenizer", default="", help="A folder with a tokenizer.json, or a hub id: lengths in tokens."
)
@click.option(
    "--max-new-tokens", type=click.IntRange(min=1), help="max_new_tokens of the run, instead of the YAML's."
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes; default: as many as there are cores.")
@click.option(
    "--judge-export", type=click.Path(), help="Write the requests for a judge, in OpenAI's batch format."
)
@click.option("--judge-url", default="", help="The server of the judge, instead of the two steps.")
@click.option("--judge-model", default="", help="The judge's model name, for --judge-export or --judge-url.")
@click.option(
    "--judge-api-key-env", default="", metavar="NAME", help="The environment variable with the judge's key."
)
@click.option(
    "--judge-import", type=click.Path(), help="Read the verdicts of the judge: the output of that batch."
)
@click.option(
    "--judge-against", type=click.Path(), help="Other predictions of the same rows, judged in pairs."
)
@_output.json_option
def command(
    predictions: str,
    config: str | None,
    tokenizer: str,
    max_new_tokens: int | None,
    workers: int | None,
    judge_export: str | None,
    judge_url: str,
    judge_model: str,
    judge_api_key_env: str,
    judge_import: str | None,
    judge_against: str | None,
    as_json: bool,
) -> int:
    """Score predictions: the answer, the thinking, and both as LLaMA-Factory scores them.

    PREDICTIONS is a generated_predictions.jsonl or the folder that holds it. BLEU-4 and ROUGE are 0 to 100,
    with the 95 % interval of each mean. Exit code 1 says that a defect is in 1 % of the rows or more.

    \b
    lf-qwen3 score runs/my_data/predict
    lf-qwen3 score runs/my_data/predict --judge-url http://127.0.0.1:8000/v1 --judge-model MODEL
    lf-qwen3 score runs/my_data/predict --judge-export judge.jsonl --judge-model MODEL
    lf-qwen3 score runs/my_data/predict --judge-import judge_output.jsonl
    """  # noqa: D301
    from lf_qwen3.results.score.judge import require_judge_options

    require_judge_options(judge_export, judge_model, judge_import, judge_against, judge_url)
    if judge_export:
        return _export(predictions, judge_against, judge_export, judge_model, as_json)
    return _score(
        predictions,
        {
            "config": config,
            "tokenizer": tokenizer,
            "max_new_tokens": max_new_tokens,
            "workers": workers,
            "judge_import": judge_import,
            "judge_against": judge_against,
            "judge_url": judge_url,
            "judge_model": judge_model,
            "judge_api_key_env": judge_api_key_env,
        },
        as_json,
    )


def _export(predictions: str, against: str | None, export: str, model: str, as_json: bool) -> int:
    from lf_qwen3.results.score.judge import export_files

    count, rows = export_files(predictions, export, model, against)
    if as_json:
        _output.print_json({"file": export, "requests": count, "rows": rows})
        return 0
    click.echo(f"wrote {export}: {count:,} requests about {rows:,} rows")
    click.echo("next: run it as a batch at an OpenAI-compatible endpoint, then name its output:")
    click.echo(
        "  lf-qwen3 score PREDICTIONS --judge-import OUTPUT.jsonl" + " --judge-against OTHER" * bool(against)
    )
    return 0


def _score(predictions: str, options: dict[str, Any], as_json: bool) -> int:
    from lf_qwen3.cli._progress import shown_progress
    from lf_qwen3.results.score import score, words

    with shown_progress() as progress:
        report = score(predictions, **options, progress=progress)
    if as_json:
        _output.print_json(report.as_json())
        return 1 if report.defects else 0
    click.echo("\n".join(words.format_scores(report.scores)))
    if report.judgements:
        click.echo("\n" + "\n".join(report.judgements.lines()))
    _show_defects(report.defects, report.file)
    for note in report.notes:
        _output.say(f"note: {note}")
    return 1 if report.defects else 0


def _show_defects(defects: list[DefectFinding], file: Path) -> None:
    if defects:
        click.echo()
    for defect in defects:
        code = click.style(defect.code, fg="yellow", bold=True)
        lines = ", ".join(str(row) for row in defect.rows[:PLACES])
        more = " ..." if len(defect.rows) > PLACES else ""
        click.echo(
            f"{file}: {code} {defect.share:.1%} ({len(defect.rows):,} of {defect.of:,}) {defect.message}"
        )
        click.echo(f"  lines {lines}{more}")
        width = min(get_terminal_size().columns, 120)
        click.echo(click.wrap_text(f"hint: {defect.hint}", width, "  ", "        "))
