"""Measure what the tab costs: the board's start, its rest, its memory, and the start of every other Python.

    python bench/webui.py [--rounds 5]

Timed is what is added, inside fresh processes: importing the tab and putting it into the board's page, and
the line of the .pth file at the start of any other Python. Medians are reported, after one round to warm up;
modules are compiled once and kept, as where the package is installed.

Beside them: the processor's time of a board that rests for ten seconds, with the tab and without, and the
memory of a server after 5 conversions and after 20. Nothing is held against a bar there.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

from lf_qwen3.board import install

BARS = {"board": 0.2, "other": 0.001}
PAGE = (
    "import time; from llamafactory.webui import interface; page = interface.create_ui();"
    "start = time.perf_counter(); from lf_qwen3.board import attach; attach.add_tab(page);"
    "print(time.perf_counter() - start)"
)
OTHERS = 40
REST_SECONDS = 10
REST = (
    "import time; from llamafactory.webui import interface; page = interface.create_ui();{attach}"
    f"page.launch(prevent_thread_lock=True, quiet=True, server_name='127.0.0.1'); time.sleep({REST_SECONDS});"
    f"start = time.process_time(); time.sleep({REST_SECONDS}); print(time.process_time() - start)"
)
ATTACH = "from lf_qwen3.board import attach; attach.add_tab(page);"
CONVERSIONS = """
import json, time
from pathlib import Path
from lf_qwen3.board.handlers import data
from lf_qwen3.board.jobs import JOBS

def megabytes():
    lines = open("/proc/self/status").readlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024

row = {"question": "q", "think": "t" * 200, "answer": "a" * 200}
rows = (json.dumps(row | {"question": f"q{number}"}) for number in range(2_000))
Path("rows.jsonl").write_text("\\n".join(rows))
fixed = ("unroll", None, 0, None, "data")
form = data.ConversionForm(["rows.jsonl"], None, None, "set", *fixed, tokenizer="no/such")
for number in range(1, 21):
    job = JOBS.start("data.convert", data.request(form), "me")
    while job.is_running:
        time.sleep(0.05)
    assert job.state == "done", job.outcome
    if number in (5, 20):
        print(megabytes())
"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=5)
    rounds = arguments.parse_args().rounds
    page()
    board = [page() for _ in range(rounds)]
    other = [line() for _ in range(OTHERS)]
    for name, differences in (("board", board), ("other", other)):
        median = statistics.median(differences)
        verdict = "good" if median < BARS[name] else "TOO SLOW"
        print(f"{name}: {1000 * median:+.2f} ms (bar {1000 * BARS[name]:g} ms) {verdict}")

    rest = {
        name: run(REST.format(attach=attach)) for name, attach in (("bare", ""), ("with the tab", ATTACH))
    }
    print(
        *(f"{name}: {1000 * float(out[0]):.0f} ms in {REST_SECONDS} s of rest" for name, out in rest.items()),
        sep="; ",
    )
    print("memory after 5 and after 20 conversions:", " and ".join(run(CONVERSIONS)), "MB")


def run(program: str) -> list[str]:
    """Return the lines that a program prints, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", program]
        ran = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=folder, env=environment()
        )
    return ran.stdout.splitlines()


def page() -> float:
    """Return the seconds in which the tab is imported and put into the board's finished page."""
    return float(run(PAGE)[-1])


def line() -> float:
    """Return the seconds that the line of the .pth file takes in a fresh Python."""
    timed = f"import time; start = time.perf_counter()\n{install.LINE}print(time.perf_counter() - start)"
    command = [sys.executable, "-I", "-c", timed]
    on = {**environment(), "LF_QWEN3_WEBUI": "1"}
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=on)
    return float(ran.stdout)


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "GRADIO_ANALYTICS_ENABLED": "False", "LF_QWEN3_WEBUI": "0"}


if __name__ == "__main__":
    main()
