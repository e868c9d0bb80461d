"""Many tickets: how near calls at once come to the ideal, and how memory grows: `python3 scripts/dev.py bench batch`.

The ideal is latency x calls / concurrency: every place at the server filled at all times, and nothing else. The tickets
are recorded eval cases in turn, each with a line of its own, behind the server of server.py in a process of its own.
"""

import argparse
import asyncio
import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from agent.backends.claude import ClaudeBackend
from agent.batch.items import Item
from agent.batch.live import Live
from agent.batch.run_folder import RunFolder
from agent.batch.work import Run, Seen, Work, works
from agent.commands.batch import processes_for
from agent.policy.settings import load_settings
from evals.bench.server import Served, mark_of, serving
from evals.cases import Case, all_cases
from schemas.context import Context
from schemas.ticket import Ticket

ROOT = Path(__file__).resolve().parents[2]
MODEL = "claude-haiku-5-5"
EVERY = 5  # of these cases, so many apart
LATENCY = 200  # milliseconds
CONCURRENCIES = (1, 4, 8, 16, 32, 64)
BRIEF = "submit_brief"


@dataclass(frozen=True)
class Tickets:
    """So many tickets, from the cases in turn. Each is made when it is read."""

    cases: tuple[Case, ...]
    wanted: int
    name: str = "a benchmark"

    def count(self) -> int:
        """As many as were wanted."""
        return self.wanted

    def items(self) -> Iterator[Item]:
        """Each with a number that no other has."""
        for number in range(self.wanted):
            yield Item(f"t{number}", hashlib.sha256(str(number).encode()).hexdigest(), partial(self._read, number))

    def _read(self, number: int) -> tuple[Ticket, Context | None]:
        case = self.cases[number % len(self.cases)]
        ticket = case.ticket()
        text = f"{ticket.text.rstrip()}\n\nSeen in the queue as entry {number:06}.\n"
        return ticket.model_copy(update={"text": text}), case.context


def chosen() -> tuple[Case, ...]:
    """Cases whose whole conversation was recorded: with a brief, or with none to write. The labels say which."""
    whole = [c for c in all_cases() if _path(c).exists() and (c.labels.outcome != "escalate" or _has_brief(c))]
    return tuple(case for case in whole if mark_of(case.ticket().text))[::EVERY]


def timed(tickets: Tickets, made: Run) -> Iterator[Work | Seen]:
    """Each ticket from its own case's time: the recorded briefs name deadlines that follow from it."""
    for work in works(tickets, made):
        if isinstance(work, Work):
            own = tickets.cases[int(work.key[1:]) % len(tickets.cases)].now.isoformat()
            yield replace(work, known=replace(work.known, started=own))
        else:
            yield work


def _has_brief(case: Case) -> bool:
    return _path(case).exists() and f"name: {BRIEF}" in _path(case).read_text(encoding="utf-8")


def _path(case: Case) -> Path:
    # Here, since it loads the SDK, and the process beside loads this module in the place of `escalation`, a small one.
    from evals.replay import RECORDINGS, path_of

    return path_of(RECORDINGS / "escalation", case.id, 1)


def run(served: Served, tickets: Tickets, concurrency: int) -> Live:
    """All of them, calls at once, into a run folder that goes away."""
    with tempfile.TemporaryDirectory() as folder, RunFolder(Path(folder) / "run") as opened:
        backend = ClaudeBackend(
            model=MODEL, base_url=served.url, api_key="key-of-a-benchmark", retries=0, connections=concurrency
        )
        made = Run(opened, backend, load_settings(None))

        async def main() -> Live:
            live = Live(made, backend, concurrency=concurrency, processes=processes_for(concurrency))
            await live.go(timed(tickets, made))
            return live

        return asyncio.run(main())


def throughput(count: int, concurrencies: tuple[int, ...]) -> None:
    """One line for each concurrency. The first run, which loads everything, is not counted."""
    cases = chosen()
    up = sum(case.labels.outcome == "escalate" for case in cases)
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {len(cases)} cases in turn, of which {up} go up, "
        f"{LATENCY} ms"
    )
    print("| concurrency | tickets | calls | seconds | ideal | of the ideal | CPU for a call |")
    print("|---|---|---|---|---|---|---|")
    with serving(latency_ms=LATENCY, cases=tuple(case.id for case in cases)) as served:
        run(served, Tickets(cases, 32), 32)
        for concurrency in concurrencies:
            wanted = min(count, max(50, count * concurrency // 32))
            wall, cpu = time.perf_counter(), time.process_time()
            live = run(served, Tickets(cases, wanted), concurrency)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            calls = live.heard.usage.calls
            if live.heard.done != wanted:
                raise SystemExit(f"{live.heard.done} of {wanted} tickets were done: {live.outage}")
            ideal = calls * LATENCY / 1000 / concurrency
            print(
                f"| {concurrency} | {wanted:,} | {calls:,} | {wall:.1f} | {ideal:.1f} | {ideal / wall:.1%} | "
                f"{cpu / calls * 1000:.1f} ms |",
                flush=True,
            )


def memory(counts: tuple[int, ...]) -> None:
    """Peak resident memory of a process for each number of tickets, with a server that answers at once."""
    for count in counts:
        command = [sys.executable, "-m", "evals.bench.batch", "--peak-of", str(count)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        peak = json.loads(done.stdout)
        print(f"{count:,} tickets: {peak['mebibytes']:.0f} MB at most, {peak['seconds']:.0f} s", flush=True)


def _peak(count: int) -> None:
    # Kept in support: one call for each, since the time is not what is asked for here.
    kept = [case for case in all_cases() if case.labels.outcome == "handle" and _path(case).exists()]
    case = min(kept, key=lambda case: len(case.ticket().text))
    begun = time.perf_counter()
    with serving(cases=(case.id,)) as served:
        run(served, Tickets((case,), count), 16)
    # `ru_maxrss` begins with what whoever started this process held, which was less than this.
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    print(json.dumps({"mebibytes": peak, "seconds": time.perf_counter() - begun}))


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="dev.py bench batch", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tickets", type=int, default=2_000, help="at 32 calls at once; fewer at fewer (2000)")
    parser.add_argument("--concurrency", type=int, action="append", help="only this one; may be given again")
    parser.add_argument(
        "--memory", type=int, action="append", help="peak memory for so many tickets; may be given again"
    )
    parser.add_argument("--peak-of", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.peak_of is not None:
        _peak(given.peak_of)
    elif given.memory:
        memory(tuple(given.memory))
    else:
        throughput(given.tickets, tuple(given.concurrency or CONCURRENCIES))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
