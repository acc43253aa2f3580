"""What section Sampling presets shows: where a preset has been applied, and the preset as keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lf_qwen3.board.markup import Html, error, html, paragraph, tag
from lf_qwen3.board.texts import Texts
from lf_qwen3.recipes.document import format_setting

State = Mapping[str, Any]


def applied(state: State | None, texts: Texts) -> Html:
    """Return what became of a preset.

    `told` holds (kind of paragraph, key of a text, its values).
    """
    if state is None:
        return paragraph(texts("sampling.no_applied"), "empty")
    if "error" in state:
        return error(state["error"], state["hint"])
    return tag(
        "div", [paragraph(texts(f"sampling.{key}", **values), kind) for kind, key, values in state["told"]]
    )


def keys(state: State | None, texts: Texts) -> Html:
    """Return a preset as keys of a YAML that generates."""
    if state is None:
        return Html("")
    if "error" in state:
        return error(state["error"], state["hint"])
    text = "\n".join(format_setting(key, value) for key, value in state.items())
    title = tag("summary", html(texts("sampling.as_keys")))
    return tag("details", title, tag("pre", html(text), class_="lfq-record"))
