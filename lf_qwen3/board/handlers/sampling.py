"""Section Sampling presets: how a model draws its words; Qwen's presets, and those kept by name."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.board.handlers import places
from lf_qwen3.recipes import presets, shared
from lf_qwen3.recipes.document import format_setting

GROUP, FIRST = "sampling", "thinking"
FILE = Path("llamaboard_config") / "lf-qwen3-sampling.json"
"""All presets of the user, by name. No YAML: the board offers every YAML of that folder to be loaded."""

MOST = 200
"""Presets of the user."""

BOUNDS: dict[str, tuple[float, float]] = {
    "temperature": (0.01, 2),
    "top_p": (0.01, 1),
    "top_k": (0, 1000),
    "max_new_tokens": (8, 131_072),
}
"""Least and most of each number; the least are those of the board's sliders."""

EXTRA_ARGS = "infer.extra_args"
SLIDERS = ("temperature", "top_p", "max_new_tokens")
CHAT = (*(f"infer.{name}" for name in SLIDERS), "infer.enable_thinking", EXTRA_ARGS)
"""The ids of the Chat tab's elements that a preset sets."""

_LOCK_SECONDS = 10
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Sampling:
    """One way to draw words; the names are the trainer's keys. A top_k of 0 sets no limit."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    max_new_tokens: int = shared.NEW_TOKENS
    do_sample: bool = True
    enable_thinking: bool = True

    @property
    def beside_the_sliders(self) -> dict[str, Any]:
        """The keys that the board has no slider for.

        The likeliest word alone is a top_k of 1: the board leaves out what is false (webui/common.py,
        _clean_cmd), so a `do_sample: false` would be lost.
        """
        return {"top_k": self.top_k if self.do_sample else 1, "enable_thinking": self.enable_thinking}


FIELDS = tuple(Sampling.__dataclass_fields__)


def message(kind: str, key: str, **values: object) -> dict[str, Any]:
    """Return a sentence on what was done: the kind of paragraph, the key of its text and the values in it."""
    return {"kind": kind, "key": key, "values": values}


def explain_extra(extra: Mapping[str, Any], is_wanted: bool) -> dict[str, Any]:
    """Say which keys go with a prediction beside the sliders; none do where the board cannot send them."""
    if extra:
        keys = ", ".join(f"{key}: {str(value).lower()}" for key, value in extra.items())
        return message("note", "predict_beyond", keys=keys)
    return message("warning", "predict_cannot") if is_wanted else message("note", "predict_sliders")


def names() -> list[str]:
    """Return all presets: the shipped, then the user's; the shipped alone where their file is broken."""
    shipped = sorted(_shipped(), key=lambda name: (name != FIRST, name == "greedy", name))
    try:
        return [*shipped, *sorted(_read())]
    except LfQwen3Error:
        return shipped


def find(name: str | None) -> Sampling:
    """Return a preset. Raises `UsageError` for an unknown one, `LfQwen3Error` for a broken file."""
    text = (name or "").strip()
    if preset := _shipped().get(text):
        return preset
    return check(_require_own(_read(), text))


def check(given: Mapping[str, Any]) -> Sampling:
    """Return the preset that these values are. Raises `UsageError` for a number that will not do."""
    numbers = {name: _number(name, given.get(name), *bounds) for name, bounds in BOUNDS.items()}
    return Sampling(
        temperature=numbers["temperature"],
        top_p=numbers["top_p"],
        top_k=int(numbers["top_k"]),
        max_new_tokens=int(numbers["max_new_tokens"]),
        do_sample=bool(given.get("do_sample")),
        enable_thinking=bool(given.get("enable_thinking")),
    )


def show_keys(given: Mapping[str, Any]) -> dict[str, str] | None:
    """Return a preset as text of keys, None while a number is missing. Raises what `check` raises."""
    if any(given[name] is None for name in BOUNDS):
        return None
    return {"text": "\n".join(format_setting(key, value) for key, value in asdict(check(given)).items())}


def keep(name: str | None, sampling: Sampling, is_demo: bool = False) -> str:
    """Keep a preset under a name, in place of one that has it; return the name.

    Raises `UsageError` for an invalid name or is a shipped preset's, in demo mode, and beyond `MOST`.
    """
    places.refuse_demo(is_demo)
    text = places.check_name(name)
    if text in _shipped():
        raise UsageError(f"{text} is a built-in preset", "use another name", code="preset_shipped")
    with _locked():
        own = _read()
        if text not in own and len(own) >= MOST:
            raise UsageError(f"there are {MOST} presets already", "remove one first", code="too_many_presets")
        _write(own | {text: asdict(sampling)})
    return text


def remove(name: str | None, is_demo: bool = False) -> None:
    """Remove a preset of the user. Raises `UsageError` for a shipped or unknown one, and in demo mode."""
    places.refuse_demo(is_demo)
    text = (name or "").strip()
    if text in _shipped():
        why, hint = f"{text} is a built-in preset", "only your own presets can be removed"
        raise UsageError(why, hint, code="preset_shipped")
    with _locked():
        own = _read()
        _require_own(own, text)
        _write({key: value for key, value in own.items() if key != text})


def chat_values(preset: Sampling, extra: str) -> dict[str, Any]:
    """Return element id -> value of the Chat tab for a preset; `extra` are its extra arguments so far."""
    sliders = {f"infer.{name}": getattr(preset, name) for name in (*SLIDERS, "enable_thinking")}
    return sliders | {EXTRA_ARGS: extra_args(extra, preset)}


def extra_args(written: str | None, sampling: Sampling) -> str:
    """Return the Chat tab's JSON of further arguments with what it has no element for.

    Whether to think is an element there. Raises what `read_arguments` raises.
    """
    arguments = read_arguments(written, "Chat")
    return json.dumps(arguments | {"top_k": sampling.beside_the_sliders["top_k"]}, ensure_ascii=False)


def read_arguments(written: str | None, tab: str) -> dict[str, Any]:
    """Return the extra arguments of a tab of the board. Raises `UsageError` where they are no JSON object."""
    where = f"the extra arguments of the {tab} tab"
    try:
        arguments = json.loads(written or "{}")
    except ValueError as error:
        raise UsageError(f"{where} are not JSON: {error}", "correct them there", code="not_json") from error
    if not isinstance(arguments, dict):
        raise UsageError(f"{where} are not a JSON object", 'write {"key": value}', code="not_json")
    return arguments


@cache
def _shipped() -> dict[str, Sampling]:
    """Return the presets of the recipes folder; the one called thinking, and no other, thinks."""
    shipped = {preset.name: preset.generate for preset in presets.list_presets() if preset.group == GROUP}
    return {name: Sampling(**generate, enable_thinking=name == FIRST) for name, generate in shipped.items()}


def _number(name: str, value: Any, least: float, most: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not least <= value <= most:
        raise UsageError(f"{name} is {value!r}", f"use {least:g} to {most:,g}", code="option_value")
    return float(value)


def _require_own(own: Mapping[str, Any], name: str) -> Any:
    if name not in own:
        raise unknown_name("sampling preset", name, names(), "unknown_preset")
    return own[name]


def _read() -> dict[str, Any]:
    places.require_inside(FILE)
    try:
        if FILE.stat().st_size > _LARGEST:
            raise ValueError("it is too large")
        own = json.loads(FILE.read_text("utf-8"))
        if not isinstance(own, dict) or not all(isinstance(preset, dict) for preset in own.values()):
            raise ValueError("it has no presets")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise LfQwen3Error(
            f"{FILE} cannot be read: {error}", "repair it, or move it away", code="file_unreadable"
        ) from error
    return own


def _write(own: Mapping[str, Any]) -> None:
    places.write_inside(FILE, json.dumps(own, ensure_ascii=False, indent=2, sort_keys=True) + "\n")


@contextmanager
def _locked() -> Iterator[None]:
    """Let one visitor at a time change the file."""
    from filelock import FileLock, Timeout

    places.require_inside(FILE)
    FILE.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{FILE}.lock", timeout=_LOCK_SECONDS):
            yield
    except Timeout as error:
        raise LfQwen3Error(
            f"{FILE} is being written by another process", "try again", code="lock_timeout"
        ) from error
