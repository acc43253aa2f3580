"""Faults of a server and of the way to it: what is sent again and what is not, and that no reply is lost."""

import hashlib
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.data.generate import gate
from lf_qwen3.data.generate.model_server import parse_retry_after
from tests.data.generate.conftest import questions
from tests.data.generate.scripted_server import (
    WHOLE,
    Scripted,
    chat,
    chunked,
    event_stream,
    http,
    question_of,
    stream,
)

ROOT = Path(__file__).parents[3]
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
    "error in the stream": Scripted(event_stream('data: {"error": {"message": "x"}}\n\n')),
    "429 with a date of the past and no body": Scripted(
        http(429, "", "Retry-After: Mon, 01 Jan 1990 00:00:00 GMT\r\n")
    ),
    "429 with half a second": Scripted(http(429, "", "Retry-After: 0.01\r\n")),
    "429 with nonsense": Scripted(http(429, "", "Retry-After: \u00b2\r\n")),
    "408": Scripted(http(408, "")),
    "error in the place of a reply": Scripted(http(200, {"error": {"message": "overloaded"}})),
    "a page": Scripted(http(200, "<html>busy</html>", "Content-Type: text/html\r\n")),
    "a page with 502": Scripted(http(502, "<html>busy</html>", "Content-Type: text/html\r\n")),
    "empty choices": Scripted(http(200, {"choices": [], "usage": None})),
    "a list": Scripted(http(200, "[]")),
    "an empty body": Scripted(http(200, "")),
    "a stream of nothing": Scripted(event_stream("data: [DONE]\n\n")),
    "a stream of text": Scripted(event_stream("data: yes\n\n")),
    "a stream cut in a character": Scripted(chunked(stream("是的", finish=None), 0.5), closes=True),
    "chunks that break off": Scripted(chunked(stream("yes"), 0.9), closes=True),
    "no HTTP": Scripted(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", closes=True),
    "a body that is no gzip": Scripted(http(200, "{}", "Content-Encoding: gzip\r\n")),
}
SETTLED = {
    "null content": Scripted(chat(None)),
    "length": Scripted(stream("yes", finish="length")),
    "without DONE": Scripted(stream("yes", done=False)),
    "no stream after all": Scripted(chat("yes")),
    "usage null": Scripted(
        http(200, {"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}], "usage": None})
    ),
    "usage of another kind": Scripted(
        event_stream(
            'data: {"choices": [{"delta": {"content": "yes"}, "finish_reason": "stop"}], "usage": "none"}\n\n'
        )
    ),
    "a tool call": Scripted(chat(None, finish="tool_calls", tool_calls=[{"function": {"name": "f"}}])),
    "no word how it ended": Scripted(http(200, {"choices": [{"message": {"content": "yes"}}]})),
    "characters over chunks": Scripted(chunked(stream("是的"), 1, size=1)),
}


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
    assert {reply.finish for reply in replies.values()} >= {"stop", "length"}
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


def test_dates_of_the_past_do_not_make_the_client_hammer(server, send, monkeypatch):
    monkeypatch.setattr(gate, "LONGEST_WAIT", 0.2)
    server.script = lambda body, tries: Scripted(FAULTS["429 with a date"].raw if tries < 9 else WHOLE)
    begun = time.monotonic()
    send(["q"])
    assert (server.sent["q"], time.monotonic() - begun > 0.3) == (9, True)


def test_the_words_of_a_server_that_only_errs_are_said(server, send):
    for raw, words in (
        (FAULTS["a page"].raw, "busy"),
        (FAULTS["error in the place of a reply"].raw, "overl"),
    ):
        server.script = lambda body, tries, raw=raw: Scripted(raw)
        with pytest.raises(LfQwen3Error, match=words) as error:
            send(questions(30), concurrency=8)
        assert error.value.code == "server_failing"


def test_a_redirect_is_not_followed(server, send):
    server.script = lambda body, tries: Scripted(
        http(307, "", f"Location: {server.url}/v2/chat/completions\r\n")
    )
    with pytest.raises(LfQwen3Error, match=f"307.*{server.url}/v2") as error:
        send(["q"])
    assert (error.value.code, len(server.bodies)) == ("server_error", 1)


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


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        ("²", None),
    ],
)
def test_retry_after_is_read(text, seconds):
    assert parse_retry_after(text) == seconds


def test_retry_after_may_be_a_date():
    assert 28 < parse_retry_after(formatdate(time.time() + 30, usegmt=True)) <= 30
    assert parse_retry_after(formatdate(0, usegmt=True)) == 0
