"""Progress on the terminal: a moving line where a person watches, plain lines everywhere else."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

from lf_qwen3.base.progress import Progress, Status
from lf_qwen3.cli import _output

QUIET_SECONDS = 30
"""After this time without news a line says that the work continues."""


@contextlib.contextmanager
def shown_progress() -> Iterator[Progress]:
    """Yield the progress that fits stderr, and leave the terminal as it was."""
    if not sys.stderr.isatty():
        yield LogProgress()
        return
    progress = TerminalProgress()
    try:
        yield progress
    finally:
        progress.close()


def describe(status: Status) -> str:
    """Say in one line where the work is."""
    parts = [status.phase]
    if status.done and status.unit != "bytes":
        parts.append(f"{status.unit.rstrip('s')} {status.done}/{status.total}".strip())
    if status.loss is not None and status.done:
        parts.append(f"loss {status.loss:.3f}")
    if status.left and status.done:
        parts.append(f"{status.left} left")
    return ", ".join(parts)


class LogProgress:
    """Writes each new phase as a line of its own, and a sign of life while nothing is new."""

    def __init__(self) -> None:
        self.last = ""
        self.written_at = 0.0

    def start(self, title: str, step: int = 1, of: int = 1) -> None:
        """Write that a step begins; a work of one step needs no such line."""
        self.last = ""
        if of > 1:
            self._write(f"[{step}/{of}] {title}")

    def update(self, status: Status) -> None:
        """Write a new step of a training, or that the same one has gone on for long."""
        if status.unit not in ("", "steps"):
            return
        text = describe(status)
        if text != self.last:
            self.last = text
            self._write(f"      {text}")
        elif time.monotonic() - self.written_at > QUIET_SECONDS:
            self._write(f"      {text} ({status.seconds:.0f} seconds so far)")

    def finish(self, title: str) -> None:
        """Write what the step made."""
        if title:
            self._write(f"      {title}")

    def warn(self, text: str) -> None:
        """Write a warning."""
        _output.warn(text)

    def _write(self, text: str) -> None:
        self.written_at = time.monotonic()
        _output.say(text)


class TerminalProgress:
    """One moving line at the foot of the terminal: a bar where the total is known, else a spinner."""

    def __init__(self) -> None:
        from rich.console import Console

        self.console = Console(stderr=True, highlight=False)
        self._spinner: Any = None
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}

    def start(self, title: str, step: int = 1, of: int = 1) -> None:
        """Print the title of the step; a work of one step needs no such line."""
        if of > 1:
            self.console.print(f"[{step}/{of}] {title}", markup=False)

    def update(self, status: Status) -> None:
        """Move the line."""
        if status.total and status.unit != "steps":
            self._move_bar(status)
        else:
            self._spin(f"{describe(status)} ({status.seconds:.0f} s)")

    def finish(self, title: str) -> None:
        """Take the moving line away and print what the step made."""
        self.close()
        if title:
            self.console.print(f"      {title}", markup=False)

    def warn(self, text: str) -> None:
        """Print a warning above the moving line."""
        self.console.print(f"warning: {text}", markup=False)

    def close(self) -> None:
        """Take the moving line away."""
        for part in (self._spinner, self._bars):
            if part is not None:
                part.stop()
        self._spinner = self._bars = None
        self._tasks = {}

    def _spin(self, text: str) -> None:
        if self._spinner is None:
            self._spinner = self.console.status("", spinner="line")
            self._spinner.start()
        self._spinner.update(text)

    def _move_bar(self, status: Status) -> None:
        if self._bars is None:
            self._bars = _bars(self.console, status.unit)
            self._bars.start()
        if status.phase not in self._tasks:
            self._tasks[status.phase] = self._bars.add_task(status.phase, total=status.total)
        self._bars.update(self._tasks[status.phase], completed=status.done, total=status.total)


def _bars(console: Any, unit: str) -> Any:
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as RichProgress

    count: ProgressColumn = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description:<8}"), BarColumn(), count, TimeRemainingColumn())
    return RichProgress(*columns, console=console, transient=True)
