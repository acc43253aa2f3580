"""Section Evaluation presets: base against tuned on the test split, or two runs that are there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from lf_qwen3.board.buttons import add_work
from lf_qwen3.board.frame import QUIET, Frame, Values
from lf_qwen3.board.handlers import data, evaluation, run_folders
from lf_qwen3.recipes import answer_room


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    board = frame.board
    form = _add_form(frame)
    start = frame.add("predict", gr.Button, variant="primary")
    frame.add("or_two", gr.Markdown, elem_classes="lfq-help")
    with gr.Row():
        base = frame.add_list("base", run_folders.predictions)
        tuned = frame.add_list("tuned", run_folders.predictions)
    with gr.Row():
        compare = frame.add("compare", gr.Button)
        report = frame.add("download", gr.DownloadButton, interactive=False)
    shown = frame.view("comparison")

    def ask(values: Values) -> dict[str, Any]:
        run, rows, preset, tokens = (values[element] for element in form)
        return evaluation.request(run, rows, preset, tokens, values[board.dataset_dir], board.is_demo)

    def ask_two(values: Values) -> dict[str, Any]:
        return evaluation.compare_request(values[base], values[tuned])

    def offer(result: Mapping[str, Any] | None) -> Any:
        file = (result or {}).get("report", "")
        is_there = bool(file) and Path(file).is_file()  # a result of before may be shown
        return gr.DownloadButton(value=file if is_there else None, interactive=is_there)

    add_work(frame, start, "evaluation.predict", shown, [*form, board.dataset_dir], ask)
    add_work(frame, compare, "evaluation.compare", shown, [base, tuned], ask_two)
    shown.state.change(offer, shown.state, report, **QUIET)


def _add_form(frame: Frame) -> list[Any]:
    """Make the fields: run, rows, preset and tokens, in this order."""
    with gr.Row():
        run = frame.run = frame.add_list("run", run_folders.trainings, scale=2)
        rows = frame.add_list("dataset", data.registered, [frame.board.dataset_dir])
    with gr.Row():
        preset = frame.add("preset", gr.Dropdown, value="quick")
        tokens = frame.add("new_tokens", gr.Number, value=answer_room.ADVISED, precision=0)
    return [run, rows, preset, tokens]
