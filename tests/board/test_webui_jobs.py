"""Long work in a process of its own: its messages, its errors, and nothing left when it is cancelled."""

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import NoProgress, Status
from lf_qwen3.board.handlers import data
from lf_qwen3.board.jobs import CancelledError, Job, Jobs, StepProgress
from lf_qwen3.board.worker import WorkProcesses

SOURCE = "raw/sample_medical_r1.jsonl"
MOST_SECONDS = 120

# In every process of the job: reports that a file is being brought to the disk, and stays there.
STOPS_AT_THE_FIRST_FILE = """
import os, signal
life = os.open(os.environ["LIFE"], os.O_WRONLY)

def stop(handle):
    os.write(life, b"x")
    signal.pause()

os.fsync = stop
"""


def request(**changes):
    fields: dict[str, Any] = {
        "paths": [SOURCE], "upload": [], "converter": "", "name": "mine", "turns": "unroll",
        "mix": None, "val": 0, "test": 0, "dataset_dir": "data", "tokenizer": "no/such-tokenizer",
    }  # fmt: skip
    return data.request(data.ConversionForm(**(fields | changes)))


def test_work_loads_no_page():
    """To import gradio takes longer than most work does."""
    program = """
import importlib, pkgutil, sys
from lf_qwen3.board import handlers, worker
for module in pkgutil.iter_modules(handlers.__path__):
    importlib.import_module(f"{handlers.__name__}.{module.name}")
print(sorted({"gradio", "torch", "transformers", "llamafactory"} & sys.modules.keys()))
"""
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]"


class Life:
    """A pipe that every process of a job holds: it says that one has stopped, and when all are gone."""

    def __init__(self, path):
        os.mkfifo(path)
        self.end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def read(self):
        """Return b"x" when a process has stopped at a file, b"" when the last process has ended."""
        ready, _, _ = select.select([self.end], [], [], MOST_SECONDS)
        assert ready, "nothing happened"
        return os.read(self.end, 1)


@pytest.fixture
def life(here, tmp_path, monkeypatch):
    """Let every job stop when it brings its first file to the disk."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(STOPS_AT_THE_FIRST_FILE, "utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, sys.path)]))
    monkeypatch.setenv("LIFE", str(tmp_path / "life"))
    pipe = Life(tmp_path / "life")
    yield pipe
    os.close(pipe.end)


def written(here):
    """Return the files beside the sources; the registry's lock may stay, empty."""
    files = [path for path in here.rglob("*") if path.is_file() and path.parent.name != "raw"]
    return [path for path in files if path.name != ".dataset_info.json.lock"]


def test_messages_then_the_result(here):
    *statuses, result = Job.start("data.convert", request())
    assert all(isinstance(status, Status) for status in statuses)
    assert statuses[0].phase == "starting"
    assert {status.phase for status in statuses} <= {"starting", "reading", "writing"}
    assert isinstance(result, dict)
    assert result["datasets"] == ["mine_train"]
    assert (here / "data" / "mine_train.jsonl").is_file()


def test_an_error_keeps_its_message_and_hint(here):
    with pytest.raises(LfQwen3Error, match="is not a share") as caught:
        list(Job.start("data.convert", request(mix=7)))
    assert caught.value.hint


def test_a_crash_is_reported_in_one_line(here):
    asked = request()
    del asked["turns"]
    with pytest.raises(LfQwen3Error, match="KeyError: 'turns'") as caught:
        list(Job.start("data.convert", asked))
    assert caught.value.code == "job_crashed"


def test_cancelled_it_leaves_no_process_and_no_file(here, life):
    job = Job.start("data.convert", request())
    messages = iter(job)
    next(messages)
    assert life.read() == b"x"
    assert written(here)
    job.cancel()
    with pytest.raises(CancelledError):
        list(messages)
    assert not job.is_running
    assert life.read() == b""
    assert written(here) == []


def test_it_ends_with_the_board(here, life):
    """The board is killed; the next one says that the work was interrupted."""
    program = (
        "import json, sys; from pathlib import Path; from lf_qwen3.board.jobs import JOBS;"
        "JOBS.keep_in(Path('kept'));"
        "JOBS.start('data.convert', json.loads(sys.argv[1]), 'me'); sys.stdin.read()"
    )
    command = [sys.executable, "-S", "-c", program, json.dumps(request())]
    board = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert life.read() == b"x"
    board.kill()
    board.communicate()
    assert life.read() == b""
    assert [path.parent.name for path in written(here)] == ["kept"]
    after = Jobs(WorkProcesses())
    after.keep_in(Path("kept"))
    [job] = after.of_browser("me")
    assert (job.state, job.outcome.code) == ("interrupted", "interrupted")


class Recorded(NoProgress):
    """Keeps every status."""

    def __init__(self):
        self.all = []

    def update(self, status):
        self.all.append(status)


def test_steps_are_named_and_each_is_logged_once():
    progress = Recorded()
    steps = StepProgress(progress, "first", "second")
    steps.start("make a model", 1, 2)
    steps.finish("made")
    steps.start("train", 2, 2)
    for done in (0, 1, 1, 2):
        steps.update(Status("training", done, 2, "steps", seconds=3, loss=0.5))
    assert [(status.phase, status.done) for status in progress.all] == [
        ("first", 0),
        ("second", 0),
        *(("second", done) for done in (0, 1, 1, 2)),
    ]
    assert [line.strip() for line in steps.lines] == [
        "1/2  make a model",
        "made",
        "2/2  train",
        "3.0 s  training",
        "3.0 s  training  1/2  loss 0.5000",
        "3.0 s  training  2/2  loss 0.5000",
    ]
