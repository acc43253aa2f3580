"""The client: what is sent again and what is not, what it costs, and that no reply is lost or paid twice."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data.generate.budget import Budget
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.model_server import describe_server, parse_retry_after
from tests.data.generate.conftest import ask
from tests.data.generate.scripted_server import Scripted, chat, http, question_of, stream

ROOT = Path(__file__).parents[3]
WHOLE = stream("yes", reasoning="because")
FAULTS = {
    "429 in seconds": Scripted(http(429, "slow down", "Retry-After: 0\r\n")),
    "429 with a date": Scripted(http(429, "slow down", f"Retry-After: {formatdate(0, usegmt=True)}\r\n")),
    "500": Scripted(http(500, "oops")),
    "503": Scripted(http(503, {"error": "loading"})),
    "cut body": Scripted(chat("yes")[:-20], closes=True),
    "wrong length": Scripted(http(200, "{}", length=50), closes=True),
    "cut stream": Scripted(stream("yes", finish=None, done=False)),
    "malformed JSON": Scripted(http(200, '{"choices": [')),
    "no choices": Scripted(http(200, "{}")),
    "closed socket": Scripted(b"", closes=True),
    "error in the stream": Scripted(
        http(200, 'data: {"error": {"message": "x"}}\n\n', "Content-Type: text/event-stream\r\n")
    ),
}
SETTLED = {
    "null content": Scripted(chat(None)),
    "length": Scripted(stream("yes", finish="length")),
    "without DONE": Scripted(stream("yes", done=False)),
    "no stream after all": Scripted(chat("yes")),
}


def questions(count):
    return [f"question {number}" for number in range(count)]


def test_a_fifth_of_the_replies_is_faulty_in_every_way_and_none_is_lost(server, send):
    kinds = list((FAULTS | SETTLED).values())

    def script(body, tries):
        number = int(hashlib.sha256(f"{question_of(body)} {tries}".encode()).hexdigest(), 16)
        return kinds[number // 5 % len(kinds)] if number % 5 == 0 else Scripted(WHOLE)

    server.script = script
    report, replies, problems = send(questions(300), concurrency=32)
    assert problems == {}
    assert None not in replies.values()
    assert report.answered == 300
    assert {reply.finish for reply in replies.values()} == {"stop", "length"}
    assert sum(server.sent.values()) == report.sent > 320


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_tried_again(server, send, name):
    server.script = lambda body, tries: FAULTS[name] if tries == 1 else Scripted(WHOLE)
    _, replies, _ = send(["q"])
    assert (replies["q"].reasoning, replies["q"].content, server.sent["q"]) == ("because", "yes", 2)


@pytest.mark.parametrize("name", SETTLED)
def test_a_reply_is_never_asked_for_again(server, send, name):
    server.script = lambda body, tries: SETTLED[name]
    for _ in range(2):
        _, replies, _ = send(["q"])
        assert (replies["q"] is not None, server.sent["q"]) == (True, 1)


def test_a_request_that_only_fails_is_given_up_and_asked_for_by_the_next_run(server, send):
    server.script = lambda body, tries: Scripted(http(500, "oops") if question_of(body) == "q" else WHOLE)
    report, replies, problems = send(["good", "q"])
    assert (replies["q"], problems["q"].code, server.sent["q"]) == (None, "failed", 6)
    assert report.stopped == ""
    server.script = lambda body, tries: Scripted(WHOLE)
    _, replies, problems = send(["good", "q"])
    assert (replies["q"].content, problems, server.sent["good"]) == ("yes", {}, 1)


def test_a_time_out_is_repeated_once(server, send):
    server.script = lambda body, tries: Scripted(WHOLE, delay=0.4)
    _, replies, problems = send(["q"], silence=0.1)
    assert (replies["q"], problems["q"].code, server.sent["q"]) == (None, "timed_out", 2)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_a_server_refuses_stops_the_run_with_its_words(server, send, status):
    server.script = lambda body, tries: Scripted(http(status, {"message": "wrong model"}))
    with pytest.raises(LfQwen3Error, match=f"{status}.*wrong model") as error:
        send(questions(50), concurrency=4)
    assert error.value.code == "server_error"
    assert sum(server.sent.values()) <= 4


def test_one_row_that_is_refused_does_not_stop_the_others(server, send):
    refused = http(400, {"message": "maximum context length"})
    server.script = lambda body, tries: Scripted(refused if question_of(body) == "question 5" else WHOLE)
    for _ in range(2):
        report, _, problems = send(questions(10), concurrency=1)
        assert list(problems) == ["question 5"]
        assert problems["question 5"].code == "refused_by_server"
    assert (report.sent, server.sent["question 5"], server.sent["question 9"]) == (0, 1, 1)


def test_a_server_that_only_fails_stops_the_run(server, send):
    server.script = lambda body, tries: Scripted(http(500, "oops"))
    with pytest.raises(LfQwen3Error) as error:
        send(questions(100), concurrency=8)
    assert error.value.code == "server_failing"
    assert sum(server.sent.values()) < 40


def test_a_429_stops_all_and_halves_what_is_under_way(server, send):
    begun = time.monotonic()

    def script(body, tries):
        is_full = time.monotonic() - begun < 0.3
        return Scripted(http(429, "slow down")) if is_full else Scripted(WHOLE, delay=0.005)

    server.script = script
    _, replies, _ = send(questions(100), concurrency=32)
    assert None not in replies.values()
    assert sum(server.sent.values()) < 300


def test_retry_after_is_obeyed(server, send):
    times = []

    def script(body, tries):
        times.append(time.monotonic())
        return Scripted(http(429, "", "Retry-After: 1\r\n") if len(times) == 1 else WHOLE)

    server.script = script
    send(["q"])
    assert times[1] - times[0] >= 0.99


@pytest.mark.parametrize(("text", "seconds"), [("7", 7), ("", None), ("soon", None), ("-1", None)])
def test_retry_after_is_read(text, seconds):
    assert parse_retry_after(text) == seconds


def test_retry_after_may_be_a_date():
    assert 28 < parse_retry_after(formatdate(time.time() + 30, usegmt=True)) <= 30
    assert parse_retry_after(formatdate(0, usegmt=True)) == 0


def test_the_budget_of_requests_is_exact(server, send):
    server.script = lambda body, tries: Scripted(
        FAULTS["500"].raw if tries == 1 and question_of(body)[-1] in "369" else WHOLE, delay=0.002
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


def test_the_key_is_nowhere_but_in_the_request(server, send, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    send(["q"], key_env="MY_KEY")
    assert "Authorization: Bearer sk-very-secret" in server.heads[0]
    server.script = lambda body, tries: Scripted(http(400, f"bad key {server.heads[-1]}"))
    with pytest.raises(LfQwen3Error, match=r"\*\*\*") as error:
        send(["other"], folder=tmp_path / "other", key_env="MY_KEY")
    files = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for text in (str(error.value), files.decode(), repr(describe_server(server.url, "", "MY_KEY"))):
        assert "secret" not in text
    assert (tmp_path / "rows.journal.jsonl").stat().st_mode & 0o77 == 0


def test_a_key_that_is_not_set():
    with pytest.raises(UsageError) as error:
        describe_server("http://127.0.0.1:1", api_key_env="NOT_SET_HERE")
    assert error.value.code == "key_missing"


SENDER = """
import sys
from pathlib import Path
from lf_qwen3.data.generate.client import ClientOptions, ModelClient
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.model_server import describe_server
from tests.data.generate.conftest import ask
url, folder, count = sys.argv[1:]
with Journal(Path(folder, "rows.journal.jsonl")) as journal:
    client = ModelClient(describe_server(url, "vllm"), journal, ClientOptions(32))
    report = client.send(ask(f"question {n}") for n in range(int(count)))
    sys.exit(130 if report.stopped == "interrupted" else 0)
"""


def start_sender(server, folder, count):
    command = [sys.executable, "-c", SENDER, server.url, str(folder), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_a_kill_loses_what_is_under_way_and_nothing_else(server, send, tmp_path):
    server.script = lambda body, tries: Scripted(WHOLE, delay=0.03)
    sender = start_sender(server, tmp_path, 400)
    while len(server.bodies) < 100:
        time.sleep(0.002)
    sender.kill()
    sender.communicate()
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
