"""Requests about texts that are material, and the JSON that they are answered with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lf_qwen3.data.generate.dialects import ServerDialect
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.qwen3.thinking import CLOSE

_EXACT: Mapping[str, Any] = {"temperature": 0}


def build_material_request(
    model: str,
    dialect: ServerDialect,
    system: str,
    texts: Mapping[str, str],
    mark: str = "",
    sampling: Mapping[str, Any] = _EXACT,
    sample: int = 0,
) -> ModelRequest:
    """Return a request about texts between marked lines; thinking is off where the server has a switch."""
    mark = f" {mark}" if mark else ""
    shown = [f"=== {name}{mark} ===\n{text}" for name, text in texts.items()]
    messages = [
        {"role": "system", "content": system},
        {"role": "user", "content": "\n\n".join([*shown, f"=== end{mark} ==="])},
    ]
    body = {"model": model, "messages": messages} | dict(sampling) | dict(dialect.switch.get("plain", {}))
    return ModelRequest(body, sample)


def find_objects(content: str) -> Iterator[dict[str, Any]]:
    """Yield the outermost JSON objects of a reply, the last first; thinking is skipped."""
    text = content.rpartition(CLOSE)[2]
    decoder, place = json.JSONDecoder(), text.find("{")
    objects: list[dict[str, Any]] = []
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
            objects.append(value)
        except (ValueError, RecursionError):
            end = place + 1
        place = text.find("{", end)
    yield from reversed(objects)
