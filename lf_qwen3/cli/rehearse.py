"""lf-qwen3 rehearse: a training YAML, tried on this machine's CPU."""

from __future__ import annotations

import textwrap
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from lf_qwen3.cli import _output
from lf_qwen3.cli._progress import shown_progress

if TYPE_CHECKING:
    from lf_qwen3.proof.rehearse import RehearsalChange, RehearsalFault, RehearsalVerdict

GROUP = "proof"

_TITLE = 14


@click.command()
@click.argument("file", metavar="TRAIN.YAML", type=click.Path())
@click.option(
    "--tokenizer",
    metavar="PATH_OR_ID",
    help="A tokenizer; default: the model's own, if it is in a local cache.",
)
@click.option("--steps", type=click.IntRange(min=1), default=10, show_default=True, help="Training steps.")
@click.option(
    "--rows", type=click.IntRange(min=2), default=64, show_default=True, help="Rows of each dataset to read."
)
@_output.json_option
def command(file: str, tokenizer: str | None, steps: int, rows: int, as_json: bool) -> int:
    """Try a training YAML on the CPU before you pay for a GPU.

    The real llamafactory-cli train runs with your YAML, data and tokenizer, and a tiny random model of the
    same architecture. Settings that a CPU does not support are switched off and listed. None of your files
    is changed. It takes about a minute. Exit code 1 says that the training would fail.

    \b
    lf-qwen3 rehearse runs/my_data/train.yaml --tokenizer models/Qwen3-4B
    """  # noqa: D301
    from lf_qwen3.proof import rehearse

    try:
        with shown_progress() as progress:
            verdict = rehearse.rehearse(
                rehearse.RehearsalRequest(Path(file), tokenizer, steps, rows), progress
            )
    except KeyboardInterrupt:
        _output.say("interrupted: the trainer was stopped")
        return 130
    if as_json:
        _output.print_json(verdict.as_json())
    else:
        _show(verdict)
    return 0 if verdict.passed else 1


def _show(verdict: RehearsalVerdict) -> None:
    for note in verdict.notes:
        _output.say(f"note: {note}")
    if verdict.fault is None:
        _show_passed(verdict)
    else:
        _show_failed(verdict, verdict.fault)


def _show_passed(verdict: RehearsalVerdict) -> None:
    click.echo(
        f"{click.style('passed', fg='green', bold=True)}: {verdict.yaml} in {verdict.seconds:.0f} seconds"
    )
    _line("method", verdict.method)
    _line("model", verdict.model)
    _line("tokenizer", verdict.tokenizer)
    _line("trained", f"{verdict.steps} steps, {verdict.records} records of {', '.join(verdict.datasets)}")
    _line("loss", _losses(verdict))
    _show_changes(verdict)
    for answer in verdict.answers[:1]:
        _line("asked", _excerpt(answer.prompt, 70))
        _line("wrote", _excerpt(answer.answer, 40) or "nothing")
        _line("", "(noise, because the weights are random; that the model generates is the proof)")


def _losses(verdict: RehearsalVerdict) -> str:
    ends = f"{verdict.losses[0]:.3f} at the first step, {verdict.losses[-1]:.3f} at the last"
    return ends if verdict.eval_loss is None else f"{ends}; validation {verdict.eval_loss:.3f}"


def _show_failed(verdict: RehearsalVerdict, fault: RehearsalFault) -> None:
    place = f"{verdict.yaml}:{fault.line}" if fault.line else verdict.yaml
    click.echo(f"{click.style('failed', fg='red', bold=True)}: {place}: {fault.message}")
    _line("key", fault.key)
    _line("dataset", fault.dataset)
    _line("row" if fault.row else "file", f"{fault.file}:{fault.row}" if fault.row else fault.file)
    _line("cure", fault.hint)
    _show_changes(verdict)
    _line("whole log", verdict.log)


def _show_changes(verdict: RehearsalVerdict) -> None:
    for title, kind in (("switched off", "off"), ("shortened", "short")):
        for change in (known for known in verdict.changes if known.kind == kind):
            _line(title, _change(change))
            title = ""


def _change(change: RehearsalChange) -> str:
    now = "" if change.now is None else f" -> {change.now}"
    return f"{change.key}: {_excerpt(str(change.was), 40)}{now} ({change.why})"


def _line(title: str, text: str) -> None:
    if text:
        width = max(40, min(get_terminal_size().columns, 120))
        head = f"  {title:<{_TITLE}}"
        click.echo(
            textwrap.fill(
                text, width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
            )
        )


def _excerpt(text: str, width: int = 90) -> str:
    flat = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return flat[:width] + ("…" if len(flat) > width else "")
