"""What the program costs in time: `python3 evals/bench/bench.py` (or `python3 scripts/dev.py bench`).

Prints figures and asserts none: a timed test fails on a busy machine, not on slow code. The goals beside them are
for a quiet one. Needs no key and no network, after the packages are there.
"""

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.facts import Facts
    from schemas.report import FactsReport
    from schemas.ticket import Ticket

ROOT = Path(__file__).resolve().parents[2]
BASELINE = "from pydantic import BaseModel\nclass M(BaseModel): x: int"
NOW = "2026-11-23T09:00:00+00:00"
PROCESS_RUNS = 21
GROUND_RUNS = 30
DECIDE_RUNS = 2000
WORDS, QUOTES = 10_000, 60

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


def main(arguments: list[str]) -> int:
    """Measure and print; `ledger` measures that instead."""
    if arguments[:1] == ["ledger"]:
        from evals.bench import ledger

        return ledger.main(arguments[1:])
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, medians")
    show("decide, whole process", f"{start_up():.2f} x", "one pydantic model's process; goal: 2 x")
    ticket, report = long_ticket(WORDS, QUOTES)
    show("ground, one report", f"{grounding(ticket, report):.1f} ms", f"{QUOTES} quotes, {WORDS} words; goal: 30 ms")
    show("decide, one decision", f"{deciding():.0f} us", "goal: 200 us")
    show("run, offline", f"{memory(typical_ticket()):.0f} MB", "peak memory of the process, the example ticket")
    show("run, offline", f"{memory(ticket.text):.0f} MB", f"peak memory of the process, {WORDS} words")
    return 0


def show(what: str, figure: str, measure: str) -> None:
    """One line of the result."""
    print(f"{what:<24}{figure:>10}   {measure}")


def start_up() -> float:
    """Whole-process time of `escalation decide` on a typical facts file, as a multiple of the baseline's.

    Interleaved, so that a busy stretch of the machine meets both.
    """
    with tempfile.TemporaryDirectory() as folder:
        facts = Path(folder, "facts.json")
        facts.write_text(typical_facts().model_dump_json(), encoding="utf-8")
        ours = [sys.executable, "-m", "agent", "decide", str(facts), "--now", NOW]
        baseline = [sys.executable, "-c", BASELINE]
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(PROCESS_RUNS):
            for command, kept in zip((ours, baseline), times, strict=True):
                started = perf_counter()
                subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                kept.append(perf_counter() - started)
    return median(times[0]) / median(times[1])


def grounding(ticket: "Ticket", report: "FactsReport") -> float:
    """Milliseconds for one `ground`."""
    from agent.grounding.ground import ground

    facts = ground(ticket, report)
    if len(facts.claims()) != QUOTES or facts.removed:
        raise SystemExit("the benchmark's quotes did not ground: it would measure something else")
    return each(lambda: ground(ticket, report), GROUND_RUNS) * 1e3


def deciding() -> float:
    """Microseconds for one `decide`, on the facts of the example ticket."""
    from datetime import datetime

    from agent.policy.decide import decide
    from agent.policy.settings import load_settings
    from schemas.context import Context

    facts, context, settings, now = typical_facts(), Context(tier="L2"), load_settings(), datetime.fromisoformat(NOW)
    return each(lambda: decide(facts, context, settings, now), DECIDE_RUNS) * 1e6


def memory(text: str) -> float:
    """Peak resident megabytes of `escalation run` for a ticket, without a model."""
    watch = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
        "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    with tempfile.TemporaryDirectory() as folder:
        ticket = Path(folder, "ticket.txt")
        ticket.write_text(text, encoding="utf-8")
        ours = [sys.executable, "-m", "agent", "run", str(ticket), "--backend", "offline", "--now", NOW]
        done = subprocess.run(
            [sys.executable, "-c", watch, *ours], cwd=ROOT, check=True, capture_output=True, text=True
        )
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes here
    return int(done.stdout) * unit / 1e6


def typical_ticket() -> str:
    """The example ticket for Engineering."""
    return (ROOT / "examples/engineering-export-fails.txt").read_text(encoding="utf-8")


def each(action: Callable[[], object], runs: int) -> float:
    """Median seconds of one call."""
    times = []
    for _ in range(runs):
        started = perf_counter()
        action()
        times.append(perf_counter() - started)
    return median(times)


def typical_facts() -> "Facts":
    """The facts that the offline rules find in the example ticket for Engineering."""
    from agent.backends.base import ExtractCall
    from agent.backends.offline import OfflineBackend
    from agent.grounding.ground import ground
    from agent.readers import read_ticket
    from schemas.report import FactsReport

    ticket = read_ticket(typical_ticket())
    report = OfflineBackend().answer(ExtractCall(ticket=ticket)).value
    assert isinstance(report, FactsReport)
    return ground(ticket, report)


def long_ticket(words: int, quotes: int) -> "tuple[Ticket, FactsReport]":
    """A ticket of so many words, and a report with so many true quotes, spread evenly, of four to twelve words."""
    from agent.readers import read_ticket
    from schemas.report import AttemptReport, FactsReport

    sentences: list[str] = []
    count = 0
    while count < words:
        number = len(sentences)
        sentence = (
            f"On attempt {number} we restarted worker {number * 7} and the export still stopped at row {number * 13}."
        )
        sentences.append(sentence)
        count += len(sentence.split())
    head = "Ticket: HD-1\nSubject: Export stops\n\n[2026-11-16T08:12:00Z] Customer:\n"
    text = head + "\n".join(" ".join(sentences[i : i + 5]) for i in range(0, len(sentences), 5)) + "\n"
    ticket = read_ticket(text.encode())
    attempts = []
    for index in range(quotes):
        parts = sentences[index * len(sentences) // quotes].rstrip(".").split()
        quote = " ".join(parts[: 4 + index % 9])
        attempts.append(AttemptReport(action="restart a worker", result="", asserted_by="customer", quote=quote))
    report = FactsReport(
        language="en",
        understandable=True,
        issues=(),
        signals=(),
        workarounds=(),
        scopes=(),
        measures=(),
        accounts=(),
        people=(),
        attempts=tuple(attempts),
        reproduction=(),
        references=(),
    )
    return ticket, report


if __name__ == "__main__":
    from importlib.util import find_spec

    if find_spec("pydantic") is None:  # a clean checkout: scripts/dev.py makes .venv and comes back with it
        os.execv(sys.executable, [sys.executable, str(ROOT / "scripts" / "dev.py"), "bench"])
    sys.exit(main(sys.argv[1:]))
