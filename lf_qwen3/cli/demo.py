"""lf-qwen3 demo."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.demo import Result
    from lf_qwen3.trainer.process import Status

QUIET_SECONDS = 10


@click.command()
@click.option("--out", type=click.Path(), default="demo", show_default=True, help="Folder for all it makes.")
@click.option(
    "--steps", type=click.IntRange(min=2), default=12, show_default=True, help="Training steps on the CPU."
)
@click.option("--fresh", is_flag=True, help="Train and predict again, even when nothing has changed.")
@_output.json_option
def command(out: str, steps: int, fresh: bool, as_json: bool) -> int:
    """Train a tiny Qwen3 here and now: raw data to adapter.

    A tiny Qwen3 is made, both samples are converted, and the real trainer trains and predicts on the CPU.

    Takes about two minutes, needs no GPU and downloads nothing. A second run keeps what is already there.
    Needs LLaMA-Factory in this environment: pip install "lf-qwen3[train]".
    """
    from lf_qwen3 import demo

    voice: PlainVoice = LiveVoice() if sys.stderr.isatty() else PlainVoice()
    try:
        result = demo.run(Path(out), voice, steps, fresh)
    except KeyboardInterrupt:
        _output.say("interrupted: the trainer was ended; run the same command again to go on")
        return 130
    finally:
        voice.close()
    if as_json:
        _output.print_json(asdict(result))
    else:
        _show(result)
    return 0


def describe(status: Status) -> str:
    """Say in one line where the trainer is."""
    parts = [status.stage]
    if status.step:
        parts.append(f"step {status.step}/{status.total}")
        parts.append(f"loss {status.loss:.3f}" if status.loss is not None else "")
        parts.append(f"{status.left} left" if status.left else "")
    return ", ".join(part for part in parts if part)


class PlainVoice:
    """Says each new thing in a line of its own, and shows signs of life while the trainer is silent."""

    def __init__(self) -> None:
        self.last = ""
        self.said_at = 0.0

    def begin(self, number: int, of: int, what: str) -> None:
        """Say that a step begins."""
        self.last = ""
        self._say(f"[{number}/{of}] {what}")

    def tell(self, status: Status) -> None:
        """Say where the trainer is when that is new, or when nothing was said for a while."""
        text = describe(status)
        if text != self.last:
            self.last = text
            self._say(f"      {text}")
        elif time.monotonic() - self.said_at > QUIET_SECONDS:
            self._say(f"      {text} ({status.seconds:.0f} seconds so far)")

    def done(self, what: str) -> None:
        """Say what was made."""
        self._say(f"      {what}")

    def close(self) -> None:
        """Leave the terminal as it was."""

    def _say(self, text: str) -> None:
        self.said_at = time.monotonic()
        _output.say(text)


class LiveVoice(PlainVoice):
    """Keeps one line at the foot of the terminal moving; what is done stays above it."""

    def __init__(self) -> None:
        from rich.console import Console

        super().__init__()
        self.console = Console(stderr=True, highlight=False)
        self.spinner: Any = self.console.status("", spinner="line")
        self.what = ""

    def begin(self, number: int, of: int, what: str) -> None:
        """Show the step beside the spinner."""
        self.what = f"[{number}/{of}] {what}"
        self.console.print(self.what, markup=False)
        self.spinner.update("working")
        self.spinner.start()

    def tell(self, status: Status) -> None:
        """Show where the trainer is, and the seconds passing."""
        self.spinner.update(f"{describe(status)} ({status.seconds:.0f} s)")

    def done(self, what: str) -> None:
        """Leave a line that says what was made."""
        self.spinner.stop()
        self.console.print(f"      {what}", markup=False)

    def close(self) -> None:
        """Take the moving line away."""
        self.spinner.stop()


def _show(result: Result) -> None:
    data = result.data
    written = sum(data.written.values())
    click.echo(f"\nmade in {result.out}:")
    for what, where in (
        ("model", f"{result.model} (tiny: it learns, but says nothing sensible)"),
        ("data", f"{written} records of {data.read} rows, {len(data.datasets)} datasets registered"),
        ("recipe", f"{result.train_yaml}, {result.predict_yaml}"),
        ("adapter", f"{result.adapter} ({result.examples} of {data.written['train']} training records read)"),
        ("loss", f"{result.first_loss:.3f} at the first step, {result.last_loss:.3f} at the last"),
        ("picture", result.loss_picture),
        ("answers", result.predictions),
    ):
        click.echo(f"  {what:<9}{where}")
    click.echo("\none answer of the tiny model, to a question it was not trained on:")
    for name, key in (("question", "prompt"), ("answer", "predict"), ("expected", "label")):
        click.echo(f"  {name:<9}{_excerpt(result.prediction[key])}")
    click.echo("\nthe same with Qwen3-4B on a GPU (put your own files in place of the samples):")
    for line in result.next:
        click.echo(f"  {line}")


def _excerpt(text: str, width: int = 90) -> str:
    flat = " ".join(text.split())
    return flat[:width] + ("…" if len(flat) > width else "")
