"""How servers differ: where the thinking is switched, what else they take, whether their streams are true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

ThinkingMode = Literal["thinking", "plain"]

MODES: Mapping[str, tuple[ThinkingMode, ...]] = {
    "thinking": ("thinking",),
    "plain": ("plain",),
    "both": ("thinking", "plain"),
}
"""The modes of answers by what one asks for."""

_TEMPLATE: Mapping[ThinkingMode, Mapping[str, Any]] = {
    "thinking": {"chat_template_kwargs": {"enable_thinking": True}},
    "plain": {"chat_template_kwargs": {"enable_thinking": False}},
}


class ServerDialect(NamedTuple):
    """What one kind of server takes.

    `switch` is what a body gets for a mode, nothing where the server has no switch. `owner` is what
    `/v1/models` says under owned_by, `host` a part of the address. `takes_top_k` is False where top_k is an
    unknown field.
    """

    name: str
    switch: Mapping[ThinkingMode, Mapping[str, Any]] = {}
    streams: bool = True
    owner: str = ""
    host: str = ""
    takes_top_k: bool = True


DIALECTS: Mapping[str, ServerDialect] = {
    dialect.name: dialect
    for dialect in (
        ServerDialect("vllm", _TEMPLATE, owner="vllm"),
        ServerDialect("sglang", _TEMPLATE, owner="sglang"),
        ServerDialect("llama-server", _TEMPLATE, owner="llamacpp"),
        ServerDialect(
            "dashscope",
            {"thinking": {"enable_thinking": True}, "plain": {"enable_thinking": False}},
            host="dashscope",
        ),
        ServerDialect(
            "modelscope",
            {"thinking": {"enable_thinking": True}, "plain": {"enable_thinking": False}},
            host="modelscope",
        ),
        ServerDialect(
            "deepseek",
            {"thinking": {"thinking": {"type": "enabled"}}, "plain": {"thinking": {"type": "disabled"}}},
            host="deepseek.com",
            takes_top_k=False,
        ),
        ServerDialect(
            "ollama",
            {"plain": {"reasoning_effort": "none"}},
            owner="library",
            host=":11434",
            takes_top_k=False,
        ),
        # Streams of `llamafactory-cli api` say "stop" of a reply that was cut, and count no tokens.
        ServerDialect("llamafactory", streams=False, owner="owner"),
        ServerDialect("openai", takes_top_k=False),
    )
}
"""By name; "openai" is a server of which nothing is known."""


def guess_dialect(url: str, owner: str = "") -> ServerDialect:
    """Return the dialect by the address, or by who owns the served models; "openai" where neither says."""
    address = urlsplit(url).netloc
    for dialect in DIALECTS.values():
        if (dialect.host and dialect.host in address) or (owner and dialect.owner == owner):
            return dialect
    return DIALECTS["openai"]
