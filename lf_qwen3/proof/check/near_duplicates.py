"""Near-duplicates across splits: MinHash over pieces of the text, by rensa."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any, NamedTuple

from lf_qwen3.proof.check.rules.splits.duplicate import NEAR

INSTALL = 'pip install "lf-qwen3[check]"'

_HASHES = 128
_BANDS = 32
_LEAST_PIECES = 8
_LEAST_BYTES = 8
_BREAKS = b"\nh2\x88\x98\xa8\xb8"
_TABLE = bytes(0x0A if byte in _BREAKS else byte for byte in range(256))
"""Texts are cut where their own bytes say so, about every 16 bytes: an edit changes one piece."""


class RecordPlace(NamedTuple):
    """A record: the index of its file, its row there, and the hash of its question."""

    file: int
    row: int
    question: int


class NearDuplicate(NamedTuple):
    """A held-out record, and its similarity to the trained one (Jaccard, estimated)."""

    place: RecordPlace
    similarity: float


def is_available() -> bool:
    """Return whether rensa is installed."""
    return importlib.util.find_spec("rensa") is not None


class NearDuplicateIndex:
    """The held-out records of one dataset, to be compared with each trained one."""

    def __init__(self) -> None:
        from rensa import RMinHashLSH  # type: ignore[import-untyped]

        self._index: Any = RMinHashLSH(NEAR, _HASHES, _BANDS)
        self._records: dict[int, tuple[RecordPlace, Any]] = {}
        self._count = 0

    def add(self, place: RecordPlace, digest: Any) -> None:
        """Take a held-out record in by its digest."""
        self._index.insert(self._count, digest)
        self._records[self._count] = place, digest
        self._count += 1

    def take_similar(self, digest: Any) -> Iterator[NearDuplicate]:
        """Yield the held-out records that are nearly the same as this one, each one time only."""
        for number in self._index.query(digest):
            if number not in self._records:
                continue
            place, other = self._records[number]
            similarity = float(digest.jaccard(other))
            if similarity >= NEAR:
                del self._records[number]
                yield NearDuplicate(place, min(similarity, 0.99))


def minhash(text: bytes) -> Any:
    """Return the MinHash of a folded text, None where it is too short (about 200 bytes) to be compared."""
    from rensa import RMinHash

    pieces = [piece for piece in text.translate(_TABLE).split(b"\n") if len(piece) >= _LEAST_BYTES]
    if len(pieces) < _LEAST_PIECES:
        return None
    digest = RMinHash(num_perm=_HASHES, seed=1)
    digest.update(pieces)
    return digest
