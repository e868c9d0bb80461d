"""What the ledger's verbs read: which ledger, who writes, when it happened."""

import argparse
import os
from datetime import datetime
from typing import TYPE_CHECKING

from agent.commands.times import this_moment, time_of
from agent.errors import BadInput

if TYPE_CHECKING:
    from agent.ledger.database import Database
    from agent.ledger.store import Author, Ledger
    from schemas.ledger import Record

BY, TEAM = "ESCALATION_BY", "ESCALATION_TEAM"
TEAMS = ("support", "l2_support", "engineering", "product", "security", "leadership")
LONGEST_NAME = 120


def add_ledger(parser: argparse.ArgumentParser) -> None:
    """`--ledger`."""
    parser.add_argument(
        "--ledger",
        metavar="WHERE",
        help="the ledger: a file, or postgresql://USER@HOST/NAME (default: ESCALATION_DB, else the user's data folder)",
    )


def add_escalation(parser: argparse.ArgumentParser) -> None:
    """The positional ID."""
    parser.add_argument("id", metavar="ID", help="the escalation, such as ESC-7")


def add_now(parser: argparse.ArgumentParser) -> None:
    """`--now` of a verb that only looks."""
    parser.add_argument("--now", metavar="TIME", help="ISO 8601 time to look from, with zone (default: this moment)")


def add_author(parser: argparse.ArgumentParser) -> None:
    """Who writes, and what keeps a write from being done twice."""
    parser.add_argument("--by", metavar="NAME", help=f"who did it (default: {BY}, else the name of this login)")
    parser.add_argument(
        "--team",
        choices=TEAMS,
        help=f"the team that this person acts for (default: {TEAM}, else support; ack: the team that has it)",
    )
    parser.add_argument("--through", metavar="NAME", help="the agent or program that writes this for the person")
    parser.add_argument("--key", metavar="KEY", help="your own id of this write: sent again, it is written once")


def add_writer(parser: argparse.ArgumentParser) -> None:
    """Who writes, when it happened, and what keeps a write from being done over another's."""
    add_author(parser)
    parser.add_argument("--at", metavar="TIME", help="when it happened, ISO 8601 with zone (default: this moment)")
    parser.add_argument(
        "--if-version", type=int, metavar="N", help="write only if the escalation still has this version (see show)"
    )


def database_of(arguments: argparse.Namespace, *, make: bool = False) -> "Database":
    """The ledger's database. Raises BadInput where there is none yet, unless the verb makes one."""
    from agent.ledger.where import file_of, is_there, ledger_url

    url = ledger_url(arguments.ledger)
    if not make and not is_there(url):
        raise BadInput(
            f"no ledger at {str(file_of(url))[:200]!r} yet: `escalation open` or `run --record` makes one; "
            "another one is named with --ledger"
        )
    from agent.ledger.database import Database

    return Database(url)


def ledger_of(arguments: argparse.Namespace, *, make: bool = False) -> "Ledger":
    """The ledger to write to. Its events are also laid out for the webhook where one is set up."""
    from agent.ledger.store import Ledger
    from agent.ledger.where import webhook_is_set

    return Ledger(database_of(arguments, make=make), outbox=webhook_is_set(), clock=this_moment)


def author_of(arguments: argparse.Namespace, team: str | None = None) -> "Author":
    """Who writes. `team`: the verb's own default. Raises BadInput for a name that is empty or too long."""
    from agent.ledger.store import Author

    by = person_of(arguments)
    chosen = arguments.team or os.environ.get(TEAM) or team or "support"
    if chosen not in TEAMS:
        raise BadInput(f"{TEAM} {chosen[:40]!r}: expected one of {', '.join(TEAMS)}")
    return Author(by, chosen, " ".join((arguments.through or "").split())[:LONGEST_NAME])


def person_of(arguments: argparse.Namespace) -> str:
    """The name of who sits there. Raises BadInput for one that is empty or too long."""
    by = arguments.by if arguments.by is not None else os.environ.get(BY) or _login()
    by = " ".join(by.split())
    if not by or len(by) > LONGEST_NAME:
        raise BadInput(f"--by {by[:40]!r}: expected a name of 1 to {LONGEST_NAME} characters")
    if by.casefold() == "policy":
        raise BadInput(f"--by {by!r} stands for the rules themselves: give the person's name")
    return by


def named_person(arguments: argparse.Namespace, record: "Record", what: str) -> None:
    """Raises BadInput where an agent writes what only a person may decide and names nobody (policy section 7)."""
    if arguments.through and not (arguments.by or os.environ.get(BY)):
        raise BadInput(f"{record.id}: only a person may {what}: an agent names the person who said so, with --by")


def happened_at(arguments: argparse.Namespace, now: datetime) -> datetime:
    """`--at`, or now."""
    return now if arguments.at is None else time_of(arguments.at, "--at")


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user: a container
        return "unknown"
