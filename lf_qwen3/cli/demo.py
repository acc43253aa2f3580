"""lf-qwen3 demo."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lf_qwen3.cli import _output
from lf_qwen3.cli._progress import shown_progress

if TYPE_CHECKING:
    from lf_qwen3.demo import DemoResult

GROUP = "train"


@click.command()
@click.option(
    "--out", type=click.Path(), default="demo", show_default=True, help="Folder for everything it makes."
)
@click.option(
    "--steps", type=click.IntRange(min=2), default=12, show_default=True, help="Training steps on the CPU."
)
@click.option("--fresh", is_flag=True, help="Train and predict again, even if nothing has changed.")
@_output.json_option
def command(out: str, steps: int, fresh: bool, as_json: bool) -> int:
    """Train a tiny Qwen3 on the CPU, from raw data to adapter.

    A tiny Qwen3 is made, both samples are converted, and the real trainer trains and predicts on the CPU.

    Takes about two minutes, needs no GPU and downloads nothing. A second run keeps what is already there.
    Needs LLaMA-Factory in this environment: pip install "lf-qwen3[train]".
    """
    from lf_qwen3 import demo

    try:
        with shown_progress() as progress:
            result = demo.run_demo(Path(out), progress, steps, fresh)
    except KeyboardInterrupt:
        _output.say("interrupted: the trainer was stopped; run the same command again to resume")
        return 130
    if as_json:
        _output.print_json(asdict(result))
    else:
        _show(result)
    return 0


def _show(result: DemoResult) -> None:
    data = result.data
    written = sum(data.written.values())
    click.echo(f"\nmade in {result.out}:")
    for what, where in (
        ("model", f"{result.model} (tiny: it learns, but its answers make no sense)"),
        ("data", f"{written} records of {data.read} rows, {len(data.datasets)} datasets registered"),
        ("recipe", f"{result.train_yaml}, {result.predict_yaml}"),
        ("adapter", f"{result.adapter} ({result.examples} of {data.written['train']} training records read)"),
        ("loss", f"{result.first_loss:.3f} at the first step, {result.last_loss:.3f} at the last"),
        ("picture", result.loss_picture),
        ("answers", result.predictions),
    ):
        click.echo(f"  {what:<9}{where}")
    click.echo("\none answer of the tiny model, to a question outside the training data:")
    for name, key in (("question", "prompt"), ("answer", "predict"), ("expected", "label")):
        click.echo(f"  {name:<9}{_excerpt(result.prediction[key])}")
    click.echo("\nthe same with Qwen3-4B on a GPU (use your own files in place of the samples):")
    for line in result.next:
        click.echo(f"  {line}")


def _excerpt(text: str, width: int = 90) -> str:
    flat = " ".join(text.split())
    return flat[:width] + ("…" if len(flat) > width else "")
