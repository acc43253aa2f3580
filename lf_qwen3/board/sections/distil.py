"""Section Distil: a model answers rows again, as a job."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lf_qwen3.board.buttons import add_work
from lf_qwen3.board.frame import QUIET, Frame, Values, read_form
from lf_qwen3.board.handlers import distil


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    with gr.Row():
        rows = frame.add_list("rows", distil.list_rows, multiselect=True, value=[])
        held_out = frame.add_list("held_out", distil.list_rows, multiselect=True, value=[])
    with gr.Row():
        server = frame.add_list("server", distil.list_servers)
        model = frame.add("model", gr.Textbox)
        name = frame.add("name", gr.Textbox, max_length=80)
    with gr.Row():
        modes = frame.add("modes", gr.Dropdown, value="thinking")
        samples = frame.add("samples", gr.Number, value=1, precision=0)
        keep = frame.add("keep", gr.Dropdown, value="auto")
        most_requests = frame.add("most_requests", gr.Number, value=None, precision=0)
    form = {"rows": rows, "held_out": held_out, "server": server, "model": model, "name": name}
    form |= {"modes": modes, "samples": samples, "keep": keep, "most_requests": most_requests}
    start = frame.add("ask", gr.Button, variant="primary")

    def request(values: Values) -> dict[str, Any]:
        return distil.request(distil.DistilForm(**read_form(form, values)), frame.board.is_demo)

    rows.change(distil.find_held_out, rows, held_out, queue=False, **QUIET)
    add_work(frame, start, "distil.ask", frame.view("report"), form.values(), request)
