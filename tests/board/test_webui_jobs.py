"""Long work in a process of its own: its messages, its errors, and nothing left when it is cancelled."""

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.handlers import data
from lf_qwen3.board.jobs import CancelledError, Job, Progress


def request(source, **changes):
    fields: dict[str, Any] = {
        "paths": [source], "uploaded": [], "converter": "", "name": "mine", "turns": "unroll",
        "mix": None, "val": 0, "test": 0, "dataset_dir": "data", "tokenizer": "no/such-tokenizer",
    }  # fmt: skip
    return data.request(data.Form(**(fields | changes)))


@pytest.fixture
def much(here):
    """Return a source that takes seconds to convert."""
    row = {"question": "", "think": "t " * 400, "answer": "a " * 400, "metrics": {}}
    with (here / "raw" / "much.jsonl").open("w", encoding="utf-8") as file:
        for number in range(40_000):
            file.write(json.dumps(row | {"question": f"Question {number}?"}) + "\n")
    return "raw/much.jsonl"


def is_alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(happens, seconds=120):
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.05)


def files(here):
    return sorted(str(one.relative_to(here)) for one in here.rglob("*") if one.is_file())


def test_messages_then_the_result(here):
    *steps, result = Job.start("data.convert", request("raw/sample_medical_r1.jsonl"))
    assert all(isinstance(one, Progress) for one in steps)
    assert {one.what for one in steps} >= {"reading", "writing"}
    assert result["datasets"] == ["mine_train"]
    assert (here / "data" / "mine_train.jsonl").is_file()


def test_an_error_keeps_its_message_and_hint(here):
    with pytest.raises(LfQwen3Error, match="no share") as caught:
        list(Job.start("data.convert", request("raw/sample_medical_r1.jsonl", mix=7)))
    assert caught.value.hint


def test_a_crash_is_told_in_one_line(here):
    asked = request("raw/sample_medical_r1.jsonl")
    del asked["turns"]
    with pytest.raises(LfQwen3Error, match="KeyError: 'turns'"):
        list(Job.start("data.convert", asked))


def test_cancelled_it_leaves_no_process_and_no_file(here, much):
    job = Job.start("data.convert", request(much))
    messages = iter(job)
    wait_until(lambda: next(messages).what == "reading")
    before = files(here)
    job.cancel()
    with pytest.raises(CancelledError):
        list(messages)
    assert not job.is_running
    wait_until(lambda: not is_alive(job._process.pid), 5)
    assert [one for one in files(here) if not one.startswith("raw/")] == []
    assert [one for one in before if one.startswith("raw/")] == files(here)


def test_it_ends_with_the_board(here, much):
    """The process that started the work is killed, as a board may be."""
    program = (
        "import json, sys, time\nfrom lf_qwen3.board.jobs import Job\n"
        "job = Job.start('data.convert', json.loads(sys.argv[1]))\n"
        "for one in job:\n"
        "    if one.what == 'reading':\n"
        "        print(job._process.pid, flush=True)\n        time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, json.dumps(request(much))]
    board = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    group = int(board.stdout.readline())
    board.kill()
    board.wait()
    wait_until(lambda: not is_alive(group))
    assert [one for one in files(here) if not one.startswith("raw/")] == []
