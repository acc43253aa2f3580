"""Write a set of files all or nothing.

    with Stage(folder, name) as stage:      # a hidden folder beside the final files
        (stage.path / "a.jsonl").write_bytes(...)
        stage.commit(replace=["a.jsonl"], delete=["old.jsonl"], entries={...}, drop_entries=[...])

Whatever happens before `commit` leaves the old files as they were. `commit` syncs the new files, then makes
one rename: from there on the new set holds, and whoever comes next (`recover`) finishes what a kill cut off.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from lf_qwen3 import dataset_info
from lf_qwen3.errors import UsageError

_STAGE_END = ".tmp"
_COMMIT_END = ".commit"
_JOURNAL = "journal.json"
_BLOCK = 1 << 20


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
        with _signals_held(), dataset_info.lock(self.folder):
            dataset_info.plan(self.folder, entries, drop_entries, replace=True)  # a broken file is told here
            self.path.rename(committed)
            _roll_forward(committed)


def recover(folder: Path) -> None:
    """Finish the commits that a kill cut off, and clear away what dead processes left behind."""
    for committed in folder.glob(f".*{_COMMIT_END}"):
        with dataset_info.lock(folder):
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


def copy_ranges(ranges: Iterator[tuple[BinaryIO, int, int]], target: BinaryIO) -> Iterator[bytes]:
    """Append (file, offset, length) ranges to `target`, yielding each block as it is written."""
    for source, offset, length in ranges:
        source.seek(offset)
        while length:
            block = source.read(min(_BLOCK, length))
            target.write(block)
            length -= len(block)
            yield block


def sync(path: Path) -> None:
    """Bring a file, or the entries of a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _roll_forward(committed: Path) -> None:
    folder = committed.parent
    journal = json.loads((committed / _JOURNAL).read_text(encoding="utf-8"))
    for name in journal["replace"]:
        if (committed / name).exists():
            os.replace(committed / name, folder / name)
    for name in journal["delete"]:
        (folder / name).unlink(missing_ok=True)
    change = dataset_info.plan(folder, journal["entries"], remove=journal["drop_entries"], replace=True)
    dataset_info.apply(change)
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
