"""`lf-qwen3 answer`: the prompts of the trainer's predictions, answered by a server on this machine."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lf_qwen3.cli import _output, cli
from lf_qwen3.results import answer

ROWS = [
    {"prompt": f"<|im_start|>user\nq{n}<|im_end|>\n", "predict": "old", "label": f"a{n}"} for n in range(3)
]
SETTINGS = {
    "do_predict": True,
    "output_dir": "tuned",
    "do_sample": True,
    "temperature": 0.6,
    "top_p": 0.95,
    "top_k": 20,
    "max_new_tokens": 64,
}


class Server(ThreadingHTTPServer):
    """A llama.cpp server as far as `/completion` goes; `reply` makes (status, body) from a request."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []
        self.model = "my.gguf"
        self.reply: Callable[..., tuple[int, Any]] = lambda asked: (
            200,
            {"content": asked["prompt"].upper(), "stop_type": "eos"},
        )
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        self.send_response(200 if self.server.model else 501)
        self.end_headers()
        self.wfile.write(json.dumps({"model_path": f"/models/{self.server.model}"}).encode())

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body))
        status, reply = self.server.reply(body)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(reply.encode() if isinstance(reply, str) else json.dumps(reply).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def lf(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tuned").mkdir()
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS]
    Path("tuned/generated_predictions.jsonl").write_text("".join(lines), "utf-8")

    def run(*more, **settings):
        kept = {key: value for key, value in (SETTINGS | settings).items() if value is not None}
        Path("p.yaml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in kept.items()))
        code = _output.run(lambda: cli(["answer", "p.yaml", "--out", "q4", *more], standalone_mode=False))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_the_same_prompts_get_new_answers(lf, server):
    code, out, _ = lf("--url", server.url)
    assert (code, out) == (0, "3 answers in q4/generated_predictions.jsonl\n")
    written = [
        json.loads(line) for line in Path("q4/generated_predictions.jsonl").read_text("utf-8").splitlines()
    ]
    assert [(row["prompt"], row["label"]) for row in written] == [
        (row["prompt"], row["label"]) for row in ROWS
    ]
    assert [row["predict"] for row in written] == [row["prompt"].upper() for row in ROWS]


def test_the_server_is_asked_with_the_sampling_of_the_yaml(lf, server):
    lf("--url", server.url + "/", "--rows", "1", seed=7, repetition_penalty=1.1)
    assert server.asked == [
        (
            "/completion",
            {
                "prompt": ROWS[0]["prompt"],
                "n_predict": 64,
                "temperature": 0.6,
                "top_p": 0.95,
                "top_k": 20,
                "repeat_penalty": 1.1,
                "min_p": 0.0,
                "seed": 7,
                "stream": False,
            },
        )
    ]


def test_greedy_decoding_takes_the_likeliest():
    body = answer.request_body({"do_sample": False, "temperature": 0.6, "top_k": 20})
    assert (body["temperature"], body["top_k"]) == (0.0, 1)


def test_answers_that_were_cut_are_counted(lf, server):
    server.reply = lambda asked: (
        200,
        {"content": "x", "stop_type": "limit" if "q1" in asked["prompt"] else "eos"},
    )
    code, out, err = lf("--url", server.url, "--json")
    assert code == 0
    assert json.loads(out) == {"file": "q4/generated_predictions.jsonl", "rows": 3, "cut": 1, "kept": 0}
    _, _, err = lf("--url", server.url)
    assert "1 of them end at the limit" in err
    server.reply = lambda asked: (200, {"content": "x", "stop_type": "eos"})
    _, out, err = lf("--url", server.url, "--fresh", "--json")
    assert json.loads(out)["cut"] == 0


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ((503, {"error": "Loading model"}), "503: "),
        ((200, {"choices": []}), "is no llama.cpp server"),
        ((200, "<html>"), "no llama.cpp server answers"),
    ],
    ids=["still loading", "another server", "no JSON"],
)
def test_a_server_that_does_not_answer(lf, server, reply, message):
    server.reply = lambda asked: reply
    code, out, err = lf("--url", server.url)
    assert (code, out) == (1, "")
    assert message in err
    assert "Traceback" not in err
    assert not Path("q4").exists()


def test_no_server_at_all(lf):
    code, _, err = lf("--url", "http://127.0.0.1:9")
    assert code == 1
    assert "llama-server -m FILE.gguf" in err


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"do_predict": None}, "p.yaml predicts nothing"), ({"output_dir": "nowhere"}, "nowhere")],
    ids=["no predict YAML", "not run yet"],
)
def test_a_yaml_without_predictions(lf, settings, message):
    code, _, err = lf(**settings)
    assert code == 2
    assert message in err


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
    assert "500: " in err
    assert "2 answers are in q4/generated_predictions.jsonl" in err
    assert len(answers()) == 2
    server.reply, server.asked = whole, []
    code, out, _ = lf("--url", server.url)
    assert (code, out) == (0, "3 answers in q4/generated_predictions.jsonl (2 were there, 1 new)\n")
    assert prompts_of(server) == [ROWS[2]["prompt"]]
    assert answers() == [(row["prompt"], row["prompt"].upper()) for row in ROWS]


def test_a_line_that_a_kill_cut_short_is_asked_again(lf, server):
    lf("--url", server.url)
    file = Path("q4/generated_predictions.jsonl")
    file.write_bytes(file.read_bytes()[:-10])
    server.asked = []
    _, out, _ = lf("--url", server.url, "--json")
    assert json.loads(out)["kept"] == 2
    assert prompts_of(server) == [ROWS[2]["prompt"]]
    assert answers() == [(row["prompt"], row["prompt"].upper()) for row in ROWS]


def test_a_kill_in_the_first_line_begins_anew(lf, server):
    lf("--url", server.url)
    Path("q4/generated_predictions.jsonl").write_text('{"prompt": "<|im')
    assert lf("--url", server.url)[0] == 0
    assert len(answers()) == 3


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
    assert json.loads(out) | {"file": ""} == {"file": "", "rows": 3, "cut": 0, "kept": 3}
    assert len(server.asked) == 3


def test_ctrl_c_keeps_what_came(lf, server, monkeypatch):
    complete = answer._complete

    def interrupt(url, body):
        if "q2" in body["prompt"]:
            raise KeyboardInterrupt
        return complete(url, body)

    monkeypatch.setattr(answer, "_complete", interrupt)
    code, _, err = lf("--url", server.url)
    assert code == 130
    assert "the answers that came are kept" in err
    assert "nothing was changed" not in err
    assert len(answers()) == 2


def other_model(server):
    server.model = "other.gguf"


def other_prompts(server):
    lines = [json.dumps(row | {"prompt": "another"}) + "\n" for row in ROWS]
    Path("tuned/generated_predictions.jsonl").write_text("".join(lines))


@pytest.mark.parametrize(
    ("change", "settings", "what"),
    [
        (None, {"temperature": 0.7}, "temperature was 0.6 and is 0.7"),
        (other_model, {}, "model was my.gguf and is other.gguf"),
        (other_prompts, {}, "line 1 answers another prompt"),
        (lambda _: Path("q4/answer.json").unlink(), {}, "there is no answer.json"),
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


def test_a_cut_answer_that_a_kill_lost_counts_no_more(lf, server):
    server.reply = lambda asked: (200, {"content": "x", "stop_type": "limit"})
    lf("--url", server.url)
    file = Path("q4/generated_predictions.jsonl")
    file.write_bytes(file.read_bytes()[:-10])
    server.reply = lambda asked: (200, {"content": "x", "stop_type": "eos"})
    _, out, _ = lf("--url", server.url, "--json")
    assert json.loads(out)["cut"] == 2
