"""Section Run: the runs near the board, some of them side by side, and what one shows of itself."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.buttons import add_action, add_work
from lf_qwen3.board.frame import QUIET, Frame, Updates, Values, View
from lf_qwen3.board.handlers import run, run_folders, runs_table

_DIAGNOSE = """() => {
  if (document.activeElement?.dataset?.lfq?.startsWith("diagnose"))
    document.getElementById("%s").click();
}"""


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    with gr.Row(equal_height=True):
        where = frame.add("where", gr.Textbox, scale=3)
        listing = frame.add("list", gr.Button)
    table = frame.view("table")
    with gr.Row(equal_height=True):
        chosen = frame.add_list("chosen", run_folders.trainings, multiselect=True, value=[], scale=3)
        compare = frame.add("compare", gr.Button)
    curves = frame.view("curves")
    folder = frame.add_list("folder", run_folders.trainings)
    start = frame.add("diagnose", gr.Button, variant="primary")

    def ask(values: Values) -> dict[str, Any]:
        return run.request(values[folder])

    add_action(frame, listing, table, [where], lambda values: (runs_table.list_runs(values[where]), {}))
    add_action(frame, compare, curves, [chosen], lambda values: (runs_table.compare_runs(values[chosen]), {}))
    add_work(frame, start, "run.diagnose", frame.view("diagnosis"), [folder], ask)
    _bind_table(frame, table, where, chosen, folder)


def _bind_table(frame: Frame, table: View, where: Any, chosen: Any, folder: Any) -> None:
    """Let a row fill the fields of this section and of the evaluation, or join those to compare."""
    lang = frame.board.lang

    def act(value: str, values: Values) -> Updates:
        verb, _, number = value.partition(" ")
        try:
            if verb == "more":
                count = len(values[table.state]["rows"]) + runs_table.PAGE
                return table.show(runs_table.list_runs(values[where], count), values[lang])
            name = runs_table.choose_row(values[table.state], number)
        except LfQwen3Error as error:
            return table.show(error, values[lang])
        if verb == "compare":
            return {chosen: list(dict.fromkeys([*(values[chosen] or []), name]))}
        return {folder: name, frame.run: name}

    outputs = [*table.outputs, chosen, folder, frame.run]
    event = frame.on_click(table, act, [table.state, where, chosen], outputs)
    event.then(None, js=_DIAGNOSE % frame.id_of("diagnose"), **QUIET)
