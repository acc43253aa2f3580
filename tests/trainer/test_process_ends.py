"""The trainer and its ranks end with us: by Ctrl-C, by an exception, by SIGTERM, and when it fails itself."""

import os
import select
import signal
import subprocess
import sys

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.trainer import process

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX sessions and signals")
PATIENCE = 120
"""Seconds after which a test gives up; none waits for it to pass."""

RANK = """\
import os, signal, sys
signal.signal(signal.SIGTERM, {on_term})
os.write(os.open(sys.argv[1], os.O_WRONLY), b"up\\n")  # held open until the rank ends
os.close(1)
signal.pause()
"""
LAUNCHER = """\
import subprocess, sys
rank = [sys.executable, {rank!r}, {pipe!r}]
children = [  # torchrun's ranks lead sessions of their own
    subprocess.Popen(rank, start_new_session=own, stdout=subprocess.PIPE) for own in (True, False)
]
for child in children:
    child.stdout.read()
{then}
"""
WAIT = "children[0].wait()"


class Ranks:
    """Two ranks of a pretended trainer: each holds one pipe open as long as it lives."""

    def __init__(self, folder):
        self.pipe = folder / "ranks"
        os.mkfifo(self.pipe)
        self.program = folder / "trainer.py"
        self.folder = folder
        self.reader = os.open(self.pipe, os.O_RDONLY | os.O_NONBLOCK)

    def write_trainer(self, on_term="signal.SIG_DFL", then=WAIT):
        rank = self.folder / "rank.py"
        rank.write_text(RANK.format(on_term=on_term))
        self.program.write_text(LAUNCHER.format(rank=str(rank), pipe=str(self.pipe), then=then))

    def wait_until_up(self):
        said = b""
        while said.count(b"up") < 2:
            assert select.select([self.reader], [], [], PATIENCE)[0]
            said += os.read(self.reader, 100)

    def have_ended(self):
        """Tell whether the pipe has no writer any more; a rank that lives keeps it silent and open."""
        while select.select([self.reader], [], [], PATIENCE)[0]:
            if not os.read(self.reader, 100):
                return True
        return False


@pytest.fixture
def ranks(tmp_path, monkeypatch):
    """Put a trainer with two ranks in the trainer's place."""
    ranks = Ranks(tmp_path)
    ranks.write_trainer()
    monkeypatch.setattr(process, "command", lambda: [sys.executable, str(ranks.program)])
    monkeypatch.setattr(process, "require_installed", lambda: None)
    yield ranks
    os.close(ranks.reader)


class Raising(NoProgress):
    """Raises as soon as both ranks are up."""

    def __init__(self, ranks, error):
        self.ranks, self.error, self.is_first = ranks, error, True

    def update(self, status):
        if self.is_first:  # the status before the trainer is started
            self.is_first = False
            return
        self.ranks.wait_until_up()
        raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("x")], ids=["ctrl-c", "exception"])
def test_every_rank_ends_with_us(tmp_path, ranks, error):
    with pytest.raises(type(error)):
        process.train(tmp_path / "a.yaml", tmp_path / "a.log", Raising(ranks, error))
    assert ranks.have_ended()


def test_ranks_that_ignore_sigterm_are_killed(tmp_path, ranks, monkeypatch):
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.2)
    ranks.write_trainer(on_term="signal.SIG_IGN")
    with pytest.raises(KeyboardInterrupt):
        process.train(tmp_path / "a.yaml", tmp_path / "a.log", Raising(ranks, KeyboardInterrupt()))
    assert ranks.have_ended()


def test_a_trainer_that_dies_leaves_no_rank_of_its_group(tmp_path, ranks, monkeypatch):
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.2)
    ranks.write_trainer(then="children[0].kill(); import os; os.kill(os.getpid(), 9)")
    with pytest.raises(LfQwen3Error) as caught:
        process.train(tmp_path / "a.yaml", tmp_path / "a.log")
    assert caught.value.code == "trainer_killed"
    assert "SIGKILL" in caught.value.message
    assert ranks.have_ended()


def test_a_trainer_that_succeeds_may_leave_an_uploader_behind(tmp_path, ranks, monkeypatch):
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.2)
    ranks.write_trainer(then="print([child.pid for child in children])")
    run = process.train(tmp_path / "a.yaml", tmp_path / "a.log")
    pids = [int(pid) for pid in run.log.read_text().strip("[]\n").split(",")]
    ranks.wait_until_up()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert ranks.have_ended()


OURS = """\
import sys
from pathlib import Path
from lf_qwen3.trainer import process
process.command = lambda: [sys.executable, sys.argv[1]]
process.require_installed = lambda: None
process.train(Path(sys.argv[2], "a.yaml"), Path(sys.argv[2], "a.log"))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["sigterm", "sighup"])
def test_a_signal_to_us_ends_the_ranks(tmp_path, ranks, number):
    ours = subprocess.Popen([sys.executable, "-c", OURS, str(ranks.program), str(tmp_path)])
    ranks.wait_until_up()
    ours.send_signal(number)
    assert ours.wait(PATIENCE) == 128 + number
    assert ranks.have_ended()


def test_signals_are_as_before_afterwards(tmp_path, ranks):
    ranks.program.write_text("")
    process.train(tmp_path / "a.yaml", tmp_path / "a.log")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


JOB = """\
import sys, types
from pathlib import Path
from lf_qwen3.trainer import process
process.command = lambda: [sys.executable, sys.argv[1]]
process.require_installed = lambda: None
work = types.ModuleType("lf_qwen3.board.handlers.training")
work.train = lambda request, *_: process.train(Path(sys.argv[2], "a.yaml"), Path(sys.argv[2], "a.log"))
sys.modules[work.__name__] = work
from lf_qwen3.board import worker
worker.serve()
"""


def job_of(ranks, folder):
    """Return a job of the board that runs the trainer, and its process."""
    from lf_qwen3.board.jobs import Job
    from lf_qwen3.board.worker import WorkProcess

    worker = WorkProcess(("-c", JOB, str(ranks.program), str(folder)))
    return Job.start("training.train", {}, lambda: worker), worker.process


def test_cancel_in_the_board_ends_the_ranks(tmp_path, ranks):
    job, _ = job_of(ranks, tmp_path)
    ranks.wait_until_up()
    job.cancel()
    assert ranks.have_ended()


def test_a_job_that_does_not_answer_is_killed_with_the_ranks(tmp_path, ranks, monkeypatch):
    monkeypatch.setattr("lf_qwen3.board.worker.GRACE_SECONDS", 0.2)
    job, process = job_of(ranks, tmp_path)
    ranks.wait_until_up()
    process.send_signal(signal.SIGSTOP)
    job.cancel()
    assert ranks.have_ended()
