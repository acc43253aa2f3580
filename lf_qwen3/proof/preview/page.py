"""A preview for a notebook: the text that is fed, with the loss mask in colour."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from lf_qwen3.proof.preview.words import describe_counts, describe_cut, describe_official

if TYPE_CHECKING:
    from lf_qwen3.proof.preview import Preview
    from lf_qwen3.proof.preview.rows import PreviewRow, PreviewSegment

_LEARNT = "background: rgba(46, 160, 67, .3); border-radius: 2px"
_MASKED = "opacity: .65"
_LOST = "background: rgba(218, 54, 51, .25); text-decoration: line-through"
"""Tints let the notebook's own background and text colour through, so that they suit light and dark."""

_TEXT = "white-space: pre-wrap; overflow-wrap: anywhere; font-family: monospace; margin: .5em 0 1em"


def render_html(preview: Preview) -> str:
    """Return the rows as HTML without scripts; every text of the data is escaped."""
    options = ", ".join(f"{key} {value}" for key, value in preview.options())
    legend = " ".join(
        f'<span style="{style}">{words}</span>'
        for style, words in ((_LEARNT, "in the loss"), (_MASKED, "not in the loss"), (_LOST, "cut"))
    )
    head = f"<p><b>{escape(preview.name)}</b>: {escape(options)}<br>{legend}</p>"
    note = f"<p>{escape(preview.unofficial)}</p>" if preview.unofficial else ""
    return f"<div>{head}{note}{''.join(_row(preview, row) for row in preview.rows)}</div>"


def _row(preview: Preview, row: PreviewRow) -> str:
    parts = [f"<p><b>row {row.row:,}</b> of {escape(row.file)}</p>"]
    if row.problem:
        parts.append(f"<p>{escape(row.problem)}</p>")
    for rendering in row.renderings:
        lines = (
            rendering.side,
            describe_counts(rendering),
            describe_cut(rendering, preview.template.cutoff_len),
        )
        parts.append(f"<p>{'<br>'.join(escape(line) for line in lines if line)}</p>")
        parts.append(f'<div style="{_TEXT}">{"".join(map(_segment, rendering.segments))}</div>')
    if row.official:
        parts.append(f"<p>{escape(describe_official(row.official))}</p>")
    if row.elsewhere:
        parts.append(f"<p>{escape(row.elsewhere)}</p>")
    return "".join(parts)


def _segment(segment: PreviewSegment) -> str:
    style = _LOST if segment.lost else _LEARNT if segment.learnt else _MASKED
    return f'<span style="{style}">{escape(segment.text)}</span>'
