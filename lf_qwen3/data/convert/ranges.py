"""Copy and hash files that are put together out of ranges of other files."""

from __future__ import annotations

import contextlib
import errno
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import xxhash

from lf_qwen3.base.storage import open_raw

_BLOCK = 8 << 20
_HASH_BLOCK = 256 << 10
_CANNOT_COPY = (errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)
"""What copy_file_range(2) answers where the system or the file system does not know it."""


class Range(NamedTuple):
    """Bytes of a file."""

    path: Path
    offset: int
    length: int


def copy(ranges: Sequence[Range], path: Path) -> Iterator[int]:
    """Write a file out of ranges of others, yielding the number of bytes of each block as it is written."""
    with path.open("wb", buffering=0) as target:
        for source, span in _opened(ranges):
            at, end = span.offset, span.offset + span.length
            while at < end:
                count = _copy_block(source, at, min(end - at, _BLOCK), target)
                at += count
                yield count


def hash_of(ranges: Sequence[Range]) -> str:
    """Return the XXH3-128 of what `copy` writes."""
    digest = xxhash.xxh3_128()
    block = memoryview(bytearray(_HASH_BLOCK))
    for source, span in _opened(ranges):
        source.seek(span.offset)
        left = span.length
        while left and (count := source.readinto(block[: min(left, _HASH_BLOCK)])):
            digest.update(block[:count])
            left -= count
    return digest.hexdigest()


def _opened(ranges: Iterable[Range]) -> Iterator[tuple[io.RawIOBase, Range]]:
    """Yield each range with its file, opened once for all of them."""
    with contextlib.ExitStack() as stack:
        files: dict[Path, io.RawIOBase] = {}
        for span in ranges:
            if span.path not in files:
                files[span.path] = stack.enter_context(open_raw(span.path))
            yield files[span.path], span


def _copy_block(source: io.RawIOBase, at: int, length: int, target: io.FileIO) -> int:
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
