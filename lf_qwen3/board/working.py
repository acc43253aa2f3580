"""Bind a button to long work: a progress bar, a button that cancels, and what is shown in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.frame import QUIET, Frame, View
from lf_qwen3.board.jobs import Job, Progress
from lf_qwen3.board.markup import progress
from lf_qwen3.board.texts import texts

AT_ONCE = 4
"""Pieces of work that the board runs at the same time, all visitors together; more wait in the queue."""

Values = Mapping[Any, Any]


def add_work(
    frame: Frame,
    start: Any,
    cancel: Any,
    work: str,
    view: View,
    inputs: Iterable[Any],
    request: Callable[[Values], dict[str, Any]],
    done: Callable[[dict[str, Any], Values], dict[Any, Any]] = lambda result, values: {},
    outputs: Iterable[Any] = (),
) -> Any:
    """Let the button `start` run `work` (MODULE.FUNCTION of handlers), and `cancel` end it; return the event.

    `request(values)` makes the request from the values of `inputs`, by element, and raises `LfQwen3Error`
    for what will not do. The view shows the result, or {"error", "hint"}. `done(result, values)` returns
    updates of `outputs` for work that succeeded.
    """
    lang = frame.board.lang
    job_of_session = gr.State(None)
    bar = gr.HTML("", elem_id=frame.id_of("progress"), padding=False)

    def run(values: Values) -> Iterator[dict[Any, Any]]:
        language = values[lang]
        try:
            job = Job.start(work, request(values))
            yield {job_of_session: job, **_busy(True)}
            for message in job:
                if isinstance(message, Progress):
                    yield {bar: _bar(message, language)}
                else:
                    yield view.show(message, language) | done(message, values)
        except LfQwen3Error as error:
            yield view.show({"error": error.message, "hint": error.hint}, language)
        yield {job_of_session: None, bar: "", **_busy(False)}

    def _busy(is_busy: bool) -> dict[Any, Any]:
        return {start: gr.Button(interactive=not is_busy), cancel: gr.Button(interactive=is_busy)}

    every = [job_of_session, bar, start, cancel, *view.outputs, *outputs]
    event = start.click(
        run, {lang, *inputs}, every, concurrency_id="lf-qwen3-work", concurrency_limit=AT_ONCE, **QUIET
    )
    cancel.click(_cancel, [job_of_session], None, concurrency_limit=None, **QUIET)
    return event


def _cancel(job: Job | None) -> None:
    if job is not None:
        job.cancel()


def _bar(message: Progress, language: str | None) -> str:
    return progress(texts(language)(f"work.{message.what}"), message.done, message.total)
