"""The key: in the request, and nowhere else."""

import base64
import json
import traceback
from urllib.parse import quote

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data.generate.client import ClientOptions, ModelClient
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.model_server import describe_server
from tests.data.generate.conftest import ask
from tests.data.generate.scripted_server import (
    WHOLE,
    Scripted,
    ScriptedServer,
    chat,
    event_stream,
    http,
    question_of,
    stream,
)


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


SECRET = "sk/very+secret=0123456789"
ECHOES = {
    "plain": SECRET,
    "in an address": quote(SECRET, ""),
    "in JSON": json.dumps(SECRET),
    "as basic authentication": base64.b64encode(SECRET.encode()).decode(),
    "at the end of what is kept": "x" * 495 + SECRET,
}


@pytest.mark.parametrize("echo", ECHOES)
def test_a_key_that_comes_back_is_kept_nowhere(server, send, tmp_path, monkeypatch, echo, capsys):
    monkeypatch.setenv("MY_KEY", SECRET)
    text = ECHOES[echo]
    says = {
        "as a reply": Scripted(chat(text, reasoning=text)),
        "in a stream": Scripted(stream(text)),
        "in an error of a stream": Scripted(event_stream(f"data: {json.dumps({'error': text})}\n\n")),
        "in a body": Scripted(http(200, text)),
        "on a page": Scripted(http(500, text, "Content-Type: text/html\r\n")),
        "in an address": Scripted(http(301, "", f"Location: http://x/{quote(text)}\r\n")),
    }
    shown = []
    for place, reply in says.items():
        server.script = lambda body, tries, reply=reply: (
            reply if question_of(body) == "q" else Scripted(WHOLE)
        )
        try:
            shown.append(str(send(["good", "q"], folder=tmp_path / place, key_env="MY_KEY")))
        except LfQwen3Error:
            shown.append(traceback.format_exc())
    shown += [path.read_text() for path in tmp_path.rglob("*.journal.jsonl")]
    for form in (SECRET, quote(SECRET, ""), base64.b64encode(SECRET.encode()).decode()[:-2], "very+se"):
        assert form not in "\n".join([*shown, *capsys.readouterr()])


def test_a_proxy_that_echoes_the_headers_tells_no_key(tmp_path, monkeypatch):
    proxy = ScriptedServer()
    proxy.script = lambda body, tries: Scripted(http(400, f"bad gateway: {proxy.heads[-1]}"))
    with proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("MY_KEY", SECRET)
        place = describe_server("http://models.invalid/v1", "vllm", "MY_KEY")
        with Journal(tmp_path / "rows.journal.jsonl") as journal, pytest.raises(LfQwen3Error) as error:
            ModelClient(place, journal, ClientOptions()).send([ask("q")])
    assert SECRET in proxy.heads[0]
    assert "Authorization: Bearer ***" in str(error.value)
    told = "".join(traceback.format_exception(error.value)) + (tmp_path / "rows.journal.jsonl").read_text()
    assert SECRET not in told


def test_a_short_key_is_no_word_that_a_reply_may_not_have(server, send, monkeypatch):
    monkeypatch.setenv("MY_KEY", "EMPTY")
    server.script = lambda body, tries: Scripted(stream("The list is EMPTY."))
    assert send(["q"], key_env="MY_KEY")[1]["q"].content == "The list is EMPTY."


def test_a_variable_with_a_line_break_holds_no_key(monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-1\nX-Other: 2")
    with pytest.raises(UsageError) as error:
        describe_server("http://127.0.0.1:1", api_key_env="MY_KEY")
    assert error.value.code == "key_missing"
    assert "sk-1" not in str(error.value)


def test_a_key_that_is_not_set():
    with pytest.raises(UsageError) as error:
        describe_server("http://127.0.0.1:1", api_key_env="NOT_SET_HERE")
    assert error.value.code == "key_missing"
