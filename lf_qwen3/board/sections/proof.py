"""Section Proof: check data under the Train tab's settings, preview a record with its loss mask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from lf_qwen3.board.frame import Frame
from lf_qwen3.board.handlers import data, proof, proof_report
from lf_qwen3.board.working import Values, add_work


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    with gr.Row():
        dataset = frame.add("dataset", gr.Dropdown, choices=[], value=None, allow_custom_value=True, scale=2)
        settings = frame.add(
            "settings", gr.Dropdown, value="recipe" if frame.board.engine is None else "board"
        )
        row = frame.add("row", gr.Number, value=1, minimum=1, precision=0)
    with gr.Row():
        check = frame.add("check", gr.Button, variant="primary")
        preview = frame.add("preview", gr.Button)
        cancel = frame.add("cancel", gr.Button, variant="stop", interactive=False)
    ask = _asker(frame, dataset, settings)
    inputs = [dataset, settings, row, frame.tokenizer, frame.board.dataset_dir, *frame.board.train_inputs]

    def ask_preview(values: Values) -> dict[str, Any]:
        return proof.preview_request(ask(values), values[row])

    findings = frame.view("findings", proof_report.findings)
    add_work(frame, check, cancel, "proof.check", findings, inputs, ask)
    record = frame.view("record", proof_report.record)
    add_work(frame, preview, cancel, "proof.preview", record, inputs, ask_preview)
    frame.offer(dataset, data.registered, [frame.board.dataset_dir])
    frame.follow_datasets(dataset)


def _asker(frame: Frame, dataset: Any, settings: Any) -> Callable[[Values], dict[str, Any]]:
    board = frame.board

    def ask(values: Values) -> dict[str, Any]:
        of_board = board.training_settings(values) if values[settings] == "board" else {}
        model = board.value(values, "top.model_path", "")
        chosen = [values[dataset]] if values[dataset] else []
        if not chosen:
            chosen = board.value(values, "train.dataset", [])
        used = of_board or {
            **proof.RECIPE,
            "cutoff_len": board.value(values, "train.cutoff_len", data.CUTOFF_LEN),
        }
        tokenizer = values[frame.tokenizer] or ""
        return proof.request(values[board.dataset_dir], chosen, used, tokenizer, model)

    return ask
