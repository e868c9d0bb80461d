"""Kill a run of many tickets at random points, again and again: `python3 tests/kills.py --kills 100 [--live]`.

The vendor is a process of its own (tests/batches_server.py) and goes on meanwhile. In the end every ticket must have
exactly one result. By the vendor's batches no request may have been answered, and paid, twice; with calls at once
(`--live`) none but those that were in flight when the process was killed.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from batches import MODEL, tickets

from agent.backends.claude import ClaudeBackend
from agent.batch.deferred import Deferred, Waits
from agent.batch.live import Live
from agent.batch.run_folder import RunFolder
from agent.batch.work import Run, works
from agent.policy.settings import load_settings

SERVER = Path(__file__).with_name("batches_server.py")
NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)


CONCURRENCY = 8


def child(folder: Path, address: str, count: int, chunk: int) -> None:
    """The run itself, in a process that will be killed. `chunk`: requests of one batch; 0: calls at once."""
    with RunFolder(folder) as opened:
        retries = 2 if chunk else 0
        backend = ClaudeBackend(model=MODEL, base_url=address, api_key="key-of-a-test", retries=retries)
        run = Run(opened, backend, load_settings(None), now=NOW)
        if not chunk:
            live = Live(run, backend, concurrency=CONCURRENCY)
            asyncio.run(live.go(works(tickets(count), run)))
            if live.outage is not None:
                raise SystemExit(f"outage: {live.outage}")
            return
        waits = Waits(first=0.05, longest=0.2, settle=0.5, patience=30)
        deferred = Deferred(run, backend, waits=waits, most_requests=chunk)
        deferred.go(partial(works, tickets(count), run))
        if deferred.outage is not None:
            raise SystemExit(f"outage: {deferred.outage}")


def forked(folder: Path, address: str, count: int, chunk: int, seconds: float | None) -> int:
    """Begin the run, and kill it after so many seconds. How the process ended: negative for a signal.

    A fork and no new interpreter: this process has no threads, and the time goes into the run.
    """
    process = os.fork()
    if process == 0:
        status = 1
        try:
            child(folder, address, count, chunk)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)  # nobody else waits for it, so it is still this process
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def harness(
    folder: Path, *, kills: int, count: int, chunk: int, longest: float, reply_after: float, seed: int
) -> dict[str, Any]:
    """Kill, begin again, and so on; then let it end. What there is afterwards, and when it was killed.

    `longest`: seconds after a process has begun within which the first one is killed.
    """
    chance = random.Random(seed)
    line = [sys.executable, str(SERVER), "--lasts", "0.4", "--reply-after", str(reply_after)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        try:
            states: list[str] = []
            for number in range(kills):
                if forked(folder, address, count, chunk, chance.uniform(0, longest)) >= 0:
                    break  # it was done before
                states.append(_stage(folder))
                # So that the kills fall on the whole of the run, however fast the machine is at the moment.
                longest *= 1.2 if _answers(folder) / (3 * count) < number / kills else 0.8
            last = _answers(folder)
            if forked(folder, address, count, chunk, None) != 0:
                raise SystemExit("the last process, which nobody killed, did not end well")
            with urllib.request.urlopen(f"{address}/tally") as answer:
                tally = json.load(answer)
        finally:
            server.terminate()
    return _figures(folder, states, tally, last)


def _stage(folder: Path) -> str:
    """Where the killed process was, as its database has it."""
    if not (folder / "run.sqlite").exists():
        return "before the tables"
    base = sqlite3.connect(folder / "run.sqlite")
    try:
        states = {state for (state,) in base.execute("select state from submissions")}
        if not states:
            return "calling"
        return "giving" if "sending" in states else "waiting" if "sent" in states else "between"
    except sqlite3.OperationalError:
        return "before the tables"
    finally:
        base.close()


def _answers(folder: Path) -> int:
    """How many are kept; each ticket takes three."""
    if not (folder / "run.sqlite").exists():
        return 0
    base = sqlite3.connect(folder / "run.sqlite")
    try:
        return int(base.execute("select count(*) from answers").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        base.close()


def _figures(folder: Path, states: list[str], tally: dict[str, Any], last: int) -> dict[str, Any]:
    base = sqlite3.connect(folder / "run.sqlite")
    (results,) = base.execute("select count(*) from results").fetchone()
    (answers,) = base.execute("select count(*) from answers").fetchone()
    done = dict(base.execute("select state, count(*) from tickets group by state").fetchall())
    base.close()
    paid = tally["paid"].values()
    return {
        "kills": len(states),
        "answers when it was killed last": last,
        "killed while": {state: states.count(state) for state in sorted(set(states))},
        "tickets": done,
        "results": results,
        "answers kept": answers,
        "answers paid": sum(paid),
        "requests paid twice": sum(times - 1 for times in paid),
        "batches": tally["batches"],
        "calls": tally["calls"],
    }


def main() -> int:
    """Run it and print the figures; 1 if something was lost or paid twice."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--tickets", type=int, default=300)
    parser.add_argument("--chunk", type=int, default=40, help="requests of one batch")
    parser.add_argument("--longest", type=float, default=3.0, help="seconds until the first process is killed, at most")
    parser.add_argument("--reply-after", type=float, default=0.05, help="seconds until the reply to a given batch")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--live", action="store_true", help="calls at once")
    given = parser.parse_args()
    if given.live:
        given.chunk = 0
    with tempfile.TemporaryDirectory() as folder:
        figures = harness(
            Path(folder, "run"),
            kills=given.kills,
            count=given.tickets,
            chunk=given.chunk,
            longest=given.longest,
            reply_after=given.reply_after,
            seed=given.seed,
        )
    print(json.dumps(figures, indent=1))
    whole = figures["results"] == given.tickets and figures["tickets"] == {"done": given.tickets}
    in_flight = figures["kills"] * CONCURRENCY if given.live else 0
    return 0 if whole and figures["kills"] == given.kills and figures["requests paid twice"] <= in_flight else 1


if __name__ == "__main__":
    raise SystemExit(main())
