"""What section Proof shows: findings with their hints, and a record with its loss mask in colour."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lf_qwen3.base.reasons import Reason
from lf_qwen3.board.markup import Cell, Html, coded, error, figures, html, paragraph, table, tag
from lf_qwen3.board.texts import Texts

State = Mapping[str, Any]

LONGEST = 20_000
"""Characters shown of one piece of a record."""


def findings(state: State | None, texts: Texts) -> Html:
    """Return what a check found: the verdict, a table of findings, the token figures, the notes."""
    if state is None:
        return paragraph(texts("proof.no_findings"), "empty")
    if "error" in state:
        return error(state["error"], state["hint"])
    summary = state["summary"]
    is_clean = not (summary["errors"] or summary["warnings"])
    verdict = paragraph(texts("proof.clean" if is_clean else "proof.unclean"), "good" if is_clean else "bad")
    parts = [verdict, _figures(summary, texts)]
    if state["codes"]:
        headers = [texts(f"proof.{one}") for one in ("severity", "finding", "where", "cure")]
        rows = [_finding(one, texts) for one in state["codes"]]
        parts.append(table(headers, rows))
    parts += [paragraph(note, "note") for note in summary["notes"]]
    return tag("div", parts)


def record(state: State | None, texts: Texts) -> Html:
    """Return records as they are fed, what is learnt in colour, beside them the official rendering."""
    if state is None:
        return paragraph(texts("proof.no_preview"), "empty")
    if "error" in state:
        return error(state["error"], state["hint"])
    values = ", ".join(f"{key}: {json.dumps(one['value'])}" for key, one in state["options"].items())
    parts = [_legend(texts), paragraph(values, "options")]
    for row in state["rows"]:
        parts += _row(row, state, texts)
    if state["unofficial"]:
        parts.append(paragraph(texts("proof.unofficial", why=state["unofficial"]), "note"))
    return tag("div", parts)


def _figures(summary: Mapping[str, Any], texts: Texts) -> Html:
    datasets = summary["datasets"].values()
    counts = [(texts(f"proof.{one}"), summary[one]) for one in ("errors", "warnings", "infos")]
    for one in ("records", "thinking", "plain"):
        counts.append((texts(f"proof.{one}"), sum(dataset[one] for dataset in datasets)))
    tokens = summary.get("tokens", {}).values()
    if tokens:
        counts.append((texts("proof.tokens"), sum(one["tokens"] for one in tokens)))
        counts.append((texts("proof.cut"), sum(one["cut"] for one in tokens)))
    return figures(counts)


def _finding(found: Mapping[str, Any], texts: Texts) -> tuple[object, ...]:
    badge = tag(
        "span", html(texts(f"proof.{found['severity']}")), class_=f"lfq-badge lfq-{found['severity']}"
    )
    told = texts.reason("checks", found["code"], Reason(found["message"], found["hint"]))
    places = [
        tag("li", tag("code", html(place)), html(" "), html(detail)) for place, detail in found["places"]
    ]
    more = found["count"] - len(found["places"])
    if more > 0:
        places.append(tag("li", html(texts("proof.more", count=more)), class_="lfq-note"))
    return Cell(badge), coded(told.message, found["code"]), Cell(tag("ul", places)), told.hint


def _legend(texts: Texts) -> Html:
    keys = [
        tag("span", tag("i", class_=f"lfq-swatch lfq-{kind}"), html(texts(f"proof.{kind}")), class_="lfq-key")
        for kind in ("learnt", "masked", "lost")
    ]
    return tag("div", keys, class_="lfq-legend")


def _row(row: Mapping[str, Any], state: State, texts: Texts) -> list[Html]:
    where = texts("proof.row_of", row=row["row"], file=row["file"])
    parts = [tag("h4", html(where))]
    if row["problem"]:
        return [*parts, paragraph(row["problem"], "error")]
    official = row["official"]
    is_same = official is None or official["same"]
    for rendering in row["renderings"]:
        parts += _counts(rendering, state["cutoff_len"], texts)
        fed = tag("div", tag("h5", html(texts("proof.trainer"))), _text(rendering["segments"]))
        sides = [fed] if is_same else [fed, _official(official, texts)]
        parts.append(tag("div", sides, class_="lfq-sides"))
    if official is not None and is_same:
        parts.append(paragraph(texts("proof.same", tokens=official["tokens"]), "good"))
    return parts


def _counts(rendering: Mapping[str, Any], cutoff_len: int, texts: Texts) -> list[Html]:
    tokens = rendering["tokens"]
    names = ("total", "learnt", "prompt", "thinking", "answer")
    parts = [figures((texts(f"proof.{name}_tokens"), tokens[name]) for name in names)]
    if rendering["side"]:
        parts.insert(0, tag("h5", html(texts(f"proof.{rendering['side']}"))))
    if tokens["fed"] < tokens["total"]:
        lost = tokens["total"] - tokens["fed"]
        key = "proof.cut_end" if rendering["lost_end"] else "proof.cut_some"
        parts.append(paragraph(texts(key, cutoff_len=cutoff_len, lost=lost), "warning"))
    return parts


def _text(segments: list[Mapping[str, Any]]) -> Html:
    pieces = [
        tag("span", html(_cut(one["text"])), class_=f"lfq-{_mask(one)}", title=one["part"])
        for one in segments
    ]
    return tag("pre", pieces, class_="lfq-record")


def _mask(segment: Mapping[str, Any]) -> str:
    return "lost" if segment["lost"] else "learnt" if segment["learnt"] else "masked"


def _official(official: Mapping[str, Any], texts: Texts) -> Html:
    found = official["difference"]
    title = tag("h5", html(texts("proof.official")))
    if found["refused"]:
        return tag("div", title, paragraph(found["refused"], "warning"))
    at = found["character"]
    before, after = official["text"][:at], official["text"][at:]
    text = [tag("span", html(_cut(before)), class_="lfq-masked"), tag("mark", html(_cut(after)))]
    told = texts("proof.differs", token=found["at"] + 1, turn=found["turn"] + 1)
    return tag("div", title, tag("pre", text, class_="lfq-record"), paragraph(told, "warning"))


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half:,} …]\n{text[-half:]}"
