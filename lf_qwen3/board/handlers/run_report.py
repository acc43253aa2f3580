"""What section Run shows: the verdicts on a run with what to try next, its figures and its curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lf_qwen3.base.reasons import Reason
from lf_qwen3.board.markup import Cell, Html, coded, error, figures, html, paragraph, table, tag
from lf_qwen3.board.texts import Texts, shown

State = Mapping[str, Any]


def diagnosis(state: State | None, texts: Texts) -> Html:
    """Return a diagnosis: sound or not, the figures, every verdict with its evidence, the curves."""
    if state is None:
        return paragraph(texts("run.no_diagnosis"), "empty")
    if "error" in state:
        return error(state["error"], state["hint"])
    is_sound = state["is_sound"]
    told = texts("run.sound" if is_sound else "run.unsound", run=state["run"])
    parts = [paragraph(told, "good" if is_sound else "bad"), figures(_figures(state["figures"], texts))]
    if state["verdicts"]:
        headers = [texts(f"run.{one}") for one in ("severity", "verdict", "evidence", "advice")]
        parts.append(table(headers, [_verdict(one, texts) for one in state["verdicts"]]))
    if state["pictures"]:
        drawn = [_picture(name, source, texts) for name, source in state["pictures"]]
        parts.append(tag("div", drawn, class_="lfq-sides"))
    return tag("div", [*parts, *(paragraph(note, "note") for note in state["notes"])])


def _figures(found: Mapping[str, Any], texts: Texts) -> list[tuple[str, object]]:
    planned = f" / {shown(found['total'])}" if found["total"] else ""
    counts: list[tuple[str, object]] = [(texts("run.steps"), shown(found["step"]) + planned)]
    counts += [
        (texts(f"run.{name}_loss"), f"{found[name]:.3f}")
        for name in ("first", "last")
        if found[name] is not None
    ]
    if found["best"] is not None:
        counts.append((texts("run.best_loss", step=found["best_step"]), f"{found['best']:.3f}"))
    return counts


def _verdict(found: Mapping[str, Any], texts: Texts) -> tuple[object, ...]:
    severity = found["severity"]
    badge = tag("span", html(texts(f"run.{severity}")), class_=f"lfq-badge lfq-{severity}")
    told = texts.reason("verdicts", found["code"], Reason(found["what"], found["advice"]))
    return Cell(badge), coded(told.message, found["code"]), found["evidence"], told.hint


def _picture(name: str, source: str, texts: Texts) -> Html:
    title = texts(f"run.picture_{name}")
    drawn = tag("img", src=source, alt=title, class_="lfq-picture")
    return tag("figure", tag("figcaption", html(title)), drawn)
