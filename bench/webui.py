"""Measure what the tab costs: the board's start, and the start of every other Python of the environment.

    python bench/webui.py [--rounds 5]

Timed is what is added, inside fresh processes: importing the tab and putting it into the board's page, and
the line of the .pth file at the start of any other Python. Medians are reported, after one round to warm up;
modules are compiled once and kept, as where the package is installed.
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


def page() -> float:
    """Return the seconds in which the tab is imported and put into the board's finished page."""
    command = [sys.executable, "-c", PAGE]
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=folder, env=environment()
        )
    return float(ran.stdout.splitlines()[-1])


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
