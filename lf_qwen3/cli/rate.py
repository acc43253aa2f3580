"""lf-qwen3 rate: a judge's rating of the rows one has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lf_qwen3.cli import _output
from lf_qwen3.cli import _server_options as asking

GROUP = "data"


@click.command(short_help="Let a judge model rate your rows, and keep the best.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@asking.server_options
@click.option("--to", required=True, type=click.Path(), help="The folder to write; convert reads it.")
@click.option("--top", type=click.FloatRange(0, 1), metavar="SHARE", help="Keep this share of the ranking.")
@click.option("--calibrate", type=click.Path(), help="A CSV file of your own labels: row, label (1 to 5).")
@click.option("--columns", multiple=True, metavar="ROLE=COLUMN,...", help="Name the columns, as in convert.")
@click.option("--limit", type=click.IntRange(min=1), help="Read at most this many rows of each SOURCE.")
@asking.offline_options
@_output.json_option
def command(
    as_json: bool,
    calibrate: str | None,
    **given: Any,
) -> int:
    """Let a judge rate your rows by five criteria, and keep the better ones.

    Every 20th row is rated a second time with the answer of another row. If the judge rates these as high, it
    is reported as unfit, and no row is left out. Your own labels (--calibrate) show how far the judge agrees
    with you, and give the threshold that keeps 90 % of your good rows. Without labels, the ratings are only a
    ranking.

    \b
    lf-qwen3 rate mine.jsonl --url http://127.0.0.1:8000/v1 --model Qwen3-32B \\
        --calibrate labels.csv --to rated
    lf-qwen3 convert rated --name better --dataset-dir data
    """  # noqa: D301
    from lf_qwen3.cli._progress import shown_progress
    from lf_qwen3.data.generate.rate import RATINGS, RateOptions, estimate_ratings, export_ratings, rate

    server, offline = asking.build_server_options(given), asking.take_offline(given)
    to = Path(given.pop("to"))
    options = RateOptions(to=to, labels=Path(calibrate) if calibrate else None, **given)
    if asking.show_offline(
        offline,
        lambda tokenizer: estimate_ratings(options, server, tokenizer),
        lambda file: export_ratings(options, server, file),
        as_json,
    ):
        return 0
    with shown_progress() as progress:
        report = rate(options, server, progress, offline.outputs)
    if not as_json:
        click.echo(f"ratings, the best first, with reasons: {to / RATINGS}")
        if report.fit is not None:
            verdict = "below the median, as they should be" if report.fit else "not below the median"
            click.echo(f"{report.planted:,} planted wrong answers: {verdict}")
        if report.spearman is not None:
            click.echo(f"agreement with your labels (Spearman): {report.spearman:.2f}")
        if report.threshold is not None:
            click.echo(f"kept: mean rating of {report.threshold:.1f} or more")
    return asking.finish(report, as_json)
