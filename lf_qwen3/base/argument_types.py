"""Arguments of public functions, checked against the annotations of the function."""

from __future__ import annotations

import functools
import inspect
import os
import reprlib
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Literal, ParamSpec, TypeVar

from lf_qwen3.base.errors import UsageError

_P = ParamSpec("_P")
_R = TypeVar("_R")


def require_argument_types(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let a function raise `UsageError` (`option_type`) for an argument of another type than annotated.

    Where a `Path` is annotated any `os.PathLike` will do, an int where a float is; a bool is not a number.
    What a Literal lists and what a protocol asks for is left to the function. A name that is missing or
    unknown is a TypeError, as ever.
    """
    signature = inspect.signature(function)
    read_hints = functools.cache(lambda: typing.get_type_hints(function))

    @functools.wraps(function)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        hints = read_hints()
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            is_several = signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
            for argument in value if is_several else (value,):
                if not _fits(argument, hints[name]):
                    raise _wrong_type(name, argument, hints[name])
        return function(*args, **kwargs)

    return checked


def _fits(value: object, hint: Any) -> bool:
    origin, options = typing.get_origin(hint), typing.get_args(hint)
    if origin in (UnionType, typing.Union):
        return any(_fits(value, option) for option in options)
    if origin is Literal:
        return isinstance(value, tuple({type(option) for option in options}))
    if origin is Iterable:
        is_text = isinstance(value, str | bytes | Mapping)
        return isinstance(value, Iterable) and not is_text and _items_fit(value, options[0])
    if getattr(hint, "_is_protocol", False):
        return True
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, os.PathLike if hint is Path else origin or hint)


def _items_fit(values: Iterable[object], hint: Any) -> bool:
    """Return whether each item fits; what can be read only once is not read here."""
    return not isinstance(values, Collection) or all(_fits(value, hint) for value in values)


def _wrong_type(name: str, value: object, hint: Any) -> UsageError:
    expected = hint.__name__ if isinstance(hint, type) else str(hint)
    for module in ("collections.abc.", "pathlib.", "typing."):
        expected = expected.replace(module, "")
    return UsageError(
        f"{name} is {reprlib.repr(value)}, a value of the type {type(value).__name__}",
        f"it has to be of the type {expected}",
        code="option_type",
    )
