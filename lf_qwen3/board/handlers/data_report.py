"""What section Data shows: a source looked at, and the report of a conversion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lf_qwen3.base.reasons import REJECTED, REPAIRED
from lf_qwen3.board.handlers.charts import token_lengths
from lf_qwen3.board.markup import Html, error, figures, html, paragraph, table, tag
from lf_qwen3.board.texts import Texts

State = Mapping[str, Any]


def source(state: State | None, texts: Texts) -> Html:
    """Return what was found in a source: its files with their converters, and the first rows."""
    if state is None:
        return paragraph(texts("data.no_source"), "empty")
    if "error" in state:
        return error(state["error"], state["hint"])
    headers = [texts(f"data.{one}") for one in ("file", "converter_found", "size")]
    files = [(name, converter, _bytes(size)) for name, converter, size in state["files"]]
    parts = [table(headers, files, ("", "code", "number"))]
    parts += [tag("h4", html(texts("data.first_rows"))), table(state["columns"], state["rows"])]
    return tag("div", parts)


def conversion(state: State | None, texts: Texts) -> Html:
    """Return what became of every row: counts, token lengths, rejected rows; or what went wrong."""
    if state is None:
        return paragraph(texts("data.no_report"), "empty")
    if "error" in state:
        return error(state["error"], state["hint"])
    parts = [_summary(state, texts), *_splits(state, texts)]
    parts += [paragraph(one, "warning") for one in state["warnings"]]
    if state["tokens"]:
        parts.append(token_lengths(state["tokens"], texts))
    else:
        parts.append(paragraph(texts("data.uncounted", why=state["uncounted"]), "note"))
    return tag("div", [*parts, *_repaired(state, texts), *_rejected(state, texts)])


def _summary(state: State, texts: Texts) -> Html:
    counts: list[tuple[str, object]] = [
        ("read", state["read"]),
        ("written", sum(state["written"].values())),
        ("thinking", state["thinking"]),
        ("plain", state["plain"]),
        ("rejected", sum(state["rejected"].values())),
        ("repaired", sum(state["repaired"].values())),
        ("duplicates", state["duplicates"]),
        ("left_out", state["left_out"]),
    ]
    names = ", ".join(state["datasets"])
    done = paragraph(texts("data.registered", names=names), "good")
    return tag("div", done, figures((texts(f"data.{name}_count"), count) for name, count in counts))


def _splits(state: State, texts: Texts) -> list[Html]:
    headers = [texts(f"data.{one}") for one in ("split", "dataset", "records", "rows")]
    rows = [
        (texts(f"data.split_{name}"), dataset, written, state["rows"][name])
        for (name, written), dataset in zip(state["written"].items(), state["datasets"], strict=True)
    ]
    return [table(headers, rows, ("", "code", "number", "number"))]


def _repaired(state: State, texts: Texts) -> list[Html]:
    if not state["repaired"]:
        return []
    rows = [
        (count, code, texts.reason("repaired", code, REPAIRED[code]).message)
        for code, count in state["repaired"].items()
    ]
    headers = [texts(f"data.{one}") for one in ("count", "code", "what")]
    return [tag("h4", html(texts("data.repaired_title"))), table(headers, rows, ("number", "code", ""))]


def _rejected(state: State, texts: Texts) -> list[Html]:
    if not state["rejected"]:
        return []
    reasons = [
        (count, code, *texts.reason("rejected", code, REJECTED[code]))
        for code, count in state["rejected"].items()
    ]
    headers = [texts(f"data.{one}") for one in ("count", "code", "why", "cure")]
    rows = [(one["file"], one["row"], one["code"], one["content"]) for one in state["rejected_rows"]]
    row_headers = [texts(f"data.{one}") for one in ("file", "row", "code", "content")]
    where = texts("data.rejected_file", shown=len(rows), file=state["files"]["rejected"])
    return [
        tag("h4", html(texts("data.rejected_title"))),
        table(headers, reasons, ("number", "code", "", "")),
        tag(
            "details",
            tag("summary", html(texts("data.rejected_rows", count=sum(state["rejected"].values())))),
            table(row_headers, rows, ("", "number", "code", "")),
            paragraph(where, "note"),
        ),
    ]


def _bytes(size: int) -> str:
    for unit, scale in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if size >= scale:
            return f"{size / scale:,.1f} {unit}"
    return f"{size:,} B"
