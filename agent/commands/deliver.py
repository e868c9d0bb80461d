"""Send what the ledger has to tell to a webhook: each event, and each time that has become overdue.

Off unless ESCALATION_WEBHOOK_URL and ESCALATION_WEBHOOK_SECRET are set; then each event is laid into an outbox as it
is written, and this sends it, at least once, signed by the Standard Webhooks specification. Run it by a timer, every
minute say. What the receiver does not take stays in the outbox and is sent again later.
"""

import argparse
import os
from typing import Literal

from agent.commands.ledger_inputs import add_ledger, database_of
from agent.commands.output import add_output, emit, emit_json, format_of, ready
from agent.commands.times import this_moment
from agent.errors import EXIT_DONE, EXIT_FINDINGS, BadInput

FORMATS: tuple[Literal["text", "json"], ...] = ("text", "json")
LIMIT, MOST = 100, 10_000

EXAMPLES = """examples:
  export ESCALATION_WEBHOOK_URL=https://hooks.example.com/escalations ESCALATION_WEBHOOK_SECRET=whsec_...
  escalation deliver
  escalation deliver --limit 20 --format json | jq .failed"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("--url", metavar="URL", help="the receiver (default: ESCALATION_WEBHOOK_URL)")
    parser.add_argument("--limit", type=int, default=LIMIT, metavar="N", help=f"at most N notices (default: {LIMIT})")
    add_ledger(parser)
    add_output(parser, FORMATS)


def run(arguments: argparse.Namespace) -> int:
    """Send, and print what was sent."""
    if not 1 <= arguments.limit <= MOST:
        raise BadInput(f"--limit {arguments.limit}: expected 1 to {MOST}")
    ready(arguments.out)
    form = format_of(arguments, FORMATS)
    from agent.ledger.deliver import SECRET, URL, as_json, deliver, remind, target_from_environment

    target = target_from_environment(arguments.url)
    if target is None:
        given = {URL: arguments.url if arguments.url is not None else os.environ.get(URL, "")}
        given[SECRET] = os.environ.get(SECRET, "")
        missing = [name for name, value in given.items() if not value.strip()]
        raise BadInput(
            f"no webhook is set up: set {' and '.join(missing)} "
            f"(the receiver's URL, and the secret whsec_... that it shares with you)"
        )
    database = database_of(arguments)
    laid = remind(database, this_moment())
    done = deliver(database, target, limit=arguments.limit)
    if form == "json":
        emit_json(as_json(laid, done), arguments.out)
    else:
        from agent.render.formats import text_environment

        values = {
            "laid": laid,
            "sent": done.sent,
            "failed": [
                {"key": f.key, "error": f.error, "attempts": f.attempts, "again_at": f"{f.again_at:%Y-%m-%d %H:%M} UTC"}
                for f in done.failed
            ],
            "left": done.left,
            "gone": done.gone,
        }
        text = text_environment(0, False).get_template("ledger/deliver.txt.j2").render(**values)
        emit(text, arguments.out)
    return EXIT_FINDINGS if done.failed else EXIT_DONE
