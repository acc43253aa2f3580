"""Change dataset_info.json: under a lock, in one step, so that at any moment the file parses."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.storage import is_store, path_of
from lf_qwen3.data.registry.names import DATA_CONFIG, check_name, config_path, require_writable
from lf_qwen3.data.registry.text import EMPTY, RegistryText, parse, require_no_mark

_LOCK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RegistryChange:
    """A planned change of one dataset_info.json; `apply_change` makes it.

    `path` is the file itself, links followed; `before` its bytes, None when there is none yet; `after`
    the whole new content. `notes` say what else was set right.
    """

    path: Path
    before: bytes | None
    after: bytes
    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_needed(self) -> bool:
        """Return whether anything would be written."""
        return bool(self.added) if self.before is None else self.before != self.after

    def diff(self) -> str:
        """Return the change as a unified diff, "" when there is none."""
        if not self.is_needed:
            return ""
        old = "/dev/null" if self.before is None else str(self.path)
        return "".join(
            difflib.unified_diff(_lines(self.before or b""), _lines(self.after), old, str(self.path))
        )


def read_registry(dataset_dir: Path | str, *, allow_mark: bool = False) -> dict[str, dict[str, Any]]:
    """Return the entries by name, in the order of the file; none when there is no file.

    Raises `UsageError` for a folder that is none, `LfQwen3Error` for a file that the trainer could not read:
    broken, or with a byte order mark unless `allow_mark` (for who is about to write it without one).
    """
    return read_registry_text(dataset_dir, allow_mark=allow_mark).entries


def read_registry_text(dataset_dir: Path | str, *, allow_mark: bool = False) -> RegistryText:
    """Return the parsed file. Raises what `read_registry` raises."""
    document = _document(config_path(dataset_dir), path_of(dataset_dir) / DATA_CONFIG)[0]
    if not allow_mark:
        require_no_mark(document, path_of(dataset_dir) / DATA_CONFIG)
    return document


def plan_change(
    dataset_dir: Path | str,
    add: Mapping[str, Mapping[str, Any]],
    remove: Collection[str] = (),
    replace: bool = False,
) -> RegistryChange:
    """Work out the new content of dataset_info.json; writes nothing.

    An entry that is there with the same content is left alone. Names in `remove` that do not exist are
    skipped, and `add` wins over `remove`. Raises `UsageError` for a bad name, and for a name that
    exists with other content unless `replace`; `LfQwen3Error` for a file that is broken.
    """
    for name in add:
        check_name(name)
    path = config_path(dataset_dir)
    document, before = _document(path, path_of(dataset_dir) / DATA_CONFIG)
    values = document.values
    same = tuple(name for name in add if name in values and _is_same(values[name], add[name]))
    other = tuple(name for name in add if name in values and name not in same)
    if other and not replace:
        raise _taken(other[0], values[other[0]], add[other[0]], Path(dataset_dir))
    added = tuple(name for name in add if name not in values)
    removed = tuple(name for name in document.entries if name in remove and name not in add)
    notes = ("the byte order mark (BOM) was removed: LLaMA-Factory cannot read it",) * document.has_bom
    notes += tuple(
        f"{name} was registered {document.times[name]} times"
        for name in (*other, *removed)
        if document.times[name] > 1
    )
    text = document.text
    if added or other or removed:
        text = document.spliced({name: add[name] for name in (*other, *added)}, removed)
    return RegistryChange(path, before, text.encode(), added, other, removed, same, notes)


@contextlib.contextmanager
def lock_registry(dataset_dir: Path | str) -> Iterator[None]:
    """Keep every other process from changing dataset_info.json.

    Within it use `plan_change` and `apply_change`; `edit_registry` and `register` take the lock themselves.
    The empty lock file stays in the folder: if it were removed on Unix, a process that already waits for it
    and a process that creates it again would both get the lock. Raises `UsageError` for a folder that is
    none, `LfQwen3Error` for one that may not be written, or when the lock stays taken for a minute. A store
    has no locks: there `apply_change` notices what another wrote before it, not what one writes beside it.
    """
    from filelock import FileLock, Timeout

    path = config_path(dataset_dir)
    require_writable(path)
    if is_store(path):
        yield
        return
    mode = path.parent.stat().st_mode & 0o666 | 0o600
    file_lock = FileLock(path.with_name(f".{DATA_CONFIG}.lock"), timeout=_LOCK_SECONDS, mode=mode)
    try:
        file_lock.acquire()
    except Timeout as error:
        raise LfQwen3Error(
            f"another process has locked {file_lock.lock_file} for a minute",
            "wait until it ends, then try again",
            code="lock_timeout",
        ) from error
    try:
        yield
    finally:
        file_lock.release()


def apply_change(change: RegistryChange) -> None:
    """Write a planned change: a temporary file beside, fsync, one rename; the permissions are kept.

    The caller holds `lock_registry`. Raises `LfQwen3Error` when the file is no longer what the plan saw.
    """
    if not change.is_needed:
        return
    if _content(change.path) != change.before:
        raise LfQwen3Error(
            f"{change.path} was changed by another process meanwhile",
            "nothing was written; run the command again",
            code="changed_meanwhile",
        )
    if is_store(change.path):
        change.path.write_bytes(change.after)  # a store shows a file whole or not at all
        return
    temporary = change.path.with_name(f".{DATA_CONFIG}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        _write(temporary, change.after, like=change.path)
        os.replace(temporary, change.path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(change.path.parent)


def edit_registry(
    dataset_dir: Path | str,
    add: Mapping[str, Mapping[str, Any]],
    remove: Collection[str] = (),
    replace: bool = False,
    dry_run: bool = False,
) -> RegistryChange:
    """Register and drop any number of names in one locked step.

    With `dry_run` nothing is written, not even a lock file. Raises what `plan_change`, `lock_registry` and
    `apply_change` raise.
    """
    if dry_run:
        return plan_change(dataset_dir, add, remove, replace)
    with lock_registry(dataset_dir):
        change = plan_change(dataset_dir, add, remove, replace)
        apply_change(change)
    return change


def _document(path: Path, shown: Path) -> tuple[RegistryText, bytes | None]:
    content = _content(path)
    return (EMPTY, None) if content is None else (parse(content, shown), content)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _is_same(entry: Any, other: Mapping[str, Any]) -> bool:
    # As text, because to Python 1 == True == 1.0, and LLaMA-Factory asks `ranking is True`.
    return json.dumps(entry, sort_keys=True) == json.dumps(other, sort_keys=True)


def _taken(name: str, old: Any, new: Mapping[str, Any], folder: Path) -> UsageError:
    old = old if isinstance(old, dict) else {}
    keys = [key for key in {**old, **new} if key not in old or key not in new or old[key] != new[key]]
    return UsageError(
        f"'{name}' is registered in {folder / DATA_CONFIG} with other content ({', '.join(keys)})",
        "use another name, or overwrite it with --replace (--replace --dry-run shows the difference)",
        code="dataset_exists",
    )


def _lines(content: bytes) -> list[str]:
    lines = re.findall(r"[^\n]*\n|[^\n]+", content.decode())
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n\\ No newline at end of file\n"
    return lines


def _write(path: Path, content: bytes, like: Path) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with open(handle, "wb") as file:
        if like.exists():
            kept = like.stat()
            with contextlib.suppress(OSError):
                os.chown(path, kept.st_uid, kept.st_gid)
            os.chmod(path, kept.st_mode & 0o7777)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
