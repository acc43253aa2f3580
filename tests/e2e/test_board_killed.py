"""A server that is killed with kill -9 while it converts 100,000 rows, and the page that shows it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import free_port, wait_for
from tests.e2e.tab import WORK_SECONDS, Tab

pytestmark = [pytest.mark.slow]

ROWS = 100_000


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Return a function that starts the tab on its page of its own, at the same address each time."""
    port, log = free_port(), tmp_path / "board.log"
    command = [sys.executable, "-m", "lf_qwen3", "webui", "--alone", "--port", str(port)]
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": str(tmp_path / "up")}
    started = []

    def start_once() -> subprocess.Popen[bytes]:
        with log.open("ab") as sink:
            process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=sink, stderr=sink)
        started.append(process)
        wait_for(f"http://127.0.0.1:{port}", process, log)
        return process

    start_once.url = f"http://127.0.0.1:{port}"  # type: ignore[attr-defined]
    yield start_once
    for process in started:
        process.terminate()
        process.wait(30)


def convert(tab: Tab) -> None:
    tab.unfold("data")
    tab.choose("data.paths", "raw/many.jsonl")
    tab.at("data.source", "table").first.wait_for()
    tab.fill("data.tokenizer", "no/such")
    tab.click("data.convert")


def test_a_page_says_that_its_server_was_killed_and_later_what_became_of_the_work(
    start: Any, window: Any, tmp_path: Path
) -> None:
    (tmp_path / "raw").mkdir()
    rows = (
        {"question": f"Question {row}?", "think": f"Thought {row}", "answer": f"A{row}"}
        for row in range(ROWS)
    )
    (tmp_path / "raw" / "many.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    server = start()
    window.clear_cookies()
    page = window.new_page()
    page.set_default_timeout(1000 * WORK_SECONDS)
    page.goto(start.url)
    tab = Tab(page)
    convert(tab)
    tab.at("tab.jobs", ".lfq-progress").wait_for()
    server.kill()
    server.wait()
    tab.at("tab.broken", ".lfq-broken").wait_for()
    assert not list(tmp_path.glob("data/*.jsonl"))

    start()
    page.reload()
    tab.unfold("data")
    tab.at("data.report", "[role=alert]").get_by_text("the board was ended").wait_for()
    assert tab.at("tab.jobs", ".lfq-progress").count() == 0
    page.close()
