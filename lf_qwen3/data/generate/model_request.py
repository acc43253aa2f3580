"""A request to a model, and the key that its reply is kept under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
import xxhash

Endpoint = Literal["/chat/completions", "/completions", "/completion"]
"""OpenAI's two, below the version of the API, and llama.cpp's own, at the root of the server."""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A body as it is sent, but for whether it streams; `sample` distinguishes equal bodies.

    `key` is the XXH3-128 of endpoint, sample and body. Neither the server's address nor an API key is in it.
    """

    body: Mapping[str, Any]
    sample: int = 0
    endpoint: Endpoint = "/chat/completions"
    key: str = field(init=False)

    def __post_init__(self) -> None:
        content = orjson.dumps([self.endpoint, self.sample, self.body], option=orjson.OPT_SORT_KEYS)
        object.__setattr__(self, "key", xxhash.xxh3_128_hexdigest(content))
