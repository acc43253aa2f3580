"""Write a set of files all or nothing.

    with Stage(folder, name) as stage:      # a hidden folder beside the final files
        (stage.path / "a.jsonl").write_bytes(...)
        stage.commit(replace=["a.jsonl"], delete=["old.jsonl"], entries={...}, drop_entries=[...])

Whatever happens before `commit` leaves the old files as they were. `commit` syncs the new files, then makes
one rename: from there on the new set holds, and whoever comes next (`recover`) finishes what a kill cut off.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import shutil
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import xxhash

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.files import sync
from lf_qwen3.data import registry

_STAGE_END = ".tmp"
_COMMIT_END = ".commit"
_JOURNAL = "journal.json"
_BLOCK = 8 << 20
_HASH_BLOCK = 256 << 10
_CANNOT_COPY = (errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)
"""What copy_file_range(2) answers where the system or the file system does not know it."""


class Stage:
    """A hidden folder in which the new files of `name` are made before they take their places."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.path = folder / f".{name}.{os.getpid()}-{threading.get_ident()}{_STAGE_END}"

    def __enter__(self) -> Self:
        make_folder(self.folder)
        recover(self.folder)
        self.path.mkdir()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def commit(
        self,
        replace: Sequence[str],
        delete: Sequence[str],
        entries: Mapping[str, dict[str, Any]],
        drop_entries: Sequence[str],
    ) -> None:
        """Put the files `replace` in place, delete others, register `entries` and drop others."""
        journal = {
            "replace": list(replace),
            "delete": list(delete),
            "entries": dict(entries),
            "drop_entries": list(drop_entries),
        }
        (self.path / _JOURNAL).write_text(json.dumps(journal), encoding="utf-8")
        for name in (*replace, _JOURNAL):
            sync(self.path / name)
        committed = self.folder / f".{self.name}{_COMMIT_END}"
        with _signals_held(), registry.lock(self.folder):
            registry.plan(self.folder, entries, drop_entries, replace=True)  # a broken file is told here
            self.path.rename(committed)
            _roll_forward(committed)


def recover(folder: Path) -> None:
    """Finish the commits that a kill cut off, and clear away what dead processes left behind."""
    for committed in folder.glob(f".*{_COMMIT_END}"):
        with registry.lock(folder):
            if committed.exists():
                _roll_forward(committed)
    for stage in folder.glob(f".*-*{_STAGE_END}"):
        owner = stage.name[: -len(_STAGE_END)].rpartition(".")[2].partition("-")[0]
        if owner.isdigit() and not _is_alive(int(owner)):
            shutil.rmtree(stage, ignore_errors=True)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents. Raises `UsageError` where a file stands in the way."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(
            f"--dataset-dir {folder} is a file, not a folder", "name a folder, or move the file"
        ) from error


class Range(NamedTuple):
    """Bytes of a file."""

    path: Path
    offset: int
    length: int


def copy(ranges: Sequence[Range], path: Path) -> Iterator[int]:
    """Write a file out of ranges of others, yielding the number of bytes of each block as it is written."""
    with path.open("wb", buffering=0) as target:
        for source, one in _opened(ranges):
            at, end = one.offset, one.offset + one.length
            while at < end:
                count = _copy_block(source, at, min(end - at, _BLOCK), target)
                at += count
                yield count


def hash_of(ranges: Sequence[Range]) -> str:
    """Return the XXH3-128 of what `copy` writes."""
    digest = xxhash.xxh3_128()
    block = memoryview(bytearray(_HASH_BLOCK))
    for source, one in _opened(ranges):
        source.seek(one.offset)
        left = one.length
        while left and (count := source.readinto(block[: min(left, _HASH_BLOCK)])):
            digest.update(block[:count])
            left -= count
    return digest.hexdigest()


def _opened(ranges: Iterable[Range]) -> Iterator[tuple[io.FileIO, Range]]:
    """Yield each range with its file, opened once for all of them."""
    with contextlib.ExitStack() as stack:
        files: dict[Path, io.FileIO] = {}
        for one in ranges:
            if one.path not in files:
                files[one.path] = stack.enter_context(io.FileIO(one.path))
            yield files[one.path], one


def _copy_block(source: io.FileIO, at: int, length: int, target: io.FileIO) -> int:
    """Append at most `length` bytes; inside the kernel where it can, which spares two copies."""
    if hasattr(os, "copy_file_range"):
        try:
            if count := os.copy_file_range(source.fileno(), target.fileno(), length, at):
                return count
        except OSError as error:
            if error.errno not in _CANNOT_COPY:
                raise
    source.seek(at)
    return target.write(source.read(length))


def _roll_forward(committed: Path) -> None:
    folder = committed.parent
    journal = json.loads((committed / _JOURNAL).read_text(encoding="utf-8"))
    for name in journal["replace"]:
        if (committed / name).exists():
            os.replace(committed / name, folder / name)
    for name in journal["delete"]:
        (folder / name).unlink(missing_ok=True)
    change = registry.plan(folder, journal["entries"], remove=journal["drop_entries"], replace=True)
    registry.apply(change)
    sync(folder)
    shutil.rmtree(committed)


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back for the moment of the commit; they take effect right after it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda got, _: caught.append(got)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for signum in caught:
            signal.raise_signal(signum)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
