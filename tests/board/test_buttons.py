"""Buttons of long work: what their view shows is in the language that the page has when the work ends."""

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.texts import error_shown, texts


def test_a_result_is_shown_in_the_language_that_the_page_has_then():
    gr = pytest.importorskip("gradio")
    from lf_qwen3.board.board import Board
    from lf_qwen3.board.buttons import add_work
    from lf_qwen3.board.frame import Frame

    with gr.Blocks() as page:
        frame = Frame(Board(lang=gr.State("en"), dataset_dir=gr.State("data")))
        frame.section = "data"
        view = frame.view("source")
        add_work(frame, gr.Button(), "data.convert", view, [], lambda values: {})
    events = list(page.fns.values())
    (work,) = [event for event in events if frame.job in event.outputs]
    (follower,) = [event for event in events if event.outputs == [view.element]]
    assert follower.trigger_after == work._id
    assert follower.inputs == [view.state, frame.board.lang]
    value = error_shown(LfQwen3Error("the sources have no rows", "add some", code="no_rows"))
    shown = {language: follower.fn(value, language) for language in ("en", "zh")}
    assert all(texts(language).error(value)[0] in html for language, html in shown.items())
    assert shown["zh"] != shown["en"]
