"""Section Run: what a training run shows of itself."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lf_qwen3.board.buttons import add_work
from lf_qwen3.board.frame import Frame, Values
from lf_qwen3.board.handlers import run, run_folders


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    folder = frame.add_list("folder", run_folders.trainings)
    start = frame.add("diagnose", gr.Button, variant="primary")

    def ask(values: Values) -> dict[str, Any]:
        return run.request(values[folder])

    add_work(frame, start, "run.diagnose", frame.view("diagnosis"), [folder], ask)
