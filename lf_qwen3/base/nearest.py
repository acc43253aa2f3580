"""Suggest the name that was probably meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from lf_qwen3.base.errors import UsageError


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name most like `name`, None where none is alike; `cutoff` is difflib's, 0 to 1."""
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=cutoff)), None)


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return "did you mean X?" for the nearest known name, "" where none is near."""
    near = nearest(name, known, cutoff)
    return f"did you mean {near}?" if near else ""


def unknown_name(kind: str, name: str, known: Collection[str], code: str = "unknown_name") -> UsageError:
    """Return the error for a name that is not known; its hint gives the nearest name and all names."""
    hint = " ".join(filter(None, (did_you_mean(name, known), f"there are: {', '.join(sorted(known))}")))
    return UsageError(f"there is no {kind} '{name}'", hint, code=code)
