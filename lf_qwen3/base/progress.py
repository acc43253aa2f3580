"""Progress of a long piece of work, in one form for every command, the tab and the Python API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Unit = Literal["", "bytes", "rows", "records", "steps", "requests", "files"]


@dataclass(frozen=True, slots=True)
class Status:
    """Where the work is.

    `phase` says what is being done. `done` and `total` count in `unit`; a total of 0 is unknown. `seconds`
    is the time since the phase began; `loss` and `left` (time left, as text) come from a training.
    """

    phase: str
    done: int = 0
    total: int = 0
    unit: Unit = ""
    seconds: float = 0
    loss: float | None = None
    left: str = ""


class Progress(Protocol):
    """Receives the progress of one piece of work; every method returns at once."""

    def start(self, title: str, step: int = 1, of: int = 1) -> None:
        """Begin step number `step` of `of`."""

    def update(self, status: Status) -> None:
        """Receive the state of the current step; may be called many times a second."""

    def finish(self, title: str) -> None:
        """End the current step; `title` says what it made."""

    def warn(self, text: str) -> None:
        """Receive a warning that does not stop the work."""


class NoProgress:
    """A `Progress` that shows nothing: the default of every library function."""

    def start(self, title: str, step: int = 1, of: int = 1) -> None:
        """Show nothing."""

    def update(self, status: Status) -> None:
        """Show nothing."""

    def finish(self, title: str) -> None:
        """Show nothing."""

    def warn(self, text: str) -> None:
        """Show nothing."""
