"""Compare a file on disk with what the hub states of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from lf_qwen3.data.download.hub import RemoteFile

_BLOCK = 1 << 20


class FileState(NamedTuple):
    """Whether a file is there, and what is wrong with it ("" for nothing)."""

    is_there: bool
    damage: str = ""

    @property
    def is_whole(self) -> bool:
        """Return whether the file is there as the hub states it."""
        return self.is_there and not self.damage


def verify(folder: Path, file: RemoteFile) -> FileState:
    """Return the state of a file below `folder`, by its size and by the sums that the hub states."""
    path = folder / file.path
    if not path.is_file():
        return FileState(False)
    size = path.stat().st_size
    if size != file.size:
        return FileState(True, f"it has {size:,} bytes, but the hub states {file.size:,}")
    if file.sha256 and _digest(path, hashlib.sha256()) != file.sha256.lower():
        return FileState(True, "its sha256 differs from the one that the hub states")
    # git's id of a blob: sha1 over "blob SIZE\\0" and the content
    # (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects).
    if file.git_sha1 and _digest(path, hashlib.sha1(b"blob %d\0" % size)) != file.git_sha1.lower():
        return FileState(True, "its content differs from the one that the hub states")
    return FileState(True)


def _digest(path: Path, digest: hashlib._Hash) -> str:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
