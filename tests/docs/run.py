"""Run the commands of a page one after the other; `python -m tests.docs.run` writes their output anew.

The output stands below each `$ command` of a console block. A page is run in an empty folder that holds the
project's samples.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from lf_qwen3.base import assets
from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.cli import cli
from tests.docs.page import DOCS, FENCE, PAGES, ShownCommand, ShownFile, items

_NOT_HERE = {
    "answer",
    "demo",
    "diagnose",
    "doctor",
    "download",
    "evaluate",
    "rehearse",
    "score",
    "untie",
    "webui",
}
"""Commands that want the network, the trainer or a run: on the pages their options are read alone."""

_HEAVY = {"--tokenizer", "--judge-import"}
_ALSO = (DOCS / "tour.md", DOCS / "estimate.md")
RUN = [page for page in PAGES if page in _ALSO or page.parent == DOCS / "guides"]
"""Pages whose commands are run; on the others the options of the commands are read."""

TRANSLATED = {
    page: english
    for page in PAGES
    if (english := DOCS.joinpath(*page.relative_to(DOCS).parts[1:])) in PAGES and english != page
}
"""Pages in another language, each with the English one: docs/zh/tour.md."""


_NOWHERE = "/nonexistent"
NO_CACHES = dict.fromkeys(("HOME", "HF_HOME", "HF_HUB_CACHE", "MODELSCOPE_CACHE", "XDG_CACHE_HOME"), _NOWHERE)
"""Environment of the commands: a tokenizer in a cache of this machine would change what they print."""


def is_run(command: ShownCommand) -> bool:
    """Tell whether a command of a page is run, and not only read."""
    program, *words = command.words
    return program == "lf-qwen3" and not _NOT_HERE & set(words[:2]) and not _HEAVY & set(words)


def run_command(command: ShownCommand) -> tuple[int, str]:
    """Return the exit code of a command and what it prints; an error of ours is text, as in a terminal."""
    words = command.words[1:]
    if words[0] == "check" and "--config" in words:
        words.append("--no-trainer")  # to load the trainer takes seconds
    result = CliRunner().invoke(cli, words)
    if isinstance(result.exception, LfQwen3Error):
        hint = f"\nhint: {result.exception.hint}" if result.exception.hint else ""
        return result.exception.exit_code, f"{result.output}error: {result.exception.message}{hint}\n"
    assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def run_page(page: Path, folder: Path) -> Iterator[tuple[ShownCommand | ShownFile, str]]:
    """Yield each item of a page with its outcome: what a command printed, or how a shown file differs.

    The working directory has to be `folder`. Raises `AssertionError` where a command of which the page shows
    no output fails.
    """
    shutil.copytree(assets.folder("dataset_info"), folder / "dataset_info")
    for shown in items(page):
        if isinstance(shown, ShownCommand):
            if is_run(shown):
                code, output = run_command(shown)
                assert code in ((0, 1, 2) if shown.output else (0,)), f"{shown.line}\n{output}"
                yield shown, output
        elif (folder / shown.name).exists():
            yield shown, "\n".join(shown.differences(folder))
        else:
            shown.write(folder)


def refreshed(page: Path) -> str:
    """Return the text of a page with the output of its commands as it is now."""
    text = page.read_text("utf-8")
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        for shown, output in run_page(page, Path(name)):
            if isinstance(shown, ShownCommand) and shown.output:
                now = "\n".join(line.rstrip() for line in output.splitlines())
                text = text.replace(f"{shown.line}\n{shown.output}\n", f"{shown.line}\n{now}\n", 1)
            elif isinstance(shown, ShownFile) and output:
                print(f"{page}: {shown.name} differs:\n{output}", file=sys.stderr)
    return text


def with_blocks_of(english: Path, page: Path) -> str:
    """Return the text of a translated page with the blocks of the English one, in their order."""
    blocks = [match[0] for match in FENCE.finditer(english.read_text("utf-8"))]
    return FENCE.sub(lambda _: blocks.pop(0), page.read_text("utf-8"))


if __name__ == "__main__":
    os.environ.update(COLUMNS="100", NO_COLOR="1", **NO_CACHES)
    for page in RUN:
        page.write_text(refreshed(page), "utf-8")
    for page, english in TRANSLATED.items():
        page.write_text(with_blocks_of(english, page), "utf-8")
