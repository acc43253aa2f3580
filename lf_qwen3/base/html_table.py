"""A table of HTML, for the results that a notebook shows."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


def render_table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a `<table>` with one row of titles over the others; all texts are escaped."""
    lines = [_render_row("th", titles), *(_render_row("td", cells) for cells in rows)]
    return f"<table>{''.join(lines)}</table>"


def _render_row(tag: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
