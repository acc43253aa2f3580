"""Put the tab into LLaMA Board's finished page: all of it, or nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio.context import Context, set_render_context

from lf_qwen3.board import tab
from lf_qwen3.board.board import Board


def add_tab(page: Any) -> None:
    """Add the tab behind the board's own tabs.

    `page` is the `gr.Blocks` that `create_ui` returned. Raises whatever goes wrong, LookupError where the
    page is not made as it is known; the page is then as it was.
    """
    board = read_board(page)
    tabs = find_tabs_around(board.find("train.start_btn"))
    with _restored_on_error(page, tabs), _building(page), tabs, gr.Tab("Qwen3", id=tab.ID) as opened:
        tab.build(board, opened.select)


def read_board(page: Any) -> Board:
    """Return what the tab needs to know of the page. Raises LookupError where that is not found in it."""
    functions = [event.fn for event in page.fns.values()]
    owners = (getattr(function, "__self__", None) for function in functions)
    engine = next((owner for owner in owners if hasattr(owner, "manager") and hasattr(owner, "runner")), None)
    if engine is None:
        raise LookupError("the board's engine is not found")
    events = page.fns.values()
    previews = (event.inputs for event in events if getattr(event.fn, "__name__", "") == "preview_train")
    return Board(
        lang=engine.manager.get_elem_by_id("top.lang"),
        dataset_dir=engine.manager.get_elem_by_id("train.dataset_dir"),
        engine=engine,
        train_inputs=frozenset(next(previews, ())),
    )


def find_tabs_around(element: Any) -> Any:
    """Return the outermost `gr.Tabs` around an element. Raises LookupError if there is none."""
    tabs = None
    while element is not None:
        tabs = element if isinstance(element, gr.Tabs) else tabs
        element = element.parent
    if tabs is None:
        raise LookupError("the board's tabs are not found")
    return tabs


@contextlib.contextmanager
def _building(page: Any) -> Iterator[None]:
    """Let gradio treat new elements as parts of a finished page.

    `with page` does that too, and then makes its configuration and its whole web app again, which launching
    and mounting do once more.
    """
    before = Context.root_block
    Context.root_block = page
    try:
        yield
    finally:
        Context.root_block = before
        set_render_context(None)


@contextlib.contextmanager
def _restored_on_error(page: Any, tabs: Any) -> Iterator[None]:
    """Undo what was built where that fails; the tabs keep their parent, which entering them changes."""
    config, parent = page.default_config, tabs.parent
    blocks, functions, function_id = dict(config.blocks), dict(config.fns), config.fn_id
    children = [(block, list(block.children)) for block in (page, tabs)]
    try:
        yield
    except BaseException:
        for block, before in children:
            block.children = before
        config.blocks, config.fns, config.fn_id = blocks, functions, function_id
        raise
    finally:
        tabs.parent = parent
