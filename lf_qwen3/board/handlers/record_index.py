"""An index of a data file: where each row lies and what it is at a glance; never the rows themselves."""

from __future__ import annotations

import json
import re
import threading
import time
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3.base.conversation import Row
from lf_qwen3.data import sources
from lf_qwen3.data.sources.row_places import read_row, row_spans
from lf_qwen3.qwen3 import thinking
from lf_qwen3.trainer.records import DatasetEntry
from lf_qwen3.trainer.records.record import Names

KINDS = ("plain", "thinking", "mixed", "broken")
"""What a row is: no answer reasons, all do, some do; or it cannot be read."""

MOST_ROWS = 4_000_000
"""Rows of all indexes that are kept, 29 bytes each."""

_BROKEN = KINDS.index("broken")
_SEARCHES = 4
_LOOK_AT_CLOCK = 256
_MOST_TURNS = 65_535
_PLAIN = re.compile(r"[ !#-.0-\[\]-~]+")
"""Characters that JSON has one way to write, but for \\u."""


class RowTexts:
    """Takes the texts out of rows, by the columns and tags of an entry."""

    def __init__(self, entry: DatasetEntry) -> None:
        self._names = Names(entry)
        self._history, self._messages, self._system = self._columns("history", "messages", "system")
        self._asked = [name for name in self._columns("prompt", "query") if name]
        self._answered = [name for name in self._columns("response", "chosen", "rejected") if name]

    def __call__(self, row: Row) -> tuple[list[str], list[str]]:
        """Return what a row asks, the system text last, and what it answers, a rejected answer too.

        What is no text is left out.
        """
        asked: list[Any] = []
        answered: list[Any] = []
        system = [row.get(self._system)]
        for pair in _list(row.get(self._history)):
            if isinstance(pair, list) and len(pair) == 2:
                asked.append(pair[0])
                answered.append(pair[1])
        lists = {"system": system, "assistant": answered, "function": answered}
        for turn in _list(row.get(self._messages)):
            if isinstance(turn, dict):
                lists.get(self._names.role(turn), asked).append(turn.get(self._names.content_tag))
        asked += [row.get(name) for name in self._asked]
        for name in self._answered:
            value = row.get(name)
            answered.append(value.get(self._names.content_tag) if isinstance(value, dict) else value)
        asked += system
        return [text for text in asked if type(text) is str], [text for text in answered if type(text) is str]

    def glance(self, row: Row) -> tuple[int, int, int]:
        """Return kind (a place in `KINDS`), answers and characters of a row."""
        asked, answered = self(row)
        reasons = set(map(thinking.reasons, answered))
        kind = 2 if len(reasons) == 2 else int(True in reasons)
        return kind, len(answered), sum(map(len, asked)) + sum(map(len, answered))

    def _columns(self, *names: str) -> list[str]:
        return [self._names.columns.get(name) or "" for name in names]


@dataclass(slots=True)
class RecordIndex:
    """Columns with one value for each row of a file that is no blank line; `number` counts those too."""

    file: sources.SourceFile
    texts: RowTexts
    number: array[int] = field(default_factory=lambda: array("I"))
    start: array[int] = field(default_factory=lambda: array("Q"))
    length: array[int] = field(default_factory=lambda: array("Q"))
    characters: array[int] = field(default_factory=lambda: array("I"))
    turns: array[int] = field(default_factory=lambda: array("H"))
    kind: array[int] = field(default_factory=lambda: array("B"))
    searched: OrderedDict[str, tuple[array[int], int]] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self.number)

    def read(self, rows: Iterable[int]) -> Iterator[sources.Item]:
        """Yield the content of rows, which are counted from 0."""
        with self.file.path.open("rb") as stream:
            for row in rows:
                yield read_row(stream, self.file, self.start[row], self.length[row])

    def search(self, text: str, until: float) -> tuple[array[int], int]:
        """Return the rows that hold a text, and how many were searched before the clock struck `until`.

        The next search for the same text goes on from there.
        """
        rows, done = self.searched.pop(text, (array("I"), 0))
        sought = _Sought(text)
        with self.file.path.open("rb") as stream:
            while done < len(self) and (done % _LOOK_AT_CLOCK or time.monotonic() < until):
                stream.seek(self.start[done])
                if sought.may_be_in(stream.read(self.length[done])):
                    item = read_row(stream, self.file, self.start[done], self.length[done])
                    if sought.is_in(item):
                        rows.append(done)
                done += 1
        self.searched[text] = rows, done
        while len(self.searched) > _SEARCHES:
            self.searched.popitem(last=False)
        return rows, done

    def _add_rows(self) -> None:
        for number, start, length, item in row_spans(self.file):
            kind, turns, characters = _BROKEN, 0, length
            if isinstance(item, dict):
                kind, turns, characters = self.texts.glance(item)
            self.number.append(number)
            self.start.append(start)
            self.length.append(length)
            self.characters.append(characters)
            self.turns.append(min(turns, _MOST_TURNS))
            self.kind.append(kind)


_kept: OrderedDict[tuple[Any, ...], RecordIndex] = OrderedDict()
_lock = threading.Lock()


def stamp(path: Path) -> tuple[str, int, int]:
    """Return what tells one state of a file from another: its path, its bytes, when it was written."""
    status = path.stat()
    return str(path.resolve()), status.st_size, status.st_mtime_ns


def is_indexed(file: sources.SourceFile, entry: DatasetEntry) -> bool:
    """Tell whether the index of a file is at hand."""
    return _key(file, entry) in _kept


def find_index(file: sources.SourceFile, entry: DatasetEntry) -> RecordIndex:
    """Return the index of a file as its entry reads it; built once for each state of the file.

    Raises what `row_spans` raises.
    """
    key = _key(file, entry)
    with _lock:
        if key not in _kept:
            index = RecordIndex(file, RowTexts(entry))
            index._add_rows()
            _kept[key] = index
        _kept.move_to_end(key)
        while len(_kept) > 1 and sum(map(len, _kept.values())) > MOST_ROWS:
            _kept.popitem(last=False)
        return _kept[key]


class _Sought:
    """A text to find in rows, whatever the case of its letters; first in their bytes, which is quick."""

    def __init__(self, text: str) -> None:
        self._folded = text.casefold()
        self._lower = text.lower().encode("utf-8", "replace") if text.isascii() else b""
        plain = max(_PLAIN.findall(text), key=len, default="")
        cases = {text[:1], text[:1].lower(), text[:1].upper(), text[:1].casefold()}
        heads = [plain.lower()] if plain else [""] if text[:1].isascii() else cases
        self._heads = [head.encode("utf-8", "replace") for head in heads]

    def may_be_in(self, raw: bytes) -> bool:
        """Tell of a row's bytes whether it is worth a look."""
        lower = raw.lower()
        return any(head in lower for head in self._heads) or b"\\u" in lower

    def is_in(self, item: sources.Item) -> bool:
        """Tell whether a text of a row, but none of its keys, holds the one that is sought."""
        texts = texts_in(item.raw if isinstance(item, sources.BadRow) else item)
        if self._lower:
            return any(self._lower in text.encode("utf-8", "replace").lower() for text in texts)
        return any(self._folded in text.casefold() for text in texts)


def texts_in(value: object) -> Iterator[str]:
    """Yield every text in a JSON value."""
    left = [value]
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping | list):
            left.extend(value.values() if isinstance(value, Mapping) else value)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _key(file: sources.SourceFile, entry: DatasetEntry) -> tuple[Any, ...]:
    return *stamp(file.path), json.dumps(dict(entry), sort_keys=True, default=str)
