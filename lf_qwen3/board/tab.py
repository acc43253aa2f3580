"""The content of the tab: its style and its sections, one below the other; and a page of its own for it."""

from __future__ import annotations

import importlib
from typing import Any

import gradio as gr

from lf_qwen3.base import assets
from lf_qwen3.base.errors import UsageError
from lf_qwen3.board import sections, strip
from lf_qwen3.board.board import INSTALL, Board
from lf_qwen3.board.frame import PREFIX, QUIET, Frame
from lf_qwen3.board.texts import DEFAULT, languages, texts
from lf_qwen3.board.worker import WORKERS
from lf_qwen3.trainer import versions

ID = "lf-qwen3"

DATASET_DIR = "data"
"""LLaMA Board's own default."""

_LEAST_GRADIO = (5, 9)
"""The first version that takes all that the elements of the tab are given."""

_MAKE_VISIBLE = "() => ({__type__: 'update', visible: true})"
"""No request is sent. gradio makes no element that is not visible, and updates faster the fewer it has."""


def build(board: Board, opened: Any) -> None:
    """Make the elements and events of all sections inside the open gradio block.

    From the event `opened` on, a worker that has loaded the libraries waits for the first work. Raises
    `UsageError` where the installed gradio is too old.
    """
    _require_gradio()
    style = (assets.folder("web") / "style.css").read_text("utf-8")
    gr.HTML(f"<style>{style}</style>", padding=False, elem_id=f"{PREFIX}-style")
    frame = Frame(board)
    if board.engine is None:
        _name_own_elements(frame)
    if mismatch := versions.find_mismatch():
        frame.section = "tab"
        frame.view("version", mismatch)
    strip.build(frame)
    for name in sections.ORDER:
        _build_section(frame, name)
    relabelled = frame.follow_language()
    opened(WORKERS.warm, None, None, queue=False, **QUIET)
    loaded = opened if board.engine is None else relabelled.then
    strip.bind_restoring(frame, loaded)
    for restore, inputs, outputs in frame.restoring:
        loaded(restore, inputs, outputs, concurrency_limit=None, **QUIET)


def make_page() -> gr.Blocks:
    """Return the tab on a page of its own: language and dataset folder at the top, the sections below."""
    props = texts(DEFAULT).props
    page = gr.Blocks(title="lf-qwen3", analytics_enabled=False)
    with page:
        gr.Markdown("# Qwen3")
        with gr.Row():
            lang = gr.Dropdown(
                list(languages()), value=DEFAULT, elem_id="lf-qwen3-tab-lang", **props("tab.language")
            )
            dataset_dir = gr.Textbox(
                DATASET_DIR, elem_id="lf-qwen3-tab-dataset-dir", **props("tab.dataset_dir")
            )
        build(Board(lang=lang, dataset_dir=dataset_dir), page.load)
    return page


def _require_gradio() -> None:
    if tuple(map(int, gr.__version__.split(".")[:2])) < _LEAST_GRADIO:
        raise UsageError(
            f"gradio {gr.__version__} is too old for the tab",
            f"run: {INSTALL}",
            code="extra_missing",
        )


def _name_own_elements(frame: Frame) -> None:
    """Set the texts of the elements that replace the board's on a page of our own."""
    frame.section = "tab"
    frame.name("language", frame.board.lang)
    frame.name("dataset_dir", frame.board.dataset_dir)
    frame.add("alone", gr.Markdown, elem_classes="lfq-help")


def _build_section(frame: Frame, name: str) -> None:
    frame.section = name
    module = importlib.import_module(f"lf_qwen3.board.sections.{name}")
    is_open = name in sections.OPEN
    head = frame.add("title", gr.Accordion, open=is_open, elem_classes="lfq-section")
    with head, gr.Column(visible=is_open) as content:
        frame.add("help", gr.Markdown, elem_classes="lfq-help")
        module.build(frame)
        _add_next(frame, sections.NEXT.get(name, ""))
    head.expand(None, None, content, js=_MAKE_VISIBLE, **QUIET)


def _add_next(frame: Frame, target: str) -> None:
    """Make the button that leads on from a section; none to a tab of the board's where there is no board."""
    if not target or (target[0] == "@" and frame.board.engine is None):
        return
    button = frame.add("next", gr.Button, size="sm")
    if target[0] == "@":
        frame.go_to_tab(button, target[1:])
    else:
        frame.go_to(button, target)
