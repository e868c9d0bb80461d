"""A short message about an escalation, ready to paste into a chat: where it stands, or all that is due.

Nothing that a ticket says can ping, link or format in the chat. Of a Security case: id, severity and state alone.
Slack's form is the one that its API and webhooks take (`&amp;` for `&`).
"""

import argparse

from agent.commands.ledger_inputs import add_escalation, add_ledger, add_now, database_of
from agent.commands.output import add_out, emit, ready
from agent.commands.times import now_of
from agent.errors import EXIT_DONE

FORMS = ("slack", "teams", "text")
KINDS = ("status", "due")

EXAMPLES = """examples:
  escalation message ESC-7
  escalation message ESC-7 --for slack --kind due
  escalation message ESC-7 --for slack | jq -Rs '{text: .}'"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    add_escalation(parser)
    parser.add_argument("--for", dest="form", choices=FORMS, default="text", help="the chat (default: plain text)")
    parser.add_argument(
        "--kind",
        choices=KINDS,
        default="status",
        help="where it stands and what is next (the default), or all due times",
    )
    add_now(parser)
    add_ledger(parser)
    add_out(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    ready(arguments.out)
    now = now_of(arguments)
    database = database_of(arguments)
    from agent.ledger.message import message
    from agent.ledger.store import Ledger
    from agent.ledger.timers import timers

    ledger = Ledger(database)
    record = ledger.record(arguments.id)
    running = timers(record, ledger.settings_of(record))
    emit(message(record, running, now, form=arguments.form, kind=arguments.kind), arguments.out)
    return EXIT_DONE
