"""What a server replies: read from a JSON body, or put together from the events of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from lf_qwen3.qwen3 import thinking
from lf_qwen3.qwen3.thinking import Split

_REASONING = ("reasoning", "reasoning_content", "thinking", "reasoning_text")
"""vLLM from 0.16 and Ollama say `reasoning`; SGLang, llama-server, DashScope and DeepSeek the second.

The others are those of proxies. Content may also be a list of parts, some of the type "thinking".
"""

_STOPS = {"eos": "stop", "eos_token": "stop", "stop_sequence": "stop", "word": "stop", "limit": "length"}
"""What servers say in place of OpenAI's "stop" and "length"."""

_SHOWN = 500
_DONE = b"[DONE]"


class UnreadableReply(Exception):  # noqa: N818 - the request is sent again
    """A reply that is cut off, or none at all."""


@dataclass(frozen=True, slots=True)
class ModelReply:
    """One reply.

    `finish` is "stop" for one that ended by itself, "length" for one that was cut, "" where nothing is said.

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
        """Return whether the reply ended otherwise than by itself."""
        return self.finish != "stop"

    def split(self) -> Split:
        """Return thinking and answer, wherever the server puts the thinking.

        Raises `Reject` as `thinking.join_column` does.
        """
        return thinking.join_column(self.reasoning, self.content)


def parse_reply(body: bytes) -> ModelReply:
    """Return the reply in a JSON body: of chat, of completion, or of llama.cpp's `/completion`.

    Raises `UnreadableReply`, with the server's words where it says what is wrong.
    """
    try:
        content = orjson.loads(body)
        if not content.get("choices") and content.get("error"):
            raise UnreadableReply(f"the server returned an error instead of a reply: {content['error']}")
        if "stop_type" in content and "choices" not in content:
            counts = _count(content.get("tokens_evaluated")), _count(content.get("tokens_predicted"))
            return ModelReply(_text(content["content"]), "", _finish(content["stop_type"]), *counts)
        choice = content["choices"][0]
        message = choice.get("message") or {"content": choice.get("text")}
        usage, model = content.get("usage"), content.get("model")
        finish = _finish(choice.get("finish_reason"))
        return _build(_text(message.get("content")), _reasoning(message), finish, usage, model)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        start = " ".join(body[:_SHOWN].decode("utf-8", "replace").split())
        raise UnreadableReply(f"not a reply of a model: {type(error).__name__}: {error}: {start}") from None


class StreamedReply:
    """Puts a reply together from the lines of a stream of server-sent events."""

    def __init__(self) -> None:
        self._content: list[str] = []
        self._reasoning: list[str] = []
        self._finish = ""
        self._usage: object = None
        self._model: object = None

    def add(self, line: bytes) -> None:
        """Take one line. Raises `UnreadableReply` for an error that the server sends, or no JSON."""
        if not line.startswith(b"data:") or (data := line[5:].strip()) == _DONE or not data:
            return
        try:
            event = orjson.loads(data)
            if event.get("error"):
                raise UnreadableReply(f"an error in the stream: {event['error']}")
            for choice in event.get("choices") or ():
                delta = choice.get("delta") or {"content": choice.get("text")}
                if content := delta.get("content"):
                    self._content.append(_text(content))
                if len(delta) > 1 or not content:
                    self._reasoning.append(_reasoning(delta))
                self._finish = choice.get("finish_reason") or self._finish
            self._usage = event.get("usage") or self._usage
            self._model = self._model or event.get("model")
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise UnreadableReply(f"a broken stream: {type(error).__name__}: {error}") from None

    def build(self) -> ModelReply:
        """Return the whole reply. Raises `UnreadableReply` for a stream that ended before the reply did."""
        if not self._finish:
            raise UnreadableReply("the stream ended before the reply")
        texts = "".join(self._content), "".join(self._reasoning)
        return _build(*texts, _finish(self._finish), self._usage, self._model)


def _build(content: str, reasoning: str, finish: str, usage: object, model: object) -> ModelReply:
    counts = usage if isinstance(usage, dict) else {}
    tokens = _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    return ModelReply(content, reasoning, finish, *tokens, model=str(model or ""))


def _finish(reason: object) -> str:
    said = str(reason or "").casefold()
    return _STOPS.get(said, "" if said == "none" else said)


def _reasoning(message: Mapping[str, Any]) -> str:
    for name in _REASONING:
        if name in message and (text := _text(message[name])):
            return text
    content = message.get("content")
    return "".join(map(_thinking_part, content)) if isinstance(content, list) else ""


def _text(value: object) -> str:
    if isinstance(value, list):
        return "".join(part["text"] for part in value if part.get("type") == "text")
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where text is expected")
    return value or ""


def _thinking_part(part: Mapping[str, Any]) -> str:
    """Return the thinking in a part of a content: a text, or parts of its own."""
    return _text(part.get("thinking")) if part.get("type") == "thinking" else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
