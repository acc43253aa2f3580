"""Section Records: the rows of a dataset page by page; a finding and a bar of lengths lead here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.buttons import add_work
from lf_qwen3.board.frame import QUIET, Elements, Frame, Updates, Values, View, read_form
from lf_qwen3.board.handlers import data, proof, records
from lf_qwen3.board.sections.proof import ask_proof


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    form = _add_form(frame)
    with gr.Row():
        show = frame.add("show", gr.Button, variant="primary")
        previous, following = (frame.add(name, gr.Button, interactive=False) for name in ("previous", "next"))
        page = frame.add("page", gr.Number, value=1, precision=0, min_width=100)
    table = frame.view("table")
    inputs = {frame.board.lang, frame.board.dataset_dir, page, *form.values()}
    outputs = [*table.outputs, page, previous, following]

    def show_page(values: Values, number: float | None) -> Iterator[Updates]:
        asked = records.RecordsForm(dataset_dir=values[frame.board.dataset_dir], **read_form(form, values))
        language = values[frame.board.lang]
        try:
            if not records.is_ready(asked):
                yield table.show({"reading": asked.dataset}, language)
            shown = records.show_page(asked, number)
        except LfQwen3Error as error:
            yield table.show(error, language)
            return
        buttons = (previous, shown["page"] > 1), (following, shown["page"] < shown["pages"])
        enabled = {button: gr.Button(interactive=can) for button, can in buttons}
        yield table.show(shown, language) | {page: shown["page"]} | enabled

    def bind(event: Any, step: Callable[[float], float]) -> None:
        def run(values: Values) -> Iterator[Updates]:
            yield from show_page(values, step(values[page] or 1))

        event(run, inputs, outputs, **QUIET)

    def show_dataset(values: Values) -> Iterator[Updates]:
        """Show another dataset, whose findings are others."""
        yield {form["finding"]: ""}
        yield from show_page({**values, form["finding"]: ""}, 1)

    form["dataset"].input(show_dataset, inputs, [form["finding"], *outputs], **QUIET)
    for name in ("splits", "kind", "finding", "sort"):
        bind(form[name].input, lambda number: 1)
    for name in ("text", "shortest", "longest"):
        bind(form[name].submit, lambda number: 1)
    bind(show.click, lambda number: 1)
    bind(page.submit, lambda number: number)
    bind(previous.click, lambda number: number - 1)
    bind(following.click, lambda number: number + 1)
    frame.follow_datasets(form["dataset"])

    _lead_here(frame, form, show_page, inputs, outputs)
    _add_record(frame, table)


def _add_form(frame: Frame) -> Elements:
    folder = frame.board.dataset_dir
    with gr.Row():
        dataset = frame.add_list("dataset", data.registered, [folder], scale=2)
        text = frame.add("text", gr.Textbox, max_length=records.LONGEST_TEXT, scale=2)
        splits = frame.add("splits", gr.Checkbox, value=False, min_width=160)
    with gr.Row():
        kind = frame.add("kind", gr.Dropdown, value="", min_width=140)
        finding = frame.add_list("finding", records.find_codes, [folder, dataset], scale=2)
        shortest = frame.add("shortest", gr.Number, value=None, precision=0, min_width=110)
        longest = frame.add("longest", gr.Number, value=None, precision=0, min_width=110)
        sort = frame.add("sort", gr.Dropdown, value="", min_width=140)
    lengths = {"shortest": shortest, "longest": longest, "sort": sort}
    return {"dataset": dataset, "text": text, "splits": splits, "kind": kind, "finding": finding, **lengths}


def _lead_here(
    frame: Frame,
    form: Elements,
    show_page: Callable[[Values, float], Iterator[Updates]],
    inputs: set[Any],
    outputs: list[Any],
) -> None:
    """Let the findings of a check, and the bars of the lengths of a conversion, show their records here."""

    def lead(values: Values, wanted: dict[str, Any]) -> Updates:
        fields = dict.fromkeys(form) | {"splits": False, "kind": "", "sort": ""} | wanted
        updates: Updates = {form[name]: value for name, value in fields.items()}
        for update in show_page({**values, **updates}, 1):
            updates |= update
        return updates

    def show_finding(value: str, values: Values) -> Updates:
        code, _, dataset = value.partition(" ")
        return lead(values, {"dataset": dataset, "finding": code})

    def show_bar(value: str, values: Values) -> Updates:
        shortest, longest, dataset = records.read_bar(value)
        wanted = {"dataset": dataset, "shortest": shortest, "longest": longest}
        return lead(values, wanted)

    for template, act in (("proof/findings", show_finding), ("data/report", show_bar)):
        clicked = frame.on_click(frame.view_of(template), act, inputs, [*form.values(), *outputs])
        clicked.then(None, js="() => window.lfQwen3.goTo('records')", **QUIET)


def _add_record(frame: Frame, table: View) -> None:
    """Show the row whose number is clicked beside its source row, and how it is fed; and its neighbours."""
    board = frame.board
    record, preview = frame.view("record"), frame.add("preview", gr.Button, interactive=False)
    rendering = frame.view("rendering")

    def show_record(value: str, values: Values) -> Updates:
        cleared = rendering.show(None, values[board.lang])
        lines = (values[table.state] or {}).get("lines", ())
        try:
            shown = records.show_record(values[board.dataset_dir], value, lines)
        except LfQwen3Error as error:
            return record.show(error, values[board.lang]) | cleared | {preview: gr.Button(interactive=False)}
        return record.show(shown, values[board.lang]) | cleared | {preview: gr.Button(interactive=True)}

    def ask(values: Values) -> dict[str, Any]:
        row = values[record.state]["line"]
        return proof.preview_request(ask_proof(frame, [row["dataset"]], values), row["row"])

    outputs = [*record.outputs, *rendering.outputs, preview]
    for view in (table, record):
        frame.on_click(view, show_record, [board.dataset_dir, table.state], outputs)
    inputs = [record.state, frame.settings, frame.tokenizer, board.dataset_dir, *board.train_inputs]
    add_work(frame, preview, "records.preview", rendering, inputs, ask)
