"""The charts of a comparison as SVG in the page: differences with their intervals, shares, a histogram."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lf_qwen3.board.markup import Html, html, tag
from lf_qwen3.board.texts import Texts

if TYPE_CHECKING:
    from lf_qwen3.results.compare import Difference
    from lf_qwen3.results.compare.picture import Scale

_MIDDLE, _HEIGHT = 10, 20
_ROOM = 20
"""Beside the histogram, for the figures at its ends."""


def change(one: Difference, scale: Scale, tone: str, said: str) -> Html:
    """Return a difference as a dot, its 95 % interval as a line, on a scale with zero in the middle."""
    zero = scale.x(0)
    marks = [tag("line", class_="lfq-axis", x1=zero, x2=zero, y1=0, y2=_HEIGHT)]
    if one.low is not None and one.high is not None:
        marks.append(_line(scale.x(one.low), scale.x(one.high), tone))
    if one.value is not None:
        marks.append(_dot(scale.x(one.value), tone))
    return _plot(marks, said)


def share(one: Difference, tone: str, said: str) -> Html:
    """Return two shares of rows on a line from 0 to 100 %: the base as a ring, the other as a dot."""
    from lf_qwen3.results.compare.picture import SHARES

    ends = SHARES.x(0), SHARES.x(100)
    marks = [tag("line", class_="lfq-axis", x1=ends[0], x2=ends[1], y1=_MIDDLE, y2=_MIDDLE)]
    if one.base is not None and one.other is not None:
        base, other = SHARES.x(one.base), SHARES.x(one.other)
        ring = tag("circle", class_=f"lfq-ring lfq-{tone}", cx=base, cy=_MIDDLE, r=4)
        marks += [_line(base, other, tone), ring, _dot(other, tone)]
    return _plot(marks, said)


def outcomes(counts: Mapping[str, int], said: str) -> Html:
    """Return wins, ties and losses as one bar."""
    total = sum(counts.values()) or 1
    parts = [
        tag("span", class_=f"lfq-part lfq-{tone}", style=f"width:{100 * count / total:.2f}%", title=count)
        for tone, count in counts.items()
        if count
    ]
    return tag("div", parts, class_="lfq-track lfq-outcomes", role="img", aria_label=said)


def changes(histogram: Mapping[str, Any], texts: Texts) -> Html:
    """Return how many rows changed by how much, as `compare.picture.histogram` reckons it."""
    floor, width = histogram["floor"], str(histogram["width"])  # text: as a number it would be 1,000
    marks = [tag("line", class_="lfq-axis", x1=0, x2=width, y1=floor, y2=floor)]
    for block in histogram["blocks"]:
        place = {key: block[key] for key in ("x", "y", "width", "height")}
        marks.append(tag("rect", class_=f"lfq-block lfq-{block['tone']}", rx=2, **place))
        if block["count"]:
            marks.append(_label(block["x"] + block["width"] / 2, block["y"] - 5, block["count"]))
    for tick in histogram["ticks"]:
        named = f"{tick['value']:+,.0f}".replace("-", "−") if tick["value"] else "0"
        marks.append(_label(tick["x"], floor + 17, named))
    seen = f"{-_ROOM} 0 {histogram['width'] + 2 * _ROOM} {histogram['height']}"
    drawn = tag("svg", marks, viewBox=seen, role="img", aria_label=texts("evaluation.changes"))
    told = texts("evaluation.changes_note", step=histogram["step"])
    return tag("div", drawn, tag("p", html(told), class_="lfq-note"), class_="lfq-chart")


def _plot(marks: list[Html], said: str) -> Html:
    from lf_qwen3.results.compare.picture import WIDTH

    drawn = tag("svg", marks, viewBox=f"0 0 {WIDTH} {_HEIGHT}", role="img", aria_label=said)
    return tag("div", drawn, class_="lfq-plot")


def _line(start: float | None, end: float | None, tone: str) -> Html:
    return tag("line", class_=f"lfq-span lfq-{tone}", x1=start, x2=end, y1=_MIDDLE, y2=_MIDDLE)


def _dot(x: float | None, tone: str) -> Html:
    return tag("circle", class_=f"lfq-dot lfq-{tone}", cx=x, cy=_MIDDLE, r=4.5)


def _label(x: float, y: float, content: object) -> Html:
    return tag("text", html(content), x=f"{x:.1f}", y=f"{y:.1f}", text_anchor="middle")
