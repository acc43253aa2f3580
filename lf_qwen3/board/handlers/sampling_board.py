"""What a preset changes in the board beyond its elements: one window's predictions, and a loaded model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from lf_qwen3.board.handlers.sampling import Sampling

MOST_WINDOWS = 1000
"""Windows of which the choice is remembered; a window that is reloaded is a new one."""


class WindowPredictions:
    """Adds keys to the predictions of one browser window, which the board has no elements for.

    The runner's own method is wrapped for the first window that needs it, so that the board previews, writes
    and runs the very command. `window` names the window that is being served, None outside of a request.
    """

    def __init__(self, runner: Any, window: Callable[[], str | None]) -> None:
        self._runner = runner
        self._window = window
        self._parse: Callable[[Any], dict[str, Any]] | None = None
        self._of: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._lock = Lock()

    @property
    def can(self) -> bool:
        """Return whether this version of the board can be made to send more, for the window being served."""
        return callable(getattr(self._runner, "_parse_eval_args", None)) and self._window() is not None

    def set(self, extra: Mapping[str, Any]) -> None:
        """Send these keys with the predictions of the window being served from now on; {} sends none."""
        window = self._window()
        if window is None:
            return
        with self._lock:
            self._of.pop(window, None)
            if extra:
                self._of[window] = dict(extra)
                self._wrap()
            while len(self._of) > MOST_WINDOWS:
                self._of.popitem(last=False)

    def _wrap(self) -> None:
        if self._parse is None:
            self._parse = self._runner._parse_eval_args
            self._runner._parse_eval_args = self._with_extra

    def _with_extra(self, data: Any) -> dict[str, Any]:
        assert self._parse is not None
        with self._lock:
            extra = dict(self._of.get(self._window() or "", {}))
        return {**self._parse(data), **extra}


def apply_to_loaded(chatter: Any, sampling: Sampling) -> bool:
    """Give the model that is loaded in the Chat tab what has no slider there; return whether one is loaded.

    The board has one model for all its visitors.
    """
    arguments = getattr(getattr(chatter, "engine", None), "generating_args", None)
    if not isinstance(arguments, dict):
        return False
    arguments["top_k"] = sampling.beside_the_sliders["top_k"]
    return True
