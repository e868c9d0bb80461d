"""Write down whether two tickets show the same fault. Three accounts with the same, in the window, make a pattern.

Support's word counts over a model's, and the newest over an older one. "No" is kept too: the pair is not shown again.
"""

import argparse
import json
from typing import TYPE_CHECKING, Literal

from agent.commands.ledger_inputs import add_ledger, author_of, happened_at, ledger_of
from agent.commands.output import add_output, emit, emit_json, format_of, ready
from agent.commands.times import this_moment
from agent.errors import EXIT_DONE, BadInput

if TYPE_CHECKING:
    from datetime import datetime

    from agent.ledger.store import Ledger

FORMATS: tuple[Literal["text", "json"], ...] = ("text", "json")

EXAMPLES = """examples:
  escalation same HD-20433 HD-20418 --yes --why 'both stop at 60 % with EXPORT_5031'
  escalation same HD-20440 HD-20418 --no --why 'another export, no error' --judge model --by claude"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("ticket", metavar="TICKET", help="a ticket, by its id in the ledger or a new one's")
    parser.add_argument("other", metavar="OTHER", help="the earlier ticket that it is compared with")
    verdict = parser.add_mutually_exclusive_group(required=True)
    verdict.add_argument("--yes", action="store_true", help="both show the same fault")
    verdict.add_argument("--no", action="store_true", help="they do not")
    parser.add_argument("--why", metavar="TEXT", required=True, help="the observation that decides")
    parser.add_argument(
        "--judge", choices=("support", "model"), default="support", help="who compared them (default: support)"
    )
    parser.add_argument("--by", metavar="NAME", help="the person, or the model (default: as for the other verbs)")
    parser.add_argument("--at", metavar="TIME", help="when, ISO 8601 with zone (default: this moment)")
    add_ledger(parser)
    add_output(parser, FORMATS)
    parser.set_defaults(team=None, through="")


def run(arguments: argparse.Namespace) -> int:
    """Write it down."""
    ready(arguments.out)
    form = format_of(arguments, FORMATS)
    ticket, other = arguments.ticket.strip(), arguments.other.strip()
    if not ticket or not other or ticket == other:
        raise BadInput(f"tickets {ticket[:40]!r} and {other[:40]!r}: expected two different ones")
    if not arguments.why.strip():
        raise BadInput("--why is empty: say which observation decides")
    group, accounts = judged(
        ledger_of(arguments),
        ticket,
        other,
        same=arguments.yes,
        by=author_of(arguments).by,
        judge=arguments.judge,
        why=arguments.why,
        at=happened_at(arguments, this_moment()),
    )
    if form == "json":
        value = {"ticket": ticket, "other": other, "same": arguments.yes, "group": group, "accounts": accounts}
        emit_json(json.dumps(value, ensure_ascii=False, indent=2), arguments.out)
    else:
        said = "the same" if arguments.yes else "not the same"
        named = (
            f"; with the same: {', '.join(group)} ({', '.join(accounts) or 'accounts unknown'})"
            if len(group) > 1
            else ""
        )
        emit(f"{ticket} and {other} are {said}{named}", arguments.out)
    return EXIT_DONE


def judged(
    ledger: "Ledger",
    ticket: str,
    other: str,
    *,
    same: bool,
    by: str,
    judge: Literal["support", "model"],
    why: str,
    at: "datetime",
) -> tuple[list[str], list[str]]:
    """Write a verdict down. Returns the tickets that now hang together with `ticket`, and their accounts."""
    from agent.ledger import patterns

    if not patterns.reports_of(ledger.database, [other]):
        raise BadInput(f"no ticket {other[:60]!r} in the ledger: see `escalation similar`")
    with ledger.database.writing() as connection:
        patterns.judge(connection, ticket, other, same=same, by=by, confirmed_by=judge, why=why, at=at)
    group = sorted({ticket, *patterns.group_of(ledger.database, ticket, [other] if same else [])})
    accounts = sorted({row["account"] for row in patterns.reports_of(ledger.database, group) if row["account"]})
    return group, accounts
