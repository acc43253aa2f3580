"""Work that belongs to the server: it continues whichever page is open, and each page shows how far it is.

    job = JOBS.start("data.convert", {"name": "my_data", ...}, owner)
    job.status, job.state      # at any time, from any page
    job.outcome                # the result or the error, when `job.is_running` is no longer true
    job.cancel()               # from anywhere; nothing is left behind

The last jobs are kept on the disk too (`job_files`): a page that is loaded again shows what came of them.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import NoProgress, Progress, Status
from lf_qwen3.board import job_files
from lf_qwen3.board.worker import WORKERS, WorkProcess, WorkProcesses, fields_of

UPDATE_SECONDS = 0.1
AT_ONCE = 4
"""Pieces of work that the board does at the same time, all visitors together; more wait."""

MOST_WAITING = 20
KEPT = 20
"""Ended jobs that are kept."""

State = Literal["running", "cancelling", "done", "failed", "cancelled", "interrupted"]


class CancelledError(LfQwen3Error):
    """The work was cancelled by the user."""

    def __init__(self) -> None:
        super().__init__("cancelled", "nothing was written", code="cancelled")


class Job:
    """One piece of work: who asked for what, how far it is, and what came of it.

    `work` names a function of the handlers, MODULE.FUNCTION, and `request` holds its JSON values; `owner` is
    the browser that asked. `started` is in seconds since the epoch. `result` is there when `state` is "done",
    `error` when it is "failed", "cancelled" or "interrupted".
    """

    def __init__(self, work: str, request: dict[str, Any], owner: str = "") -> None:
        self.id = secrets.token_hex(8)
        self.work, self.request, self.owner = work, request, owner
        self.state: State = "running"
        self.started = time.time()
        self.status = Status("starting")
        self.result: Any = None
        self.error: LfQwen3Error | None = None
        self._worker: WorkProcess | None = None
        self._ended = threading.Event()

    @classmethod
    def start(cls, work: str, request: dict[str, Any], take: Callable[[], WorkProcess] = WorkProcess) -> Job:
        """Start work that no page shows, in the process that `take` returns."""
        job = cls(work, request)
        threading.Thread(target=job.run, args=(take,), daemon=True).start()
        return job

    @property
    def is_running(self) -> bool:
        """Return whether it has not ended; one that is being cancelled has not."""
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
        if self.error is not None:
            raise self.error
        yield self.result

    async def wait(self) -> None:
        """Return when it has ended; takes no thread."""
        while self.is_running:
            await asyncio.sleep(UPDATE_SECONDS)

    @property
    def outcome(self) -> Any:
        """The result of work that has ended, or the error."""
        return self.result if self.error is None else self.error

    def cancel(self) -> None:
        """End the work; returns when its process is gone."""
        if self.state == "running":
            self.state = "cancelling"
        if self._worker is not None:
            self._worker.end()

    def run(self, take: Callable[[], WorkProcess]) -> None:
        """Do the work in the process that `take` returns; returns when that is gone."""
        try:
            last = self._follow(take()) if self.state == "running" else {}
        except OSError as error:  # no process could be started, or it was killed at once
            if self._worker is not None:
                self._worker.end()
            last = {"error": {"message": f"the work could not start: {error}", "code": "job_crashed"}}
        if "result" in last:
            self.result = last["result"]
            self.end("done")
        elif self.state == "cancelling":
            self.end("cancelled", CancelledError())
        else:
            self.end("failed", LfQwen3Error(**last["error"]))

    @classmethod
    def from_record(cls, name: str, record: Mapping[str, Any]) -> Job:
        """Return the job that `record` describes; one that was at work is interrupted."""
        job = cls(record["work"], record["request"], record["owner"])
        job.id, job.started, job.result = name, float(record["started"]), record["result"]
        if record["state"] in ("running", "cancelling"):
            why, hint = (
                "the board was stopped during this work",
                "nothing was written: start it again",
            )
            job.end("interrupted", LfQwen3Error(why, hint, code="interrupted"))
        else:
            job.end(record["state"], LfQwen3Error(**record["error"]) if record["error"] else None)
        return job

    def record(self) -> dict[str, Any]:
        """Return what is kept of it on the disk."""
        names = ("work", "request", "owner", "started", "state", "result")
        return {name: getattr(self, name) for name in names} | {"error": self.error and fields_of(self.error)}

    def end(self, state: State, error: LfQwen3Error | None = None) -> None:
        """Note how it has ended."""
        self.state, self.error = state, error
        self._ended.set()

    def _follow(self, worker: WorkProcess) -> dict[str, Any]:
        """Keep the newest status; return the last message."""
        self._worker = worker
        worker.send(self.work, self.request)
        last: dict[str, Any] = {}
        if self.state == "cancelling":
            worker.end()
        for message in worker.messages():
            if "status" in message:
                self.status = Status(**message["status"])
            else:
                last = message
        return last


class Jobs:
    """The jobs of a server: those that run, and the last that have ended, in the order of their start."""

    def __init__(self, workers: WorkProcesses) -> None:
        self._workers = workers
        self._jobs: list[Job] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._folder: Path | None = None

    def keep_in(self, folder: Path) -> None:
        """Keep the jobs in a folder from now on, and take those over that are there."""
        self._folder = folder = folder.absolute()
        with self._lock:
            known = {job.id for job in self._jobs}
            restored = [job for job in job_files.read(folder, Job.from_record) if job.id not in known]
            self._jobs = sorted([*self._jobs, *restored], key=lambda job: job.started)
            self._drop_oldest()

    def start(self, work: str, request: dict[str, Any], owner: str) -> Job:
        """Start a job of a browser.

        Raises `LfQwen3Error` where too many wait already.
        """
        job = Job(work, request, owner)
        with self._lock:
            if len(self.running()) >= AT_ONCE + MOST_WAITING:
                raise LfQwen3Error(
                    "too much work is waiting on the board", "try again later", code="board_busy"
                )
            self._jobs = [*self._jobs, job]
            self._drop_oldest()
        threading.Thread(target=self._run, args=(job,), daemon=True).start()
        return job

    def running(self, owner: str | None = None) -> list[Job]:
        """Return the jobs that run, those of one browser or all, the oldest first."""
        return [job for job in self._jobs if job.is_running and owner in (None, job.owner)]

    def of_browser(self, owner: str) -> list[Job]:
        """Return the jobs of a browser, those that run and the last that have ended, the oldest first."""
        return [job for job in self._jobs if job.owner == owner]

    def _run(self, job: Job) -> None:
        self._save(job)
        has_place = self._places.acquire(blocking=False)
        if not has_place:
            job.status = Status("waiting")
        while not has_place and job.state == "running":
            has_place = self._places.acquire(timeout=UPDATE_SECONDS)
        try:
            job.run(self._workers.take)
        finally:
            if has_place:
                self._places.release()
        self._save(job)
        self._workers.warm(job.request.get("tokenizer"), job.request.get("model"))

    def _save(self, job: Job) -> None:
        if self._folder is not None:
            job_files.save(self._folder, job.id, job.record())

    def _drop_oldest(self) -> None:
        ended = [job for job in self._jobs if not job.is_running][:-KEPT]
        self._jobs = [job for job in self._jobs if job not in ended]
        for job in ended:
            if self._folder is not None:
                job_files.delete(self._folder, job.id)


JOBS = Jobs(WORKERS)


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
