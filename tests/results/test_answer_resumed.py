"""`lf-qwen3 answer` goes on where an earlier run stopped, and mixes no answers of two kinds."""

import asyncio
import json
import os
import signal
import threading
from pathlib import Path

import pytest

from lf_qwen3.data.generate import client
from tests.results.answer_rows import ROWS


def fail_at(server, last):
    """Let the server break at one prompt."""
    whole = server.reply
    server.reply = lambda asked: (
        (500, {"error": "out of memory"}) if last in asked["prompt"] else whole(asked)
    )
    return whole


def prompts_of(server):
    return [body["prompt"] for _, body in server.asked]


def answers(folder="q4"):
    lines = Path(folder, "generated_predictions.jsonl").read_text("utf-8").splitlines()
    return [(row["prompt"], row["predict"]) for row in map(json.loads, lines)]


def test_a_failure_at_the_last_prompt_costs_that_answer_alone(lf, server):
    whole = fail_at(server, "q2")
    code, _, err = lf("--url", server.url)
    assert code == 1
    assert "500 " in err
    assert "1 of 3 prompts have no answer" in err
    assert len(answers()) == 2
    server.reply, server.asked = whole, []
    code, out, _ = lf("--url", server.url)
    assert (code, out) == (0, "3 answers in q4/generated_predictions.jsonl (2 were there, 1 new)\n")
    assert prompts_of(server) == [ROWS[2]["prompt"]]
    assert answers() == [(row["prompt"], row["prompt"].upper()) for row in ROWS]


def test_a_line_that_a_kill_cut_short_is_asked_again(lf, server):
    lf("--url", server.url, "--concurrency", "1")
    file = Path("q4/answers.journal.jsonl")
    file.write_bytes(file.read_bytes()[:-10])
    server.asked = []
    _, out, _ = lf("--url", server.url, "--json")
    assert json.loads(out)["kept"] == 2
    assert prompts_of(server) == [ROWS[2]["prompt"]]
    assert answers() == [(row["prompt"], row["prompt"].upper()) for row in ROWS]


def test_equal_prompts_are_each_answered(lf, server):
    line = json.dumps(ROWS[0]) + "\n"
    Path("tuned/generated_predictions.jsonl").write_text(line * 3)
    lf("--url", server.url, "--rows", "1")
    lf("--url", server.url)
    assert len(server.asked) == 3
    assert len(answers()) == 3


def test_fewer_rows_than_are_there_ask_nothing(lf, server):
    lf("--url", server.url)
    _, out, _ = lf("--url", server.url, "--rows", "1", "--json")
    assert (json.loads(out)["rows"], json.loads(out)["kept"]) == (3, 3)
    assert len(server.asked) == 3


def beside_a_loop(work):
    """Do something where a loop runs already, as in a notebook; that of a browser test still does."""

    async def do():
        return work()

    if asyncio._get_running_loop() is not None:
        return work()
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(do())
    finally:
        loop.close()


@pytest.mark.parametrize("run", [lambda work: work(), beside_a_loop], ids=["alone", "beside a loop"])
def test_ctrl_c_waits_for_what_is_under_way_and_keeps_it(lf, server, run, monkeypatch):
    whole = server.reply
    once = iter(("q1",))  # a request whose connection breaks is sent again; a second Ctrl-C leaves at once
    noticed, stop = threading.Event(), client._Run.interrupt
    monkeypatch.setattr(client._Run, "interrupt", lambda self: (stop(self), noticed.set()))

    def interrupt(asked):
        if "q1" in asked["prompt"] and next(once, None):
            os.kill(os.getpid(), signal.SIGINT)
            noticed.wait(60)  # the sending may be in another thread than what a signal interrupts
        return whole(asked)

    server.reply = interrupt
    code, _, err = run(lambda: lf("--url", server.url, "--concurrency", "1"))
    assert code == 130
    assert "the answers so far are kept" in err
    assert len(answers()) == 2
    server.reply, server.asked = whole, []
    assert lf("--url", server.url)[0] == 0
    assert prompts_of(server) == [ROWS[2]["prompt"]]


def other_model(server):
    server.model = "other.gguf"


def other_prompts(server):
    lines = [json.dumps(row | {"prompt": "another"}) + "\n" for row in ROWS]
    Path("tuned/generated_predictions.jsonl").write_text("".join(lines))


@pytest.mark.parametrize(
    ("change", "settings", "what"),
    [
        (None, {"temperature": 0.7}, "temperature was 0.6 and is now 0.7"),
        (other_model, {}, "model was my.gguf and is now other.gguf"),
        (other_prompts, {}, "prompts was"),
        (lambda _: Path("q4/answers.journal.jsonl").unlink(), {}, "there is no answers.journal.jsonl"),
    ],
    ids=["sampling", "model", "prompts", "of another tool"],
)
def test_other_answers_stay_unless_asked_otherwise(lf, server, change, settings, what):
    lf("--url", server.url)
    before = Path("q4/generated_predictions.jsonl").read_bytes()
    if change:
        change(server)
    code, _, err = lf("--url", server.url, **settings)
    assert code == 2
    assert what in err
    assert "--fresh" in err
    assert Path("q4/generated_predictions.jsonl").read_bytes() == before
    code, out, _ = lf("--url", server.url, "--fresh", "--json", **settings)
    assert json.loads(out)["kept"] == 0
    assert len(answers()) == 3


def test_a_server_that_names_no_model_goes_on(lf, server):
    lf("--url", server.url, "--rows", "2")
    server.model = ""
    _, out, _ = lf("--url", server.url, "--json")
    assert json.loads(out)["kept"] == 2


def test_the_predictions_that_are_asked_from_are_not_written_over(lf, server):
    code, _, err = lf("--url", server.url, "--fresh", "--out", "tuned")
    assert code == 2
    assert "tuned" in err
    assert [predict for _, predict in answers("tuned")] == ["old"] * 3


def test_a_row_of_the_same_prompt_and_another_label_is_another_row(lf, server):
    lf("--url", server.url)
    lines = [json.dumps(row | {"label": "another"}) + "\n" for row in ROWS]
    Path("tuned/generated_predictions.jsonl").write_text("".join(lines))
    assert lf("--url", server.url)[0] == 2


def test_cut_answers_of_an_earlier_run_count(lf, server):
    server.reply = lambda asked: (200, {"content": "x", "stop_type": "limit"})
    lf("--url", server.url, "--rows", "2")
    server.reply = lambda asked: (200, {"content": "x", "stop_type": "eos"})
    _, out, _ = lf("--url", server.url, "--json")
    assert json.loads(out)["cut"] == 2
