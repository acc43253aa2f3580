"""The strip at the top of the tab: what runs, how far, and what may be cancelled."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from lf_qwen3.base.progress import Status
from lf_qwen3.board.texts import texts


def job(**fields):
    given = {"work": "data.convert", "state": "running", "status": Status("reading"), "owner": "me"}
    return SimpleNamespace(**given | fields)


@pytest.fixture
def describe(monkeypatch):
    """Return a function that describes the strip for the browser "me"."""
    pytest.importorskip("gradio")
    from lf_qwen3.board import strip

    frame: Any = SimpleNamespace(name_work=lambda work, t: work)

    def call(*jobs, language="en"):
        running = lambda owner=None: [job for job in jobs if owner in (None, job.owner)]  # noqa: E731
        monkeypatch.setattr(strip, "JOBS", SimpleNamespace(running=running))
        return strip._describe(frame, "me", texts(language))

    return call


@pytest.mark.parametrize(
    ("done", "total", "value", "shown"),
    [(1, 4, "0.250", "25%"), (9, 4, "1.000", "100%"), (0, 0, None, "Reading")],
)
def test_it_says_how_far_a_job_is(describe, done, total, value, shown):
    html, _ = describe(job(status=Status("reading", done, total)))
    assert re.findall(r' value="(.*?)"', html) == [value] * (value is not None)
    assert shown in html


def test_a_job_that_is_being_cancelled_says_so_and_is_not_cancelled_twice(describe):
    html, can_cancel = describe(job(state="cancelling", status=Status("reading", 1, 4)), language="zh")
    assert texts("zh")("tab.cancelling") in html
    assert "25%" not in html
    assert not can_cancel


def test_the_job_of_another_browser_is_seen_and_cannot_be_cancelled(describe):
    html, can_cancel = describe(job(owner="other"))
    assert "data.convert" in html
    assert not can_cancel
    assert describe(job(owner="other"), job())[1]


def test_nothing_runs(describe):
    assert describe() == ("", False)
