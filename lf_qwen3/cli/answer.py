"""`lf-qwen3 answer`: have a llama.cpp server answer the test rows, to judge a GGUF file."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from lf_qwen3.cli import _output


@click.command()
@click.argument("yaml", type=click.Path())
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Where llama-server listens.")
@click.option("--out", required=True, type=click.Path(), help="Folder for generated_predictions.jsonl.")
@click.option("--rows", type=click.IntRange(min=1), help="Answer the first so many rows only.")
@_output.json_option
def command(yaml: str, url: str, out: str, rows: int | None, as_json: bool) -> None:
    """Answer the test rows by a llama.cpp server.

    YAML is a predict YAML that was run: its prompts and its sampling are used, so that score and compare hold
    a GGUF file against the trained model.

    \b
    llama-server -m my.gguf -c 8192 --port 8080
    lf-qwen3 answer runs/my/predict_tuned.yaml --out runs/my/predict_Q4_K_M --rows 100
    lf-qwen3 compare runs/my/predict_tuned runs/my/predict_Q4_K_M
    """  # noqa: D301
    from lf_qwen3.results import answer

    with click.progressbar(length=1, label="answers", show_pos=True, file=sys.stderr) as bar:

        def tell(_: int, total: int) -> None:
            bar.length = total
            bar.update(1)

        made = answer.answer(Path(yaml), url, Path(out), rows, tell)
    if as_json:
        _output.print_json(asdict(made))
        return
    click.echo(f"{made.rows} answers in {made.file}")
    if made.cut:
        _output.warn(f"{made.cut} of them end at the limit of new tokens (max_new_tokens)")
