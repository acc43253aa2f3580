"""A server is started with the right words and ended, and what it says otherwise than Qwen3 is named."""

import os
import select
import signal
import sys
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.gguf.probe import check_chat, check_tokens
from lf_qwen3.results.gguf.rows import HeldOutRow
from lf_qwen3.results.gguf.server import LlamaServer, exchange, run_server
from lf_qwen3.results.gguf.tools import LlamaCpp

FAKE = """#!{python}
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(json.dumps([self.path, os.getpid()] + sys.argv).encode())
    def log_message(self, *_): pass
HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
"""
PROMPT = "<|im_start|>user\nHow high?<|im_end|>\n<|im_start|>assistant\n"
EMPTY = "<think>\n\n</think>\n\n"
PROMPTS = {True: PROMPT, False: PROMPT + EMPTY}
ROW = HeldOutRow([], 0, [], "", [], PROMPTS, [{"role": "user", "content": "How high?"}])


@pytest.fixture
def started(tmp_path):
    """Return what starts a program as llama-server."""

    def start(text):
        program = tmp_path / "llama-server"
        program.write_text(text.format(python=sys.executable))
        program.chmod(0o755)
        return run_server(LlamaCpp(Path("x"), None, program), Path("my file.gguf"), 512, tmp_path / "log")

    return start


def is_gone(pid):
    """Tell whether a process ends within a minute."""
    try:
        return bool(select.select([os.pidfd_open(pid)], [], [], 60)[0])
    except ProcessLookupError:
        return True


def test_the_server_gets_file_and_context_and_is_ended(started):
    with started(FAKE) as server:
        path, pid, _, *words = exchange(server.url, "/health")
        assert path == "/health"
        options = dict(zip(words[::2], words[1::2], strict=False))
        assert (options["-m"], options["-c"], options["-np"]) == ("my file.gguf", "512", "1")
        assert "--jinja" in words
    assert is_gone(pid)


def test_a_server_does_not_outlive_a_starter_that_was_killed(started, tmp_path):
    child = os.fork()
    if child == 0:
        with started(FAKE) as server:
            (tmp_path / "pid").write_text(str(exchange(server.url, "/health")[1]))
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_a_server_that_ends_says_why(started):
    with pytest.raises(LfQwen3Error) as caught, started("#!/bin/sh\necho no such architecture; exit 1\n"):
        pass
    assert caught.value.code == "server_unreachable"
    assert "no such architecture" in caught.value.message


class Stub(LlamaServer):
    """A server that answers as `replies` says, by path."""

    def __init__(self, **replies):
        self.replies = replies

    def ask(self, path, body):
        return self.replies[path.strip("/").replace("/", "_").replace("-", "_")](body)


def chat(always_thinks=False, says_nothing=False):
    def opening(body):
        return "" if always_thinks or body["chat_template_kwargs"]["enable_thinking"] else EMPTY

    def answer(body):
        return {"choices": [{"message": {"content": "" if says_nothing else f"{opening(body)}42 m."}}]}

    return Stub(
        apply_template=lambda body: {"prompt": PROMPT + opening(body)},
        completion=lambda body: {"content": "42 m."},
        v1_chat_completions=answer,
    )


def test_a_chat_that_asks_as_we_render_passes():
    check_chat(chat(), [ROW])


@pytest.mark.parametrize("change", ["always_thinks", "says_nothing"])
def test_a_chat_that_asks_or_answers_otherwise_is_named(change):
    with pytest.raises(LfQwen3Error) as caught:
        check_chat(chat(**{change: True}), [ROW])
    assert caught.value.code == "gguf_chat"


def test_the_probability_of_a_label_is_that_of_the_token_that_was_drawn():
    drawn = {"id": 7, "logprob": -3.5, "top_logprobs": [{"id": 1, "logprob": -0.5}]}
    server = Stub(completion=lambda body: {"completion_probabilities": [drawn]})
    assert server.next_token([1, 2], 7, 64) == (-3.5, {1: -0.5})
    with pytest.raises(LfQwen3Error) as caught:
        server.next_token([1, 2], 8, 64)
    assert caught.value.code == "server_error"


def tokens(text):
    """Return ids as llama.cpp gives them: it composes nothing."""
    return [ord(character) for character in text]


@pytest.mark.parametrize(
    ("text", "ids", "count"),
    [("cafe", tokens("cafe"), 0), ("cafe\u0301", tokens("caf\u00e9"), 1)],
)
def test_texts_that_are_not_composed_are_counted(text, ids, count):
    server = Stub(tokenize=lambda body: {"tokens": tokens(body["content"])})
    assert check_tokens("rows", server, [HeldOutRow([], 0, [], text, ids, {}, [])]) == count


@pytest.mark.parametrize("text", ["cafe", "cafe\u0301"])
def test_other_tokens_are_named(text):
    server = Stub(tokenize=lambda body: {"tokens": [0]})
    with pytest.raises(LfQwen3Error) as caught:
        check_tokens("rows", server, [HeldOutRow([], 0, [], text, [1], {}, [])])
    assert caught.value.code == "gguf_tokens"
