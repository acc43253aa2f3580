"""The steps that are finished, kept beside the files: an interrupted call continues where it was."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import xxhash

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.files import write_text

RECORD = "gguf.json"
"""The report, and the record of the steps."""

_KEPT = ("key", "seconds", "file", "result")
_PART = ".part"
_LOCK = ".gguf.lock"


class StepRecord:
    """What each step gave, by name, with a key of all that it was made from.

    A step whose key is as it was and whose file is there, of the size and time that it had, is not done
    again. The key of a step holds that of the step before it and the file that it left, so that all that
    follows a new step is repeated.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / RECORD
        self.report: dict[str, Any] = {}
        self.kept: list[str] = []
        self._key = ""
        try:
            steps = json.loads(self.path.read_bytes())["steps"].items()
            self._before = {str(name): {key: step[key] for key in _KEPT} for name, step in steps}
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            self._before = {}
        self.report["steps"] = {}

    def do(
        self, name: str, made_from: Any, work: Callable[[], dict[str, Any]], *files: Path
    ) -> dict[str, Any]:
        """Return what a step gives: from the record, or by `work()`, which writes the first of `files`.

        The others are names that the file may have later.
        """
        self._chain(name, made_from)
        there = self._before.get(name, {})
        if there.get("key") != self._key or there["file"] != _describe(files):
            for file in files:
                remove(file)
            started = time.monotonic()
            result = work()
            seconds = round(time.monotonic() - started, 1)
            there = {"key": self._key, "seconds": seconds, "file": _describe(files), "result": result}
        else:
            self.kept.append(name)
        self._chain(there["file"])
        self.report["steps"][name] = self._before[name] = there
        self.save()
        return dict(there["result"])

    def _chain(self, *inputs: Any) -> None:
        text = json.dumps([self._key, *inputs], default=str)
        self._key = xxhash.xxh3_128_hexdigest(text.encode())

    def save(self) -> None:
        """Write the report, with the steps that are not reached yet."""
        steps = {**self._before, **self.report["steps"]}
        text = json.dumps({**self.report, "steps": steps}, ensure_ascii=False, indent=2, default=str)
        write_text(self.path, text + "\n")


@contextlib.contextmanager
def staged(final: Path) -> Iterator[Path]:
    """Yield the name under which a file or folder is written; it gets its own name when all went well."""
    part = final.with_name(f".{final.name}.{os.getpid()}{_PART}")
    remove(part)
    try:
        yield part
        if final.is_dir():
            shutil.rmtree(final)
        os.replace(part, final)
    finally:
        remove(part)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep others out of a folder and take away what a killed call left there.

    Raises `LfQwen3Error` while another works there.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / _LOCK, timeout=0):
            for part in folder.glob(f".*{_PART}"):
                remove(part)
            yield
    except Timeout as error:
        raise LfQwen3Error(
            f"another gguf run is using {folder}", "wait for it, or name another --out", code="lock_timeout"
        ) from error


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _describe(files: Sequence[Path]) -> list[list[Any]]:
    """Return size and time (ns) of the first file that is there, of each file in it where it is a folder."""
    path = next((file for file in files if file.exists()), None)
    parts = [] if path is None else sorted(path.iterdir()) if path.is_dir() else [path]
    stats = [part.stat() for part in parts]
    return [[stat.st_size, stat.st_mtime_ns] for stat in stats]
