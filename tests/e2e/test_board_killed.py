"""100,000 rows in a real page, and a server that is killed with kill -9 while it converts them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import answers, free_port
from tests.e2e.tab import WORK_SECONDS, Tab

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow]

ROWS = 100_000


@pytest.fixture
def start(tmp_path: Path, warm_trainer: None) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Return a function that starts the tab on its page of its own, at the same address each time."""
    port, log = free_port(), tmp_path / "board.log"
    command = [sys.executable, "-m", "lf_qwen3", "webui", "--alone", "--port", str(port)]
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": str(tmp_path / "up")}
    started = []

    def start_once() -> subprocess.Popen[bytes]:
        with log.open("ab") as sink:
            process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=sink, stderr=sink)
        started.append(process)
        assert answers(f"http://127.0.0.1:{port}", process, log)
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


def test_a_killed_server_loses_no_word_and_100000_rows_are_converted_and_shown(
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
    tab.at("data.report", "[role=alert]").get_by_text("the board was stopped").wait_for()
    assert tab.at("tab.jobs", ".lfq-progress").count() == 0
    convert(tab)
    tab.at("data.report", ".lfq-good").filter(has_text="many_train").wait_for()
    tab.unfold("records")
    tab.choose("records.dataset", "many_train")
    tab.at("records.splits", "input").check()
    tab.at("records.table", "p[role=status]").filter(has_text=f"{ROWS:,} of {ROWS:,}").wait_for()
    tab.fill("records.text", "Question 77777?")
    tab.field("records.text").press("Enter")
    tab.at("records.table", "p[role=status]").filter(has_text=f"1 of {ROWS:,}").wait_for()
    tab.at("records.table", "tbody button").first.click()
    tab.at("records.record", ".lfq-note").get_by_text("Row 77,778 of many.jsonl").wait_for()
    page.close()
