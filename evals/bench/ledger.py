"""A ledger of 100,000 escalations: what is due, the list, the page's inbox, and the look-up of a pattern, on SQLite.

    python3 scripts/dev.py bench ledger [COUNT]

Each escalation has three events, its timers, and its ticket's report; a tenth is still open. Prints medians and the
slowest of several runs, in this process from an open ledger, and as a whole process from the shell.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

COUNT = 100_000
RUNS, PROCESS_RUNS = 15, 9
NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
SEED = 4
BATCH = 5_000
OPEN_SHARE = 0.1
AREAS = 40
VOCABULARY, COMMON = 30_000, 400
GOAL_LIST, GOAL_PATTERN = 300, 100  # milliseconds


def main(arguments: list[str]) -> int:
    """Fill, measure, print. Exit code 1 if a goal is missed."""
    count = int(arguments[0]) if arguments else COUNT
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        started = perf_counter()
        fill(file, count)
        size = file.stat().st_size >> 20
        print(f"{count:,} escalations, {size} MB, filled in {perf_counter() - started:.0f} s; medians (slowest)")
        missed = 0
        for what, goal, times in (
            ("due", GOAL_LIST, due_times(file)),
            ("list", GOAL_LIST, list_times(file)),
            ("list, all states", GOAL_LIST, list_times(file, states=())),
            ("inbox of the page", GOAL_LIST, inbox_times(file)),
            ("pattern look-up", GOAL_PATTERN, pattern_times(file)),
        ):
            missed += median(times) > goal
            print(f"{what:<24}{median(times):>8.0f} ms ({max(times):.0f})   goal: {goal} ms")
        for verb in ("due", "list"):
            times = process_times(file, verb)
            figures = f"{median(times):>8.0f} ms ({max(times):.0f})"
            print(f"{verb + ', whole process':<24}{figures}   the interpreter's start included")
    return 1 if missed else 0


def timed(action: Callable[[], object], runs: int) -> list[float]:
    """Milliseconds of each run."""
    times = []
    for _ in range(runs):
        started = perf_counter()
        action()
        times.append((perf_counter() - started) * 1e3)
    return times


def due_times(file: Path) -> list[float]:
    """From opening the ledger to the drafts of the first page."""
    from agent.ledger.database import Database
    from agent.ledger.followup import draft
    from agent.ledger.queries import due

    def look() -> None:
        found, total = due(Database(str(file)), NOW, limit=20)
        if not found or total < len(found) or not any(draft(row) for row in found):
            raise SystemExit("nothing is due: this would measure something else")

    return timed(look, RUNS)


def list_times(file: Path, **options: Any) -> list[float]:
    """From opening the ledger to the first page."""
    from agent.ledger.database import Database
    from agent.ledger.queries import listing

    def look() -> None:
        lines, total = listing(Database(str(file)), limit=20, **options)
        if len(lines) < 20 or total < 100:
            raise SystemExit("the list is nearly empty: this would measure something else")

    return timed(look, RUNS)


def inbox_times(file: Path) -> list[float]:
    """From opening the ledger to the first page by the clock, with what is owed on each and how many there are."""
    from agent.ledger.database import Database
    from agent.ledger.queries import by_clock

    def look() -> None:
        found, counts = by_clock(Database(str(file)), NOW)
        if not found or not found[0].owed or counts.overdue < len(found):
            raise SystemExit("nothing is overdue: this would measure something else")

    return timed(look, RUNS)


def pattern_times(file: Path) -> list[float]:
    """From opening the ledger to the candidates, for tickets whose words are partly rare and partly common."""
    from agent.ledger.database import Database
    from agent.ledger.fingerprint import Fingerprint
    from agent.ledger.patterns import look_up

    chance = random.Random(SEED + 1)
    prints = [
        Fingerprint(
            ticket=f"NEW-{i}",
            ticket_sha256="",
            account="New",
            reported_at=NOW,
            title="",
            product_area=f"area {i % AREAS}",
            codes=(f"exp-{chance.randrange(9000):04d}",),
            symptoms=(),
            terms=tuple(words(chance, 60)),
        )
        for i in range(RUNS)
    ]
    turn = iter(prints)

    def look() -> None:
        if not look_up(Database(str(file)), next(turn), 30, NOW):
            raise SystemExit("no candidates: this would measure something else")

    return timed(look, RUNS)


def process_times(file: Path, verb: str) -> list[float]:
    """Milliseconds of the whole command."""
    command = [sys.executable, "-m", "agent", verb, "--format", "text", "--now", NOW.isoformat()]
    own = os.environ | {"ESCALATION_DB": str(file)}
    return timed(
        lambda: subprocess.run(command, cwd=ROOT, env=own, check=True, stdout=subprocess.DEVNULL), PROCESS_RUNS
    )


def words(chance: random.Random, count: int) -> list[str]:
    """Stems as tickets have them: some common ones, many rare ones."""
    common = {f"w{int(COMMON * chance.random() ** 2)}" for _ in range(count // 2)}
    rare = {f"w{chance.randrange(COMMON, VOCABULARY)}" for _ in range(count // 2)}
    return sorted(common | rare)


def fill(file: Path, count: int) -> None:
    """Straight into the tables, with the rows that the ledger itself would have derived."""
    from sqlalchemy import insert, text

    from agent.ledger import tables as t
    from agent.ledger.database import Database
    from agent.policy.settings import load_settings

    settings = load_settings()
    body = settings.model_dump_json()
    database = Database(str(file))
    templates = lives(settings, body)
    with database.writing() as connection:
        from agent.ledger.store import sha256_of

        connection.execute(insert(t.policy).values(sha256=sha256_of(body), version=settings.version, body=body))
    for start in range(0, count, BATCH):
        rows = list(escalations(templates, start, min(BATCH, count - start)))
        with database.writing() as connection:
            for table, name in (
                (t.escalation, "escalation"),
                (t.event, "events"),
                (t.timer, "timers"),
                (t.report, "report"),
                (t.code, "code"),
            ):
                values = [value for row in rows for value in row[name]]
                if values:
                    connection.execute(insert(table), values)
            index = text("INSERT INTO report_terms(rowid, terms) VALUES(:number, :terms)")
            connection.execute(
                index, [{"number": r["number"], "terms": r["terms"]} for row in rows for r in row["report"]]
            )


def lives(settings: Any, body: str) -> dict[str, dict[str, Any]]:
    """What the ledger makes of an escalation that is open and of one that is closed: rows to be copied."""
    from sqlalchemy import select

    from agent.ledger import tables as t
    from agent.ledger.database import Database
    from agent.ledger.store import Author, Ledger, sha256_of
    from schemas.context import Calendar
    from schemas.ledger import Acknowledged, Opened, Resolved, Updated

    made = {}
    for kind in ("open", "ended"):
        with tempfile.TemporaryDirectory() as folder:
            ledger = Ledger(Database(f"{folder}/one.db"))
            opened = Opened(
                ticket="T",
                ticket_sha256="0" * 64,
                headline="Export of invoices stops at sixty per cent since the last release",
                account="Account",
                accounts=("Account",),
                severity="high",
                owner="engineering",
                next_hop="engineering",
                deciding_rule="TEC-5",
                rules=("TEC-5",),
                ask="fix the export and say which release holds it",
                calendar=Calendar(timezone="Europe/Berlin"),
                policy_version=settings.version,
                policy_sha256=sha256_of(body),
                result_sha256="",
            )
            at = NOW - timedelta(days=1)
            one = ledger.begin(opened, Author("Ana"), at=at, now=at, settings=settings).record.id
            ledger.append(one, Acknowledged(), Author("Jo", "engineering"), at=at, now=at)
            last = (
                Updated(audience="internal", text="in review")
                if kind == "open"
                else Resolved(resolution="r", root_cause="c")
            )
            ledger.append(one, last, Author("Ana"), at=at, now=at)
            with ledger.database.reading() as connection:
                made[kind] = {
                    "escalation": [dict(row) for row in connection.execute(select(t.escalation)).mappings()],
                    "events": [dict(row) for row in connection.execute(select(t.event)).mappings()],
                    "timers": [dict(row) for row in connection.execute(select(t.timer)).mappings()],
                }
    return made


def escalations(templates: dict[str, dict[str, Any]], start: int, count: int) -> Iterator[dict[str, Any]]:
    """Rows of so many escalations, shifted over two years; the open ones are of the last weeks."""
    for number in range(start + 1, start + count + 1):
        chance = random.Random(f"{SEED}:{number}")
        is_open = chance.random() < OPEN_SHARE
        shift = -timedelta(minutes=chance.randrange(20 * 24 * 60 if is_open else 730 * 24 * 60))
        template = templates["open" if is_open else "ended"]
        ticket = f"HD-{number}"
        row = dict(template["escalation"][0])
        record = json.loads(row["record"])
        record |= {"id": f"ESC-{number}", "ticket": ticket, "account": f"Account {number % 9000}"}
        moved = {
            name: row[name] + shift
            for name in ("created_at", "opened_at", "updated_at", "next_due_at", "next_overdue_at")
            if row[name]
        }
        row |= moved | {
            "number": number,
            "ticket": ticket,
            "live_ticket": ticket if is_open else None,
            "urgency": chance.randrange(1, 4),
            "account": record["account"],
            "product_area": f"area {number % AREAS}",
            "state": row["state"] if is_open else "closed",
            "record": json.dumps(record),
        }
        if not is_open:
            row |= {"next_due_at": None, "next_overdue_at": None}
        timers = [
            timer | {"escalation": number, "due_at": timer["due_at"] + shift, "overdue_at": timer["overdue_at"] + shift}
            for timer in template["timers"]
        ]
        terms = " ".join(words(chance, 60))
        yield {
            "escalation": [row],
            "events": [
                event | {"escalation": number, "key": f"{number}-{event['number']}"} for event in template["events"]
            ],
            "timers": timers if is_open else [],
            "report": [
                {
                    "number": number,
                    "ticket": ticket,
                    "ticket_sha256": "0" * 64,
                    "account": row["account"],
                    "reported_at": row["created_at"],
                    "escalation": number,
                    "outcome": "escalate",
                    "title": row["headline"],
                    "product_area": row["product_area"],
                    "high_value": None,
                    "blocked": None,
                    "symptoms": '["Export of invoices stops at sixty per cent"]',
                    "terms": terms,
                }
            ],
            "code": [{"report": number, "value": f"exp-{chance.randrange(9000):04d}"}] if chance.random() < 0.5 else [],
        }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
