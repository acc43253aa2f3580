"""The strip at the top of the tab: what runs on the server and how far it is, and the one Cancel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr
from gradio.context import Context

from lf_qwen3.base import assets
from lf_qwen3.board.frame import QUIET, Frame, Updates
from lf_qwen3.board.jobs import JOBS, UPDATE_SECONDS, Job
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import Texts, texts
from lf_qwen3.board.visitors import browser_of


def build(frame: Frame) -> None:
    """Make the strip; it follows the jobs from the load of the page, and from the start of each job."""
    frame.section = "tab"
    lang = frame.board.lang
    with gr.Row(elem_id=frame.id_of("strip"), elem_classes="lfq-strip"):
        shown = gr.HTML(elem_id=frame.id_of("jobs"), padding=False)
        cancel = frame.add("cancel", gr.Button, variant="stop", scale=0, min_width=140, interactive=False)

    async def follow(language: str | None, request: gr.Request) -> AsyncIterator[Updates]:
        before = None
        is_running = True
        while is_running:
            is_running = bool(JOBS.running())
            now = _describe(frame, browser_of(request), texts(language))
            if now != before:
                yield {shown: now[0], cancel: gr.Button(interactive=now[1])}
                before = now
            await asyncio.sleep(UPDATE_SECONDS if is_running else 0)

    def cancel_newest(request: gr.Request) -> None:
        for job in _cancellable(browser_of(request))[-1:]:
            job.cancel()

    page: Any = Context.root_block
    script = (assets.folder("web") / "page.js").read_text("utf-8")
    always: dict[str, Any] = {"concurrency_limit": None, "trigger_mode": "always_last"}
    page.load(follow, [lang], [shown, cancel], js=script, **always, **QUIET)
    gr.on([frame.job.change, lang.change], follow, [lang], [shown, cancel], **always, **QUIET)
    cancel.click(cancel_newest, None, None, concurrency_limit=None, **QUIET)


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
