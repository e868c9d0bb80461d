"""Each running time of an escalation with its arithmetic, line by line."""

import argparse
from typing import Literal

from agent.commands.ledger_inputs import add_escalation, add_ledger, add_now, database_of
from agent.commands.output import add_output, colour, emit, emit_json, format_of, ready, width
from agent.commands.times import now_of
from agent.errors import EXIT_DONE

FORMATS: tuple[Literal["text", "json"], ...] = ("text", "json")

EXAMPLES = """examples:
  escalation why-due ESC-7
  escalation why-due ESC-7 --format json | jq '.timers[] | {kind, due, lines}'"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    add_escalation(parser)
    add_now(parser)
    add_ledger(parser)
    add_output(parser, FORMATS)


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    ready(arguments.out)
    form = format_of(arguments, FORMATS)
    now = now_of(arguments)
    database = database_of(arguments)
    from agent.ledger.store import Ledger

    ledger = Ledger(database)
    record = ledger.record(arguments.id)
    settings = ledger.settings_of(record)
    if form == "json":
        import json

        from agent.ledger.timers import timers

        running = [timer.model_dump(mode="json") for timer in timers(record, settings, explain=True)]
        value = {"id": record.id, "state": record.state, "policy": record.policy_version, "timers": running}
        emit_json(json.dumps(value, ensure_ascii=False, indent=2), arguments.out)
        return EXIT_DONE
    from agent.ledger.pages import why_due

    emit(why_due(record, settings, now, width=width(), colour=colour() and arguments.out is None), arguments.out)
    return EXIT_DONE
