"""The journal: every request that was sent and every reply that came, on the disk before it counts.

Lines of JSON, appended whole: {"open": made_with}, {"sent": key}, {"got": key, ...reply},
{"bad": key, "code", "text"}, {"again": key}. A reply is never asked for again; a request whose reply was set
aside makes room for one with another seed. Of the replies only their places are kept in memory.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import orjson
from filelock import FileLock, Timeout

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.generate.model_reply import ModelReply

_OPEN, _GOT, _SENT, _BAD, _AGAIN = (*(b'{"open":', b'{"got":"', b'{"sent":"', b'{"bad":"', b'{"again":"'),)
_KEY_LENGTH = 32
_FINAL = frozenset({"refused_by_server"})
_SHOWN = 500


class Problem(NamedTuple):
    """Why a request has no reply: a code, and the server's words."""

    code: str
    text: str


class Journal:
    """An append-only file of requests and replies; one process at a time may have it open.

    `unfinished` counts the requests that were under way when the last run ended without a message: they may
    be billed twice. `made_with` is what the last run began with. Raises `UsageError` ("run_in_progress")
    where another process has it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unfinished = 0
        self.made_with: Mapping[str, Any] = {}
        self._places: dict[int, int] = {}
        self._problems: dict[int, Problem] = {}
        self._set_aside: set[int] = set()
        self._lock = FileLock(path.with_suffix(".lock"), timeout=0)

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise UsageError(
                f"another run is writing {self.path}",
                "wait for it to end, or name another folder",
                code="run_in_progress",
            ) from error
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._end = self._load()
        os.ftruncate(self._file, self._end)  # a last line that a kill cut short
        self._reader = self.path.open("rb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()
        os.fsync(self._file)
        os.close(self._file)
        self._lock.release()

    def __len__(self) -> int:
        return len(self._places)

    def is_settled(self, key: str) -> bool:
        """Return whether a request has its reply, or was refused by the server for what it asks."""
        number = int(key, 16)
        problem = self._problems.get(number)
        return number in self._places or (problem is not None and problem.code in _FINAL)

    def settled_keys(self) -> frozenset[str]:
        """Return the keys of all requests that are settled."""
        refused = (number for number, problem in self._problems.items() if problem.code in _FINAL)
        return frozenset(f"{number:032x}" for number in (*self._places, *refused))

    def read_reply(self, key: str) -> ModelReply | None:
        """Return the reply to a request, None if there is none."""
        place = self._places.get(int(key, 16))
        if place is None:
            return None
        self._reader.seek(place)
        fields = orjson.loads(self._reader.readline())
        return ModelReply(**{name: fields[name] for name in ModelReply.__slots__})

    def find_problem(self, key: str) -> Problem | None:
        """Return why a request has no reply, None where it has one or was never sent."""
        return self._problems.get(int(key, 16))

    def is_set_aside(self, key: str) -> bool:
        """Return whether what came of a request does not count: it is asked again, with another seed."""
        return int(key, 16) in self._set_aside

    def set_aside(self, key: str) -> None:
        """Let what came of a request not count."""
        self._append(_AGAIN + key.encode() + b'"}\n')
        self._set_aside.add(int(key, 16))

    def note_open(self, made_with: Mapping[str, Any]) -> None:
        """Note with what a run began."""
        self._write({"open": dict(made_with)})

    def note_sent(self, key: str) -> None:
        """Note that a request is about to be sent."""
        self._append(_SENT + key.encode() + b'"}\n')

    def note_reply(self, key: str, reply: ModelReply) -> None:
        """Keep a reply."""
        place = self._end
        self._write({"got": key} | {name: getattr(reply, name) for name in ModelReply.__slots__})
        self._places[int(key, 16)] = place
        self._problems.pop(int(key, 16), None)

    def note_problem(self, key: str, problem: Problem) -> None:
        """Keep why a request has no reply."""
        short = Problem(problem.code, problem.text[:_SHOWN])
        self._write({"bad": key, "code": short.code, "text": short.text})
        self._problems[int(key, 16)] = short

    def sync(self) -> None:
        """Bring the file to the disk; safe beside a thread that writes."""
        os.fsync(self._file)

    def _write(self, line: Mapping[str, Any]) -> None:
        self._append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def _append(self, line: bytes) -> None:
        written = os.write(self._file, line)
        while written < len(line):
            written += os.write(self._file, line[written:])
        self._end += len(line)

    def _load(self) -> int:
        """Take in what earlier runs wrote; return where the last whole line ends."""
        under_way: set[int] = set()
        end = 0
        with self.path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._load_line(line, end, under_way)
                end += len(line)
        self.unfinished = len(under_way)
        return end

    def _load_line(self, line: bytes, place: int, under_way: set[int]) -> None:
        if line.startswith(_OPEN):
            self.made_with = orjson.loads(line)["open"]
        for head in (_GOT, _SENT, _BAD, _AGAIN):
            if not line.startswith(head):
                continue
            number = int(line[len(head) : len(head) + _KEY_LENGTH], 16)
            if head in (_SENT, _AGAIN):
                (under_way if head is _SENT else self._set_aside).add(number)
                return
            under_way.discard(number)
            if head is _GOT:
                self._places[number] = place
                self._problems.pop(number, None)
            else:
                fields = orjson.loads(line)
                self._problems[number] = Problem(fields["code"], fields["text"])


@contextlib.contextmanager
def open_to_read(path: Path) -> Iterator[Journal]:
    """Open a journal to read from; one that does not exist is empty, and none is made."""
    with contextlib.ExitStack() as opened:
        folder = path.parent
        if not path.is_file():
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="lf-qwen3-")))
        yield opened.enter_context(Journal(folder / path.name))
