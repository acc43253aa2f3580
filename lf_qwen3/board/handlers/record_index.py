"""An index of a data file: the place and a summary of each row; the rows stay on the disk."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
import weakref
from array import array
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import orjson

from lf_qwen3.base.conversation import Row
from lf_qwen3.board.handlers.record_marks import stamp
from lf_qwen3.data import sources
from lf_qwen3.data.registry.listing import kind_of
from lf_qwen3.data.sources.row import decode, text_of
from lf_qwen3.proof.check.dataset_rows import read_rows
from lf_qwen3.proof.check.rules.records.sample import ANSWERING, SampleReader
from lf_qwen3.qwen3 import thinking
from lf_qwen3.trainer.records import DatasetEntry, Dropped

KINDS = ("plain", "thinking", "mixed", "left_out", "broken")
"""What a row is: no answer reasons, all do, some do; the trainer leaves it out; it cannot be read."""

MOST_ROWS, MOST_FILES = 4_000_000, 64
"""Rows of all indexes that are kept, 25 bytes each, and their files, which stay open."""

_LEFT_OUT, _BROKEN = 3, 4
_SEARCHES = 4
_LOOK_AT_CLOCK = 256
_NOT_PLAIN = frozenset('"\\/') | {chr(code) for code in range(32)}


class RowFigures(NamedTuple):
    """What a row is at a glance: its characters, its answers, and a place in `KINDS`."""

    characters: int
    turns: int
    kind: int


class RecordIndex:
    """The place of each row of a file, blank lines left out; `number` counts them too, from 1.

    JSON lines are read in place; the rows of another file are first copied into a nameless one.
    """

    def __init__(self, file: sources.SourceFile, entry: DatasetEntry) -> None:
        """Read the file. Raises `UsageError` where LLaMA-Factory does not read file or entry as we do."""
        self.state = stamp(file.path)
        sources.require_plain(file, "lf-qwen3 convert makes a dataset of it")
        self.read_record = SampleReader(dict(entry), kind_of(entry)).read_record
        self.number, self._start, self._length = array("I"), array("Q"), array("Q")
        self._faults: dict[int, tuple[str, str]] = {}
        self._searched: OrderedDict[str, tuple[array[int], int]] = OrderedDict()
        self._is_lines = file.kind == "jsonl" and not file.compression
        self._file = file.path.open("rb") if self._is_lines else tempfile.TemporaryFile(buffering=1 << 20)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        start = 0
        for number, raw in enumerate(self._file, 1) if self._is_lines else self._write(file.path):
            if not raw.isspace():
                self.number.append(number)
                self._start.append(start)
                self._length.append(len(raw))
            start += len(raw)
        self._file.flush()

    @cached_property
    def figures(self) -> tuple[array[int], array[int]]:
        """The characters and the kinds of all rows, which takes a second for 50,000."""
        every = (self.glance(self.read(row)) for row in range(len(self)))
        columns = zip(*((figures.characters, figures.kind) for figures in every), strict=True)
        characters, kinds = columns if len(self) else ((), ())
        return array("I", characters), array("B", kinds)

    def glance(self, item: Row | sources.BadRow) -> RowFigures:
        """Return the figures of the content of a row, a rejected answer counted too."""
        if isinstance(item, sources.BadRow):
            return RowFigures(len(item.raw), 0, _BROKEN)
        record, _ = self.read_record(item)
        if isinstance(record, Dropped):
            return RowFigures(sum(map(len, _texts_in(item))), 0, _LEFT_OUT)
        messages = [*record.messages, record.rejected] if record.rejected else record.messages
        answers = [message["content"] for message in messages if message["role"] in ANSWERING]
        reasons = set(map(thinking.reasons, answers))
        kind = 2 if len(reasons) == 2 else int(True in reasons)
        characters = len(record.system) + sum(len(message["content"]) for message in messages)
        return RowFigures(characters, len(answers), kind)

    def __len__(self) -> int:
        return len(self.number)

    def read(self, row: int) -> Row | sources.BadRow:
        """Return the content of a row, which is counted from 0."""
        raw = self._read_bytes(row)
        if row in self._faults:
            return sources.BadRow(*self._faults[row], text_of(raw))
        item = decode(raw, is_last=self._is_lines and not raw.endswith(b"\n"))
        return sources.BadRow("malformed", "", "") if item is None else item

    def search(self, text: str, until: float) -> tuple[array[int], int]:
        """Return the rows that hold a text, and how many were searched before the clock struck `until`.

        Upper and lower case are the same. The next search for the same text continues from there.
        """
        rows, done = self._searched.pop(text, (array("I"), 0))
        sought = text.lower()
        plain = "".join(char if _is_plain(char) else "\0" for char in sought).split("\0")
        hint = max(plain, key=len).encode("utf-8", "replace")
        while done < len(self) and (done % _LOOK_AT_CLOCK or time.monotonic() < until):
            raw = self._read_bytes(done).lower()
            if (hint in raw or b"\\u" in raw) and any(
                sought in own.lower() for own in _texts_in(self.read(done))
            ):
                rows.append(done)
            done += 1
        self._searched[text] = rows, done
        while len(self._searched) > _SEARCHES:
            self._searched.popitem(last=False)
        return rows, done

    def _read_bytes(self, row: int) -> bytes:
        return os.pread(self._file.fileno(), self._length[row], self._start[row])

    def _write(self, path: Path) -> Iterator[tuple[int, bytes]]:
        """Write the rows of a file; yield number and bytes of each, and keep what is wrong with it."""
        for at, place in enumerate(read_rows([path])):
            raw = _dump(place.item)
            if isinstance(place.item, sources.BadRow):
                raw = place.item.raw.encode("utf-8", "replace") or b"{"
                self._faults[at] = place.item.code, place.item.detail
            self._file.write(raw)
            yield place.row, raw


_kept: OrderedDict[tuple[Path, str], RecordIndex] = OrderedDict()
_lock = threading.Lock()


def is_indexed(file: sources.SourceFile, entry: DatasetEntry) -> bool:
    """Return whether the index of a file is available."""
    index = _kept.get(_key(file, entry))
    return index is not None and index.state == stamp(file.path)


def find_index(file: sources.SourceFile, entry: DatasetEntry) -> RecordIndex:
    """Return the index of a file as its entry reads it; built once for each state of the file.

    Raises what `RecordIndex` raises.
    """
    key = _key(file, entry)
    with _lock:
        if not is_indexed(file, entry):
            _kept[key] = RecordIndex(file, entry)
        _kept.move_to_end(key)
        while len(_kept) > 1 and (len(_kept) > MOST_FILES or sum(map(len, _kept.values())) > MOST_ROWS):
            _kept.popitem(last=False)
        return _kept[key]


def _dump(value: object) -> bytes:
    try:
        return orjson.dumps(value, default=str)
    except TypeError:  # a number beyond 64 bits
        return json.dumps(value, default=str).encode()


def _texts_in(value: object) -> Iterator[str]:
    """Yield every text in a row, but no key."""
    left = [value.raw if isinstance(value, sources.BadRow) else value]
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping | list):
            left.extend(value.values() if isinstance(value, Mapping) else value)


def _is_plain(char: str) -> bool:
    """Return whether `bytes.lower` knows the case of a character, and JSON writes it as it is."""
    return char not in _NOT_PLAIN and (char.isascii() or char.lower() == char.upper())


def _key(file: sources.SourceFile, entry: DatasetEntry) -> tuple[Path, str]:
    return file.path.resolve(), json.dumps(dict(entry), sort_keys=True, default=str)
