"""What says whether data are still the same: the hash of a file, and of all files of a dataset.

A train.yaml notes the hash of each of its datasets in a comment: `# Data: NAME XXH3-128`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import xxhash

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.data import registry
from lf_qwen3.data.registry.names import name_own_file

_BLOCK = 1 << 20
_NOTE = re.compile(r"^# Data: (.+) ([0-9a-f]{32})$", re.MULTILINE)


def hash_file(path: Path) -> str:
    """Return the XXH3-128 of a file, as manifests have it; read once for each state of the file."""
    status = path.stat()
    return _hash(path.resolve(), status.st_size, status.st_mtime_ns)


def hash_dataset(folder: Path, name: str) -> str:
    """Return the hash of a registered dataset: that of its file, or of the hashes of its files by name.

    "" for a dataset that is not registered there, is elsewhere or cannot be read.
    """
    try:
        file = name_own_file(folder, registry.read_registry(folder)[name])
        if file is None:
            return ""
        path = folder / file
        files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
        hashes = [hash_file(file) for file in files]
    except (LfQwen3Error, OSError, KeyError, TypeError):
        return ""
    return hashes[0] if len(hashes) == 1 else xxhash.xxh3_128_hexdigest(" ".join(hashes).encode())


def describe_data(folder: Path, names: Iterable[str]) -> list[str]:
    """Return the comment for each dataset that has a hash."""
    hashes = {name: hash_dataset(folder, name) for name in names}
    return [f"# Data: {name} {digest}" for name, digest in hashes.items() if digest]


def find_replaced(text: str, folder: Path) -> list[str] | None:
    """Return the datasets whose files are others than the comments in `text` say, None if there is none.

    A dataset that is gone counts as the same.
    """
    noted = _NOTE.findall(text)
    return (
        [name for name, digest in noted if hash_dataset(folder, name) not in ("", digest)] if noted else None
    )


@lru_cache(256)
def _hash(path: Path, size: int, written: int) -> str:
    digest = xxhash.xxh3_128()
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
