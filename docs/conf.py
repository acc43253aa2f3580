"""How Sphinx makes the site: `make docs` writes it to build/site."""

from __future__ import annotations

import re

import click
from sphinx.application import Sphinx

from lf_qwen3 import __version__

project = "lf-qwen3"
author = "the lf-qwen3 authors"
copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx_click"]
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3
smartquotes = False  # --option is no dash
pygments_style = "friendly"
pygments_dark_style = "monokai"

html_theme = "furo"
html_title = "lf-qwen3"
html_copy_source = False
html_show_sphinx = False


def _as_rst(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Write the help of a command as reStructuredText: examples as blocks, code between two backticks."""
    del app, context
    shown = []
    for number, line in enumerate(lines):
        is_example = line.startswith("| ")
        if is_example and not (number and lines[number - 1].startswith("| ")):
            shown += [".. code-block:: bash", ""]
        code = re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", line)
        shown.append(f"   {line[2:]}" if is_example else code)
    lines[:] = shown


def setup(app: Sphinx) -> None:
    """Hand the help of each command, and of its options, through `_as_rst`."""
    for part in ("description", "options", "arguments"):
        app.connect(f"sphinx-click-process-{part}", _as_rst)
