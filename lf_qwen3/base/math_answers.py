"""Mathematics in answers, compared by math-verify where it is installed."""

from __future__ import annotations

import importlib.util
import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor
from functools import cache

INSTALL = 'pip install "lf-qwen3[math]"'


def is_available() -> bool:
    """Tell whether math-verify is installed."""
    return importlib.util.find_spec("math_verify") is not None


def are_equal(answer: str, reference: str) -> bool:
    """Tell whether two expressions are equal, in LaTeX or plain.

    math-verify stops itself by SIGALRM, which only a main thread can use; elsewhere a process of its own does
    it. Needs the extra `math`.
    """
    if threading.current_thread() is threading.main_thread():
        return _verify(answer, reference)
    return _start_process().submit(_verify, answer, reference).result()


def _verify(answer: str, reference: str) -> bool:
    from math_verify import parse, verify  # type: ignore[import-not-found, unused-ignore]

    gold, given = (parse(f"${text.strip('$ ')}$") for text in (reference, answer))
    return bool(gold and given and verify(gold, given))


@cache
def _start_process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
