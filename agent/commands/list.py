"""Escalations on the table, the most severe first, then what is due first."""

import argparse
from datetime import datetime
from typing import Any, Literal

from agent.commands.due import add_narrowing, check_limit
from agent.commands.ledger_inputs import add_ledger, add_now, database_of
from agent.commands.output import add_output, colour, emit, emit_json, format_of, ready, width
from agent.commands.times import now_of
from agent.errors import EXIT_DONE, BadInput

FORMATS: tuple[Literal["text", "json"], ...] = ("text", "json")
STATES = (
    "draft",
    "open",
    "acknowledged",
    "monitoring",
    "resolved",
    "closed",
    "rejected",
    "returned_to_support",
    "handed_over",
    "reopened",
)
SEVERITIES = ("critical", "high", "medium")

EXAMPLES = """examples:
  escalation list
  escalation list --state rejected --state returned_to_support
  escalation list --all --account 'Nordwind Logistik' --format json"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("--state", action="append", choices=STATES, help="only in this state; may be given again")
    parser.add_argument("--all", action="store_true", help="in every state (default: all that are not closed)")
    parser.add_argument("--severity", choices=SEVERITIES, help="only of this severity")
    parser.add_argument("--account", metavar="NAME", help="only of this account")
    add_narrowing(parser)
    parser.add_argument("--after", type=int, default=0, metavar="N", help="leave out the first N, to page on")
    add_now(parser)
    add_ledger(parser)
    add_output(parser, FORMATS)


def run(arguments: argparse.Namespace) -> int:
    """Print the list."""
    ready(arguments.out)
    form = format_of(arguments, FORMATS)
    now = now_of(arguments)
    if arguments.after < 0:
        raise BadInput(f"--after {arguments.after}: expected 0 or more")
    limit = check_limit(arguments.limit)
    database = database_of(arguments)
    from agent.ledger.queries import LIVE, listing

    lines, total = listing(
        database,
        states=() if arguments.all else tuple(arguments.state or LIVE),
        owner=arguments.owner,
        severity=arguments.severity,
        account=arguments.account,
        holder=arguments.holder,
        limit=limit,
        after=arguments.after,
    )
    if form == "json":
        import json
        from dataclasses import asdict

        rows = [{key: _plain(value) for key, value in asdict(line).items()} for line in lines]
        emit_json(json.dumps({"total": total, "escalations": rows}, indent=2), arguments.out)
        return EXIT_DONE
    from agent.render.formats import text_environment

    values = {
        "rows": [_row(line, now) for line in lines],
        "where": "in the ledger" if arguments.all else "of that kind on the table",
        "left_out": max(0, total - arguments.after - len(lines)),
    }
    painted = colour() and arguments.out is None
    emit(text_environment(width(), painted).get_template("ledger/list.txt.j2").render(**values), arguments.out)
    return EXIT_DONE


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _row(line: Any, now: datetime) -> dict[str, str]:
    from agent.ledger.moments import span
    from schemas.vocabulary import OWNER_LABEL

    parts = [f"{line.id}  {(line.severity or 'no severity').capitalize()}, {line.state.replace('_', ' ')}"]
    if line.with_team:
        parts.append(f"with {OWNER_LABEL[line.with_team]}")
    if line.next_overdue_at and line.next_overdue_at < now:
        parts.append(f"OVERDUE by {span(now - line.next_overdue_at)}")
    elif line.next_due_at:
        late = line.next_due_at <= now
        parts.append("due now" if late else f"due in {span(line.next_due_at - now)}")
    about = [line.headline, line.account, f"ticket {line.ticket}", f"kept by {line.holder}"]
    return {"head": ", ".join(parts), "about": " · ".join(part for part in about if part)}
