"""Qwen's sampling: "Best Practices" of the Qwen3 model cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

SAMPLING: Mapping[Literal["thinking", "plain"], Mapping[str, float | int]] = {
    "thinking": {"temperature": 0.6, "top_p": 0.95, "top_k": 20},
    "plain": {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
}
"""By whether the answer thinks. Greedy decoding while thinking repeats itself without end."""
