"""lf-qwen3 estimate: the memory a training takes on each GPU, and the steps and tokens of its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.proof.estimate import SmallerSetting
    from lf_qwen3.proof.estimate.dataset import DataFigures

GROUP = "proof"


@click.command()
@click.argument("file", required=False, metavar="[TRAIN.YAML]", type=click.Path())
@click.option("--model", metavar="NAME_OR_PATH", help="Qwen3-8B, a hub id, or a folder with a config.json.")
@click.option("--method", type=click.Choice(["lora", "qlora", "full"]), help="The training method.")
@click.option("--cutoff-len", type=click.IntRange(min=8), help="Tokens per row.  [default: 2048]")
@click.option("--batch", type=click.IntRange(min=1), help="Rows per GPU and pass.  [default: 1]")
@click.option("--gpus", type=click.IntRange(min=1), help="Number of GPUs.  [default: 1]")
@click.option("--zero", type=click.Choice(["0", "2", "3"]), help="DeepSpeed's ZeRO stage.  [default: 0]")
@click.option("--lora-rank", type=click.IntRange(min=1), help="LoRA rank.  [default: 8]")
@click.option("--dataset", metavar="NAME", help="A registered dataset: adds its steps, tokens and padding.")
@_output.dataset_dir_option(required=False)
@click.option(
    "--tokenizer", default="", metavar="PATH_OR_ID", help="Count tokens exactly with this tokenizer."
)
@_output.json_option
def command(file: str | None, as_json: bool, tokenizer: str, **given: Any) -> None:
    """Estimate the GPU memory of a training, by part, and the smallest GPU for it.

    TRAIN.YAML gives all settings and the data; options override it. The memory is that of the longest rows,
    so that a run that fits does not fail at its thousandth step.

    \b
    lf-qwen3 estimate --model Qwen3-8B --method lora --cutoff-len 4096
    lf-qwen3 estimate runs/my_data/train.yaml --gpus 4
    """  # noqa: D301
    from lf_qwen3.proof.estimate import estimate

    given["zero"] = None if given["zero"] is None else int(given["zero"])
    result = estimate(config=file, tokenizer=tokenizer, **given)
    if as_json:
        _output.print_json(result.as_json())
        return
    *parts, total, card = result.lines()
    total = total.replace("total", click.style("total", bold=True), 1)
    if result.card:
        card = card.replace(result.card.label, click.style(result.card.label, fg="green", bold=True))
    click.echo("\n".join([*parts, total, card]))
    for at, change in enumerate(result.smaller):
        click.echo(f"  {'or' if at else 'smaller':<12}{_short(change)}")
    if result.data:
        click.echo("\n".join(_data_lines(result.data)))
    for note in result.notes:
        _output.say(f"note: {note}")


def _short(change: SmallerSetting) -> str:
    return f"{change.settings}: {change.total / (1 << 30):.1f} GiB, a card of {change.card.label}"


def _data_lines(data: DataFigures) -> list[str]:
    about = "" if data.exact else "about "
    learnt = f", {data.learnt / data.tokens:.0%} of them in the loss" if data.learnt is not None else ""
    packed = f" in {data.rows:,} packed rows" if data.rows != data.records else ""
    return [
        f"data: {data.records:,} records{packed}, {about}{data.tokens:,} tokens per epoch{learnt}",
        f"  {'steps':<12}{data.steps:,} in {data.epochs:g} epochs",
        f"  {'padding':<12}{about}{data.padding:.1%} of all computed tokens",
        f"  {'cut':<12}{about}{data.cut:.1%} of the records are truncated at cutoff_len",
    ]
