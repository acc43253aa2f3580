"""End a process with everything that it has started, and be ended without leaving anything behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

_POLL_SECONDS = 0.05
_PROC = Path("/proc")


class _Process(NamedTuple):
    pid: int
    parent: int
    group: int


def end_tree(child: subprocess.Popen[Any], grace: float) -> None:
    """End a child that leads its own session, and all that it started: SIGTERM, `grace` seconds, SIGKILL.

    Descendants in sessions of their own are ended too: torchrun starts each of its ranks in one
    (torch.distributed.elastic, `SubprocessHandler`). Returns when the child is gone.
    """
    groups = _groups_below(child.pid)
    try:
        _send(signal.SIGTERM, groups)
        deadline = time.monotonic() + grace
        while _live(groups) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    finally:  # a second Ctrl-C ends the wait, not the cleaning
        _send(signal.SIGKILL, groups | _groups_below(child.pid))
        child.wait()


@contextlib.contextmanager
def exit_on_termination() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into `SystemExit` (exit code 128 + number), so that `finally` blocks run.

    Does nothing outside the main thread, and leaves a signal alone that is handled or ignored already.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = [number for number in (signal.SIGTERM, signal.SIGHUP) if _is_default(number)]
    for number in signals:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)


def _is_default(number: int) -> bool:
    return signal.getsignal(number) is signal.SIG_DFL


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _groups_below(pid: int) -> set[int]:
    """Return the process groups of a session leader, its group and all that they have started."""
    processes = _processes()
    members = {process.pid for process in processes if pid in (process.pid, process.group)}
    while added := {p.pid for p in processes if p.parent in members} - members:
        members |= added
    return {pid, *(process.group for process in processes if process.pid in members)} - {os.getpgrp()}


def _live(groups: set[int]) -> set[int]:
    return groups & {process.group for process in _processes()}


def _send(number: int, groups: set[int]) -> None:
    for group in _live(groups):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def _processes() -> list[_Process]:
    """Return all processes that run; one that has ended and waits for its parent does not count."""
    lines = _from_proc() if (_PROC / "self" / "stat").exists() else _from_ps()
    return [_Process(*map(int, line[1:4])) for line in lines if line[0] not in "ZX"]


def _from_proc() -> Iterator[list[str]]:
    """Yield state, id, parent and group of each process (proc(5): they surround the name in brackets)."""
    for path in _PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text("utf-8", "replace").rpartition(")")[2].split()
            yield [fields[0], path.parent.name, *fields[1:3]]


def _from_ps() -> Iterator[list[str]]:
    ps = subprocess.run(["ps", "-A", "-o", "state=,pid=,ppid=,pgid="], capture_output=True, text=True)
    for line in ps.stdout.splitlines():
        state, *numbers = line.split()
        yield [state[0], *numbers]
