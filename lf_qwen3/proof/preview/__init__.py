"""Show what the model will see of a dataset: its tokens, the loss mask, the cut, the official rendering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.proof.preview.request import (
    DEFAULT,
    PreviewRequest,
    chosen_rows,
    find_entry,
    read_settings,
    read_template,
)
from lf_qwen3.proof.preview.shown import PreviewRendering, PreviewRow, PreviewSegment, RowRenderer
from lf_qwen3.proof.preview.summary import summarise_preview
from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.trainer.chat_template import ChatTemplate
from lf_qwen3.trainer.records import RecordReader
from lf_qwen3.trainer.render import Template

__all__ = [
    "DEFAULT",
    "Preview",
    "PreviewRendering",
    "PreviewRequest",
    "PreviewRow",
    "PreviewSegment",
    "preview",
    "summarise_preview",
]


@dataclass(frozen=True)
class Preview:
    """Rows of the dataset `name`, and what they were rendered with; `origin` tells where each option is from.

    `unofficial` is "" or why nothing is held against the model's own chat template.
    """

    name: str
    template: Template
    origin: Mapping[str, str]
    tokenizer: Path
    rows: list[PreviewRow]
    unofficial: str = ""

    def options(self) -> list[tuple[str, Any]]:
        """Return the options that are worth a word: those that always matter, and others that are set."""
        always = ("enable_thinking", "mask_history", "cutoff_len")
        rest = ("preserve_thinking", "train_on_prompt", "default_system")
        values = vars(self.template)
        keys = [*always, *(key for key in rest if values[key])]
        return [("template", self.template.name), *((key, values[key]) for key in keys)]


def preview(request: PreviewRequest) -> Preview:
    """Return what the trainer feeds for some rows of a dataset.

    Raises `UsageError` for an unknown dataset, a row beyond its end, a tokenizer that is not found and
    a training YAML that cannot be followed.
    """
    settings = read_settings(request.config)
    template, origin = read_template(settings, request.config)
    name, entry, path = find_entry(request, settings)
    folder = tokenizer_files.find(request.tokenizer_in(settings))
    chat_template, unofficial = _chat_template(folder)
    renderer = RowRenderer(tokenizer_files.load(folder), template, chat_template, RecordReader(entry))
    rows = [renderer.show(file, number, item) for file, number, item in chosen_rows(request, path)]
    return Preview(name, template, origin, folder, rows, unofficial)


def _chat_template(folder: Path) -> tuple[ChatTemplate | None, str]:
    try:
        found = ChatTemplate.load(folder)
    except LfQwen3Error as error:
        return None, error.message
    return found, "" if found else f"{folder} holds no chat template"
