"""What is due or overdue on open escalations: by when, by whom, with ready words for the team and the customer.

The words promise nothing. "No news" is an update too: the customer's draft says so where there is none.
"""

import argparse
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from agent.commands.ledger_inputs import add_ledger, add_now, database_of
from agent.commands.output import add_output, colour, emit, emit_json, format_of, ready, width
from agent.commands.times import now_of
from agent.errors import EXIT_DONE, BadInput

if TYPE_CHECKING:
    from agent.ledger.database import Database
    from agent.ledger.queries import Due

FORMATS: tuple[Literal["text", "json"], ...] = ("text", "json")
OWNERS = ("l2_support", "engineering", "product", "security", "leadership")
LIMIT, MOST = 20, 1000

EXAMPLES = """examples:
  escalation due
  escalation due --ahead 4 --holder 'Ana Lima'
  escalation due --format json | jq '.due[] | {escalation, what, due, draft}'"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument(
        "--ahead", type=float, default=0.0, metavar="HOURS", help="also what falls due in so many hours"
    )
    add_narrowing(parser)
    parser.add_argument("--short", action="store_true", help="without the drafts")
    add_now(parser)
    add_ledger(parser)
    add_output(parser, FORMATS)


def add_narrowing(parser: argparse.ArgumentParser) -> None:
    """Whose, and how many."""
    parser.add_argument("--owner", choices=OWNERS, help="only what this team owns or has")
    parser.add_argument("--holder", metavar="NAME", help="only what this person in support keeps")
    parser.add_argument("--limit", type=int, default=LIMIT, metavar="N", help=f"at most N (default: {LIMIT})")


def run(arguments: argparse.Namespace) -> int:
    """Print what is due."""
    ready(arguments.out)
    form = format_of(arguments, FORMATS)
    now = now_of(arguments)
    database = database_of(arguments)
    found, total = due_until(database, arguments, now)
    if form == "json":
        import json

        rows = [as_json(row, now, drafts=not arguments.short) for row in found]
        emit_json(json.dumps({"now": now.isoformat(), "total": total, "due": rows}, indent=2), arguments.out)
    else:
        on_terminal = colour() and arguments.out is None
        emit(page(found, total, now, arguments, colour=on_terminal, width=width()), arguments.out)
    return EXIT_DONE


def due_until(
    database: "Database", arguments: argparse.Namespace, now: datetime, *, limit: int | None = None
) -> "tuple[list[Due], int]":
    """What the flags ask for; `limit` instead of theirs."""
    from agent.ledger.queries import due

    if not 0 <= arguments.ahead <= 24 * 366:
        raise BadInput(f"--ahead {arguments.ahead:g}: expected hours from 0 to a year")
    limit = check_limit(arguments.limit) if limit is None else limit
    until = now + timedelta(hours=arguments.ahead)
    return due(database, until, owner=arguments.owner, holder=arguments.holder, limit=limit)


def check_limit(limit: int) -> int:
    """Raises BadInput for a limit that no page could hold."""
    if not 1 <= limit <= MOST:
        raise BadInput(f"--limit {limit}: expected 1 to {MOST}")
    return limit


def as_json(row: "Due", now: datetime, *, drafts: bool) -> dict[str, Any]:
    """One due time as plain data; times in ISO 8601, UTC."""
    from agent.ledger.followup import draft

    written = draft(row) if drafts else None
    return {
        "escalation": row.line.id,
        "version": row.line.version,
        "kind": row.kind,
        "status": status(row, now),
        "who": row.who,
        "what": row.what,
        "due": row.due.isoformat(),
        "overdue": row.overdue.isoformat(),
        "severity": row.line.severity,
        "state": row.line.state,
        "owner": row.line.owner,
        "with_team": row.line.with_team,
        "holder": row.line.holder,
        "ticket": row.line.ticket,
        "account": row.line.account,
        "headline": row.line.headline,
        "draft": asdict(written) if written else None,
    }


def status(row: "Due", now: datetime) -> str:
    """`overdue`, `due` or `ahead`."""
    return "overdue" if row.overdue < now else "due" if row.due <= now else "ahead"


def page(
    found: "list[Due]", total: int, now: datetime, arguments: argparse.Namespace, *, colour: bool, width: int
) -> str:
    """The list for people: overdue, due, ahead."""
    from agent.ledger.followup import draft
    from agent.ledger.moments import both, span
    from agent.render.formats import text_environment

    titles = {"overdue": ("Overdue", "critical"), "due": ("Due now", "high"), "ahead": ("Ahead", "calm")}
    groups = []
    for key, (title, style) in titles.items():
        rows = []
        for row in (row for row in found if status(row, now) == key):
            late = {
                "overdue": f"{span(now - row.overdue)} late",
                "due": f"for {span(now - row.due)}",
                "ahead": f"in {span(row.due - now)}",
            }[key]
            head = f"{row.line.id} {row.line.severity.capitalize()}, {late}: {row.what}"
            about = [row.line.headline or row.line.ticket, row.line.account, f"ticket {row.line.ticket}"]
            rows.append(
                {
                    "head": f"{head} ({row.who}; due {both(row.due, row.record)})",
                    "about": " · ".join(part for part in about if part),
                    "draft": None if arguments.short else draft(row),
                }
            )
        if rows:
            groups.append({"title": title, "style": style, "rows": rows})
    values = {
        "groups": groups,
        "until": f"{arguments.ahead:g} hours from now" if arguments.ahead else "",
        "left_out": max(0, total - len(found)),
    }
    return text_environment(width, colour).get_template("ledger/due.txt.j2").render(**values).rstrip() + "\n"
