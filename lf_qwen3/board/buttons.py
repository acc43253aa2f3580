"""Bind buttons: to quick work, or to long work, whose progress the strip at the top of the tab shows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.frame import QUIET, Frame, Updates, Values, View
from lf_qwen3.board.jobs import JOBS, UPDATE_SECONDS, Job
from lf_qwen3.board.visitors import browser_of, page_of

AT_ONCE = 4
"""Pieces of work that the board runs at the same time, all visitors together; more wait in the queue."""


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
    for what will not do. The view shows the result or the error. `done(result, values)` returns updates of
    `outputs` for work that succeeded.
    """
    lang = frame.board.lang
    frame.works[work] = frame.key_of(start)

    async def run(values: Values, page: gr.Request) -> AsyncIterator[Updates]:
        try:
            asked = await asyncio.to_thread(request, values)
            job = await asyncio.to_thread(JOBS.start, work, asked, browser_of(page), page_of(page))
        except LfQwen3Error as error:
            yield view.show(error, values[lang])
            return
        yield {frame.job: job.id, start: gr.Button(interactive=False)}
        while job.is_running:
            await asyncio.sleep(UPDATE_SECONDS)
        yield await asyncio.to_thread(show, job, values) | {start: gr.Button(interactive=True)}

    def show(job: Job, values: Values) -> Updates:
        try:
            result = job.outcome()
            return view.show(result, values[lang]) | done(result, values)
        except LfQwen3Error as error:
            return view.show(error, values[lang])

    every = [frame.job, start, *view.outputs, *outputs]
    limit = {"concurrency_id": "lf-qwen3-work", "concurrency_limit": AT_ONCE}
    start.click(run, {lang, *inputs}, every, **limit, **QUIET)
