"""lf-qwen3 estimate: the memory a training takes on each GPU, and the steps and tokens of its data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.proof.estimate import PeakMemory, TrainingPlan
    from lf_qwen3.proof.estimate.dataset import DataFigures

_BAR = 24


@click.command()
@click.argument("file", required=False, metavar="[TRAIN.YAML]", type=click.Path())
@click.option("--model", metavar="NAME_OR_PATH", help="Qwen3-8B, a hub id, or a folder with a config.json.")
@click.option("--method", type=click.Choice(["lora", "qlora", "full"]), help="How the weights are trained.")
@click.option("--cutoff-len", type=click.IntRange(min=8), help="Tokens a row.  [default: 2048]")
@click.option("--batch", type=click.IntRange(min=1), help="Rows at a time on one GPU.  [default: 1]")
@click.option("--gpus", type=click.IntRange(min=1), help="Number of GPUs.  [default: 1]")
@click.option("--zero", type=click.Choice(["0", "2", "3"]), help="DeepSpeed's ZeRO stage.  [default: 0]")
@click.option("--lora-rank", type=click.IntRange(min=1), help="Width of the LoRA.  [default: 8]")
@click.option("--dataset", metavar="NAME", help="A registered dataset: its steps, tokens and padding.")
@_output.dataset_dir_option(required=False)
@click.option("--tokenizer", default="", metavar="PATH_OR_ID", help="Counts tokens exactly.")
@_output.json_option
def command(file: str | None, as_json: bool, tokenizer: str, **given: Any) -> None:
    """Tell how much memory a training takes on each GPU, by part, and the smallest card for it.

    With a TRAIN.YAML everything comes from it, the data included; an option wins over it. Memory is that of
    the longest rows, so that a run that fits does not fail at its thousandth step.

    \b
    lf-qwen3 estimate --model Qwen3-8B --method lora --cutoff-len 4096
    lf-qwen3 estimate runs/my_data/train.yaml --gpus 4
    """  # noqa: D301
    from lf_qwen3.proof import estimate

    notes: list[str] = []
    plan, settings = _plan(file, given, notes)
    memory, advice = estimate.estimate_memory(plan), estimate.suggest_changes(plan)
    notes += estimate.list_caveats(plan)
    is_asked = bool(given["dataset"] or given["dataset_dir"] or tokenizer)
    data = _data(plan, settings, tokenizer, is_asked, notes)
    if as_json:
        _output.print_json(_json(plan, memory, advice, data, notes))
        return
    click.echo("\n".join(_lines(plan, memory)))
    for change in advice:
        click.echo(f"  {'or' if change is not advice[0] else 'smaller':<12}{_short(change)}")
    if data:
        click.echo("\n".join(_data_lines(data)))
    for note in notes:
        _output.say(f"note: {note}")


def _plan(file: str | None, given: dict[str, Any], notes: list[str]) -> tuple[TrainingPlan, dict[str, Any]]:
    """Return the plan of the YAML or of the options, and the settings for the data."""
    from lf_qwen3.proof.estimate import TrainingPlan, from_yaml

    zero = None if given["zero"] is None else int(given["zero"])
    settings: dict[str, Any] = {}
    if file:
        plan, settings = from_yaml.read_plan(Path(file), given["gpus"] or 0, notes)
        plan = plan.changed(
            model=given["model"],
            method=given["method"],
            cutoff_len=given["cutoff_len"],
            batch=given["batch"],
            zero=zero,
            rank=given["lora_rank"],
        )
    else:
        if not (given["model"] and given["method"]):
            raise UsageError(
                "estimate wants a training YAML, or a model and a method",
                "lf-qwen3 estimate TRAIN.YAML, or: lf-qwen3 estimate --model Qwen3-8B --method lora",
            )
        names = {"cutoff_len": "cutoff_len", "batch": "batch", "gpus": "gpus", "lora_rank": "rank"}
        options = {ours: given[theirs] for theirs, ours in names.items() if given[theirs] is not None}
        plan = TrainingPlan.named(given["model"], method=given["method"], zero=zero or 0, **options)
    for key in ("dataset", "dataset_dir"):
        if given[key]:
            settings[key] = given[key]
    return plan, settings


def _data(
    plan: TrainingPlan, settings: dict[str, Any], tokenizer: str, is_asked: bool, notes: list[str]
) -> DataFigures | None:
    """Return the figures of the data; where nobody asked for them, what is wrong with it is a note."""
    from lf_qwen3.proof.estimate.dataset import count_data

    if not settings.get("dataset"):
        return None
    if settings.get("stage", "sft") != "sft":
        notes.append(f"the data is counted for stage: sft, not for {settings['stage']}")
        return None
    try:
        return count_data(plan, settings, tokenizer, notes)
    except LfQwen3Error as error:
        if is_asked:
            raise
        notes.append(f"the data was not counted: {error.message} ({error.hint})")
        return None


def _lines(plan: TrainingPlan, memory: PeakMemory) -> list[str]:
    from lf_qwen3.proof.estimate import memory as memories
    from lf_qwen3.proof.estimate import smallest_card

    each = " on each GPU" if plan.gpus > 1 else ""
    shown = {part: getattr(memory, part) for part in memories.PARTS}
    lines = [f"{Path(plan.model).name} {plan.words}"]
    lines += [
        f"  {part:<12}{size / memories.GIB:7.1f} GiB  {'█' * round(_BAR * size / memory.total)}".rstrip()
        for part, size in shown.items()
    ]
    sizes = f"{memory.total / memories.GIB:7.1f} GiB = {memory.total / 1e9:.1f} GB{each}"
    lines.append(f"  {click.style('total'.ljust(12), bold=True)}{sizes}, during {memory.moment}")
    card = smallest_card(memory.total)
    fits = click.style(card.label, fg="green", bold=True) if card else "no single card is large enough"
    return [*lines, f"  {'card':<12}{fits}"]


def _short(change: Any) -> str:
    return f"{change.settings}: {change.total / (1 << 30):.1f} GiB, a card of {change.card.label}"


def _data_lines(data: DataFigures) -> list[str]:
    about = "" if data.exact else "about "
    learnt = f", {data.learnt / data.tokens:.0%} of them learnt" if data.learnt is not None else ""
    packed = f" in {data.rows:,} packed rows" if data.rows != data.records else ""
    return [
        f"data: {data.records:,} records{packed}, {about}{data.tokens:,} tokens an epoch{learnt}",
        f"  {'steps':<12}{data.steps:,} in {data.epochs:g} epochs",
        f"  {'padding':<12}{about}{data.padding:.1%} of what is computed",
        f"  {'cut':<12}{about}{data.cut:.1%} of the records lose their end to cutoff_len",
    ]


def _json(
    plan: TrainingPlan, memory: PeakMemory, advice: list[Any], data: DataFigures | None, notes: list[str]
) -> dict[str, Any]:
    from dataclasses import asdict

    from lf_qwen3.proof.estimate import smallest_card

    card = smallest_card(memory.total)
    return {
        "plan": {key: value for key, value in asdict(plan).items() if key != "shape"},
        "parameters": plan.shape.parameters,
        "memory_bytes": memory.as_json(),
        "card_gb": card.size if card else None,
        "smaller": [change.as_json() for change in advice],
        "data": data.as_json() if data else None,
        "notes": notes,
    }
