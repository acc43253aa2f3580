"""The content of the tab: its style and its sections, one below the other."""

from __future__ import annotations

import importlib

import gradio as gr

from lf_qwen3.base import assets
from lf_qwen3.board import sections
from lf_qwen3.board.board import Board
from lf_qwen3.board.frame import PREFIX, Frame

ID = "lf-qwen3"


def build(board: Board) -> None:
    """Make the elements and events of all sections inside the open gradio block."""
    style = (assets.folder("web") / "style.css").read_text("utf-8")
    gr.HTML(f"<style>{style}</style>", padding=False, elem_id=f"{PREFIX}-style")
    frame = Frame(board)
    if board.engine is None:
        _name_own_elements(frame)
    for name in sections.ORDER:
        _build_section(frame, name)
    frame.follow_language()


def _name_own_elements(frame: Frame) -> None:
    """Give the elements that stand for the board's, on a page of our own, their texts."""
    frame.section = "tab"
    frame.name("language", frame.board.lang)
    frame.name("dataset_dir", frame.board.dataset_dir)
    frame.add("alone", gr.Markdown, elem_classes="lfq-help")


def _build_section(frame: Frame, name: str) -> None:
    frame.section = name
    module = importlib.import_module(f"lf_qwen3.board.sections.{name}")
    is_open = name in sections.OPEN
    with frame.add("title", gr.Accordion, open=is_open, elem_classes="lfq-section"):
        frame.add("help", gr.Markdown, elem_classes="lfq-help")
        module.build(frame)
