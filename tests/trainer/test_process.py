"""The trainer as a process: its progress is told, its failure is said, and it never outlives us."""

import contextlib
import os
import sys

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.trainer import process

LOG = '{"current_steps": 1, "total_steps": 2, "loss": 3.5, "remaining_time": "0:00:09"}\n'
WAIT = "def wait(gate): open(gate).read()\n"


class Heard(NoProgress):
    """Keeps every status; `react` is called with each."""

    def __init__(self, react=lambda status: None):
        self.statuses = []
        self.react = react

    def update(self, status):
        self.statuses.append(status)
        self.react(status)

    @property
    def phases(self):
        return list(dict.fromkeys(status.phase for status in self.statuses))


@pytest.fixture
def pretend(tmp_path, monkeypatch):
    """Put a small program in the trainer's place; it is called with `train FILE.yaml`."""

    def put(source):
        program = tmp_path / "trainer.py"
        program.write_text(source)
        monkeypatch.setattr(process, "command", lambda: [sys.executable, str(program)])
        monkeypatch.setattr(process, "require_installed", lambda: None)

    return put


@pytest.fixture
def gates(tmp_path):
    """Return a function that makes a gate, which a program waits at, and one that opens it."""

    def make(name):
        os.mkfifo(tmp_path / name)
        return str(tmp_path / name)

    def release(name):
        with contextlib.suppress(OSError):  # nobody waits yet: the next status comes
            os.close(os.open(tmp_path / name, os.O_WRONLY | os.O_NONBLOCK))

    return make, release


def test_stages_and_steps_are_told(tmp_path, pretend, gates):
    make, release = gates
    log_file = tmp_path / "out" / "trainer_log.jsonl"
    log_file.parent.mkdir()
    pretend(
        f"import pathlib\n{WAIT}"
        "print('Running tokenizer on dataset: 5 examples', flush=True)\n"
        "print('***** Running training *****\\n  Num examples = 1,062', flush=True)\n"
        "print('tokenizer config file saved in out/tokenizer_config.json', flush=True)\n"
        f"wait({make('log')!r})\npathlib.Path({str(log_file)!r}).write_text({LOG!r})\nwait({make('end')!r})\n"
    )

    def react(status):
        if status.phase == "training":
            release("end" if status.done else "log")

    heard = Heard(react)
    run = process.train(tmp_path / "a.yaml", tmp_path / "a.log", heard, log_file.parent)
    assert heard.phases == ["starting", "tokenising", "training"]
    last = heard.statuses[-1]
    assert (last.done, last.total, last.unit, last.loss, last.left) == (1, 2, "steps", 3.5, "0:00:09")
    assert run.exit_code == 0
    assert process.examples(run.log) == 1062
    assert process.losses(log_file.parent) == [3.5]


def test_predicting_is_not_called_training(tmp_path, pretend, gates):
    make, release = gates
    log_file = tmp_path / "trainer_log.jsonl"
    pretend(
        f"import pathlib\n{WAIT}print('***** Running Prediction *****', flush=True)\nwait({make('log')!r})\n"
        f"pathlib.Path({str(log_file)!r}).write_text({LOG!r})\nwait({make('end')!r})\n"
    )
    heard = Heard(lambda status: status.phase == "predicting" and release("end" if status.done else "log"))
    process.train(tmp_path / "a.yaml", tmp_path / "a.log", heard, tmp_path)
    assert heard.phases == ["starting", "predicting"]
    assert heard.statuses[-1].done == 1


def test_it_gets_the_yaml_and_no_way_to_the_network(tmp_path, pretend):
    pretend("import os, sys\nprint(sys.argv[1:], os.environ['HF_HUB_OFFLINE'], os.environ['MINE'])")
    run = process.train(tmp_path / "a b.yaml", tmp_path / "a.log", env={"MINE": "yes"})
    assert run.log.read_text().strip() == f"{['train', str(tmp_path / 'a b.yaml')]} 1 yes"


def test_failure_says_the_last_real_error_and_the_log(tmp_path, pretend):
    pretend("raise ValueError('Some keys are not used: [\"min_p\"]')")
    with pytest.raises(LfQwen3Error) as caught:
        process.train(tmp_path / "a.yaml", tmp_path / "a.log")
    assert caught.value.code == "trainer_failed"
    assert 'ValueError: Some keys are not used: ["min_p"]' in caught.value.message
    assert str(tmp_path / "a.log") in caught.value.hint


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_trainer_that_was_killed_is_said_to_be(tmp_path, pretend):
    pretend("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(LfQwen3Error) as caught:
        process.train(tmp_path / "a.yaml", tmp_path / "a.log")
    assert caught.value.code == "trainer_killed"
    assert "SIGKILL" in caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Traceback:\n  x\nKeyError: 'a'\n", "KeyError: 'a'", id="traceback"),
        pytest.param(
            "[rank0]: torch.OutOfMemoryError: CUDA out of memory.\n"
            "torch.distributed.elastic.multiprocessing.errors.ChildFailedError:\n"
            "subprocess.CalledProcessError: Command 'torchrun' returned 1\n",
            "torch.OutOfMemoryError: CUDA out of memory.",
            id="several-gpus",
        ),
        pytest.param("sh: no such thing\n", "sh: no such thing", id="no-traceback"),
        pytest.param("", "it printed nothing", id="silence"),
    ],
)
def test_the_last_error_is_the_one_that_counts(text, expected):
    assert process.last_error(text) == expected


def test_without_the_trainer_the_command_to_type_is_said(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LfQwen3Error) as caught:
        process.require_installed()
    assert caught.value.code == "extra_missing"
    assert "pip install" in caught.value.hint
