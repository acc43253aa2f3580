"""lf-qwen3 compare: prediction runs, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.results.compare import Comparison

GROUP = "results"

_COLOURS = {"better": "green", "worse": "red"}


@click.command(name="compare")
@click.argument("runs", nargs=-1, required=True, metavar="BASE TUNED [MORE]...", type=click.Path())
@click.option("--html", metavar="FILE", type=click.Path(), help="Write the report as one HTML page.")
@click.option("--markdown", metavar="FILE", type=click.Path(), help="Write the report as Markdown.")
@click.option(
    "--tokenizer", default="", help="A folder with a tokenizer.json, or a hub id: lengths in tokens."
)
@click.option(
    "--judge-import",
    metavar="FILE",
    type=click.Path(),
    help="Verdicts of a judge on TUNED against BASE: adds the win rate.",
)
@_output.json_option
def command(
    runs: tuple[str, ...],
    html: str | None,
    markdown: str | None,
    tokenizer: str,
    judge_import: str | None,
    as_json: bool,
) -> int:
    """Compare the predictions of a tuned model with those of its base model, row by row.

    Each argument is a generated_predictions.jsonl or the folder that holds it. Rows are matched by prompt and
    reference. Differences have a 95 % confidence interval (paired bootstrap). Exit code 1 says that a run is
    clearly worse than the first one, in its answers or by a defect.

    \b
    lf-qwen3 compare runs/my_data/predict_base runs/my_data/predict_tuned --html report.html
    """  # noqa: D301
    from lf_qwen3.cli._progress import shown_progress
    from lf_qwen3.results.compare import compare

    with shown_progress() as progress:
        comparison = compare(
            *runs,
            html=html,
            markdown=markdown,
            tokenizer=tokenizer,
            workers=None,
            judge_import=judge_import,
            progress=progress,
        )
    reports = [str(Path(path)) for path in (html, markdown) if path]
    if as_json:
        _output.print_json(comparison.as_json() | {"reports": reports})
    else:
        show(comparison)
        for path in reports:
            click.echo(f"written: {path}")
    return 1 if comparison.is_worse else 0


def show(comparison: Comparison) -> None:
    """Print the table and the verdict of every pair."""
    from lf_qwen3.results.compare import table, words

    for note in comparison.notes:
        _output.say(f"note: {note}")
    for number, pair in enumerate(comparison.pairs):
        click.echo("\n" * bool(number), nl=False)
        for outcome, line in table.format_pair(comparison, pair):
            click.echo(click.style(line, fg=_COLOURS[outcome]) if outcome in _COLOURS else line)
        verdict = words.verdict(pair)
        colour = _COLOURS.get(verdict.outcome)
        click.echo(f"\n{click.style(verdict.text, fg=colour, bold=True)}. {words.counts(pair)}.")
        for point in words.points(pair):
            click.echo(f"  {click.style(point.outcome, fg=_COLOURS[point.outcome])}: {point.text}")
    if comparison.judgements:
        click.echo("\n" + "\n".join(comparison.judgements.lines()))
