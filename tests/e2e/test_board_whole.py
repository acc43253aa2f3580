"""The board with the tab, without it, and with a tab that fails: the board's own elements are the same."""

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from contextlib import suppress

import pytest

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow]

# Makes the board's page several times in one process and prints the kinds and labels of its elements.
PROGRAM = """
import json, os
from llamafactory.webui import interface
from lf_qwen3.board import hook
is_wrapped = hasattr(interface.create_ui, hook._MARK)

def elements(demo_mode=False):
    page = interface.create_ui(demo_mode)
    blocks = page.get_config_file()
    return {
        "elements": [
            [one["type"], one["props"].get("label"), one["props"].get("maximum")]
            for one in blocks["components"]
        ],
        "events": [[len(one["inputs"]), len(one["outputs"]), one["queue"]] for one in blocks["dependencies"]],
        "layout": json.dumps(shape(blocks["layout"])),
    }

def shape(node):
    return [shape(one) for one in node.get("children", [])]

made = {"is_wrapped": is_wrapped, "bare": elements()}
if not is_wrapped:
    del os.environ[hook.SWITCH]
    hook.install()
    from lf_qwen3.board import sections
    names = sections.ORDER
    sections.ORDER = (*names, "no_such_section")
    made["failed"] = elements()
    sections.ORDER = names
    made["with_tab"] = elements()
    made["demo"] = elements(True)
print("made:" + json.dumps(made))
"""


def make(python, folder, **variables):
    environment = {**os.environ, **variables}
    ran = subprocess.run(
        [str(python), "-c", PROGRAM], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    line = next(one for one in ran.stdout.splitlines() if one.startswith("made:"))
    return json.loads(line.removeprefix("made:")), ran.stderr


@pytest.fixture(scope="module")
def made(installed_python, tmp_path_factory):
    """Return the pages that a board makes in an environment with --install, turned off by the variable."""
    return make(installed_python, tmp_path_factory.mktemp("pages"), LF_QWEN3_WEBUI="0")


def test_turned_off_nothing_is_wrapped(made):
    assert made[0]["is_wrapped"] is False


def test_a_tab_that_fails_leaves_every_element_and_event(made):
    pages, told = made
    assert pages["failed"] == pages["bare"]
    lines = [line for line in told.splitlines() if line.startswith("lf-qwen3:")]
    assert len(lines) == 1
    assert "no_such_section" in lines[0]


def kinds(page):
    return Counter(map(json.dumps, page["elements"]))


def test_the_tab_only_adds(made):
    pages, _ = made
    assert not kinds(pages["bare"]) - kinds(pages["with_tab"])
    added = kinds(pages["with_tab"]) - kinds(pages["bare"])
    assert added[json.dumps(["tabitem", "Qwen3", None])] == 1
    own = len(pages["bare"]["events"])
    assert pages["with_tab"]["events"][:own] == pages["bare"]["events"]


def test_demo_mode_has_the_tab(made):
    assert kinds(made[0]["demo"])[json.dumps(["tabitem", "Qwen3", None])] == 1


def fetch(url: str) -> bytes:
    """Return what a page holds; a board that still starts other threads may drop a connection or two."""
    for _ in range(4):
        with suppress(ConnectionError), urllib.request.urlopen(url) as answer:
            return bytes(answer.read())
    with urllib.request.urlopen(url) as answer:
        return bytes(answer.read())


def names_of_tabs(board):
    page = json.loads(fetch(f"{board.url}/config"))
    return [part["props"].get("label") for part in page["components"] if part["type"] == "tabitem"]


def test_both_ways_to_start_the_board_show_the_tab_once_and_the_same_page(board, serve, installed_python):
    """The one of other tests, with nothing installed, and the trainer's own command after `--install`."""
    unmodified = serve(str(installed_python), "-m", "llamafactory.cli", "webui")
    tabs = names_of_tabs(board)
    assert tabs.count("Qwen3") == 1
    assert tabs[0] == "Train"
    assert names_of_tabs(unmodified) == tabs
    for started in (board, unmodified):
        assert "without the Qwen3 tab" not in started.log.read_text("utf-8")


def test_the_tab_stands_alone_also_where_a_proxy_is_set(serve, window):
    words = (sys.executable, "-m", "lf_qwen3", "webui", "--alone", "--port", "{port}")
    alone = serve(*words, http_proxy="http://127.0.0.1:9", all_proxy="http://127.0.0.1:9")
    page = window.new_page()
    page.goto(alone.url)
    page.locator("button#lf-qwen3-card-prepare").wait_for()
    page.close()
