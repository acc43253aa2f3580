"""Section Evaluation presets: base against tuned on the test split, or two runs that are there."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lf_qwen3.board.frame import Frame
from lf_qwen3.board.handlers import data, evaluation, evaluation_report, run_folders
from lf_qwen3.board.working import Values, add_work
from lf_qwen3.recipes import shared


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    form = _add_form(frame)
    with gr.Row():
        start = frame.add("predict", gr.Button, variant="primary")
        cancel = frame.add("cancel", gr.Button, variant="stop", interactive=False)
    frame.add("or_two", gr.Markdown, elem_classes="lfq-help")
    with gr.Row():
        base = frame.add("base", gr.Dropdown, choices=[], value=None, allow_custom_value=True)
        tuned = frame.add("tuned", gr.Dropdown, choices=[], value=None, allow_custom_value=True)
    with gr.Row():
        compare = frame.add("compare", gr.Button)
        stop = frame.add("cancel_compare", gr.Button, variant="stop", interactive=False)
        report = frame.add("download", gr.DownloadButton, interactive=False)
    board = frame.board
    shown = frame.view("comparison", evaluation_report.comparison)

    def ask(values: Values) -> dict[str, Any]:
        run, rows, preset, tokens = (values[element] for element in form)
        return evaluation.request(run, rows, preset, tokens, values[board.dataset_dir], board.is_demo)

    def ask_two(values: Values) -> dict[str, Any]:
        return evaluation.compare_request(values[base], values[tuned])

    def done(result: dict[str, Any], values: Values) -> dict[Any, Any]:
        return {report: gr.DownloadButton(value=result["report"], interactive=True)}

    inputs = [*form, board.dataset_dir]
    add_work(frame, start, cancel, "evaluation.predict", shown, inputs, ask, done, [report])
    add_work(frame, compare, stop, "evaluation.compare", shown, [base, tuned], ask_two, done, [report])
    for element in (base, tuned):
        frame.offer(element, run_folders.predictions)


def _add_form(frame: Frame) -> list[Any]:
    """Make the fields: run, rows, preset and tokens, in this order."""
    with gr.Row():
        run = frame.add("run", gr.Dropdown, choices=[], value=None, allow_custom_value=True, scale=2)
        rows = frame.add("dataset", gr.Dropdown, choices=[], value=None, allow_custom_value=True)
    with gr.Row():
        preset = frame.add("preset", gr.Dropdown, value="quick")
        tokens = frame.add(
            "new_tokens",
            gr.Number,
            value=shared.NEW_TOKENS,
            minimum=1,
            maximum=evaluation.MOST_NEW_TOKENS,
            precision=0,
        )
    frame.offer(run, run_folders.trainings)
    frame.offer(rows, data.registered, [frame.board.dataset_dir])
    return [run, rows, preset, tokens]
