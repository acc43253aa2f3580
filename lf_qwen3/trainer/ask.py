"""Ask the installed LLaMA-Factory whether it takes a YAML, in a process that runs beside other work.

with TrainerQuestion(path, "train", "train") as question:
    ...  # something that takes seconds
    answer = question.wait()
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from lf_qwen3.base.processes import end_tree
from lf_qwen3.trainer import ask_child, process
from lf_qwen3.trainer.settings import kinds
from lf_qwen3.trainer.settings.kinds import Command, Dialect

SECONDS = 300
"""Longest wait for an answer; a loaded machine needs half a minute to import the trainer."""


@dataclass(frozen=True, slots=True)
class TrainerAnswer:
    """What the trainer said: `refusal` is its error, "" where it takes the file; `is_asked` may be false.

    `stood_in` names what this machine lacks and was simulated, `notes` the same in sentences, or why the
    trainer was not asked. `seconds` is the time from the start of its process.
    """

    is_asked: bool
    refusal: str = ""
    stood_in: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0


class TrainerQuestion:
    """One question; its process starts at once, and ends at the latest where the context does."""

    def __init__(
        self, path: Path, dialect: Dialect, command: Command | None, overrides: Sequence[str] = ()
    ) -> None:
        """Start the process; `overrides` are KEY=VALUE as they may follow the file on the command line."""
        self._started = time.monotonic()
        self._child: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the context
        self._unasked = _reason_not_to_ask(dialect)
        if not self._unasked and command:
            extra = {"USE_MCA": "1"} if dialect == "megatron" else {}
            self._child = subprocess.Popen(
                [sys.executable, "-P", ask_child.__file__, str(path.absolute()), command, *overrides],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=process.environment(extra),
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        """Return the question."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the process where it still runs."""
        if self._child and self._child.poll() is None:
            end_tree(self._child, 0)
        for stream in (self._errors, self._child.stdout if self._child else None):
            if stream:
                stream.close()

    def wait(self) -> TrainerAnswer:
        """Return the answer; a trainer that crashes or is silent for long is a note."""
        if self._child is None:
            return _unasked(self._unasked)
        try:
            output, _ = self._child.communicate(timeout=SECONDS)
            said = json.loads(output)
        except subprocess.TimeoutExpired:
            return _unasked(f"it gave no answer within {SECONDS} seconds")
        except ValueError:
            self._errors.seek(0)
            last = process.last_error(self._errors.read().decode("utf-8", "replace"))
            return _unasked(f"it stopped before it had read the file: {last}")
        seconds = round(time.monotonic() - self._started, 1)
        stood_in = list(said["stood_in"])
        notes = [f"the trainer was asked as if this machine had {', '.join(stood_in)}"] if stood_in else []
        return TrainerAnswer(True, str(said["refusal"]), stood_in, notes, seconds)


def _unasked(reason: str) -> TrainerAnswer:
    return TrainerAnswer(False, notes=[f"the trainer's own parsers were not asked: {reason}"])


def _reason_not_to_ask(dialect: Dialect) -> str:
    if dialect not in kinds.JUDGED:
        return "its train, chat, api and export do not read such a file"
    if importlib.util.find_spec("llamafactory") is None:
        return f"LLaMA-Factory is not installed; run: {process.INSTALL}"
    if dialect == "megatron" and importlib.util.find_spec("mcore_adapter") is None:
        return "Megatron keys need mcore_adapter, which is not installed"
    return ""
