"""Draw docs/terminal.svg, a terminal with real output: python -m docs.make.terminal > docs/terminal.svg."""

from __future__ import annotations

import contextlib
import io
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from lf_qwen3.cli import cli
from tests.docs.page import DOCS, ShownFile, items

COMMANDS = (
    ("tour.md", "convert raw/reasoning.jsonl --name sums --dataset-dir data"),
    ("guides/yaml.md", "recipe validate mine.yaml"),
)
"""The commands, each with the page whose files it runs on."""

_FONT_FACES = re.compile(r"\s*@font-face \{\{.*?\}\}", re.DOTALL)
_WIDTH = 100


def run_commands() -> Iterator[tuple[str, str]]:
    """Yield each command as typed, and what it prints, its colours included."""
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        for page, command in COMMANDS:
            for item in items(DOCS / page):
                if isinstance(item, ShownFile) and item.name in command:
                    item.write(Path(name))
            ran = CliRunner().invoke(cli, command.split(), color=True)
            assert not ran.exception or isinstance(ran.exception, SystemExit), ran.exception
            yield f"$ lf-qwen3 {command}", ran.output.rstrip()


def draw() -> str:
    """Return the picture; it names no font of another host."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    for command, output in run_commands():
        console.print(Text(command, "bold"))
        console.print(Text.from_ansi(output))
        console.print()
    template = _FONT_FACES.sub("", CONSOLE_SVG_FORMAT)
    return console.export_svg(title="lf-qwen3", code_format=template, unique_id="terminal")


if __name__ == "__main__":
    sys.stdout.write(draw())
