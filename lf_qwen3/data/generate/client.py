"""The client: sends each request that has no reply yet, as fast as the server and the budget allow."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import NoProgress, Progress, Status
from lf_qwen3.data.generate.budget import Budget
from lf_qwen3.data.generate.gate import Gate, jitter
from lf_qwen3.data.generate.journal import Journal, Problem
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.data.generate.model_server import ModelServer, ServerFault

if TYPE_CHECKING:
    from aiohttp import ClientSession

_T = TypeVar("_T")

_TRIES = 6
_PAUSES = 20
_FAULTS_RUNNING = 20
_FAULTS_SECONDS = 60.0
_LONGEST_RETRY_AFTER = 900.0
_AGAIN = frozenset({408, 409, 425, 429, *range(500, 600)})
_ROW_AT_FAULT = frozenset({400, 413, 422})
_SYNC_SECONDS = 1.0


@dataclass(slots=True)
class ClientOptions:
    """How requests are sent: so many at once at most; `silence`: seconds without a byte before a time-out."""

    concurrency: int = 16
    silence: float = 600.0
    budget: Budget = field(default_factory=Budget)
    first_wait: float = 0.5


@dataclass(slots=True)
class SendReport:
    """What a run came to: `stopped` is "" for one that sent everything, else the limit or "interrupted"."""

    sent: int = 0
    answered: int = 0
    stopped: str = ""


class ModelClient:
    """Sends requests to one server and keeps the replies in a journal.

    A reply in the journal is never asked for again. 408, 409, 425, 429, 5xx and faults of the connection are
    tried again, a time-out once. Ctrl-C ends the sending and waits for what is under way; a second leaves.
    """

    def __init__(self, server: ModelServer, journal: Journal, options: ClientOptions) -> None:
        self.server = server
        self.journal = journal
        self.options = options
        self.interrupted = False

    def send(
        self, requests: Iterable[ModelRequest], progress: Progress = NoProgress(), total: int = 0
    ) -> SendReport:
        """Send what has no reply yet, and wait for the replies; `total` is for the progress alone.

        Raises `LfQwen3Error`: `server_error` where the server refuses (a key, an address, all requests),
        `server_failing` where it only fails.
        """
        if self.interrupted:
            return SendReport(stopped="interrupted")
        run = _Run(self, iter(requests), progress, total)
        report = run_in_loop(run.run(), run.interrupt_soon)
        self.interrupted = report.stopped == "interrupted"
        return report


def run_in_loop(work: Coroutine[Any, Any, _T], interrupt: Callable[[], None] | None = None) -> _T:
    """Run a coroutine to its end, also where a loop runs already in this thread (a notebook).

    It runs in another thread then, which no Ctrl-C reaches: `interrupt` is called for it, and its end waited
    for. Without `interrupt`, KeyboardInterrupt is raised when the coroutine has ended.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as beside:
        result = beside.submit(asyncio.run, work)
        while True:
            try:
                return result.result()
            except KeyboardInterrupt:
                if interrupt is None:
                    raise
                interrupt()


class _Run:
    """The state of one `send`."""

    def __init__(
        self, client: ModelClient, requests: Iterator[ModelRequest], progress: Progress, total: int
    ) -> None:
        self.server, self.journal, self.options = client.server, client.journal, client.options
        self.requests, self.progress, self.total = requests, progress, total
        self.report = SendReport()
        self.seen: set[int] = set()
        self.done = 0
        self.error: LfQwen3Error | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.task: asyncio.Task[Any] | None = None
        self.faults = 0
        self.started = self.last_good = time.monotonic()

    def interrupt(self) -> None:
        """End the sending; called again, end the run."""
        if self.gate.is_closed and self.task is not None:
            self.task.cancel()
        self.progress.warn("stopping: waiting for running requests (press again to drop them)")
        self._stop("interrupted")

    def interrupt_soon(self) -> None:
        """Interrupt from another thread."""
        if self.loop:
            with contextlib.suppress(RuntimeError):  # the run has just ended
                self.loop.call_soon_threadsafe(self.interrupt)

    async def run(self) -> SendReport:
        self.task = asyncio.current_task()
        concurrency = self.options.concurrency
        self.gate = Gate(concurrency, self.options.first_wait)
        self.loop = asyncio.get_running_loop()
        async with self.server.open_session(concurrency, self.options.silence) as session:
            with self._interruptible():
                syncing = asyncio.create_task(self._sync())
                try:
                    await asyncio.gather(*(self._work(session) for _ in range(concurrency)))
                except asyncio.CancelledError:
                    if self.report.stopped != "interrupted":
                        raise
                finally:
                    syncing.cancel()
        if self.error:
            raise self.error
        return self.report

    async def _work(self, session: ClientSession) -> None:
        for request in self.requests:
            number = int(request.key, 16)
            if self.journal.is_settled(request.key) or number in self.seen:
                self._count()
                continue
            self.seen.add(number)
            await self._send(session, request)
            if self.journal.is_settled(request.key):
                self.seen.discard(number)
            self._count()
            if self.gate.is_closed:
                return

    async def _send(self, session: ClientSession, request: ModelRequest) -> None:
        """Send one request until it has a reply, or is given up."""
        tries = timeouts = 0
        while await self.gate.enter():
            pauses = self.gate.pauses
            try:
                if not self.options.budget.take():
                    self._stop(self.options.budget.exhausted)
                    return
                self.journal.note_sent(request.key)
                self.report.sent += 1
                reply = await self.server.exchange(session, request)
            except ServerFault as fault:
                if fault.status == 429:
                    self._pause(fault, pauses)
                    continue
                tries, timeouts = tries + 1, timeouts + fault.timed_out
                if not self._may_try_again(request, fault, tries, timeouts, pauses):
                    return
            else:
                self.journal.note_reply(request.key, reply)
                self.options.budget.add(reply)
                self.report.answered += 1
                self.faults, self.last_good = 0, time.monotonic()
                self.gate.note_good()
                return
            finally:
                self.gate.leave()
            await self.gate.sleep(jitter(tries, self.options.first_wait))

    def _pause(self, fault: ServerFault, pauses: int) -> None:
        in_a_row = self.gate.pause(pauses, fault.retry_after)
        if in_a_row >= _PAUSES or (fault.retry_after or 0) > _LONGEST_RETRY_AFTER:
            wait = f"asks to wait {fault.retry_after:.0f} seconds" if fault.retry_after else "asks to wait"
            self._fail(f"{self.server.root} {wait}: {fault.text}", "server_busy")

    def _may_try_again(
        self, request: ModelRequest, fault: ServerFault, tries: int, timeouts: int, pauses: int
    ) -> bool:
        """Note a fault; return whether the request is sent once more."""
        if fault.status and fault.status not in _AGAIN:
            self._refuse(request, fault)
            return False
        if fault.retry_after is not None:
            self.gate.pause(pauses, fault.retry_after)
        self.faults += 1
        is_good_ago = time.monotonic() - self.last_good > _FAULTS_SECONDS
        if self.faults >= _FAULTS_RUNNING and (not self.report.answered or is_good_ago):
            status = f"{fault.status}: " if fault.status else ""
            self._fail(f"{self.server.root} returns only errors: {status}{fault.text}", "server_failing")
            return False
        if tries < _TRIES and timeouts < 2:
            return True
        code = "timed_out" if fault.timed_out else "failed"
        self.journal.note_problem(request.key, Problem(code, f"{fault.status} {fault.text}"))
        return False

    def _refuse(self, request: ModelRequest, fault: ServerFault) -> None:
        """Keep that the server refuses a request; stop where it is about the run, or about every request."""
        if fault.status in _ROW_AT_FAULT and (self.report.answered or len(self.journal)):
            self.journal.note_problem(request.key, Problem("refused_by_server", fault.text))
            return
        self.journal.note_problem(request.key, Problem("failed", fault.text))
        self._fail(f"{self.server.root} answers {fault.status}: {fault.text}", "server_error")

    def _fail(self, message: str, code: str) -> None:
        hint = "the replies so far are kept; run the same command again to ask for the rest"
        self.error = self.error or LfQwen3Error(message, hint, code=code)
        self._stop("failed")

    def _stop(self, why: str) -> None:
        self.report.stopped = self.report.stopped or why
        self.gate.close()

    def _count(self) -> None:
        self.done += 1
        seconds = time.monotonic() - self.started
        self.progress.update(Status("replies", self.done, self.total, "requests", seconds))

    async def _sync(self) -> None:
        while True:
            await asyncio.sleep(_SYNC_SECONDS)
            await asyncio.to_thread(self.journal.sync)

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let the first SIGINT or SIGTERM end the sending, and the second the run."""
        if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGHUP"):
            yield
            return
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in before:
            loop.add_signal_handler(number, self.interrupt)
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)
