"""HTML of the tab: every text goes through `escape`, so that HTML in data is shown as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple, NewType

from lf_qwen3.board.texts import shown

Html = NewType("Html", str)
"""A piece of HTML; plain `str` is text that still has to be escaped."""


class Cell(NamedTuple):
    """A cell of a table that holds HTML; any other value is shown as text."""

    html: Html


def html(content: object) -> Html:
    """Return text escaped, lone surrogates and control characters made visible."""
    text = shown(content).encode("utf-8", "backslashreplace").decode("utf-8")
    seen = "".join(one if one.isprintable() or one in "\n\t" else f"\\x{ord(one):02x}" for one in text)
    return Html(escape(seen))


def tag(name: str, *content: Html | Iterable[Html], **attributes: object) -> Html:
    """Return an element; `class_` stands for class, `aria_label` for aria-label; None is left out."""
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    words = "".join(f' {key}="{html(str(value))}"' for key, value in given.items() if value is not None)
    inside = "".join(one if isinstance(one, str) else "".join(one) for one in content)
    return Html(f"<{name}{words}>{inside}</{name}>")


def coded(message: str, code: str) -> Cell:
    """Return a table cell that says what a code means, the code below it."""
    return Cell(Html(tag("div", html(message)) + tag("code", html(code))))


def paragraph(text: object, kind: str = "") -> Html:
    """Return a paragraph; `kind` is one of note, warning, error, good, empty."""
    return tag("p", html(text), class_=f"lfq-{kind}" if kind else None)


def error(message: str, hint: str = "") -> Html:
    """Return what went wrong, and under it what to do."""
    told = [paragraph(message, "error")]
    return tag("div", told + [tag("p", html(hint), class_="lfq-hint")] * bool(hint), role="alert")


def figures(pairs: Iterable[tuple[str, object]]) -> Html:
    """Return numbers with their names, side by side."""
    made = [
        tag("div", tag("dt", html(name)), tag("dd", html(value)), class_="lfq-figure")
        for name, value in pairs
    ]
    return tag("dl", made, class_="lfq-figures")


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], kinds: Sequence[str] = ()) -> Html:
    """Return a table; `kinds` name the class of each column: number, code, text or none."""
    kinds = kinds or [""] * len(headers)
    head = tag(
        "tr", [tag("th", html(one), scope="col", class_=_kind(kind)) for one, kind in _both(headers, kinds)]
    )
    body = [tag("tr", [_cell(one, kind) for one, kind in _both(row, kinds)]) for row in rows]
    return tag("div", tag("table", tag("thead", head), tag("tbody", body)), class_="lfq-table")


def progress(what: str, done: int, total: int) -> Html:
    """Return a progress bar; a total of 0 is one that only shows that something goes on."""
    share = min(done / total, 1.0) if total else None
    told = f"{what} {share:.0%}" if share is not None else what
    bar = tag("progress", max=1, value=None if share is None else f"{share:.3f}", aria_label=what)
    return tag("div", tag("span", html(told)), bar, class_="lfq-progress", role="status")


def _both(cells: Sequence[object], kinds: Sequence[str]) -> list[tuple[object, str]]:
    return list(zip(cells, kinds, strict=True))


def _kind(kind: str) -> str | None:
    return f"lfq-{kind}" if kind else None


def _cell(content: object, kind: str) -> Html:
    return tag("td", content.html if isinstance(content, Cell) else html(content), class_=_kind(kind))
