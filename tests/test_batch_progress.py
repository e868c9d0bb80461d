"""Progress with a clock of our own: what is said, how often, and what is left behind."""

import io
from datetime import date
from typing import TextIO

import pytest

from agent.batch.prices import load_prices
from agent.batch.progress import Progress
from agent.commands.output import ERASE_LINE
from schemas.escalation import Usage

PRICES = load_prices(date(2026, 11, 30))
SPENT = Usage(calls=10, output_tokens=100_000)  # $1.00 of claude-sonnet-5-5


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")


def progress_on(
    stream: TextIO | None, clock: Clock, total: int = 1_000, model: str | None = "claude-sonnet-5-5"
) -> Progress:
    return Progress(total, PRICES, model, stream, clock)


def test_one_line_that_is_rewritten_and_cleared() -> None:
    stream, clock = Terminal(), Clock()
    progress = progress_on(stream, clock)
    progress.update(0, 0, 8, Usage())
    clock.now += 60
    progress.update(118, 2, 8, SPENT)
    progress.close()
    first, second, last = stream.getvalue().split(ERASE_LINE)[1:]
    assert first == "0 of 1,000 tickets (0 %); 8 in flight; $0.00"
    assert second == "120 of 1,000 tickets (12 %); 2 failed; 8 in flight; 120/min; 7 min left; $1.00"
    assert last == ""
    assert "\n" not in stream.getvalue()


def test_two_lines_a_second_at_most() -> None:
    stream, clock = Terminal(), Clock()
    progress = progress_on(stream, clock)
    for number in range(1_000):
        clock.now = 100 + number / 100
        progress.update(number, 0, 1, Usage())
    assert stream.getvalue().count(ERASE_LINE) == 20


def test_a_line_every_half_minute_in_a_log() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = progress_on(stream, clock)
    for number in range(1_000):
        clock.now = 100 + number / 10
        progress.update(number, 0, 1, Usage())
    progress.close()
    lines = stream.getvalue().splitlines()
    assert [line.split(": ", 2)[2].split(" tickets")[0] for line in lines] == [
        "300 of 1,000",
        "600 of 1,000",
        "900 of 1,000",
    ]
    assert all(line.startswith("escalation: ") and line.isascii() for line in lines)
    assert "\x1b" not in stream.getvalue()


def test_a_dumb_terminal_is_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream, clock = Terminal(), Clock()
    progress = progress_on(stream, clock)
    clock.now += 31
    progress.update(1, 0, 0, Usage())
    assert stream.getvalue().endswith("\n")
    assert "\x1b" not in stream.getvalue()


def test_the_rate_is_that_of_the_last_minute() -> None:
    clock = Clock()
    progress = progress_on(Terminal(), clock)
    assert progress.rate() is None
    for second in range(601):  # ten minutes at 10 a second, then one minute at 1
        clock.now = 100 + second
        progress.update(10 * second, 0, 1, Usage())
    assert progress.rate() == pytest.approx(10)
    for second in range(1, 61):
        clock.now = 700 + second
        progress.update(6_000 + second, 0, 1, Usage())
    assert progress.rate() == pytest.approx(1)
    for second in range(1, 62):  # a standstill
        clock.now = 760 + second
        progress.update(6_060, 0, 1, Usage())
    assert progress.rate() == 0
    assert "0.0/min; no end in sight" in progress.line(6_060, 0, 1, Usage())
    assert len(progress._points) < 70


def test_what_had_its_result_before_is_no_part_of_the_rate() -> None:
    clock = Clock()
    progress = progress_on(Terminal(), clock)
    progress.update(0, 0, 0, Usage(), settled=900)
    clock.now += 10
    progress.update(10, 0, 0, Usage(), settled=900)
    assert progress.line(10, 0, 0, Usage()) == "910 of 1,000 tickets (91 %); 60/min; 2 min left; $0.00".replace(
        "90 s", "2 min"
    )


def test_never_all_before_the_end() -> None:
    progress = progress_on(None, Clock())
    assert "(99 %)" in progress.line(999, 0, 1, Usage())
    assert "(100 %)" in progress.line(1_000, 0, 0, Usage())
    assert "0 of 0 tickets (100 %)" in progress_on(None, Clock(), total=0).line(0, 0, 0, Usage())


def test_a_cost_that_is_not_known_is_said() -> None:
    assert progress_on(None, Clock(), model="llama\x1b[31m").line(1, 0, 0, SPENT).endswith("; cost unknown")
    assert progress_on(None, Clock(), model=None).line(1, 0, 0, Usage()) == "1 of 1,000 tickets (0 %)"
    long = Usage(calls=20, cache_read_tokens=2_000_000)
    assert progress_on(None, Clock(), model="claude-haiku-5-5").line(1, 0, 0, long).endswith("; at least $0.0200")


def test_a_narrow_terminal_is_never_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    stream = Terminal()
    progress_on(stream, Clock()).update(1, 1, 1, SPENT)
    assert len(stream.getvalue().removeprefix(ERASE_LINE)) == 29


def test_a_stream_that_goes_away_ends_no_run() -> None:
    stream, clock = Terminal(), Clock()
    progress = progress_on(stream, clock)
    stream.close()
    progress.update(1, 0, 0, Usage())
    progress.close()
    progress_on(None, clock).update(1, 0, 0, Usage())
