"""Charts as HTML: bars that take the page's colours, in light and in dark."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from lf_qwen3.board.markup import Html, html, tag
from lf_qwen3.board.texts import Texts, shown

KINDS = ("thinking", "plain")


def token_lengths(figures: Mapping[str, Any], texts: Texts) -> Html:
    """Return the lengths of the records in tokens as bars, thinking beside plain, the cutoff_len marked.

    `figures` are those of one dataset as `checking` reports them.
    """
    cutoff_len = int(figures["cutoff_len"])
    buckets = _buckets(figures["lengths"])
    most = max((sum(counts.values()) for _, _, counts in buckets), default=1)
    cut = next((low for low, high, _ in buckets if low < cutoff_len <= high), None)
    bars = [_bar(low, high, counts, most, texts, is_at_cut=low == cut) for low, high, counts in buckets]
    legend = [
        tag("span", tag("i", class_=f"lfq-swatch lfq-{kind}"), html(texts(f"chart.{kind}")), class_="lfq-key")
        for kind in KINDS
        if any(counts.get(kind) for _, _, counts in buckets)
    ]
    told = texts("chart.cut" if figures["cut"] else "chart.whole", cutoff_len=cutoff_len, **_cut(figures))
    parts = [tag("h4", html(texts("chart.lengths"))), tag("div", legend, class_="lfq-legend")]
    parts += [tag("div", bars, class_="lfq-bars"), tag("p", html(told), class_="lfq-note")]
    return tag("div", parts, class_="lfq-chart")


def _cut(figures: Mapping[str, Any]) -> dict[str, object]:
    records = figures["records"] or 1
    keeps = figures["cutoff_len_that_keeps"]
    return {
        "cut": figures["cut"],
        "share": f"{figures['cut'] / records:.1%}",
        "lost": figures["cut_loses_im_end"],
        "most": keeps["99%"],
        "all": keeps["100%"],
    }


def _buckets(lengths: Mapping[str, Any]) -> list[tuple[int, int, dict[str, int]]]:
    """Return (longer than, up to, records by kind) in rising order, with no gap between first and last."""
    from lf_qwen3.proof.check.token_figures import BUCKETS

    counted: dict[int, dict[str, int]] = {}
    for kind, parts in lengths.items():
        for name, records in parts["whole"]["histogram"].items():
            word, _, bound = name.partition(" ")
            high = int(bound) if word == "to" else 2 * int(bound)
            counted.setdefault(high, {})[kind] = records
    bounds = [0, *BUCKETS, 2 * BUCKETS[-1]]
    first, last = min(counted, default=0), max(counted, default=0)
    return [(low, high, counted.get(high, {})) for low, high in pairwise(bounds) if first <= high <= last]


def _bar(low: int, high: int, counts: Mapping[str, int], most: int, texts: Texts, *, is_at_cut: bool) -> Html:
    total = sum(counts.values())
    parts = [
        tag("span", class_=f"lfq-part lfq-{kind}", style=f"width:{100 * counts[kind] / most:.2f}%")
        for kind in KINDS
        if counts.get(kind)
    ]
    name = tag("span", html(f"{shown(low + 1)} – {shown(high)}"), class_="lfq-bar-name")
    mark = [tag("span", html(texts("chart.here")), class_="lfq-badge")] if is_at_cut else []
    count = tag("span", html(total), class_="lfq-bar-count")
    track = tag("span", parts, class_="lfq-track", aria_hidden="true")
    return tag("div", [name, track, count, *mark], class_="lfq-bar" + " lfq-at-cut" * is_at_cut)
