"""`lf-qwen3 answer`: the prompts of the trainer's predictions, answered by a server on this machine."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

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
        self.reply = lambda asked: (200, {"content": asked["prompt"].upper(), "stop_type": "eos"})
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
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
    with Server() as one:
        thread = threading.Thread(target=one.serve_forever, daemon=True)
        thread.start()
        yield one
        one.shutdown()
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
    body = answer.request({"do_sample": False, "temperature": 0.6, "top_k": 20})
    assert (body["temperature"], body["top_k"]) == (0.0, 1)


def test_answers_that_were_cut_are_counted(lf, server):
    server.reply = lambda asked: (
        200,
        {"content": "x", "stop_type": "limit" if "q1" in asked["prompt"] else "eos"},
    )
    code, out, err = lf("--url", server.url, "--json")
    assert code == 0
    assert json.loads(out) == {"file": "q4/generated_predictions.jsonl", "rows": 3, "cut": 1}
    _, _, err = lf("--url", server.url)
    assert "1 of them end at the limit" in err


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
