"""Read the predictions that LLaMA-Factory writes: prompt, predict and label, a row a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from lf_qwen3.base.errors import LfQwen3Error, UsageError

FILE = "generated_predictions.jsonl"
KEYS = ("prompt", "predict", "label")

_WANTED = (
    "a line of LLaMA-Factory's predictions has prompt, predict and label: run the predict "
    f"YAML (do_predict and predict_with_generate: true) and name the {FILE} it writes"
)
_AGAIN = "the prediction was interrupted: run the predict YAML again"
_TYPES = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


class Prediction(NamedTuple):
    """One answered row: the rendered prompt, what the model wrote, the reference; `row` is its line."""

    prompt: str
    predict: str
    label: str
    row: int


def read(path: Path) -> list[Prediction]:
    """Read a predictions file, or the one in a run's folder; blank lines count but hold no row.

    `scripts/vllm_infer.py` of LLaMA-Factory writes the same lines. Raises `UsageError` where there is no such
    file, `LfQwen3Error` with file and line where it is empty, cut short, of another tool, or lacks a text.
    """
    file = locate(path)
    rows = list(_rows(file))
    if not rows:
        raise LfQwen3Error(f"{file} is empty", _AGAIN, code="file_empty")
    return rows


def locate(path: Path) -> Path:
    """Return the predictions file that a path means: itself, or the one in the folder it names."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise UsageError(
            f"there is no file or folder {path}",
            f"name a {FILE}, or the folder that holds it",
            code="file_missing",
        )
    if (path / FILE).is_file():
        return path / FILE
    below = sorted(str(file.parent) for file in path.glob(f"*/{FILE}"))
    hint = f"did you mean {' or '.join(below[:3])}?" if below else _WANTED
    raise UsageError(f"there is no {FILE} in {path}", hint, code="no_predictions")


def _rows(file: Path) -> Iterator[Prediction]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if text.strip():
                yield _row(text, f"{file}:{number}", number)


def _row(line: bytes, place: str, number: int) -> Prediction:
    try:
        entry = orjson.loads(line)
    except ValueError as error:
        if not line.endswith(b"\n"):
            raise LfQwen3Error(
                f"{place}: the last line is truncated", _AGAIN, code="file_cut_short"
            ) from error
        raise LfQwen3Error(
            f"{place}: this line is not JSON ({error})", _WANTED, code="not_predictions"
        ) from error
    if not isinstance(entry, dict):
        raise LfQwen3Error(f"{place}: this line is not a JSON object", _WANTED, code="not_predictions")
    prompt, predict, label = (_text(entry, key, place) for key in KEYS)
    return Prediction(prompt, predict, label, number)


def _text(entry: dict[str, Any], key: str, place: str) -> str:
    if key not in entry:
        there = ", ".join(list(entry)[:6]) or "none"
        raise LfQwen3Error(f"{place}: there is no '{key}' (keys: {there})", _WANTED, code="not_predictions")
    value = entry[key]
    if not isinstance(value, str):
        what = "null" if value is None else _TYPES.get(type(value), "no text")
        raise LfQwen3Error(f"{place}: '{key}' is {what}, and has to be text", _WANTED, code="not_predictions")
    return value
