"""What section Train presets shows: a recipe with its memory, what was filled in, a rehearsal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lf_qwen3.board.markup import Cell, Html, error, figures, html, paragraph, table, tag
from lf_qwen3.board.texts import Texts

State = Mapping[str, Any]

_GIB = 1 << 30


def plan(state: State | None, texts: Texts) -> Html:
    """Return what a recipe on given hardware means: its summary, main settings and memory."""
    if state is None:
        return paragraph(texts("train.no_plan"), "empty")
    if "error" in state:
        return error(state["error"], state["hint"])
    parts = []
    if state["recipe"]:
        parts += [tag("h4", html(state["recipe"])), paragraph(state["summary"], "note")]
    else:
        parts.append(tag("h4", html(texts("train.of_train_tab"))))
    parts.append(figures((texts(f"train.{key}"), _number(one)) for key, one in state["settings"].items()))
    if state["presets"]:
        parts.append(table([texts("train.preset"), texts("train.does")], state["presets"], ("code", "")))
    return tag("div", tag("div", parts), _memory(state["memory"], texts), class_="lfq-sides")


def filled(state: State | None, texts: Texts) -> Html:
    """Return what was filled in, what the board lacks, and what to choose at its top."""
    if state is None:
        return paragraph(texts("train.no_filled"), "empty")
    if "error" in state:
        return error(state["error"], state["hint"])
    parts = [paragraph(texts("train.was_filled", count=len(state["set"])), "good")]
    parts += _model(state, texts)
    if state["unknown"]:
        names = ", ".join(state["unknown"])
        parts.append(paragraph(texts("train.unknown", names=names), "warning"))
    parts += [paragraph(note, "note") for note in state["notes"]]
    if state["set"].get("train.swanlab_mode") == "cloud":
        parts.append(paragraph(texts("train.key"), "note"))
    rows = [(name, _shown(value)) for name, value in sorted(state["set"].items())]
    listed = table([texts("train.field"), texts("train.value")], rows, ("code", "code"))
    return tag("div", *parts, _folded(texts("train.every_field"), tag("div", listed, class_="lfq-fields")))


def saved(state: State | None, texts: Texts) -> Html:
    """Return the YAML that was saved and the command that runs it."""
    if state is None:
        return Html("")
    if "error" in state:
        return error(state["error"], state["hint"])
    done = paragraph(texts("train.was_saved", path=state["path"]), "good")
    command = tag("pre", html(state["command"]), class_="lfq-record")
    return tag(
        "div", done, command, _folded(state["path"], tag("pre", html(state["text"]), class_="lfq-record"))
    )


def rehearsed(state: State | None, texts: Texts) -> Html:
    """Return the verdict of a rehearsal, its figures, and its log."""
    if state is None:
        return paragraph(texts("train.no_rehearsal"), "empty")
    if "error" in state:
        return error(state["error"], state["hint"])
    parts = [_verdict(state, texts)]
    if state["passed"]:
        parts.append(_figures(state, texts))
    parts += [paragraph(note, "note") for note in state["notes"]]
    if state["changes"]:
        headers = [texts(f"train.{one}") for one in ("field", "was", "now", "why")]
        rows = [(one["key"], _shown(one["was"]), _shown(one["now"]), one["why"]) for one in state["changes"]]
        listed = table(headers, rows, ("code", "code", "code", ""))
        parts.append(_folded(texts("train.changed"), tag("div", listed, class_="lfq-fields")))
    log = tag("pre", html("\n".join(state["told"])), class_="lfq-record")
    parts.append(_folded(texts("train.log"), log, is_open=not state["passed"]))
    if state["output"]:
        output = tag("pre", html(state["output"]), class_="lfq-record")
        parts.append(_folded(texts("train.output"), output))
    return tag("div", parts)


def _memory(memory: State, texts: Texts) -> Html:
    """Return the memory on each GPU: the card, bars of the parts, smaller ways."""
    title = tag("h4", html(texts("train.memory")))
    if "error" in memory:
        return tag("div", title, error(memory["error"], memory["hint"]))
    size, _, names = memory["card"].partition(" (")
    card = f"{texts('train.card')} ({names}" if names else texts("train.card")
    told = figures([(texts("train.total"), _gib(memory["total"])), (card, size or texts("train.no_card"))])
    most = max(memory["parts"].values()) or 1
    bars = [_bar(texts(f"train.part_{name}"), size, most) for name, size in memory["parts"].items()]
    parts = [title, told, tag("div", bars, class_="lfq-bars"), paragraph(memory["words"], "options")]
    if memory["smaller"]:
        headers = [texts(f"train.{one}") for one in ("smaller", "total", "card")]
        rows = [(one["settings"], _gib(one["total"]), one["card"]) for one in memory["smaller"]]
        parts.append(table(headers, rows, ("code", "number", "")))
    return tag("div", *parts, *(paragraph(note, "note") for note in memory["notes"]))


def _bar(name: str, size: int, most: int) -> Html:
    part = tag("span", class_="lfq-part lfq-plain", style=f"width:{100 * size / most:.2f}%")
    return tag(
        "div",
        tag("span", html(name), class_="lfq-bar-name"),
        tag("span", part, class_="lfq-track", aria_hidden="true"),
        tag("span", html(_gib(size)), class_="lfq-bar-count lfq-bar-size"),
        class_="lfq-bar",
    )


def _model(state: State, texts: Texts) -> list[Html]:
    """Return in words what the recipe wants of model and template; neither is ever set."""
    found = state["suggestion"]
    wants = {"model": found["wants_model"], "template": found["wants_template"]}
    called = f"{found['wants_name']} ({wants['model']})" if found["wants_name"] else wants["model"]
    if not found["model"]:
        return [paragraph(texts("train.choose_model", **wants | {"model": called}), "warning")]
    told = []
    if found["model"] != wants["model"]:
        other = {"chosen": found["model"], "model": called}
        told.append(paragraph(texts("train.other_model", **other), "warning"))
    if found["template"] != wants["template"]:
        told.append(paragraph(texts("train.other_template", chosen=found["template"], **wants), "warning"))
    return told or [paragraph(texts("train.fits", **wants), "good")]


def _verdict(state: State, texts: Texts) -> Html:
    if state["passed"]:
        return paragraph(texts("train.passed", seconds=round(state["seconds"])), "good")
    fault = state["fault"]
    where = [fault[one] for one in ("key", "dataset") if fault[one]]
    if fault["file"] and fault["row"]:
        where.append(f"{fault['file']}:{fault['row']:,}")
    place = f" ({', '.join(where)})" if where else ""
    told = texts("train.failed", what=f"{fault['message']}{place}")
    return error(told, fault["hint"])


def _figures(state: State, texts: Texts) -> Html:
    losses = state["losses"]
    pairs: list[tuple[str, object]] = [
        (texts("train.steps"), state["steps"]),
        (texts("train.records"), state["records"]),
        (texts("train.first_loss"), f"{losses[0]:.3f}" if losses else "–"),
        (texts("train.last_loss"), f"{losses[-1]:.3f}" if losses else "–"),
    ]
    if state["eval_loss"] is not None:
        pairs.append((texts("train.eval_loss"), f"{state['eval_loss']:.3f}"))
    return figures(pairs)


def _folded(title: str, content: Html, is_open: bool = False) -> Html:
    return tag("details", tag("summary", html(title)), content, open="" if is_open else None)


def _shown(value: object) -> object:
    """Return a setting as a YAML writes it."""
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    if isinstance(value, list):
        return Cell(html(", ".join(map(str, value)))) if value else "–"
    return value if value != "" else "–"


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _gib(size: int) -> str:
    return f"{size / _GIB:.1f} GiB"
