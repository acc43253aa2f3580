"""Section Proof: check data under the Train tab's settings, preview a record with its loss mask."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lf_qwen3.board.buttons import add_work
from lf_qwen3.board.frame import Frame, Values
from lf_qwen3.board.handlers import data, proof


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    board = frame.board
    with gr.Row():
        dataset = frame.add_list("dataset", data.registered, [board.dataset_dir], scale=2)
        settings = frame.add("settings", gr.Dropdown, value="recipe" if board.engine is None else "board")
        row = frame.add("row", gr.Number, value=1, precision=0)
    with gr.Row():
        check = frame.add("check", gr.Button, variant="primary")
        preview = frame.add("preview", gr.Button)
    inputs = [dataset, settings, row, frame.tokenizer, board.dataset_dir, *board.train_inputs]

    frame.settings = settings

    def ask(values: Values) -> dict[str, Any]:
        names = [values[dataset]] if values[dataset] else board.value(values, "train.dataset", [])
        return ask_proof(frame, names, values)

    def ask_preview(values: Values) -> dict[str, Any]:
        return proof.preview_request(ask(values), values[row])

    add_work(frame, check, "proof.check", frame.view("findings"), inputs, ask)
    add_work(frame, preview, "proof.preview", frame.view("record"), inputs, ask_preview)
    frame.follow_datasets(dataset)


def ask_proof(frame: Frame, names: list[str], values: Values) -> dict[str, Any]:
    """Return what check and preview are asked for of datasets, under the settings chosen in this section.

    The event reads `frame.settings`, the tokenizer, the dataset folder and what the Train tab is read from.
    """
    board = frame.board
    of_board = board.training_settings(values) if values[frame.settings] == "board" else {}
    of_recipe = proof.RECIPE | {"cutoff_len": board.value(values, "train.cutoff_len", data.CUTOFF_LEN)}
    return proof.request(
        values[board.dataset_dir],
        names,
        of_board or of_recipe,
        values[frame.tokenizer] or "",
        board.value(values, "top.model_path", ""),
        board.is_demo,
    )
