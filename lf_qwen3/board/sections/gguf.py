"""Section GGUF: from a trained run to a quantised file, as a job."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lf_qwen3.board.buttons import add_work
from lf_qwen3.board.frame import Frame, Values
from lf_qwen3.board.handlers import gguf, run_folders


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    with gr.Row(equal_height=True):
        run = frame.add_list("run", run_folders.trainings, scale=2)
        quant = frame.add("quant", gr.Dropdown, value="Q4_K_M")
    start = frame.add("make", gr.Button, variant="primary")

    def ask(values: Values) -> dict[str, Any]:
        return gguf.request(values[run], values[quant], frame.board.is_demo)

    add_work(frame, start, "gguf.make", frame.view("result"), [run, quant], ask)
