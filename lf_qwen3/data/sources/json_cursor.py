"""Walk through a JSON text value by value, in bounded memory; what is skipped is not decoded."""

from __future__ import annotations

import re
from typing import BinaryIO

from lf_qwen3.data.sources.json_scan import IN_STRING
from lf_qwen3.data.sources.stream import BLOCK

_BRACKET = re.compile(rb'["{}\[\]]')
_SCALAR = re.compile(rb'[^\s{}\[\],:"]*+')
_SPACE = re.compile(rb"\s*+")
_OPENER = {0x7D: 0x7B, 0x5D: 0x5B}
_QUOTE = 0x22


class JsonEndError(ValueError):
    """The text ends inside a value."""


class JsonCursor:
    """A place in a JSON text.

    Every method that moves it raises ValueError where the text is no JSON, and `JsonEndError` where it ends
    too early.
    """

    def __init__(self, file: BinaryIO, start: int = 0) -> None:
        """Begin at byte `start` of `file`, which has been read up to there."""
        self._file = file
        self._buffer = bytearray()
        self._base = start
        self._at = 0
        self._kept = -1

    @property
    def place(self) -> int:
        """The byte of the file at the cursor."""
        return self._base + self._at

    def peek(self) -> bytes:
        """Go to the next byte that is no white space and return it; b"" at the end of the text."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return bytes(self._buffer[self._at : self._at + 1])
            if not self._read():
                return b""

    def take(self, wanted: bytes) -> None:
        """Pass over one of the bytes `wanted`."""
        byte = self.peek()
        if not byte:
            raise JsonEndError
        if byte not in wanted:
            raise ValueError(f"{byte!r} where {wanted!r} is expected")
        self._at += 1

    def take_if(self, wanted: bytes) -> bool:
        """Pass over the byte `wanted` if it is next; return whether it was."""
        is_next = self.peek() == wanted
        self._at += is_next
        return is_next

    def value(self) -> bytes:
        """Pass over one value and return its text."""
        self.peek()
        self._kept = self._at
        try:
            self.skip()
            return bytes(self._buffer[self._kept : self._at])
        finally:
            self._kept = -1

    def skip(self) -> None:
        """Pass over one value."""
        opening = self.peek()
        if opening in (b"{", b"["):
            self._skip_container()
        elif opening == b'"':
            self._at += 1
            self._skip_string()
        else:
            self._skip_scalar()

    def _skip_container(self) -> None:
        opened = bytearray()
        while True:
            match = _BRACKET.search(self._buffer, self._at)
            if match is None:
                self._at = len(self._buffer)
                self._require_more()
                continue
            self._at = match.end()
            byte = match[0][0]
            if byte == _QUOTE:
                self._skip_string()
            elif byte not in _OPENER:
                opened.append(byte)
            elif opened.pop() != _OPENER[byte]:
                raise ValueError("a closing bracket does not match the opening one")
            elif not opened:
                return

    def _skip_string(self) -> None:
        while True:
            match = IN_STRING.match(self._buffer, self._at)
            if match is None:
                raise ValueError("not a string")
            self._at = match.end()
            if match[1] == b"\n":
                raise ValueError("a line ends inside a string")
            if match[1]:
                return
            self._require_more()

    def _skip_scalar(self) -> None:
        start = self.place
        while True:
            match = _SCALAR.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer) or not self._read():
                break
        if self.place == start:
            raise JsonEndError if self._at == len(self._buffer) else ValueError("not a value")

    def _require_more(self) -> None:
        if not self._read():
            raise JsonEndError

    def _read(self) -> bool:
        """Read more, and drop text before the cursor that nobody needs; return whether there was more."""
        done = self._at if self._kept < 0 else self._kept
        del self._buffer[:done]
        self._base += done
        self._at -= done
        self._kept = min(self._kept, 0)
        block = self._file.read(max(BLOCK, len(self._buffer)))
        self._buffer += block
        return bool(block)
