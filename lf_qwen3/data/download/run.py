"""Fetch what is wanted: list, choose, check what is there, fetch the rest, check it."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.data.download import folder as folders
from lf_qwen3.data.download.checksum import verify
from lf_qwen3.data.download.failure import explained
from lf_qwen3.data.download.hub import HUBS, Hub, HubName, RemoteFile, Repo, RepoKind, open_hub
from lf_qwen3.data.download.known import repo_of

TOKENIZER_FILES = (
    *("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.json", "merges.txt"),
    *("special_tokens_map.json", "added_tokens.json", "chat_template.jinja", "chat_template.json"),
    *("config.json", "generation_config.json"),
)
"""The tokenizer, its chat template and the two configurations: everything of a model but its weights."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to fetch: a short name or a hub id, into the folder NAME below `to`.

    `files` are globs over the paths of the repository (`*` crosses folders), () for all of them.
    """

    name: str
    to: Path
    kind: RepoKind = "dataset"
    hub: HubName | None = None
    files: tuple[str, ...] = ()
    tokenizer_only: bool = False
    revision: str | None = None


@dataclass(slots=True)
class Downloaded:
    """What is in `folder` now: `fetched` came just now, `kept` was there and whole, both are checked.

    `damaged` had a wrong sum, here or on arrival, and was fetched again; what ModelScope's SDK repeats by
    itself is a warning only. `unchecked` are files of which the hub states a size only. `bytes` counts all
    of them; `next` is the command to type now.
    """

    name: str
    id: str
    kind: RepoKind
    hub: HubName
    revision: str | None
    folder: str
    fetched: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    bytes: int = 0
    next: str = ""


def download(wanted: Wanted, progress: Progress = NoProgress()) -> Downloaded:
    """Fetch what is wanted and not yet there, and check all of it against the sums that the hub states.

    Raises `UsageError` for a wrong name, glob or folder, and `LfQwen3Error` when the hub does not answer,
    the disk has no room or a file arrives damaged twice. What has arrived stays; a second call continues.
    """
    if wanted.tokenizer_only and wanted.kind != "model":
        raise UsageError(
            "--tokenizer-only is for models", "name a model: --model Qwen/Qwen3-4B", code="option_conflict"
        )
    repo = repo_of(wanted.name, wanted.kind, wanted.hub, wanted.revision)
    go_on = _command(wanted, repo)
    hub = open_hub(repo.hub)
    folder = folders.claim(wanted.to, repo)
    with explained(repo, folder, go_on):
        listed = hub.listing(repo, progress)
    files = _choose(wanted, repo, listed)
    _require_inside(folder, files)
    done = Downloaded(repo.name, repo.id, repo.kind, repo.hub, repo.revision, str(folder))
    missing = _missing(folder, files, done, progress)
    folders.mark(folder, repo, files, go_on, complete=not missing)
    if missing:
        _require_room(folder, missing, go_on)
        wanting = files_of(len(missing), sum(file.size for file in missing))
        progress.start(f"{repo.id}: {wanting} to fetch from {HUBS[repo.hub]}")
        with explained(repo, folder, go_on):
            _fetch(hub, repo, missing, folder, done, progress, go_on)
        folders.mark(folder, repo, files, go_on, complete=True)
    done.fetched = [file.path for file in missing]
    done.unchecked = [file.path for file in files if not (file.sha256 or file.git_sha1)]
    done.bytes = sum(file.size for file in files)
    done.next = _next(wanted, done)
    return done


def _choose(wanted: Wanted, repo: Repo, listed: list[RemoteFile]) -> list[RemoteFile]:
    """Return the files that are wanted. Raises `UsageError` with the files there are when none is."""
    globs = [*wanted.files, *(TOKENIZER_FILES if wanted.tokenizer_only else ())]
    files = [file for file in listed if not globs or any(fnmatchcase(file.path, glob) for glob in globs)]
    if files:
        return sorted(files, key=lambda file: file.path)
    listed_paths = ", ".join(sorted(file.path for file in listed)[:8]) or "none"
    what = "file of a tokenizer" if wanted.tokenizer_only else f"file like {' or '.join(wanted.files)}"
    raise UsageError(
        f"{repo.id} has no {what if globs else 'file'}", f"there are: {listed_paths}", code="no_such_files"
    )


def _require_inside(folder: Path, files: Sequence[RemoteFile]) -> None:
    for file in files:
        if not (folder / file.path).resolve().is_relative_to(folder.resolve()):
            raise LfQwen3Error(
                f"the hub lists a path outside of the folder: {file.path}", code="path_outside"
            )


def _missing(
    folder: Path, files: Sequence[RemoteFile], done: Downloaded, progress: Progress
) -> list[RemoteFile]:
    """Return the files to fetch; damaged ones are reported and removed."""
    missing = []
    for file in files:
        state = verify(folder, file)
        if state.is_whole:
            done.kept.append(file.path)
            continue
        missing.append(file)
        if state.damage:
            _discard(folder, file, state.damage, done, progress)
    return missing


def _fetch(
    hub: Hub,
    repo: Repo,
    files: list[RemoteFile],
    folder: Path,
    done: Downloaded,
    progress: Progress,
    go_on: str,
) -> None:
    """Fetch files and check them; a damaged one is reported and fetched once more, from its first byte."""
    for again in (False, True):
        hub.fetch(repo, files, folder, progress, again)
        states = {file.path: verify(folder, file) for file in files}
        files = [file for file in files if not states[file.path].is_whole]
        if not files:
            return
        for file in files:
            damage = states[file.path].damage or "it was not downloaded"
            if again:
                (folder / file.path).unlink(missing_ok=True)
                raise LfQwen3Error(
                    f"{repo.id}, {file.path}: the download was damaged twice: {damage}",
                    f"the hub, or a proxy in between, serves a wrong file; try again later: {go_on}",
                    code="download_damaged",
                )
            _discard(folder, file, damage, done, progress)


def _discard(folder: Path, file: RemoteFile, damage: str, done: Downloaded, progress: Progress) -> None:
    progress.warn(f"{folder / file.path} is damaged: {damage}; downloading it again")
    (folder / file.path).unlink(missing_ok=True)
    if file.path not in done.damaged:
        done.damaged.append(file.path)


def _require_room(folder: Path, files: Sequence[RemoteFile], go_on: str) -> None:
    free = shutil.disk_usage(folder).free
    needed = sum(file.size for file in files)
    if needed > free:
        raise LfQwen3Error(
            f"{folder}: the download needs {size(needed)}, the disk has {size(free)} free",
            f"free some space, use another disk with --to, or fewer files with --files; then: {go_on}",
            code="disk_full",
        )


def size(count: int) -> str:
    """Return a number of bytes as people read it: 117.0 MB (a million bytes each)."""
    for unit, bytes_each in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= bytes_each:
            return f"{count / bytes_each:.1f} {unit}"
    return f"{count} bytes"


def files_of(count: int, total: int) -> str:
    """Return a number of files and their bytes as text: 3 files, 117.0 MB."""
    return f"{count} file{'s' if count > 1 else ''}, {size(total)}"


def _command(wanted: Wanted, repo: Repo) -> str:
    options = [word for glob in wanted.files for word in ("--files", glob)]
    options += ["--tokenizer-only"] if wanted.tokenizer_only else []
    return folders.command(repo, wanted.to, wanted.name, options)


def _next(wanted: Wanted, done: Downloaded) -> str:
    place = shlex.quote(done.folder)
    if wanted.tokenizer_only:
        return f"lf-qwen3 check NAME --dataset-dir data --tokenizer {place}"
    if wanted.kind == "model":
        return f"lf-qwen3 recipe new RECIPE --model {place} --dataset NAME --dataset-dir data --out runs/NAME"
    name = re.sub(r"\W+", "_", done.name).strip("_").lower()
    return f"lf-qwen3 convert {place} --name {name} --dataset-dir data --val 0.05 --test 0.05"
