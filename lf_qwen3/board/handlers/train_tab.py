"""The Train tab's settings as a training YAML, for all that reads one; errors then name the tab."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error

NAME = "Train"
"""The name of the Train tab in messages, in place of a file."""


@contextlib.contextmanager
def written_yaml(settings: Mapping[str, Any]) -> Iterator[Path]:
    """Yield a training YAML that holds the settings; it is gone afterwards.

    An `LfQwen3Error` that is raised meanwhile names the Train tab in place of the file.
    """
    with tempfile.TemporaryDirectory(prefix="lf-qwen3-") as folder:
        path = Path(folder) / "train.yaml"
        lines = [f"{key}: {json.dumps(value)}\n" for key, value in settings.items()]
        path.write_text("".join(lines), "utf-8", errors="replace")
        try:
            yield path
        except LfQwen3Error as error:
            error.message, error.hint = name_tab(error.message, path), name_tab(error.hint, path)
            error.args = (error.message,)
            raise


def name_tab(text: str, path: Path) -> str:
    """Return a text with the Train tab in place of its file."""
    return text.replace(str(path), NAME)
