"""How many requests may be under way: less when the server says so, more while it answers."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque

_GOOD_REPLIES = 20
"""After so many the limit rises by one."""

LONGEST_WAIT = 60.0
"""Seconds of the longest wait that is not asked for by the server."""


def jitter(tries: int, first_wait: float) -> float:
    """Return the seconds to wait after a number of failed tries: full jitter, doubled each time."""
    return random.uniform(0, min(LONGEST_WAIT, first_wait * 2**tries))


class Gate:
    """Lets requests through one at a time, up to a limit that is halved at each 429 and then rises again.

    A 429 stops everything for a while: as long as the server says, else for a time that doubles. Replies to
    requests that were sent before the stop do not count once more.
    """

    def __init__(self, most: int, first_wait: float) -> None:
        self.limit = most
        self.pauses = 0
        self._most = most
        self._first_wait = first_wait
        self._active = 0
        self._good = 0
        self._row = 0
        self._open_at = 0.0
        self._closed = asyncio.Event()
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def is_closed(self) -> bool:
        """Return whether nothing is let through any more."""
        return self._closed.is_set()

    async def enter(self) -> bool:
        """Wait for room; False where the gate was closed meanwhile."""
        loop = asyncio.get_running_loop()
        while not self.is_closed:
            if (wait := self._open_at - loop.time()) > 0:
                await self.sleep(wait)
            elif self._active < self.limit:
                self._active += 1
                return True
            else:
                turn = loop.create_future()
                self._waiting.append(turn)
                await turn
        return False

    def leave(self) -> None:
        """Make room."""
        self._active -= 1
        self._wake()

    def note_good(self) -> None:
        """Count a reply; the limit rises by one after every 20."""
        self._row = 0
        self._good += 1
        if self._good % _GOOD_REPLIES == 0 and self.limit < self._most:
            self.limit += 1
            self._wake()

    def pause(self, sent_after: int, seconds: float | None) -> int:
        """Stop all for as long as the server says, else (also for 0, a date in the past) longer each time.

        The limit is halved. `sent_after` is the value of `pauses` when the request was sent. Returns how
        often it paused since the last good reply.
        """
        now = asyncio.get_running_loop().time()
        if seconds:
            self._open_at = max(self._open_at, now + seconds)
        if sent_after == self.pauses:
            self.pauses += 1
            self._row += 1
            self.limit = max(1, self.limit // 2)
            if not seconds:
                longest = min(LONGEST_WAIT, self._first_wait * 2**self._row)
                self._open_at = max(self._open_at, now + random.uniform(longest / 2, longest))
        return self._row

    async def sleep(self, seconds: float) -> None:
        """Wait, unless the gate is closed meanwhile."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), seconds)

    def close(self) -> None:
        """Let nothing through any more, and wake all who wait."""
        self._closed.set()
        while self._waiting:
            self._wake()

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
