"""Section Data: name or upload a source, look at it, convert and register it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.frame import QUIET, Frame
from lf_qwen3.board.handlers import data, data_report, places
from lf_qwen3.board.working import Values, add_work

Elements = dict[str, Any]


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    form = _add_sources(frame)
    source = frame.view("source", data_report.source)
    form |= _add_options(frame)
    lang = frame.board.lang
    named = [form["paths"], form["upload"], form["converter"]]

    def look(paths: Any, uploaded: Any, converter: Any, language: str) -> dict[Any, Any]:
        return source.show(_looked_at(paths or [], uploaded or [], converter or ""), language)

    for element in named:
        element.change(look, [*named, lang], source.outputs, **QUIET)
        element.change(_suggest, [*named[:2], form["name"]], form["name"], queue=False, **QUIET)
    frame.offer(form["paths"], places.offered)
    _add_convert(frame, form)


def _add_sources(frame: Frame) -> Elements:
    with gr.Row(equal_height=True):
        paths = frame.add("paths", gr.Dropdown, multiselect=True, allow_custom_value=True, value=[], scale=3)
        upload = frame.add("upload", gr.File, file_count="multiple", height=180, scale=2)
    return {"paths": paths, "upload": upload}


def _add_options(frame: Frame) -> Elements:
    with gr.Row():
        name = frame.add("name", gr.Textbox, max_length=data.LONGEST_NAME)
        converter = frame.add("converter", gr.Dropdown, choices=["", *data.converter_names()], value="")
        turns = frame.add("turns", gr.Dropdown, value="unroll")
    with gr.Row():
        mix = frame.add("mix", gr.Number, value=0, minimum=0, maximum=1, step=0.05)
        val = frame.add("val", gr.Number, value=0.05, minimum=0, step=0.01)
        test = frame.add("test", gr.Number, value=0.05, minimum=0, step=0.01)
        frame.tokenizer = frame.add("tokenizer", gr.Textbox)
    return {"name": name, "converter": converter, "turns": turns, "mix": mix, "val": val, "test": test}


def _add_convert(frame: Frame, form: Elements) -> None:
    board = frame.board
    with gr.Row():
        start = frame.add("convert", gr.Button, variant="primary")
        cancel = frame.add("cancel", gr.Button, variant="stop", interactive=False)
    report = frame.view("report", data_report.conversion)
    of_board = [
        one
        for name in ("top.model_path", "train.cutoff_len", "train.dataset", "eval.dataset")
        if (one := board.find(name)) is not None
    ]

    def request(values: Values) -> dict[str, Any]:
        given = {name: values[element] for name, element in form.items()}
        asked = data.Form(
            paths=given["paths"] or [],
            uploaded=given["upload"] or [],
            converter=given["converter"] or "",
            name=given["name"] or "",
            turns=given["turns"],
            mix=given["mix"],
            val=given["val"],
            test=given["test"],
            dataset_dir=values[board.dataset_dir],
            tokenizer=values[frame.tokenizer] or "",
            model=board.value(values, "top.model_path", ""),
            cutoff_len=board.value(values, "train.cutoff_len", data.CUTOFF_LEN),
        )
        return data.request(asked, board.is_demo)

    def done(result: dict[str, Any], values: Values) -> dict[Any, Any]:
        return {frame.datasets: result["datasets"], **_choices(frame, result, values)}

    inputs = [*form.values(), frame.tokenizer, board.dataset_dir, *of_board]
    dropdowns = [one for name in ("train.dataset", "eval.dataset") if (one := board.find(name)) is not None]
    add_work(
        frame, start, cancel, "data.convert", report, inputs, request, done, [frame.datasets, *dropdowns]
    )


def _choices(frame: Frame, result: dict[str, Any], values: Values) -> dict[Any, Any]:
    """Return updates that offer the new datasets in the board's dropdowns, chosen where none is."""
    names = data.registered(values[frame.board.dataset_dir])
    splits = dict(zip(result["written"], result["datasets"], strict=True))
    held_out = splits.get("test") or splits.get("val")
    updates = {}
    for place, proposed in (("train.dataset", splits["train"]), ("eval.dataset", held_out)):
        element = frame.board.find(place)
        if element is not None:
            chosen = values[element] or ([proposed] if proposed else [])
            updates[element] = gr.Dropdown(choices=names, value=chosen)
    return updates


def _looked_at(paths: list[str], uploaded: list[str], converter: str) -> dict[str, Any] | None:
    if not paths and not uploaded:
        return None
    try:
        return data.look(paths, uploaded, converter)
    except LfQwen3Error as error:
        return {"error": error.message, "hint": error.hint}


def _suggest(paths: list[str] | None, uploaded: list[str] | None, name: str) -> Any:
    """Propose a name where none is typed; apart from the look at the data, which takes longer than typing."""
    return gr.skip() if name else data.suggest_name([*(paths or []), *(uploaded or [])])
