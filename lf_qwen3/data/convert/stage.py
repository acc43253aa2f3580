"""Write a set of files all or nothing.

    with Stage(folder, name) as stage:      # a hidden folder beside the final files
        (stage.path / "set_train.jsonl").write_bytes(...)
        stage.commit(replace=["set_train.jsonl"], delete=["set_val.jsonl"], entries={...}, drop_entries=[...])

Whatever happens before `commit` leaves the old files as they were. `commit` syncs the new files, then makes
one rename: from there on the new set counts, and the next process (`recover`) finishes what a kill ended.

A stage belongs to the process that holds the lock file in it. Its name carries the host and the boot that
made it, for a lock need not be seen from another machine that shares the folder; `recover` clears away only
the stages of this host whose lock nobody holds.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import xxhash
from filelock import FileLock, Timeout

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.files import sync
from lf_qwen3.data import registry
from lf_qwen3.data.convert.manifest import owns_place, split_of

_STAGE_NAME = re.compile(r"\..+\.([0-9a-f]{16})-((?:[0-9a-f]{16})?)-[0-9a-f]{12}\.tmp")
_COMMIT_END = ".commit"
_JOURNAL = "journal.json"
_LOCK = "lock"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_QUIET_SECONDS = 24 * 3600.0
"""A stage of this host but not of this boot is dead when nothing was written into it for so long.

Two containers may share a host name without sharing a kernel, and macOS tells no boot."""


class StageOwner(NamedTuple):
    """The machine that a stage was made on: hashes of its host name and of its boot ("" unknown)."""

    host: str
    boot: str


class Stage:
    """A hidden folder in which the new files of `name` are made before they take their places."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.path = folder / _new_stage_name(name)
        self._lock = FileLock(self.path / _LOCK)

    def __enter__(self) -> Self:
        make_folder(self.folder)
        with registry.lock_registry(self.folder):  # so that nobody clears the stage away before it is locked
            _recover(self.folder)
            self.path.mkdir()
            self._lock.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)

    def commit(
        self,
        replace: Sequence[str],
        delete: Sequence[str],
        entries: Mapping[str, dict[str, Any]],
        drop_entries: Sequence[str],
    ) -> None:
        """Put the files `replace` in place, delete others, register `entries` and drop others.

        All are names below the folder that `file_names` gives to the dataset; a folder is replaced whole.
        """
        journal = {
            "replace": list(replace),
            "delete": list(delete),
            "entries": dict(entries),
            "drop_entries": list(drop_entries),
        }
        (self.path / _JOURNAL).write_text(json.dumps(journal), encoding="utf-8")
        for name in (*replace, _JOURNAL):
            for path in (self.path / name).rglob("*"):
                sync(path)
            sync(self.path / name)
        committed = self.folder / f".{self.name}{_COMMIT_END}"
        with _signals_held(), registry.lock_registry(self.folder):
            registry.plan_change(self.folder, entries, drop_entries, replace=True)  # raises for a broken file
            self._lock.release()  # an open file in it would keep Windows from renaming the folder
            self.path.rename(committed)
            _roll_forward(committed)


def this_machine() -> StageOwner:
    """Return what the names of this machine's stages carry."""
    try:
        boot = _BOOT_ID.read_text("ascii")
    except OSError:
        boot = ""
    return StageOwner(_short_hash(socket.gethostname()), _short_hash(boot) if boot else "")


def recover(folder: Path) -> None:
    """Finish the commits that a kill cut off, and clear away the stages of this machine's dead processes.

    Raises `LfQwen3Error` ("journal_broken") for a commit that names files not its own.
    """
    with registry.lock_registry(folder):
        _recover(folder)


def _recover(folder: Path) -> None:
    for committed in folder.glob(f".*{_COMMIT_END}"):
        _roll_forward(committed)
    here = this_machine()
    for stage in folder.glob(".*.tmp"):
        named = _STAGE_NAME.fullmatch(stage.name)
        if named and _is_dead(stage, StageOwner(*named.groups()), here):
            shutil.rmtree(stage, ignore_errors=True)


def _new_stage_name(name: str) -> str:
    here = this_machine()
    return f".{name}.{here.host}-{here.boot}-{uuid.uuid4().hex[:12]}.tmp"


def _is_dead(stage: Path, owner: StageOwner, here: StageOwner) -> bool:
    """Return whether the process that made a stage has ended, as far as this machine can know."""
    if owner.host != here.host:
        return False
    if not (owner.boot and owner.boot == here.boot) and _seconds_quiet(stage) < _QUIET_SECONDS:
        return False
    try:
        with FileLock(stage / _LOCK, timeout=0):
            return True
    except (Timeout, OSError):
        return False


def _seconds_quiet(stage: Path) -> float:
    return time.time() - max(path.stat().st_mtime for path in (stage, *stage.iterdir()))


def _short_hash(text: str) -> str:
    return xxhash.xxh3_64_hexdigest(text.strip().encode())


def make_folder(folder: Path) -> None:
    """Make a folder and its parents. Raises `UsageError` where a file is in the way."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(
            f"--dataset-dir {folder} is a file, not a folder",
            "name a folder, or move the file",
            code="not_a_folder",
        ) from error


def _roll_forward(committed: Path) -> None:
    folder = committed.parent
    journal = _read_journal(committed)
    for name in journal["replace"]:
        if (committed / name).exists():
            if (folder / name).is_dir():
                _remove(folder / name)
            os.replace(committed / name, folder / name)
    for name in journal["delete"]:
        _remove(folder / name)
    change = registry.plan_change(folder, journal["entries"], remove=journal["drop_entries"], replace=True)
    registry.apply_change(change)
    sync(folder)
    # Under a stage's name what a kill leaves of it is cleared away like any dead stage.
    shutil.rmtree(committed.rename(folder / _new_stage_name(_dataset_of(committed))))


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)


def _dataset_of(committed: Path) -> str:
    return committed.name[1 : -len(_COMMIT_END)]


def _read_journal(committed: Path) -> dict[str, Any]:
    """Return the journal of a commit; it may touch only what belongs to the dataset of its name."""
    dataset = _dataset_of(committed)
    try:
        journal: dict[str, Any] = json.loads((committed / _JOURNAL).read_text(encoding="utf-8"))
        files = {*journal["replace"], *journal["delete"]}
        names = {*journal["entries"], *journal["drop_entries"]}
        others = {file for file in files if not owns_place(dataset, file)}
        others |= {name for name in names if not split_of(dataset, f"{name}.jsonl")}
        if others:
            raise ValueError(f"names that are not its own: {sorted(others)}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LfQwen3Error(
            f"the interrupted conversion in {committed} cannot be finished: {type(error).__name__}: {error}",
            "nothing was changed; move that folder away, then convert again",
            code="journal_broken",
        ) from error
    return journal


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Delay Ctrl-C and SIGTERM during the commit; they take effect right after it."""
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
