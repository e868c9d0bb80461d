"""How many calls are open at once: as many as the server bears.

A refusal (429, 529) or a lost connection halves the number and holds all calls back, for as long as the server says
or else longer each time. Each answer raises it again, by one for as many answers as calls are open.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0  # seconds, where the server names none
SHORTEST_PAUSE = 0.1  # seconds: calls refused together are one refusal
STUMBLES = 3  # failures in a row from which they are taken for the server's, not the request's


class Pace:
    """A gate for calls. `most` open at once at any time; times in seconds of `clock`."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self.allowed = float(most)
        self.open = 0
        self.last_answer: float | None = None
        self.clock = clock
        self._over = asyncio.Event()
        self._resumes = 0.0
        self.rounds = 0  # of being refused, since the last answer
        self._failures = 0  # of calls, likewise
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Wait for a place, until it is over. `leave` gives it back."""
        while not self._over.is_set():
            pause = self._resumes - self.clock()
            if pause > 0:
                await self.rest(pause)
            elif self.open < int(self.allowed):
                self.open += 1
                return
            else:
                waiter = asyncio.get_running_loop().create_future()
                self._waiting.append(waiter)
                try:
                    await waiter
                except asyncio.CancelledError:
                    with suppress(ValueError):
                        self._waiting.remove(waiter)
                    self._wake()
                    raise
        self.open += 1

    async def rest(self, seconds: float) -> None:
        """Wait, unless it is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)

    def leave(self) -> None:
        """A call ended, in whatever way."""
        self.open -= 1
        self._wake()

    def answered(self) -> None:
        """The server answered a call."""
        self._failures = self.rounds = 0
        self.last_answer = self.clock()
        self.allowed = min(float(self.most), self.allowed + 1 / max(1.0, self.allowed))

    def refused(self, retry_after: float | None) -> None:
        """The server has too much to do or cannot be reached; it may have said for how long (seconds)."""
        now = self.clock()
        if now < self._resumes:  # of calls that went out together: one refusal
            self._resumes = max(self._resumes, now + (retry_after or 0))
            return
        self.rounds += 1
        self.allowed = max(1.0, self.allowed / 2)
        pause = backoff(self.rounds) if retry_after is None else retry_after
        self._resumes = now + max(SHORTEST_PAUSE, pause)

    def stumbled(self) -> None:
        """A call failed in a way that may be its own."""
        self._failures += 1
        if self._failures >= STUMBLES:
            self.refused(None)

    def release(self) -> None:
        """It is over: nobody waits any more, neither for a place nor for a time."""
        self._over.set()
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)

    def _wake(self) -> None:
        free = int(self.allowed) - self.open
        while free > 0 and self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                free -= 1


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures: doubled each time, and never quite the same for two."""
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 20))
    return longest * random.uniform(0.75, 1.0)
