"""A server like llama.cpp's on this machine, and `lf-qwen3 answer` typed beside the trainer's predictions."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lf_qwen3.cli import _output, cli
from lf_qwen3.data.generate import gate
from tests.results.answer_rows import ROWS, SETTINGS


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
def server(monkeypatch):
    monkeypatch.setattr(gate, "LONGEST_WAIT", 0.02)
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
