"""Look at what is due, again and again, until Ctrl-C. On a terminal a page; else a JSON line for each thing newly due.

With --deliver each look also tells the webhook what happened and what has become overdue (see `deliver`).
"""

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

from agent.commands.due import MOST, add_narrowing, as_json, check_limit, due_until, page, status
from agent.commands.ledger_inputs import add_ledger, database_of
from agent.commands.output import colour, note, width
from agent.commands.times import this_moment
from agent.errors import EXIT_DONE, BadInput

if TYPE_CHECKING:
    from agent.ledger.database import Database

CLEAR, BELL = "\x1b[H\x1b[2J\x1b[3J", "\a"
FASTEST, SLOWEST = 1.0, 86_400.0  # seconds between two looks

EXAMPLES = """examples:
  escalation watch
  escalation watch --every 60 --ahead 2 --holder 'Ana Lima'
  escalation watch --deliver --every 30 > due.jsonl"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("--every", type=float, default=30.0, metavar="SECONDS", help="between two looks (default: 30)")
    parser.add_argument("--ahead", type=float, default=1.0, metavar="HOURS", help="also what is due then (default: 1)")
    add_narrowing(parser)
    parser.add_argument("--times", type=int, metavar="N", help="look so many times, then leave")
    parser.add_argument("--deliver", action="store_true", help="also deliver to the webhook at each look")
    parser.add_argument("--no-bell", action="store_true", help="silent when something new becomes due")
    add_ledger(parser)
    parser.set_defaults(short=True)


def run(arguments: argparse.Namespace) -> int:
    """Watch."""
    if not FASTEST <= arguments.every <= SLOWEST:
        raise BadInput(f"--every {arguments.every:g}: expected seconds from {FASTEST:g} to a day")
    if arguments.times is not None and arguments.times < 1:
        raise BadInput(f"--times {arguments.times}: expected 1 or more")
    check_limit(arguments.limit)
    database = database_of(arguments)
    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    seen: set[tuple[str, str, str]] = set()
    looks = 0
    try:
        while True:
            now = this_moment()
            found, total = due_until(database, arguments, now, limit=MOST)
            late = {(row.line.id, row.kind, row.due.isoformat()): row for row in found if status(row, now) != "ahead"}
            fresh = [row for key, row in late.items() if key not in seen]
            if on_terminal:
                bell = BELL if fresh and looks and not arguments.no_bell else ""
                text = page(found[: arguments.limit], total, now, arguments, colour=colour(), width=width())
                sys.stdout.write(f"{CLEAR}{bell}{now:%Y-%m-%d %H:%M:%S} UTC, every {arguments.every:g} s\n\n{text}")
            else:
                sys.stdout.writelines(
                    json.dumps(as_json(row, now, drafts=False), ensure_ascii=True) + "\n" for row in fresh
                )
            sys.stdout.flush()
            seen = set(late)
            if arguments.deliver:
                _deliver(database)
            looks += 1
            if arguments.times is not None and looks >= arguments.times:
                return EXIT_DONE
            time.sleep(arguments.every)
    except KeyboardInterrupt:  # the way to leave, not an error
        if on_terminal:
            sys.stdout.write("\n")
        return EXIT_DONE
    except BrokenPipeError:
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return EXIT_DONE


def _deliver(database: "Database") -> None:
    """One round of delivery; what fails stays in the outbox for the next."""
    from agent.ledger.deliver import deliver, remind, target_from_environment

    target = target_from_environment()
    if target is None:
        raise BadInput("--deliver: no webhook is set up; see `escalation deliver --help`")
    remind(database, this_moment())
    for failure in deliver(database, target).failed:
        note(f"{failure.key} waits: {failure.error}")
