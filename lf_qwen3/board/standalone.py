"""The tab on a page of its own, where LLaMA-Factory is not installed or its insides have moved."""

from __future__ import annotations

import gradio as gr

from lf_qwen3.board import tab
from lf_qwen3.board.board import Board
from lf_qwen3.board.texts import DEFAULT, languages, texts

DATASET_DIR = "data"
"""LLaMA Board's own default."""


def page() -> gr.Blocks:
    """Return the page: language and dataset folder at the top, the sections below."""
    told = texts(DEFAULT)
    made = gr.Blocks(title="lf-qwen3", analytics_enabled=False)
    with made:
        gr.Markdown("# Qwen3")
        with gr.Row():
            lang = gr.Dropdown(
                list(languages()), value=DEFAULT, elem_id="lf-qwen3-tab-lang", **told.props("tab.language")
            )
            dataset_dir = gr.Textbox(
                DATASET_DIR, elem_id="lf-qwen3-tab-dataset-dir", **told.props("tab.dataset_dir")
            )
        tab.build(Board(lang=lang, dataset_dir=dataset_dir))
    return made
