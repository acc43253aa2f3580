"""The file that `answer` appends to, and beside it what its answers were made with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.files import write_text
from lf_qwen3.results.score import predictions
from lf_qwen3.results.score.predictions import Prediction

SETTINGS = "answer.json"
"""Beside the answers: the server's model, the body of a request, and which rows ended at the limit."""


@dataclass(slots=True)
class AnswerFile:
    """Answers on disk, in the trainer's own form, in the order of the prompts.

    `made_with` holds the server's model and the settings of a request; `count` is how many answers are there;
    `cut` are the numbers (from 1) of those that ended at the limit of new tokens.
    """

    path: Path
    made_with: Mapping[str, Any]
    count: int = 0
    cut: set[int] = field(default_factory=set)

    def append(self, prediction: Prediction, content: str, is_cut: bool) -> None:
        """Write one answer to the disk; folder and files are made with the first one."""
        if is_cut:
            self.cut.add(self.count + 1)
        if is_cut or not self.count:
            note = {"made_with": self.made_with, "cut": sorted(self.cut)}
            write_text(self.path.with_name(SETTINGS), json.dumps(note, ensure_ascii=False, indent=2) + "\n")
        row = {"prompt": prediction.prompt, "predict": content, "label": prediction.label}
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.count += 1


def open_answers(
    folder: Path, made_with: Mapping[str, Any], prompts: Sequence[Prediction], fresh: bool = False
) -> AnswerFile:
    """Return the answers in `folder`, which are those to the first of `prompts`, or an empty file.

    A last line that a kill cut short is taken off. With `fresh` what is there is deleted. Raises `UsageError`
    where the answers there were made with other settings, by another model, or to other prompts.
    """
    path = folder / predictions.FILE
    if fresh:
        path.unlink(missing_ok=True)
    if not path.is_file() or not path.stat().st_size:
        return AnswerFile(path, made_with)
    note = _read_note(path.with_name(SETTINGS))
    if note is None:
        raise _refusal(path, f"there is no {SETTINGS} beside it that says what made it")
    if changes := _changes(note["made_with"], made_with):
        raise _refusal(path, f"it was made with other settings: {changes}")
    _cut_off_half_line(path)
    there = predictions.read(path) if path.stat().st_size else []
    for row, prompt in zip(there, prompts, strict=False):
        if (row.prompt, row.label) != (prompt.prompt, prompt.label):
            raise _refusal(path, f"line {row.row} answers another prompt than row {prompt.row} of the test")
    return AnswerFile(path, made_with, len(there), {row for row in note["cut"] if row <= len(there)})


def _read_note(path: Path) -> dict[str, Any] | None:
    try:
        note = json.loads(path.read_bytes())
        return {"made_with": dict(note["made_with"]), "cut": list(note["cut"])}
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say which settings differ; a model that a server does not name agrees with every one."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if not (before.get("model") and now.get("model")):
        names = [name for name in names if name != "model"]
    return ", ".join(f"{name} was {before.get(name)} and is {now.get(name)}" for name in names)


def _cut_off_half_line(path: Path) -> None:
    text = path.read_bytes()
    whole = text.rfind(b"\n") + 1
    if whole < len(text):
        with path.open("r+b") as file:
            file.truncate(whole)


def _refusal(path: Path, reason: str) -> UsageError:
    return UsageError(
        f"{path} is there already, and {reason}",
        "name another --out, or replace the answers: --fresh",
        code="answers_differ",
    )
