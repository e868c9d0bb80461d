"""Everything that happened to an escalation, day by day, with what passed unheeded between."""

import argparse
from typing import Literal

from agent.commands.ledger_inputs import add_escalation, add_ledger, database_of
from agent.commands.output import add_output, colour, emit, emit_json, format_of, ready, width
from agent.errors import EXIT_DONE

FORMATS: tuple[Literal["text", "markdown", "json"], ...] = ("text", "markdown", "json")

EXAMPLES = """examples:
  escalation timeline ESC-7
  escalation timeline ESC-7 --format markdown
  escalation timeline ESC-7 --format json | jq '.events[] | {at, by, kind: .data.kind}'"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    add_escalation(parser)
    add_ledger(parser)
    add_output(parser, FORMATS)


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    ready(arguments.out)
    form = format_of(arguments, FORMATS)
    database = database_of(arguments)
    from agent.ledger.store import Ledger

    ledger = Ledger(database)
    record = ledger.record(arguments.id)
    events = ledger.events(arguments.id)
    if form == "json":
        import json

        value = {"id": record.id, "version": record.version, "events": [e.model_dump(mode="json") for e in events]}
        emit_json(json.dumps(value, ensure_ascii=False, indent=2), arguments.out)
        return EXIT_DONE
    from agent.ledger.pages import timeline

    painted = colour() and arguments.out is None
    emit(timeline(events, ledger.settings_of(record), form, width=width(), colour=painted), arguments.out)
    return EXIT_DONE
