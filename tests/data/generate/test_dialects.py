"""Servers as they differ: a recorded reply of each reads the same, and each is asked in its own words."""

import json
import sys

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data.generate.client import run_in_loop
from lf_qwen3.data.generate.dialects import DIALECTS, guess_dialect
from lf_qwen3.data.generate.model_reply import StreamedReply, UnreadableReply, parse_reply
from lf_qwen3.data.generate.model_server import ask_dialect, describe_server
from lf_qwen3.qwen3.sampling import SAMPLING
from lf_qwen3.qwen3.thinking import CLOSE, OPEN
from lf_qwen3.recipes import presets
from tests.data.generate.scripted_server import Scripted, http

USAGE = {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16}


def whole(finish="stop", **message):
    reply = {
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": USAGE,
    }
    return json.dumps(reply).encode()


@pytest.mark.parametrize(
    "message",
    [
        {"content": "\n\n6", "reasoning": "\nThree and three.\n"},  # vLLM from 0.16, Ollama
        {
            "content": "6",
            "reasoning_content": "Three and three.",
        },  # SGLang, llama-server, DashScope, DeepSeek
        {"content": f"{OPEN}\nThree and three.\n{CLOSE}\n\n6"},  # llamafactory-cli api
        {"content": f"Three and three.\n{CLOSE}\n\n6"},  # a Thinking-2507 model without a parser
        {"content": "6", "reasoning": None, "reasoning_content": "Three and three."},
        {"content": "6", "reasoning": "", "reasoning_text": "Three and three."},
        {"content": "6", "thinking": "Three and three."},
        {"content": [{"type": "thinking", "thinking": "Three and three."}, {"type": "text", "text": "6"}]},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "Three and three."}]},
                {"type": "text", "text": "6"},
            ]
        },
    ],
)
def test_the_thinking_is_read_wherever_it_stands(message):
    reply = parse_reply(whole(**message))
    assert (reply.split().thinking, reply.split().answer) == ("Three and three.", "6")
    assert (reply.tokens_in, reply.tokens_out, reply.model, reply.is_cut) == (9, 7, "m", False)


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content", "content"])
def test_a_stream_reads_as_the_whole_does(name):
    deltas = [{"role": "assistant", "content": ""}, {name: "Three"}, {name: " and three."}]
    answer = [{"content": "6"}] if name != "content" else [{"content": ""}]
    events: list[dict] = [{"choices": [{"delta": delta, "finish_reason": None}]} for delta in deltas + answer]
    events += [{"choices": [{"delta": {}, "finish_reason": "length"}]}, {"choices": [], "usage": USAGE}]
    reply = StreamedReply()
    for line in (
        ": ping",
        "event: message",
        *(f"data: {json.dumps(event)}" for event in events),
        "data: [DONE]",
        "",
    ):
        reply.add(line.encode())
    built = reply.build()
    assert (built.reasoning or built.content) == "Three and three."
    assert (built.is_cut, built.tokens_in, built.tokens_out) == (True, 9, 7)


@pytest.mark.parametrize(
    ("said", "finish"),
    [("stop", "stop"), ("eos_token", "stop"), ("length", "length"), ("tool_calls", "tool_calls"), (None, "")],
)
def test_the_reply_says_how_it_ended(said, finish):
    reply = parse_reply(whole(said, content="6"))
    assert (reply.finish, reply.is_cut) == (finish, finish != "stop")


def test_llama_server_completes_in_its_own_form():
    body = {"content": "yes", "stop_type": "limit", "tokens_evaluated": 3, "tokens_predicted": 4}
    reply = parse_reply(json.dumps(body).encode())
    assert (reply.content, reply.is_cut, reply.tokens_in, reply.tokens_out) == ("yes", True, 3, 4)
    assert not parse_reply(json.dumps(body | {"stop_type": "eos"}).encode()).is_cut
    assert parse_reply(b'{"choices": [{"text": "yes", "finish_reason": "stop"}]}').content == "yes"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"choices": []}', b'{"choices": [{"message": {"content": 3}}]}']
)
def test_what_is_no_reply_is_unreadable(body):
    with pytest.raises(UnreadableReply):
        parse_reply(body)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", "dashscope"),
        ("https://api-inference.modelscope.cn/v1", "modelscope"),
        ("https://api.deepseek.com", "deepseek"),
        ("http://localhost:11434/v1", "ollama"),
        ("http://127.0.0.1:8000/v1", "openai"),
    ],
)
def test_the_address_tells_the_dialect(url, name):
    assert describe_server(url).dialect.name == name


@pytest.mark.parametrize(
    "dialect", [dialect for dialect in DIALECTS.values() if dialect.owner], ids=lambda d: d.name
)
def test_a_server_says_who_it_is(server, dialect):
    server.owner = dialect.owner
    assert run_in_loop(ask_dialect(describe_server(server.url))) == dialect
    assert guess_dialect("http://x", dialect.owner) == dialect


def test_the_address_may_bring_the_version_of_the_api():
    for url in ("http://x:1", "http://x:1/", "http://x:1/v1", "http://x:1/v1/"):
        place = describe_server(url)
        assert (place.root, place.api) == ("http://x:1", "http://x:1/v1")
    assert describe_server("https://x/compatible-mode/v1").api == "https://x/compatible-mode/v1"
    assert describe_server("https://x/api/v3").api == "https://x/api/v3"


@pytest.mark.parametrize(
    ("url", "dialect", "code"), [("x:1", "", "option_value"), ("http://x", "vlm", "unknown_dialect")]
)
def test_an_address_or_a_dialect_that_is_none(url, dialect, code):
    with pytest.raises(UsageError) as error:
        describe_server(url, dialect)
    assert error.value.code == code


def test_no_server_at_all():
    with pytest.raises(LfQwen3Error) as error:
        run_in_loop(ask_dialect(describe_server("http://127.0.0.1:9")))
    assert error.value.code == "server_unreachable"


def test_without_the_extra_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(LfQwen3Error) as error:
        run_in_loop(ask_dialect(describe_server("http://127.0.0.1:9")))
    assert error.value.code == "extra_missing"
    assert "lf-qwen3[generate]" in error.value.hint


def test_a_stream_is_asked_for_where_it_is_true(server, send):
    send(["q"], dialect="vllm")
    server.script = lambda body, tries: Scripted(http(200, whole(content="yes")))
    send(["other"], dialect="llamafactory")
    assert [body.get("stream") for body in server.bodies] == [True, None]


def test_the_sampling_is_that_of_the_presets():
    for mode, name in (("thinking", "thinking"), ("plain", "non-thinking")):
        generate = presets.find_preset(name).generate
        assert {key: generate[key] for key in SAMPLING[mode]} == SAMPLING[mode]
