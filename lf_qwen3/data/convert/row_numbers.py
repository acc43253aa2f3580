"""Which source row each record was made of: a file of numbers beside the manifest.

It holds four bytes a record, little-endian: the records of train, then those of val and of test, each in
the order of its file. A number counts, from 0, the rows of all sources one after the other, rejected rows and
blank lines too.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Collection, Iterable, Mapping
from itertools import accumulate, chain, filterfalse
from pathlib import Path
from typing import NamedTuple

import xxhash

from lf_qwen3.data.convert import manifest
from lf_qwen3.data.convert.ledger import Ledger, Records

_BYTES = 4
_END = "rows.bin"


class SourcePlace(NamedTuple):
    """A row of a source, counted from 0, and the source as it was named.

    The hashes (XXH3-128) are those that the source and the files of the dataset had.
    """

    source: str
    row: int
    source_hash: str
    dataset_hashes: tuple[str, ...]


def number_rows(first: int, rows: int, left_out: Collection[int]) -> Iterable[int]:
    """Return the numbers of the rows that were accepted, of `rows` from `first` on."""
    every = range(first, first + rows)
    return filterfalse({first + row for row in left_out}.__contains__, every) if left_out else every


def write(path: Path, numbers: array[int], lines: Ledger, splits: Mapping[str, Iterable[Records]]) -> str:
    """Write the numbers of the records of each split; return the XXH3-128 of the file.

    `numbers` holds that of each row of the ledger.
    """
    digest = xxhash.xxh3_128()
    with path.open("wb") as file:
        for records in chain.from_iterable(splits.values()):
            rows = map(lines.row.__getitem__, records)
            content = encode(array("I", map(numbers.__getitem__, rows)))
            digest.update(content)
            file.write(content)
    return digest.hexdigest()


def encode(numbers: array[int]) -> bytes:
    """Return numbers as the file holds them."""
    if sys.byteorder == "big":
        numbers = array("I", numbers)
        numbers.byteswap()
    return numbers.tobytes()


def find_source(folder: Path, dataset: str, record: int) -> SourcePlace | None:
    """Return the source row of a record, counted from 0, of a registered dataset.

    None where no conversion of this version wrote that dataset. Raises what `manifest.read` raises.
    """
    name, _, split = dataset.rpartition("_")
    made = manifest.read(folder, name)
    if made is None or not made.rows or record >= made.written.get(split, 0):
        return None
    before = sum(made.written.get(other, 0) for other in manifest.SPLITS[: manifest.SPLITS.index(split)])
    try:
        with (folder / next(file for file in made.files if file.endswith(_END))).open("rb") as file:
            file.seek(_BYTES * (before + record))
            number = int.from_bytes(file.read(_BYTES), "little")
    except (OSError, StopIteration):
        return None
    for (source, digest), rows, end in zip(made.sources, made.rows, accumulate(made.rows), strict=True):
        if number < end:
            own = tuple(made.hashes[file] for file in made.hashes if manifest.split_of(name, file) == split)
            return SourcePlace(source, number - (end - rows), digest, own)
    return None
