"""Section Data: name or upload a source, see what is in it, convert and register it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.buttons import add_work
from lf_qwen3.board.frame import QUIET, Elements, Frame, Updates, Values, read_form
from lf_qwen3.board.handlers import data, data_source, places

_LISTS = ("train.dataset", "eval.dataset")
"""The board's own lists of datasets."""


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    with gr.Row(equal_height=True):
        paths = frame.add_list("paths", places.list_data_files, multiselect=True, value=[], scale=3)
        upload = frame.add("upload", gr.File, file_count="multiple", height=180, scale=2)
    source = frame.view("source")
    columns = _add_columns(frame)
    options = _add_options(frame)
    name, converter = options["name"], options["converter"]
    proposed = gr.State("")
    named = [paths, upload, converter]
    inputs = {*named, *columns.values(), frame.board.lang}

    def show_source(values: Values, roles: str = "") -> Updates:
        language = values[frame.board.lang]
        if not values[paths] and not values[upload]:
            return source.show(None, language) | _offer_columns(columns, [], {})
        try:
            shown = data_source.inspect_source(
                values[paths] or [], values[upload] or [], values[converter] or "", roles
            )
        except LfQwen3Error as error:
            return source.show(error, language)
        offered = {} if roles else _offer_columns(columns, shown["columns"], shown["guess"])
        return source.show(shown, language) | offered

    def show_columns(values: Values) -> Updates:
        return show_source(values, data_source.write_columns(read_form(columns, values)))

    for element in named:
        element.change(show_source, inputs, [*source.outputs, *columns.values()], **QUIET)
        element.change(_suggest, [paths, upload, name, proposed], [name, proposed], queue=False, **QUIET)
    for element in columns.values():
        element.input(show_columns, inputs, [*source.outputs, *columns.values()], **QUIET)
    form = {"paths": paths, "upload": upload, **columns, **options}
    _add_convert(frame, form | {"replace": _add_replace(frame, form)})


def _add_columns(frame: Frame) -> Elements:
    """Make a dropdown for each role that a column of the sources may have; empty means recognised."""
    with gr.Row():
        return {
            role: frame.add(role, gr.Dropdown, choices=[""], value="", allow_custom_value=True, min_width=120)
            for role in data_source.COLUMN_ROLES
        }


def _offer_columns(columns: Elements, names: list[str], guess: Mapping[str, str]) -> Updates:
    """Return updates that offer the columns of a source in the dropdowns, those that were guessed chosen."""
    return {
        element: gr.Dropdown(choices=["", *names], value=guess.get(role, ""))
        for role, element in columns.items()
    }


def _add_options(frame: Frame) -> Elements:
    with gr.Row():
        name = frame.add("name", gr.Textbox, max_length=data.LONGEST_NAME)
        converter = frame.add(
            "converter", gr.Dropdown, choices=["", *data_source.converter_names()], value=""
        )
        turns = frame.add("turns", gr.Dropdown, value="unroll")
    with gr.Row():
        mix = frame.add("mix", gr.Number, value=0, step=0.05)
        val = frame.add("val", gr.Number, value=0.05, step=0.01)
        test = frame.add("test", gr.Number, value=0.05, step=0.01)
        frame.tokenizer = frame.add("tokenizer", gr.Textbox)
    others = {"tokenizer": frame.tokenizer, "reading": frame.add("reading", gr.CheckboxGroup)}
    return {
        "name": name,
        "converter": converter,
        "turns": turns,
        "mix": mix,
        "val": val,
        "test": test,
        **others,
    }


def _add_replace(frame: Frame, form: Elements) -> Any:
    """Make the box that lets a conversion replace a dataset made from other sources, shown where one is."""
    shown = frame.view("replaced")
    replace = frame.add("replace", gr.Checkbox, value=False, visible=False)
    board = frame.board

    def ask(values: Values) -> Updates:
        replaced = data.find_replaced(_read(frame, form, values))
        ticked = gr.Checkbox(value=False, visible=replaced is not None)
        return shown.show(replaced, values[board.lang]) | {replace: ticked}

    inputs = {*form.values(), board.dataset_dir, board.lang}
    changed = [form[name].change for name in ("paths", "upload", "name")]
    gr.on(
        [*changed, board.dataset_dir.change, frame.datasets.change],
        ask,
        inputs,
        [*shown.outputs, replace],
        **QUIET,
    )
    return replace


def _read(frame: Frame, form: Elements, values: Values) -> data.ConversionForm:
    return data.ConversionForm(**read_form(form, values), dataset_dir=values[frame.board.dataset_dir])


def _add_convert(frame: Frame, form: Elements) -> None:
    board = frame.board
    start = frame.add("convert", gr.Button, variant="primary")
    report = frame.view("report")

    def request(values: Values) -> dict[str, Any]:
        asked = dataclasses.replace(
            _read(frame, form, values),
            model=board.value(values, "top.model_path", ""),
            cutoff_len=board.value(values, "train.cutoff_len", data.CUTOFF_LEN),
        )
        return data.request(asked, board.is_demo)

    def done(result: dict[str, Any], values: Values) -> Updates:
        return {frame.datasets: result["datasets"], **_offer(frame, result, values)}

    lists = board.find_all(_LISTS)
    of_board = board.find_all(["top.model_path", "train.cutoff_len"])
    inputs = [*form.values(), board.dataset_dir, *of_board, *lists]
    add_work(frame, start, "data.convert", report, inputs, request, done, [frame.datasets, *lists])


def _offer(frame: Frame, result: dict[str, Any], values: Values) -> Updates:
    """Return updates that offer the new datasets in the board's dropdowns, chosen where none is."""
    choices = data.registered(values[frame.board.dataset_dir])
    splits = dict(zip(result["written"], result["datasets"], strict=True))
    updates = {}
    for name, dataset in zip(_LISTS, (splits["train"], splits.get("test") or splits.get("val")), strict=True):
        element = frame.board.find(name)
        if element is not None:
            chosen = values[element] or ([dataset] if dataset else [])
            updates[element] = gr.Dropdown(choices=choices, value=chosen)
    return updates


def _suggest(paths: list[str] | None, upload: list[str] | None, name: str, proposed: str) -> tuple[Any, Any]:
    """Propose a name where none is typed; apart from reading the data, which takes longer than typing."""
    if name and name != proposed:
        return gr.skip(), gr.skip()
    return (data.suggest_name([*(paths or []), *(upload or [])]),) * 2
