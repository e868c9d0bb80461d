"""An iCalendar file of all that is due, for a calendar program to subscribe to or to import again and again.

Each time keeps its UID, so a later import replaces it and makes no double; the page's calendar file has the same UIDs
before the escalation is opened. What ended in the last 14 days is in the file as cancelled. Of a Security case nothing
is told but id, severity and kind.

Run it by a timer, and put the file where the program can fetch it. What --out writes is readable by you alone; for a
web server, write stdout into a file that it may read.
"""

import argparse

from agent.commands.ledger_inputs import add_ledger, add_now, database_of
from agent.commands.output import add_out, emit, ready
from agent.commands.times import now_of
from agent.errors import EXIT_DONE
from schemas.vocabulary import OWNER_LABEL

EXAMPLES = """examples:
  escalation ics --out ~/escalations.ics
  escalation ics --holder 'Ana Lima' --out ana.ics
  escalation ics --owner engineering > new.ics && mv new.ics /srv/calendars/engineering.ics"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("--holder", metavar="NAME", help="only what this person in support keeps")
    parser.add_argument("--owner", choices=tuple(OWNER_LABEL), help="only what this team owns or has")
    add_now(parser)
    add_ledger(parser)
    add_out(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print it, or write the file."""
    ready(arguments.out)
    now = now_of(arguments)
    database = database_of(arguments)
    from agent.ledger.feed import calendar

    emit(calendar(database, now, owner=arguments.owner, holder=arguments.holder), arguments.out)
    return EXIT_DONE
