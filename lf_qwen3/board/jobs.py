"""Long work in a process of its own: it reports its progress, and when it is cancelled nothing is left.

    job = Job.start("data.convert", {"name": "my_data", ...})  # handlers.data.convert(request, progress)
    for message in job: ...                                    # Status, then the result or the error
    job.cancel()                                               # from anywhere

A job belongs to the server: JOBS knows all that run, whichever page is open.

The process watches its stdin: it ends, cleaning up behind it, as soon as that is closed, be it by `cancel` or
because the board itself is gone.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import IO, Any, Literal

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.processes import end_tree
from lf_qwen3.base.progress import NoProgress, Progress, Status

GRACE_SECONDS = 10
UPDATE_SECONDS = 0.1
_MOST_OUTPUT = 2000


State = Literal["running", "cancelling", "done", "failed", "cancelled"]


class CancelledError(LfQwen3Error):
    """The work was cancelled by the user."""

    def __init__(self) -> None:
        super().__init__("cancelled", "nothing was written", code="cancelled")


class Job:
    """One piece of work: who asked for what, how far it is, and what came of it.

    `owner` names the browser and `page` the page that asked. `result` is there when `state` is "done",
    `error` when it is "failed" or "cancelled".
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        output: IO[bytes],
        work: str = "",
        owner: str = "",
        page: str = "",
    ) -> None:
        self.id = secrets.token_hex(8)
        self.work, self.owner, self.page = work, owner, page
        self.state: State = "running"
        self.status = Status("starting")
        self.result: Any = None
        self.error: LfQwen3Error | None = None
        self.process = process
        self._output = output
        self._ended = threading.Event()
        threading.Thread(target=self._read_messages, daemon=True).start()

    @classmethod
    def start(cls, work: str, request: dict[str, Any], owner: str = "", page: str = "") -> Job:
        """Start a function of the handlers, named MODULE.FUNCTION, with a request of JSON values."""
        output = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the job
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
            env={**os.environ, "LF_QWEN3_WEBUI": "0"},
        )
        stdin = _open(process.stdin)
        stdin.write(json.dumps(request).encode() + b"\n")
        stdin.flush()
        return cls(process, output, work, owner, page)

    @property
    def is_running(self) -> bool:
        """Tell whether it has not ended; one that is being cancelled has not."""
        return not self._ended.is_set()

    def __iter__(self) -> Iterator[Status | dict[str, Any]]:
        """Yield at once and then at most ten times a second how far it is, at last the result.

        Raises `LfQwen3Error` with what went wrong, `CancelledError` after `cancel`.
        """
        shown = self.status
        yield shown
        while not self._ended.wait(UPDATE_SECONDS):
            if self.status != shown:
                shown = self.status
                yield shown
        yield self.outcome()

    def outcome(self) -> Any:
        """Return the result of work that has ended; raises what `__iter__` raises."""
        if self.error is not None:
            raise self.error
        return self.result

    def cancel(self) -> None:
        """End the work; returns when its process is gone."""
        if self.is_running:
            self.state = "cancelling"
        self._close()

    def _describe_crash(self) -> dict[str, str]:
        """Return the error of a process that ended without one."""
        self._output.seek(max(0, self._output.seek(0, os.SEEK_END) - _MOST_OUTPUT))
        lines = self._output.read().decode("utf-8", "replace").strip().splitlines()
        last = lines[-1] if lines else f"exit code {self.process.returncode}"
        message = f"the work ended unexpectedly: {last}"
        return {"message": message, "hint": "is there enough memory and disk?", "code": "job_crashed"}

    def _close(self) -> None:
        with contextlib.suppress(OSError):  # it has ended already
            _open(self.process.stdin).close()
        try:
            self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            end_tree(self.process, 0)

    def _read_messages(self) -> None:
        """Keep the newest of what the process sends, and last its result, its error, or that of a crash."""
        last: dict[str, Any] = {}
        with self._output, _open(self.process.stdout) as lines:
            for line in lines:
                last = json.loads(line)
                if "status" in last:
                    self.status = Status(**last["status"])
            self._close()
            if self.state == "cancelling":
                self.state, self.error = "cancelled", CancelledError()
            elif "result" in last:
                self.state, self.result = "done", last["result"]
            else:
                error = last if "message" in last else self._describe_crash()
                self.state, self.error = "failed", LfQwen3Error(**error)
        self._ended.set()


class Jobs:
    """The jobs of a server."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []

    def start(self, work: str, request: dict[str, Any], owner: str, page: str) -> Job:
        """Start a job of a browser, asked for on one of its pages."""
        job = Job.start(work, request, owner, page)
        self._jobs = [*self.running(), job]
        return job

    def running(self, owner: str | None = None) -> list[Job]:
        """Return the jobs that run, those of one browser or all, the oldest first."""
        return [job for job in self._jobs if job.is_running and owner in (None, job.owner)]


JOBS = Jobs()


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


class StepProgress(NoProgress):
    """Names the steps of long work by `phases`, for which the page has texts, and keeps a log of them."""

    def __init__(self, progress: Progress, *phases: str) -> None:
        self.lines: list[str] = []
        self._progress = progress
        self._phases = phases
        self._phase, self._last = phases[0], Status("")

    def start(self, title: str, step: int = 1, of: int = 1) -> None:
        """Begin step number `step` of `of`."""
        self.lines.append(f"{step}/{of}  {title}")
        self._phase, self._last = self._phases[step - 1], Status("")
        self._progress.update(Status(self._phase))

    def update(self, status: Status) -> None:
        """Pass the state of the step on; each phase and each number is logged once."""
        self._progress.update(replace(status, phase=self._phase))
        if (status.phase, status.done) != (self._last.phase, self._last.done):
            step = f"  {status.done}/{status.total}" if status.done else ""
            loss = f"  loss {status.loss:.4f}" if status.done and status.loss is not None else ""
            self.lines.append(f"{status.seconds:7.1f} s  {status.phase}{step}{loss}")
        self._last = status

    def finish(self, title: str) -> None:
        """Log what the step made."""
        self.lines.append(f"     {title}")


class _SentProgress(NoProgress):
    """Sends each status to the board."""

    def __init__(self, send: Callable[..., None]) -> None:
        self._send = send

    def update(self, status: Status) -> None:
        self._send(status=asdict(status))


def _serve(work: str) -> None:
    """Be the process of a job: read the request, work, write messages."""
    request = json.loads(sys.stdin.buffer.readline())
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever prints, prints to stderr: stdout carries messages alone
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_leave_with_stdin, args=(threading.main_thread().ident,), daemon=True).start()

    def send(**message: object) -> None:
        out.write(json.dumps(message, default=str) + "\n")
        out.flush()

    try:
        module, _, name = work.partition(".")
        function = getattr(importlib.import_module(f"lf_qwen3.board.handlers.{module}"), name)
        send(result=function(request, _SentProgress(send)))
    except LfQwen3Error as error:
        send(message=error.message, hint=error.hint, code=error.code)
    except OSError as error:
        message = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
        send(message=message, code="file_system")
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)


def _leave_with_stdin(main: int) -> None:
    while os.read(0, 1024):  # not through sys.stdin, whose lock would then be held when Python ends
        pass
    signal.pthread_kill(main, signal.SIGINT)


if __name__ == "__main__":
    _serve(sys.argv[1])
