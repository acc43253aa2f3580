"""Bind buttons: to quick work, or to long work, whose progress the strip at the top of the tab shows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.frame import QUIET, Frame, Updates, Values, View
from lf_qwen3.board.jobs import JOBS, Job
from lf_qwen3.board.visitors import browser_of

_MARK_OLD = "() => { document.querySelector('#%s .lfq-view')?.classList.toggle('lfq-old', %s); return []; }"


def add_action(
    frame: Frame,
    button: Any,
    view: View,
    inputs: Iterable[Any],
    act: Callable[[Values], tuple[object, Updates]],
    outputs: Iterable[Any] = (),
) -> None:
    """Let a button do quick work: `act` returns what the view shows, and updates of `outputs`.

    The view shows the error where `act` raises `LfQwen3Error`; nothing else is updated then.
    """
    lang = frame.board.lang

    def run(values: Values) -> Updates:
        try:
            value, updates = act(values)
        except LfQwen3Error as error:
            return view.show(error, values[lang])
        return view.show(value, values[lang]) | updates

    button.click(run, {lang, *inputs}, [*view.outputs, *outputs], **QUIET)


def add_work(
    frame: Frame,
    start: Any,
    work: str,
    view: View,
    inputs: Iterable[Any],
    request: Callable[[Values], dict[str, Any]],
    done: Callable[[dict[str, Any], Values], Updates] = lambda result, values: {},
    outputs: Iterable[Any] = (),
) -> None:
    """Let the button `start` run `work` (MODULE.FUNCTION of handlers).

    `request(values)` makes the request from the values of `inputs`, by element, and raises `LfQwen3Error`
    for an invalid value. The view shows the result or the error. `done(result, values)` returns updates of
    `outputs` for work that succeeded.

    The work belongs to the server and to the browser that asked: it continues when the page is closed, and a
    page that is loaded again shows it (`strip`). What the view showed before is marked as such.
    """
    lang = frame.board.lang
    frame.works[work] = (start, view)

    async def run(values: Values, page: gr.Request) -> AsyncIterator[Updates]:
        try:
            asked = await asyncio.to_thread(request, values)
            job = JOBS.start(work, asked, browser_of(page))
        except LfQwen3Error as error:
            yield view.show(error, values[lang])
            return
        yield {frame.job: job.id, start: gr.Button(interactive=False)}
        await job.wait()
        yield await asyncio.to_thread(show, job, values) | {start: gr.Button(interactive=True)}

    def show(job: Job, values: Values) -> Updates:
        try:
            updates = done(job.result, values) if job.state == "done" else {}
        except LfQwen3Error as error:
            return view.show(error, values[lang])
        return view.show(job.outcome, values[lang]) | updates

    inputs = [*inputs]
    every = [frame.job, start, *view.outputs, *outputs]
    mark_old, mark_new = (_MARK_OLD % (view.element.elem_id, is_old) for is_old in ("true", "false"))
    ended = start.click(run, {lang, *inputs}, every, concurrency_limit=None, **QUIET)
    # The page may have another language by now; a result equal to the one before is not put into it anew.
    translated = ended.then(view.html, [view.state, lang], view.element, **QUIET)
    translated.then(None, js=mark_new, **QUIET)
    changes = [element.input for element in inputs if hasattr(element, "input")]
    gr.on([start.click, *changes], None, js=mark_old, **QUIET)
