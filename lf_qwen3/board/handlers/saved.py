"""What the tab keeps under a typed name: the name is checked, the file is written whole or not at all."""

from __future__ import annotations

import re
from pathlib import Path

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.files import write_text
from lf_qwen3.board.handlers import places

LONGEST_NAME = 80
"""Characters of a name."""

_NAME = re.compile(r"\w[\w.-]*")


def checked_name(name: str | None) -> str:
    """Return a name without blanks around it.

    Raises `UsageError` unless it is made of letters, digits, '_', '-' and '.', begins with none of the last
    two and is not too long: it becomes part of a file's name, and the name of an entry.
    """
    text = (name or "").strip()
    if not text:
        raise UsageError("there is no name", "type one, such as my_run")
    if len(text) > LONGEST_NAME or len(text.encode("utf-8", "replace")) > 2 * LONGEST_NAME:
        raise UsageError(f"the name is longer than {LONGEST_NAME} characters", "choose a shorter one")
    if not _NAME.fullmatch(text):
        raise UsageError(
            f"{text!r} cannot be a name", "use letters, digits, '_', '-' and '.', for example my_run-2"
        )
    return text


def refuse_demo(is_demo: bool) -> None:
    """Raise `UsageError` in demo mode, in which visitors write nothing and start nothing."""
    if is_demo:
        raise UsageError(
            "the board runs in demo mode, which changes nothing", "start it on a machine of your own"
        )


def write(path: Path, text: str) -> None:
    """Write a file below the board's folder, whole or not at all; its folder is made.

    Raises `UsageError` for a path that links lead out of that folder.
    """
    places.require_inside(path)
    write_text(path, text)
