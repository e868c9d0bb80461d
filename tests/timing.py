"""How long something takes, measured so that neither another program nor the collector decides a test."""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import process_time


def seconds(work: Callable[[], object], *, tries: int = 1, enough: float = 0.0) -> float:
    """Processor time of this process, the least of so many tries; at or under `enough` seconds no further one is made.

    Processor time grows, too, while the neighbouring thread of a core is busy, and a pass of the collector walks
    through everything that thousands of tests before this one left behind. Neither happens in each of several tries.
    """
    least = float("inf")
    gc.collect()
    gc.disable()
    try:
        for _ in range(tries):
            start = process_time()
            work()
            least = min(least, process_time() - start)
            if least <= enough:
                break
    finally:
        gc.enable()
    return least


def grows_linearly(work: Callable[[int], Callable[[], object]], short: int, *, spare: float = 0.2) -> bool:
    """Eight times the length takes about eight times as long, at most 24 times, where a square would take 64 times.

    `work(length)` prepares a text of that length and gives what is to be timed. `spare` is seconds.
    """
    bound = 24 * seconds(work(short), tries=3) + spare
    return seconds(work(8 * short), tries=4, enough=bound) <= bound
