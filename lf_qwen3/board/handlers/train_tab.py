"""The Train tab's settings as a training YAML, for all that reads one; what is said then names the tab."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error

NAME = "Train"
"""What stands for the file in messages."""


@contextlib.contextmanager
def yaml_of(settings: Mapping[str, Any]) -> Iterator[Path]:
    """Yield a training YAML that holds the settings; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="lf-qwen3-") as folder:
        path = Path(folder) / "train.yaml"
        lines = [f"{key}: {json.dumps(value)}\n" for key, value in settings.items()]
        path.write_text("".join(lines), "utf-8", errors="replace")
        yield path


def told_of(error: LfQwen3Error, path: Path) -> LfQwen3Error:
    """Return an error that speaks of the Train tab and not of the file that stood for it."""
    return type(error)(named(error.message, path), named(error.hint, path))


def named(text: str, path: Path) -> str:
    """Return a text with the Train tab in place of the file that stood for it."""
    return text.replace(str(path), NAME)
