"""The strip at the top of the tab: what runs on the server and how far it is, and the one Cancel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import gradio as gr
from gradio.context import Context

from lf_qwen3.base import assets
from lf_qwen3.board import job_files
from lf_qwen3.board.frame import QUIET, Frame, Updates
from lf_qwen3.board.jobs import JOBS, Job
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import Texts, texts
from lf_qwen3.board.visitors import browser_of

PAGE_SECONDS = 0.25
"""A page shows a change at most this often."""


def build(frame: Frame) -> None:
    """Make the strip; it follows the jobs from the load of the page, and from the start of each job."""
    frame.section = "tab"
    lang, page = frame.board.lang, cast(gr.Blocks, Context.root_block)
    if not frame.board.is_demo:
        JOBS.keep_in(job_files.FOLDER)
    with gr.Row(elem_id=frame.id_of("strip"), elem_classes="lfq-strip"):
        shown = gr.HTML(elem_id=frame.id_of("jobs"), padding=False)
        cancel = frame.add("cancel", gr.Button, variant="stop", scale=0, min_width=140, interactive=False)
        frame.view("broken")
    again = gr.Button(elem_id=frame.id_of("again"), elem_classes="lfq-hidden")

    async def follow(language: str | None, request: gr.Request) -> AsyncIterator[Updates]:
        before = None
        is_running = True
        while is_running:
            is_running = bool(JOBS.running())
            now = _describe(frame, browser_of(request), texts(language))
            if now != before:
                yield {shown: now[0], cancel: gr.Button(interactive=now[1])}
                before = now
            await asyncio.sleep(PAGE_SECONDS if is_running else 0)

    def cancel_newest(request: gr.Request) -> None:
        for job in _cancellable(browser_of(request))[-1:]:
            job.cancel()

    script = (assets.folder("web") / "page.js").read_text("utf-8")
    often: dict[str, Any] = {"trigger_mode": "always_last", "concurrency_limit": None, **QUIET}
    page.load(follow, [lang], [shown, cancel], js=script, **often)
    gr.on([again.click, frame.job.change, lang.change], follow, [lang], [shown, cancel], **often)
    cancel.click(cancel_newest, None, None, concurrency_limit=None, **QUIET)


def bind_restoring(frame: Frame, loaded: Any) -> None:
    """Show what came of the last jobs of this browser, once for each page, when the event `loaded` has ended.

    Jobs that still run are shown when they end; they are not started a second time until then.
    """
    is_restored = gr.State(False)
    buttons = {work: start for work, (start, _) in frame.works.items()}
    views = {work: view for work, (_, view) in frame.works.items()}

    def show(jobs: list[Job], language: str | None) -> Updates:
        updates: Updates = {is_restored: True}
        for job in jobs:
            if job.work in views and not job.is_running:
                updates |= views[job.work].show(job.outcome, language)
        is_busy = {job.work: job.is_running for job in jobs if job.work in views}
        return updates | {buttons[work]: gr.Button(interactive=not busy) for work, busy in is_busy.items()}

    async def restore(
        language: str | None, was_restored: bool, request: gr.Request
    ) -> AsyncIterator[Updates]:
        jobs = [] if was_restored else JOBS.of_browser(browser_of(request))
        yield await asyncio.to_thread(show, jobs, language)
        for job in [job for job in jobs if job.is_running]:
            await job.wait()
            yield await asyncio.to_thread(show, [job], language)

    outputs = {is_restored, *buttons.values(), *(part for view in views.values() for part in view.outputs)}
    loaded(restore, [frame.board.lang, is_restored], [*outputs], concurrency_limit=None, **QUIET)


def _cancellable(browser: str) -> list[Job]:
    return [job for job in JOBS.running(browser) if job.state == "running"]


def _describe(frame: Frame, browser: str, t: Texts) -> tuple[str, bool]:
    """Return the HTML of the strip for a browser, and whether it has something to cancel."""
    rows = [_describe_job(job, frame.name_work(job.work, t), t) for job in reversed(JOBS.running())]
    return render("tab/jobs", t, rows=rows), bool(_cancellable(browser))


def _describe_job(job: Job, name: str, t: Texts) -> dict[str, Any]:
    status = job.status
    if job.state == "cancelling":
        return {"name": name, "phase": t("tab.cancelling"), "share": None}
    share = min(status.done / status.total, 1) if status.total else None
    return {"name": name, "phase": t.phase(status.phase), "share": share}
