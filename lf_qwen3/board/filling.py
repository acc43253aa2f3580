"""Set elements of the board from the tab: those it has, within bounds that are raised where they must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from lf_qwen3.board.board import Board


def fill(board: Board, values: Mapping[str, Any]) -> tuple[dict[Any, Any], list[str]]:
    """Return the updates that set the board's elements, by id, and the ids that it does not have."""
    updates: dict[Any, Any] = {}
    unknown = []
    for name, value in values.items():
        element = board.find(name)
        if element is None:
            unknown.append(name)
        else:
            updates[element] = _update(element, value)
    return updates, unknown


def _update(element: Any, value: Any) -> Any:
    """Return the update of one element; the board's server refuses a slider's value beyond its ends."""
    if isinstance(element, gr.Slider):
        least, most = min(element.minimum, value), max(element.maximum, value)
        step = 1 if isinstance(value, int) and element.step > 1 else element.step
        return gr.Slider(value=value, minimum=least, maximum=most, step=step)
    return type(element)(value=value)
