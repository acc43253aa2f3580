"""`lf-qwen3 answer`: have a llama.cpp server answer the test rows, to judge a GGUF file."""

from __future__ import annotations

from dataclasses import asdict

import click

from lf_qwen3.cli import _output

GROUP = "results"


@click.command()
@click.argument("yaml", type=click.Path())
@click.option(
    "--url", default="http://127.0.0.1:8080", show_default=True, help="The address of llama-server."
)
@click.option("--out", required=True, type=click.Path(), help="Folder for generated_predictions.jsonl.")
@click.option("--rows", type=click.IntRange(min=1), help="Answer only this many rows.")
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Concurrent prompts; default: as many as the server has slots (-np).",
)
@click.option("--fresh", is_flag=True, help="Delete the answers in --out and start again.")
@_output.json_option
def command(
    yaml: str, url: str, out: str, rows: int | None, concurrency: int, fresh: bool, as_json: bool
) -> int:
    """Answer the test rows with a llama.cpp server.

    YAML is a predict YAML that was run: its prompts and sampling are used, so that score and compare can
    compare a GGUF file with the trained model. Each answer is written at once; the same command asks for the
    missing ones.

    \b
    llama-server -m my.gguf -c 8192 --port 8080
    lf-qwen3 answer runs/my/predict_tuned.yaml --out runs/my/predict_Q4_K_M --rows 100
    lf-qwen3 compare runs/my/predict_tuned runs/my/predict_Q4_K_M
    """  # noqa: D301
    from lf_qwen3.cli._progress import shown_progress
    from lf_qwen3.results import answer

    with shown_progress() as progress:
        report = answer.answer(yaml, url, out, rows, fresh=fresh, concurrency=concurrency, progress=progress)
    if report.interrupted:
        _output.say(
            "interrupted: the answers so far are kept; run the same command again to ask for the rest"
        )
        return 130
    if as_json:
        _output.print_json(asdict(report))
        return 0
    counts = f" ({report.kept} were there, {report.rows - report.kept} new)" if report.kept else ""
    click.echo(f"{report.rows} answers in {report.file}{counts}")
    if report.cut:
        _output.warn(f"{report.cut} of them are truncated at max_new_tokens")
    return 0
