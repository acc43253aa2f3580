"""Long work in a process of its own: it tells how far it is, and when it is cancelled nothing is left of it.

    job = Job.start("data.convert", {"name": "my_data", ...})  # handlers.data.convert(request, tell)
    for message in job: ...                                    # Progress, then the result or the error
    job.cancel()                                               # from anywhere

The process watches its stdin: it ends, cleaning up behind it, as soon as that is closed, be it by `cancel` or
because the board itself is gone.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.processes import end_tree
from lf_qwen3.base.progress import NoProgress, Status

Tell = Callable[[str, int, int], None]
"""Told (what is being done, done, total) by the work."""

GRACE_SECONDS = 10
_POLL_SECONDS = 0.25
_LAST_WORDS = 2000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is; a total of 0 is not known."""

    what: str
    done: int = 0
    total: int = 0


class TellProgress(NoProgress):
    """Passes the progress of a library function on to the page."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def update(self, status: Status) -> None:
        """Pass on how much is done."""
        self._tell(status.phase, status.done, status.total)


class CancelledError(LfQwen3Error):
    """The work was cancelled by the user."""

    def __init__(self) -> None:
        super().__init__("cancelled", "nothing was written")


class Job:
    """One running piece of work. It lives in the state of one browser session."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._noise: list[bytes] = []
        self._is_cancelled = False
        self._readers = [
            threading.Thread(target=self._read_messages, daemon=True),
            threading.Thread(target=self._read_noise, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def __deepcopy__(self, memo: object) -> Job:
        """Return itself: a process has no copy."""
        return self

    @classmethod
    def start(cls, work: str, request: dict[str, Any]) -> Job:
        """Start a function of the handlers, named MODULE.FUNCTION, with a request of JSON values."""
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "LF_QWEN3_WEBUI": "0"},
        )
        job = cls(process)
        _stream(process.stdin).write(json.dumps(request).encode() + b"\n")
        _stream(process.stdin).flush()
        return job

    def __iter__(self) -> Iterator[Progress | dict[str, Any]]:
        """Yield at once and then several times a second how far it is, at last the result.

        Raises `LfQwen3Error` with what went wrong, `CancelledError` after `cancel`.
        """
        last = Progress("starting")
        yield last
        while True:
            try:
                message = self._messages.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                yield last
                continue
            if message is None or "result" in message or "error" in message:
                break
            last = Progress(**message)
            yield last
        self._close()
        yield self._outcome(message)

    def cancel(self) -> None:
        """End the work; returns when its process is gone."""
        self._is_cancelled = True
        self._close()

    @property
    def is_running(self) -> bool:
        """Tell whether the process is there."""
        return self._process.poll() is None

    def _outcome(self, message: dict[str, Any] | None) -> dict[str, Any]:
        if self._is_cancelled:
            raise CancelledError
        if message and "result" in message:
            result: dict[str, Any] = message["result"]
            return result
        if message:
            raise LfQwen3Error(message["error"], message["hint"])
        said = b"".join(self._noise).decode("utf-8", "replace").strip()[-_LAST_WORDS:]
        last = said.splitlines()[-1] if said else f"exit code {self._process.returncode}"
        raise LfQwen3Error(f"the work ended unexpectedly: {last}", "is there enough memory and disk?")

    def _close(self) -> None:
        with contextlib.suppress(OSError):  # it has ended already
            _stream(self._process.stdin).close()
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            end_tree(self._process, 0)

    def _read_messages(self) -> None:
        for line in _stream(self._process.stdout):
            self._messages.put(json.loads(line))
        self._messages.put(None)

    def _read_noise(self) -> None:
        for line in _stream(self._process.stderr):
            self._noise = [*self._noise[-50:], line]


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _serve(work: str) -> None:
    """Be the process of a job: read the request, work, write messages."""
    request = json.loads(sys.stdin.buffer.readline())
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever prints, prints to stderr: stdout carries messages alone
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_leave_when_told, args=(threading.main_thread().ident,), daemon=True).start()

    def send(**message: object) -> None:
        out.write(json.dumps(message, default=str) + "\n")
        out.flush()

    try:
        module, _, name = work.partition(".")
        function = getattr(importlib.import_module(f"lf_qwen3.board.handlers.{module}"), name)
        send(result=function(request, lambda what, done, total: send(what=what, done=done, total=total)))
    except LfQwen3Error as error:
        send(error=error.message, hint=error.hint)
    except OSError as error:
        send(error=f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), hint="")
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)


def _leave_when_told(main: int) -> None:
    while os.read(0, 1024):  # not through sys.stdin, whose lock would then be held when Python ends
        pass
    signal.pthread_kill(main, signal.SIGINT)


if __name__ == "__main__":
    _serve(sys.argv[1])
