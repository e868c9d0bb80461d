"""One escalation as it stands: state, what is due, last words, promises, what passed unheeded.

With --full also what it was opened with: facts with their evidence, decision and brief (JSON).
"""

import argparse
from typing import Literal

from agent.commands.ledger_inputs import add_escalation, add_ledger, add_now, database_of
from agent.commands.output import add_output, colour, emit, emit_json, format_of, ready, width
from agent.commands.times import now_of
from agent.errors import EXIT_DONE

FORMATS: tuple[Literal["text", "json"], ...] = ("text", "json")

EXAMPLES = """examples:
  escalation show ESC-7
  escalation show ESC-7 --format json | jq '{state, version, timers}'
  escalation show ESC-7 --full | jq .result.brief"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    add_escalation(parser)
    parser.add_argument("--full", action="store_true", help="JSON with facts, decision and brief")
    add_now(parser)
    add_ledger(parser)
    add_output(parser, FORMATS)


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    ready(arguments.out)
    form = "json" if arguments.full else format_of(arguments, FORMATS)
    now = now_of(arguments)
    database = database_of(arguments)
    from agent.ledger.store import Ledger

    ledger = Ledger(database)
    record = ledger.record(arguments.id)
    settings = ledger.settings_of(record)
    if form == "json":
        import json

        from agent.ledger.timers import timers

        value = record.model_dump(mode="json")
        value["timers"] = [timer.model_dump(mode="json") for timer in timers(record, settings, explain=True)]
        if arguments.full:
            value["result"] = ledger.result(record)
        emit_json(json.dumps(value, ensure_ascii=False, indent=2), arguments.out)
        return EXIT_DONE
    from agent.ledger.pages import show

    emit(show(record, settings, now, width=width(), colour=colour() and arguments.out is None), arguments.out)
    return EXIT_DONE
