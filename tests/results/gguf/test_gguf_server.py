"""A server is started with the right words and ended, and what it says otherwise than Qwen3 is named."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.results.gguf.probe import check_chat, check_tokens, render_prompt
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
ROW = HeldOutRow([], 0, [], f"{PROMPT}{EMPTY}42 m.<|im_end|>\n", [{"role": "user", "content": "How high?"}])


@pytest.fixture
def started(tmp_path):
    """Return what starts a program as llama-server."""

    def start(text):
        program = tmp_path / "llama-server"
        program.write_text(text.format(python=sys.executable))
        program.chmod(0o755)
        return run_server(LlamaCpp(Path("x"), None, program), Path("my file.gguf"), 512, tmp_path / "log")

    return start


def test_the_server_gets_file_and_context_and_is_ended(started):
    with started(FAKE) as server:
        path, pid, _, *words = exchange(server.url, "/health")
        assert path == "/health"
        options = dict(zip(words[::2], words[1::2], strict=False))
        assert (options["-m"], options["-c"], options["-np"]) == ("my file.gguf", "512", "1")
        assert "--jinja" in words
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


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


def chat(**changes):
    def said(text):
        return text if changes.get("says_nothing") is None else ""

    def prompt(body):
        thinks = body["chat_template_kwargs"]["enable_thinking"] or changes.get("always_thinks")
        return {"prompt": PROMPT + ("" if thinks else EMPTY)}

    return Stub(
        apply_template=prompt,
        completion=lambda body: {"content": "42 m."},
        v1_chat_completions=lambda body: {"choices": [{"message": {"content": said(f"{EMPTY}42 m.")}}]},
    )


def test_a_chat_that_asks_as_we_render_passes():
    assert render_prompt(ROW, True) == PROMPT
    assert render_prompt(ROW, False) == PROMPT + EMPTY
    check_chat(None, chat(), [ROW])


@pytest.mark.parametrize("change", ["always_thinks", "says_nothing"])
def test_a_chat_that_asks_or_answers_otherwise_is_named(change):
    with pytest.raises(LfQwen3Error) as caught:
        check_chat(None, chat(**{change: True}), [ROW])
    assert caught.value.code == "gguf_chat"


def test_the_probability_of_a_label_is_that_of_the_token_that_was_drawn():
    drawn = {"id": 7, "logprob": -3.5, "top_logprobs": [{"id": 1, "logprob": -0.5}]}
    server = Stub(completion=lambda body: {"completion_probabilities": [drawn]})
    assert server.next_token([1, 2], 7, 64) == (-3.5, {1: -0.5})
    with pytest.raises(LfQwen3Error) as caught:
        server.next_token([1, 2], 8, 64)
    assert caught.value.code == "server_error"


@pytest.mark.parametrize(("text", "count"), [("cafe", 0), ("cafe\u0301", 1)])
def test_texts_that_are_not_composed_are_counted(small_tokenizer, text, count):
    tokenizer = tokenizer_files.load(small_tokenizer)
    server = Stub(tokenize=lambda body: {"tokens": ids(tokenizer, body["content"])})
    plan = SimpleNamespace(base=small_tokenizer, rows="rows")
    assert check_tokens(plan, server, [HeldOutRow([], 0, [], text, [])]) == count


def ids(tokenizer, text):
    """Return ids as llama.cpp gives them: it composes nothing, so that a loose accent is a token more."""
    composed = tokenizer.encode(text, add_special_tokens=False).ids
    return [*composed, 0] if "\u0301" in text else composed


def test_other_tokens_are_named(small_tokenizer):
    server = Stub(tokenize=lambda body: {"tokens": [0]})
    plan = SimpleNamespace(base=small_tokenizer, rows="rows")
    with pytest.raises(LfQwen3Error) as caught:
        check_tokens(plan, server, [HeldOutRow([], 0, [], "cafe", [])])
    assert caught.value.code == "gguf_tokens"
