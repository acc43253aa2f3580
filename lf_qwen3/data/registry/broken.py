"""What is wrong with a dataset_info.json that cannot be read, as text and with the right line."""

from __future__ import annotations

import json
from pathlib import Path

from lf_qwen3.base.errors import LfQwen3Error

_REPAIR = "nothing was written; repair the file, or move it away"


def broken_registry(message: str, hint: str = _REPAIR) -> LfQwen3Error:
    """Return the error for a dataset_info.json that the trainer could not read."""
    return LfQwen3Error(message, hint, code="registry_broken")


def decode_registry(content: bytes, path: Path) -> str:
    """Return the file as text. Raises `LfQwen3Error` with line and column where it is not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        place = f"{path}, line {line} column {column}"
        raise broken_registry(f"{place}: not UTF-8", f"save the file as UTF-8; {_REPAIR}") from error


def describe_syntax_error(text: str, error: json.JSONDecodeError) -> str:
    """Return what is wrong: the parser names what it would have liked, often a line below the fault."""
    if not text.strip():
        return "the file is empty, which is not valid JSON"
    before, here = text[: error.pos].rstrip(), text[error.pos :]
    last_line = before.count("\n") + 1
    if here.startswith(("//", "/*", "#")):
        what = "JSON has no comments"
    elif here.startswith(",") and (before[-1:] in "[{," or error.msg == "Extra data"):
        what = f"one comma too many on line {error.lineno}"
    elif here.startswith(("}", "]")) and before.endswith(","):
        what = f"one comma too many on line {last_line}"
    elif here.startswith('"') and error.msg.startswith("Expecting ','"):
        what = f"a comma is missing at the end of line {last_line}"
    else:
        what = error.msg
    return f"not valid JSON: {what}"
