"""What a server replies: read from a JSON body, or put together from the events of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from lf_qwen3.qwen3 import thinking
from lf_qwen3.qwen3.thinking import Split

_REASONING = ("reasoning", "reasoning_content")
"""vLLM from 0.16 and Ollama say `reasoning`; SGLang, llama-server, DashScope and DeepSeek the other."""

_LLAMA_STOPS = {"eos": "stop", "word": "stop", "limit": "length", "none": ""}
_DONE = b"[DONE]"


class UnreadableReply(Exception):  # noqa: N818 - the request is sent again
    """A reply that is cut off, or none at all."""


@dataclass(frozen=True, slots=True)
class ModelReply:
    """One reply. `finish` is "stop" for one that ended by itself, "length" for one that was cut.

    `tokens_in` and `tokens_out` are as the server counts them, 0 where it does not; `model` is what it calls
    itself.
    """

    content: str
    reasoning: str = ""
    finish: str = "stop"
    tokens_in: int = 0
    tokens_out: int = 0
    model: str = ""

    @property
    def is_cut(self) -> bool:
        """Tell whether the reply ended otherwise than by itself."""
        return self.finish != "stop"

    def split(self) -> Split:
        """Return thinking and answer, wherever the server puts the thinking.

        Raises `Reject` as `thinking.join_column` does.
        """
        return thinking.join_column(self.reasoning, self.content)


def parse_reply(body: bytes) -> ModelReply:
    """Return the reply in a JSON body: of chat, of completion, or of llama.cpp's `/completion`.

    Raises `UnreadableReply`.
    """
    try:
        content = orjson.loads(body)
        if "stop_type" in content and "choices" not in content:
            finish = _LLAMA_STOPS.get(content["stop_type"], content["stop_type"])
            tokens_in = _count(content.get("tokens_evaluated"))
            tokens_out = _count(content.get("tokens_predicted"))
            return ModelReply(_text(content["content"]), "", finish, tokens_in, tokens_out)
        choice = content["choices"][0]
        message = choice.get("message") or {"content": choice.get("text")}
        return _build(
            _text(message.get("content")), _reasoning(message), choice.get("finish_reason"), content
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UnreadableReply(f"no reply of a model: {type(error).__name__}: {error}") from error


class StreamedReply:
    """Puts a reply together from the lines of a stream of server-sent events."""

    def __init__(self) -> None:
        self._content: list[str] = []
        self._reasoning: list[str] = []
        self._finish = ""
        self._last: dict[str, Any] = {}

    def add(self, line: bytes) -> None:
        """Take one line. Raises `UnreadableReply` for an error that the server sends, or no JSON."""
        if not line.startswith(b"data:"):
            return
        data = line[5:].strip()
        if data == _DONE or not data:
            return
        try:
            event = orjson.loads(data)
            if event.get("error"):
                raise UnreadableReply(f"an error in the stream: {event['error']}"[:500])
            for choice in event.get("choices") or ():
                delta = choice.get("delta") or {"content": choice.get("text")}
                self._content.append(_text(delta.get("content")))
                self._reasoning.append(_reasoning(delta))
                self._finish = choice.get("finish_reason") or self._finish
            self._last = {key: event.get(key) or self._last.get(key) for key in ("usage", "model")}
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise UnreadableReply(f"a broken stream: {type(error).__name__}: {error}") from error

    def build(self) -> ModelReply:
        """Return the whole reply. Raises `UnreadableReply` for a stream that ended before the reply did."""
        if not self._finish:
            raise UnreadableReply("the stream ended before the reply")
        return _build("".join(self._content), "".join(self._reasoning), self._finish, self._last)


def _build(content: str, reasoning: str, finish: str | None, around: Mapping[str, Any]) -> ModelReply:
    usage = around.get("usage") or {}
    counts = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    return ModelReply(content, reasoning, finish or "stop", *counts, model=str(around.get("model") or ""))


def _reasoning(message: Mapping[str, Any]) -> str:
    return next((text for name in _REASONING if (text := _text(message.get(name)))), "")


def _text(value: object) -> str:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where text is due")
    return value or ""


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
