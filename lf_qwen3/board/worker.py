"""The process in which work is done: one that has loaded the libraries waits for the next piece of work.

    worker = WORKERS.take()
    worker.send("data.convert", {"name": "my_data", ...})   # handlers.data.convert(request, progress)
    for message in worker.messages(): ...                   # status, at last result or error

It watches its stdin: it ends, cleaning up behind it, as soon as that is closed, be it by `end` or because the
board itself is gone.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.processes import end_tree
from lf_qwen3.base.progress import NoProgress, Status

GRACE_SECONDS = 10
IDLE_SECONDS = 600
"""A worker that waits for longer than this is ended."""

SEND_SECONDS = 0.1
LOADED = (
    *("polars", "tokenizers", "lf_qwen3.board.handlers.data", "lf_qwen3.board.handlers.proof"),
    *(
        "lf_qwen3.data.convert.convert",
        "lf_qwen3.proof.check.check_datasets",
        "lf_qwen3.proof.preview.request",
    ),
)
"""What most work imports: a second of its start."""
_MOST_OUTPUT = 2000


class WorkProcess:
    """A process that does one piece of work."""

    def __init__(self, command: tuple[str, ...] = ("-m", __name__)) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the worker
        self.process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            start_new_session=True,
            env={**os.environ, "LF_QWEN3_WEBUI": "0"},
        )

    def send(self, work: str, request: dict[str, Any]) -> None:
        """Run a function of the handlers, MODULE.FUNCTION, with a request of JSON values."""
        stdin = _open(self.process.stdin)
        stdin.write(json.dumps([work, request]).encode() + b"\n")
        stdin.flush()

    def messages(self) -> Iterator[dict[str, Any]]:
        """Yield {"status": ...} several times a second, and {"result": ...} or {"error": ...}, once.

        The process is gone after the last message.
        """
        is_over = False
        with self._output, _open(self.process.stdout) as lines:
            for line in lines:
                message = json.loads(line)
                is_over |= "status" not in message
                yield message
            self.end()
            if not is_over:
                yield {"error": self._describe_crash()}

    def end(self) -> None:
        """End it; returns when its process is gone."""
        with contextlib.suppress(OSError):  # it has ended already
            _open(self.process.stdin).close()
        try:
            self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            end_tree(self.process, 0)

    def discard(self) -> None:
        """End it before any work was sent to it."""
        self.end()
        self._output.close()
        _open(self.process.stdout).close()

    def _describe_crash(self) -> dict[str, str]:
        """Return the error of a process that ended without one."""
        self._output.seek(max(0, self._output.seek(0, os.SEEK_END) - _MOST_OUTPUT))
        lines = self._output.read().decode("utf-8", "replace").strip().splitlines()
        last = lines[-1] if lines else f"exit code {self.process.returncode}"
        message = f"the work stopped unexpectedly: {last}"
        return {"message": message, "hint": "is there enough memory and disk?", "code": "job_crashed"}


class WorkProcesses:
    """Keeps one worker ready, from the first need on, and ends it when it was not needed for a while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: WorkProcess | None = None
        self._idle: threading.Timer | None = None

    def warm(self, tokenizer: str | None = None, model: str | None = None) -> None:
        """Prepare a worker with the named tokenizer or that of the model; returns at once."""
        with self._lock:
            if self._ready is None or self._ready.process.poll() is not None:
                named = [] if tokenizer is None else [tokenizer, model or ""]
                self._ready = WorkProcess(("-m", __name__, *named))
            self._watch_idle()

    def take(self) -> WorkProcess:
        """Return the worker that is ready, a new one if there is none."""
        with self._lock:
            ready, self._ready = self._ready, None
        if ready is not None and ready.process.poll() is not None:
            ready.discard()
            ready = None
        return ready or WorkProcess()

    def rest(self) -> None:
        """End the worker that waits."""
        with self._lock:
            ready, self._ready = self._ready, None
        if ready is not None:
            ready.discard()

    def _watch_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = threading.Timer(IDLE_SECONDS, self.rest)
        self._idle.daemon = True
        self._idle.start()


WORKERS = WorkProcesses()


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


class _SentProgress(NoProgress):
    """Sends the newest status to the board, ten times a second where it changes."""

    def __init__(self, send: Callable[..., None]) -> None:
        self._send = send
        self._newest: Status | None = None
        threading.Thread(target=self._send_newest, daemon=True).start()

    def update(self, status: Status) -> None:
        self._newest = status

    def _send_newest(self) -> None:
        sent = None
        with contextlib.suppress(OSError, ValueError):  # the board is gone
            while True:
                if (newest := self._newest) is not None and newest is not sent:
                    self._send(status=asdict(newest))
                    sent = newest
                time.sleep(SEND_SECONDS)


def fields_of(error: LfQwen3Error) -> dict[str, str]:
    """Return the JSON object that an error is made from again."""
    return {"message": error.message, "hint": error.hint, "code": error.code}


def serve() -> None:
    """Be the process of a worker: load, read what is to be done, do it, write messages."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever prints, prints to stderr: stdout carries messages alone
    for name in LOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if sys.argv[2:]:
        _keep_tokenizer(*sys.argv[1:])
    line = sys.stdin.buffer.readline()
    if not line:
        return
    work, request = json.loads(line)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_leave_with_stdin, args=(threading.main_thread().ident,), daemon=True).start()
    lock = threading.Lock()

    def send(**message: object) -> None:
        text = json.dumps(message, default=str) + "\n"
        with lock:
            out.write(text)
            out.flush()

    module, _, name = work.partition(".")
    try:
        function = getattr(importlib.import_module(f"lf_qwen3.board.handlers.{module}"), name)
        send(result=function(request, _SentProgress(send)))
    except LfQwen3Error as error:
        send(error=fields_of(error))
    except OSError as error:
        message = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
        send(error={"message": message, "code": "file_system"})
    except KeyboardInterrupt:
        sys.exit(130)


def _keep_tokenizer(named: str, model: str) -> None:
    """Load the tokenizer that the next work is likely to need; half a second of its start."""
    from lf_qwen3.board.handlers.tokenizers import find_tokenizer
    from lf_qwen3.qwen3 import tokenizer_files

    with contextlib.suppress(LfQwen3Error, OSError):
        tokenizer_files.keep(Path(find_tokenizer(named, model)))


def _leave_with_stdin(main: int) -> None:
    """Interrupt the work when stdin is closed; end all of it where it does not heed that."""
    while os.read(0, 1024):  # not through sys.stdin, whose lock would then be held when Python ends
        pass
    signal.pthread_kill(main, signal.SIGINT)
    time.sleep(GRACE_SECONDS + 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    serve()
