"""The lengths of records in tokens as bars: thinking beside plain, the cutoff_len marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypedDict

from lf_qwen3.board.texts import shown

KINDS = ("thinking", "plain")


class TokenBar(TypedDict):
    """The records of lengths between two bounds: by kind, their share of the longest bar in per cent.

    `longest` is "" for the last of all bars, which has no end, and so is its `name`.
    """

    name: str
    shortest: int
    longest: int | str
    parts: list[tuple[str, float]]
    count: int
    is_at_cut: bool


class TokenChart(TypedDict):
    """Bars in rising order, with no gap between first and last; `values` are those of the text below."""

    kinds: list[str]
    bars: list[TokenBar]
    values: dict[str, Any]


def draw(figures: Mapping[str, Any]) -> TokenChart:
    """Return the chart of the figures of one dataset, as `check` reports them."""
    from lf_qwen3.proof.check.token_figures import BUCKETS

    cutoff_len, keeps = int(figures["cutoff_len"]), figures["cutoff_len_that_keeps"]
    buckets = _buckets(figures["lengths"], BUCKETS)
    most = max((sum(counts.values()) for _, _, counts in buckets), default=1)
    return {
        "kinds": [kind for kind in KINDS if any(counts.get(kind) for _, _, counts in buckets)],
        "bars": [
            {
                "name": f"{shown(low + 1)} – {shown(high)}" if low < BUCKETS[-1] else "",
                "shortest": low + 1,
                "longest": high if low < BUCKETS[-1] else "",
                "parts": [(kind, 100 * counts[kind] / most) for kind in KINDS if counts.get(kind)],
                "count": sum(counts.values()),
                "is_at_cut": low < cutoff_len <= high,
            }
            for low, high, counts in buckets
        ],
        "values": {
            "cutoff_len": cutoff_len,
            "cut": figures["cut"],
            "share": f"{figures['cut'] / (figures['records'] or 1):.1%}",
            "lost": figures["cut_loses_im_end"],
            "most": keeps["99%"],
            "all": keeps["100%"],
        },
    }


def _buckets(lengths: Mapping[str, Any], limits: Sequence[int]) -> list[tuple[int, int, dict[str, int]]]:
    """Return (longer than, up to, records by kind) in rising order, with no gap between first and last."""
    counted: dict[int, dict[str, int]] = {}
    for kind, parts in lengths.items():
        for name, records in parts["whole"]["histogram"].items():
            word, _, bound = name.partition(" ")
            high = int(bound) if word == "to" else 2 * int(bound)
            counted.setdefault(high, {})[kind] = records
    bounds = [0, *limits, 2 * limits[-1]]
    first, last = min(counted, default=0), max(counted, default=0)
    return [(low, high, counted.get(high, {})) for low, high in pairwise(bounds) if first <= high <= last]
