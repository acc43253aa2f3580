"""Take a picture of the tab of a real board: python -m docs.make.board > docs/qwen3-tab.png.

Needs LLaMA-Factory, playwright and chromium.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from lf_qwen3.base import assets
from tests.e2e.conftest import CHROMIUM, FLAGS, free_port, wait_for
from tests.e2e.tab import PAGE_SECONDS, Tab

SAMPLES = ("sample_medical_r1.jsonl", "sample_finetome.parquet")
"""Files of dataset_info/ that are converted."""

_SIZE = {"width": 1280, "height": 1000}
_COLOURS = 128
_MARGIN = 16


def take(folder: Path) -> bytes:
    """Return the picture of a board that works in `folder`, as PNG."""
    (folder / "raw").mkdir()
    for name in SAMPLES:
        shutil.copy(assets.folder("dataset_info") / name, folder / "raw")
    port, log = free_port(), folder / "board.log"
    fixed = {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False", "BROWSER": "true"}
    command = [sys.executable, "-m", "lf_qwen3", "webui", "--port", str(port)]
    with log.open("wb") as sink:
        process = subprocess.Popen(command, cwd=folder, env=os.environ | fixed, stdout=sink, stderr=sink)
    try:
        wait_for(f"http://127.0.0.1:{port}", process, log)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), args=list(FLAGS))
            page = browser.new_page(viewport=_SIZE, color_scheme="light")
            page.set_default_timeout(1000 * PAGE_SECONDS)
            page.goto(f"http://127.0.0.1:{port}", wait_until="commit")
            return _shoot(page)
    finally:
        process.terminate()
        process.wait(30)


def _shoot(page: Any) -> bytes:
    """Convert the samples in section Data; return the page from its tabs to the end of that section."""
    tab = Tab(page)
    tab.wait_for_page()
    tab.unfold("data")
    tab.fill("data.val", "0.05")
    tab.fill("data.test", "0.05")
    tab.convert("my_medical", *(f"raw/{name}" for name in SAMPLES))
    page.mouse.move(0, 0)
    tabs = page.get_by_role("tab", name="Train").bounding_box()
    data = tab.at("data.title").bounding_box()
    clip = {
        "x": data["x"] - _MARGIN,
        "y": tabs["y"] + page.evaluate("window.scrollY") - _MARGIN,
        "width": data["width"] + 2 * _MARGIN,
        "height": data["y"] + data["height"] - tabs["y"] + 2 * _MARGIN,
    }
    return _with_few_colours(page.screenshot(full_page=True, clip=clip))


def _with_few_colours(picture: bytes) -> bytes:
    image = Image.open(io.BytesIO(picture)).convert("RGB").quantize(_COLOURS)
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        sys.stdout.buffer.write(take(Path(name)))
