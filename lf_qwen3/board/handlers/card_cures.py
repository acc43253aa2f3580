"""The card on top: why it stopped, and what would let it continue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, Reject
from lf_qwen3.board.handlers.card_hardware import propose_model
from lf_qwen3.data import converters, sources
from lf_qwen3.data.convert.resolve import choose_converter
from lf_qwen3.data.converters.guess import guess_roles
from lf_qwen3.data.converters.roles import THOUGHTS, write_roles
from lf_qwen3.data.converters.source_row import ColumnUse, SourceRow, names_of_columns
from lf_qwen3.proof.accelerators import Gpu, read_gpus

_SHORTEST = 1024
"""A cutoff_len that is not cut in half any more."""

_Known = Mapping[str, Any]
_Cure = tuple[str, dict[str, Any]]
"""What a cure names, and what it changes of the request."""


def explain_stop(stage: str, error: LfQwen3Error, known: _Known) -> dict[str, Any]:
    """Return why the card stopped, as stage, code, error and hint, and its cures.

    A cure is (kind, what it names, changes of the request).
    """
    known = {**known, "error": error}
    cures = [(kind, *cure) for kind in _CURES.get(error.code, ()) if (cure := _PROPOSERS[kind](known))]
    return {"stage": stage, "code": error.code, "error": error.message, "hint": error.hint, "cures": cures}


def apply_cure(known: _Known, kind: str) -> dict[str, Any] | None:
    """Return the request with a cure in it, None where the card does not offer that cure."""
    cures = (known.get("stop") or {}).get("cures", [])
    return next(({**known["asked"], **changes} for name, _, changes in cures if name == kind), None)


def _guess_columns(known: _Known) -> _Cure | None:
    """Give roles to the columns of the files that no converter fits."""
    guesses = []
    for file in _files(known):
        try:
            choose_converter(file)
            guesses.append("")
        except LfQwen3Error:
            guesses.append(write_roles(guess_roles(sources.first_rows(file))))
    words = "; ".join(filter(None, guesses))
    return (words, {"columns": guesses}) if words else None


def _take_other_converter(known: _Known) -> _Cure | None:
    """Name the converter that takes most of the first rows, where another one takes more than now."""
    file = _files(known)[0]
    detected = choose_converter(file).name
    taken = {name: len(_uses(file, name)) for name in (detected, *converters.all_converters())}
    best = max(taken, key=lambda name: taken[name])  # the first of several
    is_better = taken[best] > taken[known["asked"].get("converter", detected)]
    return (best, {"converter": best}) if is_better else None


def _learn_answers(known: _Known) -> _Cure | None:
    """Leave out the columns of thoughts, beside those left out so far."""
    thoughts, ignored = [], []
    for file in _files(known):
        uses = _uses(file, known["asked"].get("converter") or choose_converter(file).name)
        read, left = ({column for use in uses for column in getattr(use, kind)} for kind in ("read", "left"))
        of_file = sorted(column for column in read if column.lower() in THOUGHTS)
        thoughts += of_file
        ignored.append(",".join(f"ignore={column}" for column in (*of_file, *sorted(left - read))))
    return (", ".join(dict.fromkeys(thoughts)), {"columns": ignored}) if thoughts else None


def _uses(file: sources.SourceFile, converter: str) -> list[ColumnUse]:
    """Return which columns a converter reads of each of the first rows that it takes."""
    uses = []
    for row in sources.first_rows(file):
        source = SourceRow(row, names_of_columns(tuple(row), ()))
        with suppress(Reject):
            converters.get(converter).convert(source)
            uses.append(source.use())
    return uses


def _take_model(known: _Known) -> _Cure | None:
    """Take the model that is made for the free memory."""
    model = propose_model([Gpu(**gpu) for gpu in known.get("gpus", ())] or read_gpus())
    return (model, {"model": model}) if model != known.get("model") else None


def _cut_shorter(known: _Known) -> _Cure | None:
    half = known["settings"]["cutoff_len"] // 2
    return (f"{half:,}", {"cutoff_len": half}) if 2 * half > _SHORTEST else None


def _leave(known: _Known) -> _Cure:
    return "", {"accepted": [*known["asked"]["accepted"], known["error"].code]}


def _files(known: _Known) -> list[sources.SourceFile]:
    return [sources.find_files(source)[0] for source in known["asked"]["sources"]]


_CURES = {
    "no_converter_fits": ("columns",),
    "all_rejected": ("converter",),
    "many_rejected": ("converter", "leave"),
    "no_thinking": ("aim_chat", "leave"),
    "no_plain": ("aim_thinking", "answers"),
    "escaped_text": ("unescape", "leave"),
    "memory_short": ("model", "shorter"),
    "not_a_qwen3": ("model",),
    "model_quantised": ("model",),
}
"""Code of an error -> the kinds of its cures."""

_PROPOSERS: dict[str, Callable[[_Known], _Cure | None]] = {
    "columns": _guess_columns,
    "converter": _take_other_converter,
    "answers": _learn_answers,
    "aim_chat": lambda known: ("", {"aim": "chat"}),
    "aim_thinking": lambda known: ("", {"aim": "thinking"}),
    "unescape": lambda known: ("", {"unescape": True}),
    "model": _take_model,
    "shorter": _cut_shorter,
    "leave": _leave,
}
