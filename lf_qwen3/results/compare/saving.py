"""Write the reports: whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.files import write_text
from lf_qwen3.results.compare import markdown, page

if TYPE_CHECKING:
    from lf_qwen3.results.compare.comparison import Comparison

NAMES = ("report.html", "report.md", "scores.json")


def save_reports(comparison: Comparison, paths: list[Path]) -> None:
    """Write the comparison to each path: as a page (.html), as JSON (.json), as Markdown (any other ending).

    Folders are made. Raises `UsageError` for a path that is a folder, before anything is written.
    """
    for path in paths:
        if path.is_dir():
            raise UsageError(f"{path} is a folder", f"name a file, like {path / NAMES[0]}", code="not_a_file")
    texts = {".html": page.render_page, ".htm": page.render_page, ".json": _json}
    for path in paths:
        write_text(path, texts.get(path.suffix.lower(), markdown.render_markdown)(comparison))


def _json(comparison: Comparison) -> str:
    return json.dumps(comparison.as_json(), ensure_ascii=False, indent=2) + "\n"
