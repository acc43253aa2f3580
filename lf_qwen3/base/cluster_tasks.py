"""Run functions as Ray tasks: the one place that imports Ray, and that says what went wrong in a task."""

from __future__ import annotations

import importlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError

INSTALL = 'pip install "lf-qwen3[ray]"'
_PARTITION_BYTES = 1 << 30
_LEAST_PARTITIONS = 2
_AHEAD = 4
"""Tasks that wait or run for each processor: a slow one keeps no processor idle, and a cluster that grows by
demand grows."""


def count_partitions(size: int, most: int) -> int:
    """Return in how many partitions the records of sources of `size` bytes are compared: a power of two.

    A partition is one task, which has the hashes of about 1 GiB of text in memory. `most` bounds the pieces
    in the cluster's memory: each group of parts makes one of every partition.
    """
    partitions = 1 << (size // _PARTITION_BYTES).bit_length()
    return min(max(partitions, _LEAST_PARTITIONS), most)


class TaskRunner:
    """A connection to a Ray cluster: at `address`, at RAY_ADDRESS, or of this machine and started for it."""

    def __init__(self, address: str = "") -> None:
        try:
            ray: Any = importlib.import_module("ray")
        except ImportError as error:
            raise UsageError(
                "ray, which runs the parts on a cluster, is not installed",
                f"run: {INSTALL}",
                code="extra_missing",
            ) from error
        self._ray = ray
        self._is_own = not ray.is_initialized()
        self._task = ray.remote(max_retries=3, retry_exceptions=[OSError])(_call)
        if self._is_own:
            try:
                place = address or os.environ.get("RAY_ADDRESS") or "local"
                ray.init(address=place, log_to_driver=False, logging_level="error")
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise UsageError(
                    f"no Ray cluster answers at {address or 'this machine'}: {error}",
                    "ray start --head starts one; --ray-address auto finds the one of this machine",
                    code="cluster_missing",
                ) from error

    def close(self) -> None:
        """Leave the cluster, which ends what is still running of this conversion."""
        if self._is_own:
            self._ray.shutdown()

    def count_processors(self) -> int:
        """Return how many processors the cluster has at the moment; 1 where it has none yet."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 0)))

    def start(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Start a task and return the reference to its result.

        What a machine or a worker that dies takes along is made again by Ray, three times.
        """
        return self._task.options(name=function.__name__).remote(function, 0, *arguments)

    def start_many(self, results: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        """Start a task of a function that returns so many results; return the reference to each."""
        task = self._task.options(name=function.__name__, num_returns=results, scheduling_strategy="SPREAD")
        references = task.remote(function, results, *arguments)
        return [references] if results == 1 else list(references)

    def start_in_turn(
        self, results: int, function: Callable[..., Any], calls: Iterable[tuple[Any, ...]]
    ) -> Iterator[list[Any]]:
        """Start a task for each tuple of arguments, as `start_many` does; yield the references in order.

        Tasks start as results are asked for, and so many ahead as keep the cluster busy. A run that is given
        up leaves no more than these: Ray 2.60 may abort the process that cancels a task in the moment when a
        worker takes it (its issue 54846).
        """
        ahead: deque[list[Any]] = deque()
        room = counted_until = 0
        for number, arguments in enumerate(calls):
            if number >= counted_until:  # not for every task: of a large cluster it takes milliseconds
                room = _AHEAD * self.count_processors()
                counted_until = number + room
            ahead.append(self.start_many(results, function, *arguments))
            if len(ahead) > room:
                yield ahead.popleft()
        while ahead:
            yield ahead.popleft()

    def get(self, reference: Any, what: str) -> Any:
        """Wait for a result. Raises the task's own `LfQwen3Error`, or "part_failed", which names `what`."""
        try:
            return _unpack(self._ray.get(reference))
        except self._ray.exceptions.RayTaskError as error:
            cause = error.cause
            if isinstance(cause, LfQwen3Error):
                raise cause from None
            raise _failed(what, f"{type(cause).__name__}: {cause}") from error
        except self._ray.exceptions.RayError as error:
            raise _failed(what, f"{type(error).__name__}: {str(error).splitlines()[0]}") from error

    def put(self, value: Any) -> Any:
        """Hand a value to all tasks that get its reference."""
        return self._ray.put(value)


def _call(function: Callable[..., Any], results: int, *arguments: Any) -> Any:
    """Call a function; return its result, or the sequence of its `results` as Ray expects it."""
    result = function(*map(_unpack, arguments))
    if not results:
        return _pack(result)
    return _pack(result[0]) if results == 1 else list(map(_pack, result))


def _pack(value: Any) -> Any:
    """Return a frame as an Arrow table, which Ray takes in an eighth of the time; anything else as it is."""
    import polars as pl

    return value.to_arrow() if isinstance(value, pl.DataFrame) else value


def _unpack(value: Any) -> Any:
    import polars as pl
    import pyarrow as pa

    return pl.from_arrow(value) if isinstance(value, pa.Table) else value


def _failed(what: str, why: str) -> LfQwen3Error:
    return LfQwen3Error(
        f"{what} failed on the cluster: {why}",
        "no dataset was changed; Ray repeats a part only if its machine or process died",
        code="part_failed",
    )
