"""Find where the elements of a JSON text end, without parsing them."""

from __future__ import annotations

import re
from collections.abc import Iterator

# The rest of a string, to its closing quote or to a raw line end, which no JSON string may hold; the
# group is missing where the bytes at hand end first. Possessive: no byte is ever tried twice.
IN_STRING = re.compile(rb'[^"\\\n]*+(?:\\.[^"\\\n]*+)*+(["\n])?', re.DOTALL)
_IN_ELEMENT = re.compile(rb'["{}\[\]]')
_BETWEEN = re.compile(rb'["{}\[\],]|[^\s{}\[\],"]++')

_QUOTE, _COMMA, _COLON, _ARRAY, _ARRAY_END, _OBJECT, _OBJECT_END, _BACKSLASH = b'",:[]{}\\'
_OPENER = {_OBJECT_END: _OBJECT, _ARRAY_END: _ARRAY}


class Scanner:
    """Finds the elements of an array, or objects one after the other, in blocks that may end anywhere.

    Every byte is looked at once, however long an element is. An element reaches to its separator, and so
    takes with it whatever stray text follows it. Two things show that an element has lost its end, and
    neither can happen in sound JSON: a string that holds a raw line end (the string is ended there), and
    an object that opens where a key is expected (a new element begins there).
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0  # scanned up to here
        self._start = -1  # where the element at hand begins; -1 between two elements
        self._open = bytearray()  # the brackets open inside the element
        self._in_string = False
        self._in_array = False

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Take the next bytes; yield the elements that they complete."""
        self._buffer += block
        while self._at < len(self._buffer):
            if not self._in_string:
                match = (_IN_ELEMENT if self._open else _BETWEEN).search(self._buffer, self._at)
                if match is None:
                    self._at = len(self._buffer)
                    break
                first, self._at = match.span()
                if (char := self._buffer[first]) != _QUOTE:
                    yield from self._step(first, char)
                    continue
                self._start = first if self._start < 0 else self._start
            self._skip_string()
            if self._in_string:
                break
        self._forget()

    def missing(self) -> str:
        """Say which end is missing once the last bytes are fed; "" when nothing is."""
        if self._in_string:
            return "the file ends inside a text (truncated file)"
        if self._open:
            return f"the file ends before the closing {'}' if self._open[-1] == _OBJECT else ']'} of this row"
        return "the file ends before the closing ] of the array" if self._in_array else ""

    def left(self) -> bytes:
        """Return the element that no separator has ended, complete or not; b"" for none."""
        return b"" if self._start < 0 else bytes(self._buffer[self._start :]).rstrip()

    def _skip_string(self) -> None:
        """Go behind the end of the string available, or to the end of the bytes available and stay in it."""
        quote = self._buffer.find(b'"', self._at)
        is_plain = quote > self._at and self._buffer[quote - 1] != _BACKSLASH
        if is_plain and self._buffer.find(b"\n", self._at, quote) < 0:
            self._at, self._in_string = quote + 1, False
        elif match := IN_STRING.match(self._buffer, self._at):
            self._at, self._in_string = match.end(), match[1] is None

    def _step(self, at: int, char: int) -> Iterator[bytes]:
        if not self._open:
            yield from self._between(at, char)
        elif char == _OBJECT and self._open[-1] == _OBJECT and self._is_key_due(at):
            yield from self._end(at)
            self._begin(at, char)
        elif char in (_OBJECT, _ARRAY):
            self._open.append(char)
        elif (opener := self._open.rfind(_OPENER[char])) >= 0:
            del self._open[opener:]  # and with it whatever was left open further in
        elif self._in_array and char == _ARRAY_END:
            self._open.clear()
            self._in_array = False
            yield from self._end(at)

    def _between(self, at: int, char: int) -> Iterator[bytes]:
        if char == _OBJECT:
            yield from self._end(at)
            self._begin(at, char)
        elif char == _ARRAY and not self._in_array:
            yield from self._end(at)
            self._in_array = True
        elif char == _COMMA:
            yield from self._end(at)
        elif char == _ARRAY_END and self._in_array:
            yield from self._end(at)
            self._in_array = False
        elif char == _ARRAY:
            self._begin(at if self._start < 0 else self._start, char)
        elif self._start < 0:
            self._start = at  # a number, a word, or rubbish

    def _begin(self, at: int, bracket: int) -> None:
        self._start = at
        self._open[:] = (bracket,)

    def _end(self, at: int) -> Iterator[bytes]:
        if self._start >= 0:
            element = bytes(memoryview(self._buffer)[self._start : at])
            self._start = -1
            yield element.rstrip()

    def _is_key_due(self, at: int) -> bool:
        before = at - 1
        while self._buffer[before] in b" \t\r\n":
            before -= 1
        char = self._buffer[before]
        return char == _COMMA or (char != _COLON and b"\n" in self._buffer[before:at])

    def _forget(self) -> None:
        done = self._at if self._start < 0 else self._start
        del self._buffer[:done]
        self._at -= done
        self._start = min(self._start, 0)
