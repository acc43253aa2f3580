"""Section Run: what a training run tells about itself."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lf_qwen3.board.frame import Frame
from lf_qwen3.board.handlers import run, run_folders, run_report
from lf_qwen3.board.working import Values, add_work


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    folder = frame.add("folder", gr.Dropdown, choices=[], value=None, allow_custom_value=True)
    with gr.Row():
        start = frame.add("diagnose", gr.Button, variant="primary")
        cancel = frame.add("cancel", gr.Button, variant="stop", interactive=False)
    shown = frame.view("diagnosis", run_report.diagnosis)

    def ask(values: Values) -> dict[str, Any]:
        return run.request(values[folder])

    add_work(frame, start, cancel, "run.diagnose", shown, [folder], ask)
    frame.offer(folder, run_folders.trainings)
