"""Worker processes: when there are some, how they end, and what is said when they cannot start."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from lf_qwen3.base import worker_pool
from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions


@pytest.fixture
def options(tmp_path):
    """A source of many parts."""
    rows = [{"question": f"q{n}", "think": "t", "answer": f"a{n}"} for n in range(20)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return ConvertOptions((str(tmp_path / "in.jsonl"),), "set", tmp_path / "data", part_bytes=100)


def test_a_library_call_starts_no_process(options, monkeypatch):
    monkeypatch.setattr(worker_pool, "ProcessPoolExecutor", pytest.fail)
    done = threading.Thread(target=lambda: None)
    done.start()
    assert convert(options).read == 20
    done.join()


@pytest.mark.parametrize("more_bytes", [0, 1])
def test_sources_that_fill_one_part_together_start_no_process(options, monkeypatch, more_bytes):
    asked = []
    monkeypatch.setattr(
        worker_pool, "_run_in_pool", lambda tasks, start, workers: asked.append(workers) or []
    )
    (source,) = options.sources
    other = shutil.copy(source, f"{source}.other.jsonl")
    total = 2 * os.path.getsize(source) - more_bytes
    both = replace(options, sources=(source, other), workers=2, part_bytes=total)
    with contextlib.suppress(ValueError):  # the pool has read nothing
        assert convert(both).read == 40
    assert asked == [2] * more_bytes


@pytest.mark.parametrize(("workers", "parts", "in_pool"), [(1, 9, False), (2, 1, False), (2, 2, True)])
def test_processes_start_only_where_they_share_work(monkeypatch, workers, parts, in_pool):
    monkeypatch.setattr(worker_pool, "_run_in_pool", lambda tasks, start, workers: ("pool", workers))
    monkeypatch.setattr(worker_pool, "_run_here", lambda tasks, start: "here")
    ran: object = worker_pool.run([None] * parts, None, workers)
    assert ran == (("pool", 2) if in_pool else "here")


def test_the_processors_decide_how_many_workers_there_are(monkeypatch):
    for processors, workers in ((1, 1), (2, 2), (64, 8)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, count=processors: range(count))
        assert worker_pool.count_workers() == workers


@pytest.mark.parametrize(
    ("platform", "threads", "forks"), [("linux", 1, True), ("linux", 2, False), ("darwin", 1, False)]
)
def test_fork_is_for_linux_with_one_thread(monkeypatch, platform, threads, forks):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(threading, "active_count", lambda: threads)
    assert worker_pool._can_fork() is forks


SCRIPT = """
import sys, threading
from pathlib import Path
from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions

def work():
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    source, folder, workers = sys.argv[1:]
    options = ConvertOptions((source,), "set", Path(folder), part_bytes=100, workers=int(workers))
    try:
        print(convert(options).read)
    except LfQwen3Error as error:
        print(error.code, error.message)
"""
GUARDED = SCRIPT + 'if __name__ == "__main__":\n    work()\n'


def run_script(tmp_path, options, text, workers):
    script = tmp_path / "script.py"
    script.write_text(text)
    command = [sys.executable, str(script), options.sources[0], str(options.dataset_dir), str(workers)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.splitlines()


def test_a_script_without_a_main_guard_is_told_so(tmp_path, options):
    *_, last = run_script(tmp_path, options, SCRIPT + "work()\n", 2)
    assert last.startswith("main_guard_missing")
    assert str(tmp_path / "script.py") in last
    assert "memory" not in last


@pytest.mark.parametrize(
    ("guard", "workers"), [("work()\n", 0), ('if __name__ == "__main__":\n    work()\n', 2)]
)
def test_a_script_with_a_thread_converts(tmp_path, options, guard, workers):
    assert run_script(tmp_path, options, SCRIPT + guard, workers) == ["20"]


def test_workers_that_fail_to_start_for_another_reason_do_not_blame_the_guard(tmp_path, options):
    text = 'if __name__ == "__mp_main__": raise SystemExit(7)\n' + GUARDED
    *_, last = run_script(tmp_path, options, text, 2)
    assert last == "workers_not_started the worker processes could not start (exit code 7)"


def die(task):
    os.kill(os.getpid(), signal.SIGKILL)


def leave(task):
    os._exit(3)


@pytest.mark.parametrize(("end", "how"), [(die, "SIGKILL"), (leave, "exit code 3")])
def test_a_worker_that_dies_is_named_with_its_end(options, monkeypatch, end, how):
    monkeypatch.setattr(worker_pool, "_run_task", end)
    with pytest.raises(LfQwen3Error) as caught:
        convert(ConvertOptions(options.sources, "set", options.dataset_dir, part_bytes=100, workers=2))
    assert caught.value.code == "worker_died"
    assert how in caught.value.message
    assert ("memory" in caught.value.hint) == (end is die)


ORPHANS = """
import os, threading
from lf_qwen3.base import worker_pool
class Blocking:
    def run(self, task):
        os.write(1, b"working\\n")
        threading.Event().wait()
list(worker_pool.run([1, 2], Blocking, 2))
"""


def test_workers_end_when_their_parent_is_killed():
    command = [sys.executable, "-c", ORPHANS]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() + process.stdout.readline() == b"working\n" * 2
        process.kill()
        rest, _ = process.communicate(timeout=60)  # ends when no worker holds the pipe open any more
    assert rest == b""
