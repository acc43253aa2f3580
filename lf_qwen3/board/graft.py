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
    tabs = tabs_around(board.find("train.start_btn"))
    kept = _Kept(page, tabs)
    try:
        with _open(page), tabs, gr.Tab("Qwen3", id=tab.ID):
            tab.build(board)
    except BaseException:
        kept.put_back()
        raise
    finally:
        tabs.parent = kept.parent


@contextlib.contextmanager
def _open(page: Any) -> Iterator[None]:
    """Have gradio take new elements for parts of a finished page.

    `with page` does that too, and then makes its configuration and its whole web app anew, which launching
    and mounting do once more.
    """
    before = Context.root_block
    Context.root_block = page
    try:
        yield
    finally:
        Context.root_block = before
        set_render_context(None)


def read_board(page: Any) -> Board:
    """Return what the tab needs to know of the page. Raises LookupError where that is not found in it."""
    engine = next((owner for one in page.fns.values() if _is_engine(owner := _owner(one))), None)
    if engine is None:
        raise LookupError("the board's engine is not found")
    manager = engine.manager
    preview = next((one for one in page.fns.values() if _name(one) == "preview_train"), None)
    inputs = frozenset(preview.inputs) if preview is not None else frozenset()
    return Board(
        lang=manager.get_elem_by_id("top.lang"),
        dataset_dir=manager.get_elem_by_id("train.dataset_dir"),
        engine=engine,
        train_inputs=inputs,
    )


def tabs_around(element: Any) -> Any:
    """Return the outermost `gr.Tabs` around an element. Raises LookupError where there is none."""
    found = None
    while element is not None:
        found = element if isinstance(element, gr.Tabs) else found
        element = element.parent
    if found is None:
        raise LookupError("the board's tabs are not found")
    return found


class _Kept:
    """The parts of a page that building a tab changes."""

    def __init__(self, page: Any, tabs: Any) -> None:
        self.page, self.tabs, self.parent = page, tabs, tabs.parent
        config = page.default_config
        self.blocks, self.fns, self.fn_id = dict(config.blocks), dict(config.fns), config.fn_id
        self.children = {id(one): (one, list(one.children)) for one in (page, tabs)}

    def put_back(self) -> None:
        """Undo what was built."""
        config = self.page.default_config
        for one, children in self.children.values():
            one.children = children
        config.blocks, config.fns, config.fn_id = self.blocks, self.fns, self.fn_id


def _owner(block_function: Any) -> Any:
    return getattr(block_function.fn, "__self__", None)


def _is_engine(owner: Any) -> bool:
    return hasattr(owner, "manager") and hasattr(owner, "runner")


def _name(block_function: Any) -> str:
    return getattr(block_function.fn, "__name__", "")
