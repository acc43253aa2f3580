"""How a file is read, as text: its encoding, the layout of its rows, and the keys beside them."""

from __future__ import annotations

from collections.abc import Mapping

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.sources.encoding import ENCODING_NAMES
from lf_qwen3.data.sources.part import Layout, Shape, SourceFile

_SHOWN = 10
_WORDS: Mapping[Shape, str] = {
    "array": "a list for each row",
    "by_key": "one row under each key",
    "columns": "column by column",
    "columns_by_key": "column by column",
    "table": "a table",
    "lists": "a list of messages on each line",
}


def describe_reading(file: SourceFile) -> str:
    """Return how a file is read that is not a plain run of rows in UTF-8; "" for one that is."""
    words = [ENCODING_NAMES[file.encoding]] if file.encoding else []
    if file.layout:
        words += _describe_layout(file.layout)
    return "; ".join(words)


def require_plain(file: SourceFile, hint: str) -> None:
    """Raise `UsageError` ("file_not_plain") for a file that LLaMA-Factory does not read as we do.

    Its loader takes rows that follow one another, in UTF-8. `hint` says what to do then.
    """
    if reading := describe_reading(file):
        raise UsageError(
            f"{file.path}: LLaMA-Factory cannot load this file: {reading}", hint, code="file_not_plain"
        )


def _describe_layout(layout: Layout) -> list[str]:
    key = layout.places[0].key if len(layout.places) == 1 else ""
    words = [f"the rows under '{key}'"] if key else []
    if layout.inner:
        words.append("pages of a hub's API")
    elif not key or layout.shape != "array":
        words.append(_WORDS[layout.shape])
    if layout.beside:
        more = f" and {len(layout.beside) - _SHOWN} more" if len(layout.beside) > _SHOWN else ""
        words.append(f"not read beside them: {', '.join(layout.beside[:_SHOWN])}{more}")
    return words
