"""Stretches of a text, merged and searchable: a hostile ticket may hold a hundred thousand of them."""

from bisect import bisect_right
from collections.abc import Iterable


class Intervals:
    """Half-open stretches. Overlapping and touching ones are joined; a query costs a binary search."""

    def __init__(self, stretches: Iterable[tuple[int, int]]) -> None:
        joined: list[tuple[int, int]] = []
        for start, end in sorted(stretches):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            elif end > start:
                joined.append((start, end))
        self._joined = joined
        self._starts = [start for start, _ in joined]

    def at(self, offset: int) -> tuple[int, int] | None:
        """The stretch that holds the offset."""
        if not self._joined:
            return None
        index = bisect_right(self._starts, offset) - 1
        return self._joined[index] if index >= 0 and offset < self._joined[index][1] else None

    def touch(self, start: int, end: int) -> bool:
        """Whether any code point of `[start, end)` is covered."""
        return self.covered(start, end) > 0

    def covered(self, start: int, end: int) -> int:
        """How many code points of `[start, end)` are covered."""
        if not self._joined:
            return 0
        index, total = max(0, bisect_right(self._starts, start) - 1), 0
        while index < len(self._joined) and self._joined[index][0] < end:
            first, last = self._joined[index]
            total += max(0, min(last, end) - max(first, start))
            index += 1
        return total

    def half(self, start: int, end: int) -> bool:
        """Whether at least half of `[start, end)` is covered."""
        return self.covered(start, end) * 2 >= end - start > 0
