"""A process beside: whole answers in the order of the questions, and an end that is noticed on both sides."""

import asyncio
import subprocess
import sys
from functools import partial
from multiprocessing import active_children
from operator import methodcaller
from typing import Any

import pytest

from agent.batch.beside import Beside, Gone

STEP = 0.01  # seconds
SECONDS = 60.0  # for a process to start or to end, on a busy machine

ABANDONED = """
import os, signal, time
from functools import partial
from operator import methodcaller
from agent.batch.beside import Beside

if __name__ == "__main__":
    beside = Beside(partial(methodcaller, "upper"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


async def opened() -> Beside:
    """One that answers with `question.upper()`."""
    beside = Beside(partial(methodcaller, "upper"))
    await beside.open()
    async with asyncio.timeout(SECONDS):
        while not beside.ready:
            await asyncio.sleep(STEP)
    return beside


def test_answers_come_whole_and_in_order_until_it_dies() -> None:
    async def asked() -> tuple[list[Any], list[Any]]:
        beside = await opened()
        questions = ["a", "b" * 5_000_000, "", "c"]
        answers = [beside.ask(question) for question in questions]
        answers[2].cancel()  # whoever asked has gone, and the others' answers stay theirs
        first = await asyncio.gather(*answers, return_exceptions=True)
        dead = [beside.ask(5), beside.ask("d")]  # a number has no `upper`
        return first, [*await asyncio.gather(*dead, return_exceptions=True), beside.ready, beside]

    first, (died, unanswered, ready, beside) = asyncio.run(asked())
    assert isinstance(first.pop(2), asyncio.CancelledError)
    assert first == ["A", "B" * 5_000_000, "C"]
    assert isinstance(died, Gone)
    assert isinstance(unanswered, Gone)
    assert not ready
    with pytest.raises(Gone):
        beside.ask("e")


def test_it_ends_when_it_is_closed() -> None:
    async def closed() -> None:
        before = set(active_children())
        beside = await opened()
        asked = beside.ask("a")
        (process,) = set(active_children()) - before
        beside.close()
        with pytest.raises(Gone):
            await asked
        await asyncio.to_thread(process.join, SECONDS)
        assert process.exitcode == 0

    asyncio.run(closed())


def test_it_ends_with_the_process_that_began_it_however_that_ends() -> None:
    # It holds the pipe, too: reading comes to its end when both have ended.
    done = subprocess.run([sys.executable, "-c", ABANDONED], capture_output=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-9, b"", b"")
