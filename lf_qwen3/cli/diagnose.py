"""lf-qwen3 diagnose: what a training run tells about itself."""

from __future__ import annotations

import textwrap
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from lf_qwen3.base import docs_link
from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.results.diagnose import Diagnosis, Verdict

GROUP = "results"

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


@click.command(name="diagnose")
@click.argument("run_dir", type=click.Path())
@click.option(
    "--plots", metavar="DIR", type=click.Path(), help="Draw the curves into this folder, as PNG and SVG."
)
@_output.json_option
def command(run_dir: str, plots: str | None, as_json: bool) -> int:
    """Say what went wrong in a training run, and what to try next.

    RUN_DIR is the trainer's output_dir, or the folder with the train.yaml of a recipe. A run that has not
    ended is diagnosed up to its last step. Every verdict names its evidence. Exit code 1 says that there are
    errors or warnings.

    \b
    lf-qwen3 diagnose runs/my_data
    lf-qwen3 diagnose saves/Qwen3-4B/lora/train_1 --plots plots
    """  # noqa: D301
    from lf_qwen3.results.diagnose import diagnose

    diagnosis = diagnose(run_dir, plots=plots)
    if as_json:
        _output.print_json(diagnosis.as_json() | {"plots": [str(path) for path in diagnosis.plots]})
    else:
        _show(diagnosis)
        for path in diagnosis.plots:
            click.echo(f"drawn: {path}")
    return 1 if diagnosis.has_faults else 0


def _show(diagnosis: Diagnosis) -> None:
    for note in diagnosis.notes:
        _output.say(f"note: {note}")
    for verdict in diagnosis.verdicts:
        _show_verdict(verdict)
    click.echo(_summary(diagnosis))


def _show_verdict(verdict: Verdict) -> None:
    head = click.style(verdict.severity, fg=_COLOURS[verdict.severity], bold=True)
    text = _wrapped(f"{verdict.severity}: {verdict.code}: {verdict.what}", "")
    click.echo(head + text.removeprefix(verdict.severity))
    click.echo(_wrapped(verdict.evidence, "  evidence: "))
    click.echo(_wrapped(verdict.advice, "  try next: "))
    if link := docs_link.link_to("verdicts", verdict.code):
        click.echo(f"  docs: {link}")


def _wrapped(text: str, head: str) -> str:
    width = max(40, min(get_terminal_size().columns, 120))
    return textwrap.fill(
        text,
        width,
        initial_indent=head,
        subsequent_indent=" " * len(head) or "  ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _summary(diagnosis: Diagnosis) -> str:
    run = diagnosis.run
    planned = f" of {run.total}" if run.total and run.total != run.step else ""
    losses = f", loss {run.train[0].value:.3f} to {run.train[-1].value:.3f}" if run.train else ""
    best = min(run.main_validation, key=lambda point: point.value, default=None)
    lowest = f", validation at best {best.value:.3f} (step {best.step})" if best else ""
    facts = f"{run.folder}: {run.step}{planned} steps{losses}{lowest}"
    if not diagnosis.has_faults:
        colour = "green" if diagnosis.is_sound else "cyan"
        return f"{click.style(diagnosis.state, fg=colour, bold=True)}: {facts}"
    counts = {
        severity: sum(verdict.severity == severity for verdict in diagnosis.verdicts)
        for severity in ("error", "warning")
    }
    named = ", ".join(f"{n} {severity}{'s' * (n != 1)}" for severity, n in counts.items() if n)
    return f"{named}: {facts}"
