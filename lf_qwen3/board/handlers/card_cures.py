"""The card on top: why it stopped, and what would let it go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypedDict

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

_BY_CHOICE = ("many_rejected", "no_thinking", "escaped_text")
"""What may be left as it is."""

_Known = Mapping[str, Any]
_Cures = dict[str, tuple[str, dict[str, Any]]]
"""Kind of a cure -> what it names, and what it changes of the request."""


class Stop(TypedDict):
    """A stage that was not passed: why, and the cures as (kind, what it names, changes of the request)."""

    stage: str
    code: str
    error: str
    hint: str
    cures: list[tuple[str, str, dict[str, Any]]]


def explain_stop(stage: str, error: LfQwen3Error, known: Mapping[str, Any]) -> Stop:
    """Return why the card stopped, and its cures."""
    cures = _CURES[error.code](known) if error.code in _CURES else {}
    if error.code in _BY_CHOICE:
        cures["leave"] = "", {"accepted": [*known["asked"]["accepted"], error.code]}
    listed = [(kind, *cure) for kind, cure in cures.items()]
    return {"stage": stage, "code": error.code, "error": error.message, "hint": error.hint, "cures": listed}


def apply_cure(known: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    """Return the request with a cure in it, None where the card does not offer that cure."""
    cures = (known.get("stop") or {}).get("cures", [])
    return next(({**known["asked"], **changes} for name, _, changes in cures if name == kind), None)


def _guess_columns(known: _Known) -> _Cures:
    """Give roles to the columns of the files that no converter fits."""
    guesses = []
    for file in _files(known):
        try:
            choose_converter(file)
            guesses.append("")
        except LfQwen3Error:
            guesses.append(write_roles(guess_roles(sources.first_rows(file))))
    words = "; ".join(filter(None, guesses))
    return {"columns": (words, {"columns": guesses})} if words else {}


def _take_other_converter(known: _Known) -> _Cures:
    """Name the converter that takes most of the first rows, where another one takes more than now."""
    file = _files(known)[0]
    detected = choose_converter(file).name
    taken = {name: len(_uses(file, name)) for name in (detected, *converters.all_converters())}
    best = max(taken, key=lambda name: taken[name])  # the first of several
    is_better = taken[best] > taken[known["asked"].get("converter", detected)]
    return {"converter": (best, {"converter": best})} if is_better else {}


def _train_for_chat(known: _Known) -> _Cures:
    return {"aim_chat": ("", {"aim": "chat"})}


def _keep_or_leave_thinking(known: _Known) -> _Cures:
    """Train for thinking; or for the answers alone, without the columns of thoughts and those left so far."""
    cures: _Cures = {"aim_thinking": ("", {"aim": "thinking"})}
    thoughts, ignored = [], []
    for file in _files(known):
        uses = _uses(file, known["asked"].get("converter") or choose_converter(file).name)
        read, left = ({column for use in uses for column in getattr(use, kind)} for kind in ("read", "left"))
        of_file = sorted(column for column in read if column.lower() in THOUGHTS)
        thoughts += of_file
        ignored.append(",".join(f"ignore={column}" for column in (*of_file, *sorted(left - read))))
    if thoughts:
        cures["answers"] = ", ".join(dict.fromkeys(thoughts)), {"columns": ignored}
    return cures


def _uses(file: sources.SourceFile, converter: str) -> list[ColumnUse]:
    """Return which columns a converter reads of each of the first rows that it takes."""
    uses = []
    for row in sources.first_rows(file):
        source = SourceRow(row, names_of_columns(tuple(row), ()))
        with suppress(Reject):
            converters.get(converter).convert(source)
            uses.append(source.use())
    return uses


def _unescape(known: _Known) -> _Cures:
    return {"unescape": ("", {"unescape": True})}


def _take_proposed(known: _Known) -> _Cures:
    """Take the model that is made for the free memory, or a shorter cutoff_len."""
    model = propose_model([Gpu(**gpu) for gpu in known.get("gpus", ())] or read_gpus())
    cures: _Cures = {"model": (model, {"model": model})} if model != known.get("model") else {}
    cutoff_len = known.get("settings", {}).get("cutoff_len", 0)
    if "check" in known and cutoff_len > _SHORTEST:
        cures["shorter"] = f"{cutoff_len // 2:,}", {"cutoff_len": cutoff_len // 2}
    return cures


def _files(known: _Known) -> list[sources.SourceFile]:
    return [sources.find_files(source)[0] for source in known["asked"]["sources"]]


_CURES: dict[str, Callable[[_Known], _Cures]] = {
    "no_converter_fits": _guess_columns,
    "all_rejected": _take_other_converter,
    "many_rejected": _take_other_converter,
    "no_thinking": _train_for_chat,
    "no_plain": _keep_or_leave_thinking,
    "escaped_text": _unescape,
    "memory_short": _take_proposed,
    "not_a_qwen3": _take_proposed,
    "model_quantised": _take_proposed,
}
