"""Mathematics in answers, compared by math-verify where it is installed."""

from __future__ import annotations

import importlib.util
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")
_SECONDS = 60
"""For an expression: a busy machine takes more than math-verify's five, and what is cut counts as wrong."""


class BoxedReading(NamedTuple):
    r"""How math-verify reads a text inside `\boxed{}` and bare, as text.

    `is_right` says whether the boxed one counts as right against an answer that ends with it, `is_same_bare`
    whether the bare one counts as the same, or is not read at all.
    """

    boxed: str
    bare: str
    is_right: bool
    is_same_bare: bool


INSTALL = 'pip install "lf-qwen3[math]"'


def is_available() -> bool:
    """Return whether math-verify is installed."""
    return importlib.util.find_spec("math_verify") is not None


def are_equal(answer: str, reference: str) -> bool:
    """Return whether two expressions are equal, in LaTeX or plain.

    math-verify stops itself by SIGALRM, which only a main thread can use; elsewhere a separate process does
    it. Needs the extra `math`.
    """
    return _run(_verify, answer, reference)


def read_boxed(text: str) -> BoxedReading:
    r"""Return how a text is read as the gold answer of a reward, inside `\boxed{}` and bare.

    Needs the extra `math`, as `are_equal` does.
    """
    return _run(_read_boxed, text)


def _run(function: Callable[..., _T], *texts: str) -> _T:
    if threading.current_thread() is threading.main_thread():
        return function(*texts)
    return _start_process().submit(function, *texts).result()


def _verify(answer: str, reference: str) -> bool:
    from math_verify import parse, verify  # type: ignore[import-untyped]

    gold, given = (parse(f"${text.strip('$ ')}$", parsing_timeout=_SECONDS) for text in (reference, answer))
    return bool(gold and given and verify(gold, given, timeout_seconds=_SECONDS))


def _read_boxed(text: str) -> BoxedReading:
    from math_verify import parse, verify

    boxed, bare, answered = (
        parse(given, extraction_mode="first_match", parsing_timeout=_SECONDS)
        for given in (f"\\boxed{{{text}}}", text, f"So it is $\\boxed{{{text}}}$.")
    )
    is_right = bool(boxed and verify(boxed, answered, timeout_seconds=_SECONDS))
    is_same = not bare or bool(verify(boxed[:1], bare[:1], timeout_seconds=_SECONDS))
    texts = [str(value[0]) if value else "" for value in (boxed, bare)]
    return BoxedReading(texts[0], texts[1], is_right, is_same)


@cache
def _start_process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
