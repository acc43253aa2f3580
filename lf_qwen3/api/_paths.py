"""Paths as a caller may give them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from lf_qwen3.base import storage
from lf_qwen3.base.errors import UsageError

StrPath = str | os.PathLike[str]


def names_of(option: str, given: StrPath | Iterable[StrPath]) -> tuple[str, ...]:
    """Return one path, or several, as texts. Raises `UsageError` that names the option for anything else."""
    try:
        several = [given] if isinstance(given, str | os.PathLike) else list(given)
        return tuple(os.fspath(path) for path in several)
    except TypeError:
        raise _wrong_type(option, given) from None


def texts_of(option: str, given: str | Iterable[str]) -> tuple[str, ...]:
    """Return one text, or several. Raises `UsageError` that names the option for anything else."""
    try:
        texts = (given,) if isinstance(given, str) else tuple(given)
        return tuple("".join((text,)) for text in texts)
    except TypeError:
        raise UsageError(
            f"{option} {given!r} is not text", "one str, or several", code="option_type"
        ) from None


def path_of(option: str, given: StrPath) -> Path:
    """Return a path. Raises `UsageError` that names the option for anything else."""
    try:
        return storage.path_of(given)
    except TypeError:
        raise _wrong_type(option, given) from None


def _wrong_type(option: str, given: object) -> UsageError:
    return UsageError(
        f"{option} {given!r} is not a path", "a path is a str or a pathlib.Path", code="option_type"
    )
