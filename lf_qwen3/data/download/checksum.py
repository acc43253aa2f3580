"""Hold a file on disk against what the hub states of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lf_qwen3.data.download.hub import RemoteFile

_BLOCK = 1 << 20


def fault(folder: Path, file: RemoteFile) -> str | None:
    """Return what is wrong with the file below `folder`: "" when it is not there, None when it is whole."""
    path = folder / file.path
    if not path.is_file():
        return ""
    size = path.stat().st_size
    if size != file.size:
        return f"it has {size:,} bytes, the hub states {file.size:,}"
    if file.sha256 and _digest(path, hashlib.sha256()) != file.sha256.lower():
        return "its sha256 is not the one that the hub states"
    # git's id of a blob: sha1 over "blob SIZE\0" and the content
    # (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects).
    if file.git_sha1 and _digest(path, hashlib.sha1(b"blob %d\0" % size)) != file.git_sha1.lower():
        return "its content is not the one that the hub states"
    return None


def _digest(path: Path, digest: hashlib._Hash) -> str:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
