"""Near-duplicates across splits: MinHash over pieces of the text, by rensa."""

from __future__ import annotations

import heapq
import importlib.util
from collections.abc import Iterable, Iterator, Set
from typing import Any, NamedTuple

from xxhash import xxh3_64_intdigest as _hash

from lf_qwen3.proof.check.rules.splits.duplicate import NEAR

INSTALL = 'pip install "lf-qwen3[check]"'

_HASHES = 128
_BANDS = 32
_LEAST_PIECES = 8
_LEAST_BYTES = 8
_BREAKS = b"\nh2\x88\x98\xa8\xb8"
_TABLE = bytes(0x0A if byte in _BREAKS else byte for byte in range(256))
"""Texts are cut where their own bytes say so, about every 16 bytes: an edit changes one piece."""
_ENDS = ((b".", "。".encode()), (b",", b"w"))
"""What sentences end with; in a text of few sentences, commas and a letter take their place."""
_BEGINNING = 16
_LEAST_SENTENCES, _PICKED, _SHARED = 8, 12, 2


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


def pick_beginnings(text: bytes) -> list[bytes]:
    """Return how some sentences of a held-out text begin, picked by their hash, for `may_be_near`."""
    cuts = [heapq.nsmallest(_PICKED, {*_cut_beginnings(text, ends)}, key=_hash) for ends in _ENDS]
    return [beginning for cut in cuts for beginning in cut]


def may_be_near(text: bytes, picked: Set[bytes]) -> bool:
    """Return whether a folded text may be nearly the same as one of the texts that beginnings were picked of.

    It spares most texts their MinHash, in a third of its time. Of two texts with a similarity of `NEAR`,
    about 10 of 12 beginnings are in both, and two are enough: it misses one pair of 100,000. A short text
    may always be near.
    """
    for ends in _ENDS:
        beginnings = _cut_beginnings(text, ends)
        if len(beginnings) >= _LEAST_SENTENCES:
            if picked.isdisjoint(beginnings):
                return False
            distinct = {*beginnings}
            if len(distinct) >= _LEAST_SENTENCES:
                return len(picked & distinct) >= _SHARED
    return True


def minhash(text: bytes) -> Any:
    """Return the MinHash of a folded text, None where it is too short (about 200 bytes) to be compared."""
    from rensa import RMinHash

    pieces = [piece for piece in text.translate(_TABLE).split(b"\n") if len(piece) >= _LEAST_BYTES]
    if len(pieces) < _LEAST_PIECES:
        return None
    digest = RMinHash(num_perm=_HASHES, seed=1)
    digest.update(pieces)
    return digest


def _cut_beginnings(text: bytes, ends: Iterable[bytes]) -> list[bytes]:
    """Return the first bytes of each sentence but the first and the short ones."""
    sentences = [sentence for end in ends for sentence in text.split(end)[1:]]
    return [sentence[:_BEGINNING] for sentence in sentences if len(sentence) >= _BEGINNING]
