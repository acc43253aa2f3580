"""Jobs of the server: on the disk, after a restart, in turn; and the process that waits for work."""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import Status
from lf_qwen3.board import jobs as jobs_module
from lf_qwen3.board import worker
from lf_qwen3.board.jobs import KEPT, Job, Jobs
from lf_qwen3.board.visitors import COOKIE, browser_of
from lf_qwen3.board.worker import WorkProcess, WorkProcesses
from lf_qwen3.qwen3 import tokenizer_files

ENOUGH_SECONDS = 60


class StandIn:
    """A worker whose work ends when it is let go, with a result or as one that was ended."""

    def __init__(self, is_free: bool = True):
        self.go = threading.Event()
        self.was_ended = False
        if is_free:
            self.go.set()

    def send(self, work: str, request: dict[str, Any]) -> None:
        self.request = request

    def messages(self) -> Iterator[dict[str, Any]]:
        yield {"status": {"phase": "reading", "done": 1, "total": 2}}
        assert self.go.wait(ENOUGH_SECONDS)
        yield {"error": {"message": "ended"}} if self.was_ended else {"result": self.request}

    def end(self) -> None:
        self.was_ended = True
        self.go.set()


class StandIns:
    """Hands out stand-ins, and keeps them."""

    def __init__(self, is_free: bool = True):
        self.is_free = is_free
        self.taken: list[StandIn] = []

    def take(self) -> StandIn:
        self.taken.append(StandIn(self.is_free))
        return self.taken[-1]

    def warm(self, *named: object) -> None:
        """Keep nothing ready."""


def make(folder: Path | None = None, is_free: bool = True) -> Any:
    made: Any = Jobs(StandIns(is_free))  # type: ignore[arg-type]
    if folder is not None:
        made.keep_in(folder)
    return made


def wait_for(condition: Any) -> None:
    end = time.monotonic() + ENOUGH_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def finish(job: Job) -> Any:
    wait_for(lambda: not job.is_running)
    return job.outcome


def states(folder: Path) -> list[str]:
    return [json.loads(path.read_text("utf-8"))["state"] for path in folder.glob("*.json")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("kept", "jobs")


def test_what_came_of_a_job_is_there_after_a_restart_for_its_browser_alone(folder):
    made = make(folder)
    assert finish(made.start("data.convert", {"name": "mine"}, "me")) == {"name": "mine"}
    wait_for(lambda: states(folder) == ["done"])
    after = make(folder)
    [job] = after.of_browser("me")
    assert (job.work, job.state, job.outcome, job.is_running) == (
        "data.convert",
        "done",
        {"name": "mine"},
        False,
    )
    assert after.of_browser("other") == []


def test_an_error_is_the_same_after_a_restart(folder):
    made = make(folder, is_free=False)
    job = made.start("data.convert", {}, "me")
    wait_for(lambda: made._workers.taken)
    job.cancel()
    assert finish(job).code == "cancelled"
    wait_for(lambda: states(folder) == ["cancelled"])
    [job] = make(folder).of_browser("me")
    assert (job.state, job.outcome.code, job.outcome.hint) == (
        "cancelled",
        "cancelled",
        "nothing was written",
    )


@pytest.mark.parametrize(("find_server", "shown"), [(os.getpid, ["interrupted"]), (os.getppid, [])])
def test_unfinished_work_is_interrupted_unless_another_board_is_at_it(folder, find_server, shown):
    made = make(folder, is_free=False)
    job = made.start("data.convert", {}, "me")
    wait_for(lambda: folder.is_dir() and states(folder))
    path = folder / f"{job.id}.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"server": find_server()}), "utf-8")
    assert [job.state for job in make(folder).of_browser("me")] == shown
    made._workers.taken[0].end()
    finish(job)


def test_the_last_jobs_are_kept_and_older_ones_deleted(folder):
    made = make(folder)
    for number in range(KEPT + 3):
        finish(made.start("data.convert", {"number": number}, "me"))
    wait_for(lambda: states(folder).count("done") == len(states(folder)))
    numbers = [job.outcome["number"] for job in make(folder).of_browser("me")]
    assert numbers == list(range(KEPT + 3))[-KEPT:]
    assert len(made.of_browser("me")) <= KEPT + 1


@pytest.mark.parametrize("text", ['{"work": "data', "[]", "{}", '{"version": "0", "state": "done"}', "\x00"])
def test_a_file_that_is_broken_or_of_another_version_hides_no_other(folder, capsys, text):
    finish(make(folder).start("data.convert", {}, "me"))
    wait_for(lambda: states(folder) == ["done"])
    (folder / "broken.json").write_text(text, "utf-8")
    assert len(make(folder).of_browser("me")) == 1
    assert ("broken.json cannot be read" in capsys.readouterr().err) == ("version" not in text)
    assert (folder / "broken.json").exists() == ("version" not in text)


def test_without_a_folder_to_write_in_jobs_live_in_memory(folder):
    folder.parent.write_text("a file", "utf-8")
    made = make(folder)
    assert finish(made.start("data.convert", {"name": "mine"}, "me")) == {"name": "mine"}
    assert len(made.of_browser("me")) == 1
    assert folder.parent.read_text("utf-8") == "a file"


def test_more_work_than_at_once_waits_and_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(jobs_module, "MOST_WAITING", 2)
    made = make(is_free=False)
    running = [made.start("data.convert", {}, "me") for _ in range(jobs_module.AT_ONCE)]
    wait_for(lambda: all(job.status.phase == "reading" for job in running))
    waiting, also = (made.start("data.convert", {}, "other") for _ in range(2))
    wait_for(lambda: waiting.status.phase == also.status.phase == "waiting")
    with pytest.raises(LfQwen3Error, check=lambda error: error.code == "board_busy"):
        made.start("data.convert", {}, "me")
    waiting.cancel()
    assert finish(waiting).code == "cancelled"
    assert len(made._workers.taken) == jobs_module.AT_ONCE
    running[0].cancel()
    finish(running[0])
    wait_for(lambda: also.status.phase == "reading")
    for job in made.running():
        job.cancel()
        finish(job)


def test_a_result_that_came_before_cancel_took_hold_is_shown():
    made = make(is_free=False)
    job = made.start("data.convert", {"name": "mine"}, "me")
    wait_for(lambda: job.status.phase == "reading")
    job.state = "cancelling"
    made._workers.taken[0].go.set()
    assert finish(job) == {"name": "mine"}
    assert job.state == "done"


def test_a_browser_is_known_by_its_cookie_and_else_by_its_page():
    def ask(page: str, **cookies: str) -> str:
        return browser_of(SimpleNamespace(session_hash=page, cookies=cookies))

    assert ask("a", **{COOKIE: "x"}) == ask("b", **{COOKIE: "x"}) != ask("a", **{COOKIE: "y"})
    assert ask("a") == ask("a") != ask("b")
    assert "x" * 32 not in ask("a", **{COOKIE: "x" * 32})


def test_of_many_reports_the_newest_are_sent():
    sent: list[Status] = []
    progress = worker._SentProgress(lambda **message: sent.append(Status(**message["status"])))
    begun = time.monotonic()
    for done in range(20_000):
        progress.update(Status("writing", done + 1, 20_000))
    wait_for(lambda: sent and sent[-1].done == 20_000)
    assert len(sent) <= (time.monotonic() - begun) / worker.SEND_SECONDS + 2


REPORTS = """\
import sys, types
from lf_qwen3.base.progress import Status
from lf_qwen3.board import worker

def report(request, progress):
    for done in range(request["count"]):
        progress.update(Status("writing", done + 1, request["count"]))
    return {"last": done + 1}

module = types.ModuleType("lf_qwen3.board.handlers.reports")
module.report = report
sys.modules[module.__name__] = module
worker.serve()
"""


def test_a_page_shows_20000_reports_in_few_steps():
    begun = time.monotonic()
    *statuses, result = Job.start("reports.report", {"count": 20_000}, lambda: WorkProcess(("-c", REPORTS)))
    assert result == {"last": 20_000}
    assert len(statuses) <= (time.monotonic() - begun) / jobs_module.UPDATE_SECONDS + 2


def test_a_worker_waits_for_work_and_is_ended_when_it_was_not_needed(monkeypatch):
    workers = WorkProcesses()
    workers.warm()
    first = workers._ready
    assert first is not None
    workers.warm()
    assert workers.take() is first
    other = workers.take()
    assert other is not first
    other.discard()
    first.discard()
    assert first.process.returncode == 0
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0)
    workers.warm()
    second = workers._ready or first
    wait_for(lambda: workers._ready is None and second.process.poll() is not None)


def test_a_worker_that_died_while_it_waited_is_replaced():
    workers = WorkProcesses()
    workers.warm()
    dead = workers._ready
    assert dead is not None
    dead.process.kill()
    dead.process.wait()
    other = workers.take()
    assert other is not dead
    other.discard()


def test_the_worker_that_waits_has_loaded_the_tokenizer_that_was_named_last(small_tokenizer):
    jobs = Jobs(WorkProcesses())
    job = jobs.start("proof.check", {"tokenizer": str(small_tokenizer), "model": "x"}, "me")
    wait_for(lambda: not job.is_running and jobs._workers._ready is not None)
    ready = jobs._workers.take()
    assert ready.process.args[-2:] == [str(small_tokenizer), "x"]
    ready.discard()


def test_a_tokenizer_that_was_kept_is_not_loaded_again(small_tokenizer):
    worker._keep_tokenizer(str(small_tokenizer), "")
    [kept] = tokenizer_files._kept.values()
    assert tokenizer_files.load(small_tokenizer) is kept
    assert tokenizer_files.load(small_tokenizer) is not kept
    worker._keep_tokenizer("no/such", "")
    assert not tokenizer_files._kept
