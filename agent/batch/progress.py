"""How far a run is: one line that is rewritten on a terminal, a line now and then in a log."""

import os
import shutil
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TextIO

from agent.batch.prices import Prices
from agent.batch.run_folder import Paid
from agent.commands.output import ERASE_LINE
from agent.render.sanitise import one_line
from schemas.escalation import Usage

TICK = 0.5  # seconds between two lines on a terminal
LOG_EVERY = 30.0  # seconds between two lines elsewhere
WINDOW = 60.0  # seconds of which the rate is taken
SAMPLE = 1.0  # seconds between two points of the rate
SOON = 5.0  # seconds before which a rate says nothing
NARROWEST = 20


class Progress:
    """`total`: tickets of the run. `clock`: seconds, never backwards. A stream that goes away is silence, no error.

    `update` as often as anything happens; `close` at the end. Both from one thread.
    """

    def __init__(
        self,
        total: int,
        prices: Prices,
        model: str | None,
        stream: TextIO | None,
        clock: Callable[[], float] = time.monotonic,
        *,
        paid: Paid = "live",
        settled: int = 0,
    ) -> None:
        self.total = total
        self._prices = prices
        self._model = model
        self._paid = paid
        self._stream = stream
        self._clock = clock
        self._settled = settled  # had a result before: no part of the rate
        self._rewrites = stream is not None and _rewrites(stream)
        began = clock()
        self._next = began if self._rewrites else began + LOG_EVERY
        self._lines = 0
        self._points: deque[tuple[float, int]] = deque([(began, 0)])

    def update(self, done: int, failed: int, in_flight: int, usage: Usage, *, settled: int | None = None) -> None:
        """What is finished in this run, what waits for an answer, what was paid so far. Shows it if it is time.

        `settled`: tickets that had their result before.
        """
        if settled is not None:
            self._settled = settled
        now = self._clock()
        self._sample(now, done + failed)
        if self._stream is None:
            return
        if now < self._next:
            return
        self._next = now + (TICK if self._rewrites else LOG_EVERY)
        self._write(self.line(done, failed, in_flight, usage))

    def line(self, done: int, failed: int, in_flight: int, usage: Usage) -> str:
        """What is known, in one line of printable ASCII."""
        finished = self._settled + done + failed
        parts = [f"{finished:,} of {self.total:,} tickets ({_share(finished, self.total)})"]
        if failed:
            parts.append(f"{failed:,} failed")
        if in_flight:
            parts.append(f"{in_flight:,} in flight")
        rate = self.rate()
        if rate is not None:
            parts.append(f"{_rate(rate)}/min")
            left = max(0, self.total - finished)
            parts.append(f"{_span(left / rate)} left" if rate else "no end in sight")
        if self._model is not None:
            cost = self._prices.cost(self._model, usage, self._paid)
            parts.append(cost.words() if cost.usd is not None else "cost unknown")
        return one_line("; ".join(parts)).encode("ascii", "backslashreplace").decode()

    def rate(self) -> float | None:
        """Tickets a second over the last minute. None: too early to say."""
        (began, before), (now, after) = self._points[0], self._points[-1]
        return (after - before) / (now - began) if now - began >= SOON else None

    def close(self) -> None:
        """Clear the line."""
        if self._rewrites and self._lines:
            self._put(ERASE_LINE)

    def _sample(self, now: float, finished: int) -> None:
        points = self._points
        if len(points) > 1 and now - points[-2][0] < SAMPLE:
            points[-1] = (now, finished)
        else:
            points.append((now, finished))
        while len(points) > 2 and now - points[1][0] >= WINDOW:
            points.popleft()

    def _write(self, line: str) -> None:
        self._lines += 1
        if not self._rewrites:
            self._put(f"escalation: {datetime.now(UTC):%H:%M:%S} UTC: {line}\n")
            return
        columns = max(NARROWEST, shutil.get_terminal_size().columns)
        self._put(ERASE_LINE + line[: columns - 1])  # a line that wraps could not be erased

    def _put(self, text: str) -> None:
        with suppress(OSError, ValueError):  # ValueError: closed
            assert self._stream is not None
            self._stream.write(text)
            self._stream.flush()


def _rewrites(stream: TextIO) -> bool:
    """Whether a line can be written over. No colour is used anywhere here, so NO_COLOR changes nothing."""
    with suppress(OSError, ValueError):
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    return False


def _share(finished: int, total: int) -> str:
    """Never 100 % before the end."""
    return f"{min(99, 100 * finished // total) if finished < total else 100} %" if total else "100 %"


def _rate(a_second: float) -> str:
    a_minute = 60 * a_second
    return f"{a_minute:,.0f}" if a_minute >= 10 else f"{a_minute:.1f}"


def _span(seconds: float) -> str:
    """Such as `40 s`, `12 min`, `3 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60:,} h {minutes % 60:02} min"
