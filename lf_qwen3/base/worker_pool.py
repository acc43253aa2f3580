"""Work through tasks in this process or in several, with the same results in the same order."""

from __future__ import annotations

import functools
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol, TypeVar

from lf_qwen3.base.errors import LfQwen3Error

_MOST_WORKERS = 8

_Task = TypeVar("_Task")
_TaskOf = TypeVar("_TaskOf", contravariant=True)
_Result = TypeVar("_Result", covariant=True)


class PoolWorker(Protocol[_TaskOf, _Result]):
    """What works through tasks in one process."""

    def run(self, task: _TaskOf) -> _Result:
        """Do one task."""

    def close(self) -> None:
        """Give back what it holds; called where it works in the process of the caller."""


def count_workers() -> int:
    """Return the number of processes that this machine has processors for, 8 at most."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(processors, _MOST_WORKERS)


def run(
    tasks: list[_Task], start: Callable[[], PoolWorker[_Task, _Result]], workers: int = 0
) -> Iterator[_Result]:
    """Do all tasks and yield their results in order.

    `start` returns a worker and is called once in each process; it can be pickled, as tasks and results can.
    `workers` processes share the work; 0, 1, or a single task stay in this process. Raises `LfQwen3Error`
    when the processes cannot start (`main_guard_missing`, `workers_not_started`) or one dies (`worker_died`).
    """
    workers = min(workers, len(tasks))
    return _run_in_pool(tasks, start, workers) if workers > 1 else _run_here(tasks, start)


def _run_here(tasks: Iterable[_Task], start: Callable[[], PoolWorker[_Task, _Result]]) -> Iterator[_Result]:
    _keep_heap()
    worker = start()
    try:
        for task in tasks:
            yield worker.run(task)
    finally:
        worker.close()


def _run_in_pool(
    tasks: list[_Task], start: Callable[[], PoolWorker[_Task, _Result]], workers: int
) -> Iterator[_Result]:
    context = multiprocessing.get_context("fork" if _can_fork() else "spawn")
    stop, started = context.Event(), context.Event()
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(start, stop, started))
    processes: set[BaseProcess] = set()
    try:
        waiting = deque(pool.submit(_run_task, task) for task in tasks)
        processes = set(multiprocessing.active_children()) - others
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        pool.shutdown(wait=True)
        raise _broken(started.is_set(), processes) from error
    except BaseException:
        stop.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _can_fork() -> bool:
    """Return whether to fork: on Linux, in a process of one Python thread. Arrow's threads survive it."""
    return sys.platform == "linux" and threading.active_count() == 1


def _broken(has_started: bool, processes: set[BaseProcess]) -> LfQwen3Error:
    if not has_started and (script := _script_without_guard()):
        return LfQwen3Error(
            f"the worker processes could not start: each of them runs {script} from its beginning",
            'put the call under `if __name__ == "__main__":`, or pass workers=0',
            code="main_guard_missing",
        )
    ends = {process.exitcode for process in processes} - {0, None, -signal.SIGTERM}
    how = ", ".join(sorted(map(_how_it_ended, ends))) or "no exit code is known"
    if not has_started:
        return LfQwen3Error(
            f"the worker processes could not start ({how})",
            "their stderr says why; workers=0 works in this process",
            code="workers_not_started",
        )
    hint = "nothing was changed"
    if -signal.SIGKILL in ends:
        hint = "Linux kills a process this way when memory runs out (see dmesg); " + hint
    return LfQwen3Error(f"a worker process died ({how})", hint, code="worker_died")


def _how_it_ended(exit_code: int | None) -> str:
    return signal.Signals(-exit_code).name if exit_code and exit_code < 0 else f"exit code {exit_code}"


def _script_without_guard() -> str:
    """Return the path of the script that this process runs, if it says nothing of `__main__`."""
    main = sys.modules["__main__"]
    path = getattr(main, "__file__", None)
    if path is None or getattr(main, "__spec__", None) is not None or not Path(path).is_file():
        return ""
    return "" if b"__main__" in Path(path).read_bytes() else path


_worker: PoolWorker[Any, Any] | None = None


def _start_worker(start: Callable[[], PoolWorker[Any, Any]], stop: Any, started: Any) -> None:
    global _worker
    started.set()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # rows make no cycles, and looking for them costs a tenth of the time
    threading.Thread(target=_leave_with_parent, args=(stop,), daemon=True).start()
    _keep_heap()
    _worker = start()


def _run_task(task: Any) -> Any:
    if _worker is None:
        raise RuntimeError("_start_worker did not run")
    return _worker.run(task)


def _leave_with_parent(stop: Any) -> None:
    """End this process at a request to stop, or when its parent has ended for any reason."""
    parent = os.getppid()
    while not stop.wait(0.5) and os.getppid() == parent:
        pass
    os._exit(1)


@functools.cache
def _keep_heap() -> None:
    """Let glibc keep freed memory from now on instead of giving it back between rows.

    Freeing one large block raises malloc's dynamic trim threshold (mallopt(3), M_TRIM_THRESHOLD); without
    it every row's strings are returned to the system and faulted in again, twice the time on some machines.
    Once is enough: a second block would be cleared in the heap, longer than a small file takes to convert.
    """
    bytes(30 << 20)
