"""Bind buttons: to quick work, or to long work with a progress bar and a button that cancels it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import Status
from lf_qwen3.board.frame import QUIET, Frame, Updates, Values, View
from lf_qwen3.board.jobs import Job
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import texts

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
    cancel: Any,
    work: str,
    view: View,
    inputs: Iterable[Any],
    request: Callable[[Values], dict[str, Any]],
    done: Callable[[dict[str, Any], Values], Updates] = lambda result, values: {},
    outputs: Iterable[Any] = (),
) -> None:
    """Let the button `start` run `work` (MODULE.FUNCTION of handlers), and `cancel` end it.

    `request(values)` makes the request from the values of `inputs`, by element, and raises `LfQwen3Error`
    for what will not do. The view shows the result or the error. `done(result, values)` returns updates of
    `outputs` for work that succeeded.
    """
    lang = frame.board.lang
    job_of_session = gr.State(None)
    bar = gr.HTML("", elem_id=frame.id_of("progress"), padding=False)

    def run(values: Values) -> Iterator[Updates]:
        language = values[lang]
        try:
            job = Job.start(work, request(values))
            yield {job_of_session: job, **_busy(True)}
            for message in job:
                if isinstance(message, Status):
                    yield {bar: _bar(message, language)}
                else:
                    yield view.show(message, language) | done(message, values)
        except LfQwen3Error as error:
            yield view.show(error, language)
        yield {job_of_session: None, bar: "", **_busy(False)}

    def _busy(is_busy: bool) -> Updates:
        return {start: gr.Button(interactive=not is_busy), cancel: gr.Button(interactive=is_busy)}

    every = [job_of_session, bar, start, cancel, *view.outputs, *outputs]
    start.click(
        run, {lang, *inputs}, every, concurrency_id="lf-qwen3-work", concurrency_limit=AT_ONCE, **QUIET
    )
    cancel.click(_cancel, [job_of_session], None, concurrency_limit=None, **QUIET)


def _cancel(job: Job | None) -> None:
    if job is not None:
        job.cancel()


def _bar(status: Status, language: str | None) -> str:
    name = texts(language).phase(status.phase)
    return render("progress", texts(language), name=name, done=status.done, total=status.total)
