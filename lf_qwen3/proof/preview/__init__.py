"""Show what the model will see of a dataset: its tokens, the loss mask, the cut, the official rendering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.argument_types import require_argument_types
from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.proof.preview.page import render_html
from lf_qwen3.proof.preview.request import (
    DEFAULT,
    PreviewRequest,
    chosen_rows,
    find_entry,
    read_settings,
    read_template,
)
from lf_qwen3.proof.preview.rows import PreviewRendering, PreviewRow, PreviewSegment, RowRenderer
from lf_qwen3.proof.preview.summary import summarise_preview
from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.recipes.trainers import LLAMAFACTORY, find_trainer
from lf_qwen3.trainer.chat_template import ChatTemplate
from lf_qwen3.trainer.records import RecordReader, split_off_label
from lf_qwen3.trainer.render import Template

if TYPE_CHECKING:
    import polars

__all__ = [
    "DEFAULT",
    "Preview",
    "PreviewRendering",
    "PreviewRow",
    "PreviewSegment",
    "preview",
    "summarise_preview",
]


_COLUMNS = ("file", "row", "side", "turn", "part", "text", "learnt", "lost")


@dataclass(frozen=True)
class Preview:
    """Rendered rows of the dataset `name`, and the options used; `origin` names the source of each option.

    `unofficial` is "", or why the rows were not compared with the model's own chat template.
    """

    name: str
    template: Template
    origin: Mapping[str, str]
    tokenizer: Path
    rows: list[PreviewRow]
    unofficial: str = ""

    def to_frame(self) -> polars.DataFrame:
        """Return one row for each text: file, row, side, turn, part, text, learnt, lost (tokens cut)."""
        import polars

        texts = [
            {"file": row.file, "row": row.row, "side": rendering.side, **vars(segment)}
            for row in self.rows
            for rendering in row.renderings
            for segment in rendering.segments
        ]
        return polars.DataFrame(texts, schema=_COLUMNS)

    def _repr_html_(self) -> str:
        """Return the rows for a notebook, with the loss mask in colour."""
        return render_html(self)

    def options(self) -> list[tuple[str, Any]]:
        """Return the options to show: those that always matter, and others that are set."""
        always = ("enable_thinking", "mask_history", "cutoff_len")
        rest = ("preserve_thinking", "train_on_prompt", "default_system")
        values = vars(self.template)
        keys = [*always, *(key for key in rest if values[key])]
        return [("template", self.template.name), *((key, values[key]) for key in keys)]


@require_argument_types
def preview(
    name: str,
    *,
    dataset_dir: str | Path | None = None,
    tokenizer: str | Path | None = None,
    config: str | Path | None = None,
    count: int = 3,
    row: int | None = None,
    trainer: str = LLAMAFACTORY,
) -> Preview:
    """Render some rows of a dataset as the trainer does: tokens, loss mask and truncation.

    `name` is a registered dataset, or the name given to `convert`, which means its train split. Rows are
    the first `count`, or the single row number `row`, counted from 1. Template, loss mask and cutoff_len
    come from the training YAML `config`, and so do `dataset_dir` and `tokenizer` (a folder or a hub id) if
    they are not given. With another `trainer` (ms-swift, trl, ...) each row also says what that trainer
    learns from it. Raises `UsageError` for an unknown dataset, a row beyond its end, a tokenizer that is
    not found and a training YAML that is not supported.
    """
    folder, tokenizer_name, yaml = (
        None if path is None else str(path) for path in (dataset_dir, tokenizer, config)
    )
    request = PreviewRequest(name, folder, tokenizer_name, yaml, count, row)
    settings = read_settings(request.config)
    template, origin = read_template(settings, request.config)
    dataset, entry, path = find_entry(request, settings)
    files = tokenizer_files.find(request.tokenizer_in(settings))
    chat_template, unofficial = _chat_template(files)
    plain_entry, label = split_off_label(entry)
    loaded = tokenizer_files.load(files)
    other = None if trainer == LLAMAFACTORY else find_trainer(trainer)
    renderer = RowRenderer(loaded, template, chat_template, RecordReader(plain_entry), label, other)
    rows = [renderer.render(file, number, item) for file, number, item in chosen_rows(request, path)]
    return Preview(dataset, template, origin, files, rows, unofficial)


def _chat_template(folder: Path) -> tuple[ChatTemplate | None, str]:
    try:
        chat_template = ChatTemplate.load(folder)
    except LfQwen3Error as error:
        return None, error.message
    return chat_template, "" if chat_template else f"{folder} holds no chat template"
