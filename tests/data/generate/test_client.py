"""The client: what it costs, and that no reply is lost or paid twice, whatever ends it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.generate.budget import Budget
from lf_qwen3.data.generate.journal import Journal
from tests.data.generate.conftest import ask, questions
from tests.data.generate.scripted_server import (
    WHOLE,
    Scripted,
    http,
    question_of,
)

ROOT = Path(__file__).parents[3]
SECRET = "sk-very-secret-0123456789"


def test_the_budget_of_requests_is_exact(server, send):
    server.script = lambda body, tries: Scripted(
        http(500, "oops") if tries == 1 and question_of(body)[-1] in "369" else WHOLE, delay=0.002
    )
    report, _, _ = send(questions(200), concurrency=64, budget=Budget(max_requests=100))
    assert (sum(server.sent.values()), report.sent, report.stopped) == (100, 100, "--max-requests")


@pytest.mark.parametrize(
    "budget", [Budget(max_tokens=300), Budget(max_cost=0.095, price=(100, 450))], ids=["tokens", "money"]
)
def test_other_budgets_overshoot_by_what_is_under_way(server, send, budget):
    report, _, _ = send(questions(100), concurrency=4, budget=budget)
    assert 10 <= report.sent <= 10 + 4


def test_a_cost_needs_a_price():
    with pytest.raises(UsageError) as error:
        Budget(max_cost=1)
    assert error.value.code == "option_missing"


def test_the_same_request_is_sent_once(server, send):
    send(["q"] * 20, concurrency=8)
    assert server.sent["q"] == 1


def test_two_runs_do_not_share_a_journal(send, tmp_path):
    with Journal(tmp_path / "rows.journal.jsonl"), pytest.raises(UsageError) as error:
        send(["q"])
    assert error.value.code == "run_in_progress"


SENDER = """
import os
import sys
from pathlib import Path
from lf_qwen3.data.generate.client import ClientOptions, ModelClient
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.model_server import describe_server
from tests.data.generate.conftest import ask
url, folder, count = sys.argv[1:]
with Journal(Path(folder, "rows.journal.jsonl")) as journal:
    place = describe_server(url, "vllm", "MY_KEY" if "MY_KEY" in os.environ else "")
    client = ModelClient(place, journal, ClientOptions(32))
    report = client.send(ask(f"question {n}") for n in range(int(count)))
    sys.exit(130 if report.stopped == "interrupted" else 0)
"""


def start_sender(server, folder, count):
    command = [sys.executable, "-c", SENDER, server.url, str(folder), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def read_processes():
    """Return the command lines of all processes, as everyone on the machine can read them."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(path.read_bytes())
    return lines


def test_a_kill_loses_what_is_under_way_and_nothing_else(server, send, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", SECRET)
    processes = []

    def script(body, tries):
        if not processes:
            processes.extend(read_processes())
        return Scripted(WHOLE, delay=0.03)

    server.script = script
    sender = start_sender(server, tmp_path, 400)
    while len(server.bodies) < 100:
        time.sleep(0.002)
    sender.kill()
    sender.communicate()
    assert any(b"question {n}" in line for line in processes)
    assert not any(SECRET.encode() in line for line in processes)
    path = tmp_path / "rows.journal.jsonl"
    answered = {
        line[8:40].decode() for line in path.read_bytes().splitlines() if line.startswith(b'{"got":"')
    }
    assert len(answered) >= 50
    with path.open("ab") as torn:
        torn.write(b'{"got":"0123')
    sent = dict(server.sent)
    with Journal(path) as journal:
        assert 0 < journal.unfinished <= 32
    report, replies, _ = send(questions(400), concurrency=32)
    assert None not in replies.values()
    assert report.sent == 400 - len(answered)
    twice = {
        ask(question).key for question, count in server.sent.items() if count > sent.get(question, 0) > 0
    }
    assert len(twice) <= 32
    assert not twice & answered


def test_ctrl_c_waits_for_what_is_under_way(server, send, tmp_path):
    server.script = lambda body, tries: Scripted(WHOLE, delay=0.03)
    sender = start_sender(server, tmp_path, 400)
    while len(server.bodies) < 100:
        time.sleep(0.005)
    os.kill(sender.pid, signal.SIGINT)
    sender.communicate()
    assert sender.returncode == 130
    report, _, _ = send(questions(400), budget=Budget(max_requests=1))
    assert report.stopped == "--max-requests"
    with Journal(tmp_path / "rows.journal.jsonl") as journal:
        assert len(journal) == len(server.bodies) < 400
        assert journal.unfinished == 0
    assert max(server.sent.values()) == 1
