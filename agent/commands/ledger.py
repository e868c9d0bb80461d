"""The ledger itself: where it is, whether it is whole, and its tables.

`where` says which database is meant. `check` makes every record, timer and breach again from the events and compares,
and follows the chain of hashes, so an edit by hand shows. `derive` makes them again and keeps them. `upgrade` brings
the tables of a shared server up to date.
"""

import argparse
import json
from typing import Literal

from agent.commands.ledger_inputs import add_ledger, database_of, ledger_of
from agent.commands.output import add_output, emit, emit_json, format_of, note, progress, ready
from agent.errors import EXIT_DONE, EXIT_FINDINGS

FORMATS: tuple[Literal["text", "json"], ...] = ("text", "json")

EXAMPLES = """examples:
  escalation ledger where
  escalation ledger check
  escalation ledger upgrade --ledger postgresql://support@db.example/escalations"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("action", choices=("where", "check", "derive", "upgrade"), help="what to do")
    add_ledger(parser)
    add_output(parser, FORMATS)


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    ready(arguments.out)
    form = format_of(arguments, FORMATS)
    if arguments.action == "where":
        return _where(arguments, form)
    if arguments.action == "upgrade":
        return _upgrade(arguments, form)
    if arguments.action == "derive":
        return _derive(arguments, form)
    from agent.ledger.check import check

    with progress("checking the ledger"):
        found = check(database_of(arguments))
    if form == "json":
        value = {"escalations": found.escalations, "events": found.events, "faults": found.faults}
        emit_json(json.dumps(value, ensure_ascii=False, indent=2), arguments.out)
    else:
        for fault in found.faults:
            note(fault)
        counts = f"{_counted(found.escalations, 'escalation')}, {_counted(found.events, 'event')}"
        whole = "whole" if not found.faults else f"not whole: {_counted(len(found.faults), 'fault')}"
        emit(f"{counts}: {whole}", arguments.out)
    return EXIT_FINDINGS if found.faults else EXIT_DONE


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _where(arguments: argparse.Namespace, form: str) -> int:
    from agent.ledger.where import is_there, ledger_url, shown

    url = ledger_url(arguments.ledger)
    if form == "json":
        emit_json(json.dumps({"ledger": shown(url), "there": is_there(url)}, indent=2), arguments.out)
    else:
        emit(f"{shown(url)}{'' if is_there(url) else ' (not there yet)'}", arguments.out)
    return EXIT_DONE


def _derive(arguments: argparse.Namespace, form: str) -> int:
    with progress("deriving"):
        count = ledger_of(arguments).derive_all()
    if form == "json":
        emit_json(json.dumps({"escalations": count}, indent=2), arguments.out)
    else:
        emit(f"{_counted(count, 'escalation')}: lists, timers and breaches made again from the events", arguments.out)
    return EXIT_DONE


def _upgrade(arguments: argparse.Namespace, form: str) -> int:
    from agent.ledger.database import SCHEMA, upgrade

    before = upgrade(arguments.ledger)
    if form == "json":
        emit_json(json.dumps({"before": before, "now": SCHEMA}, indent=2), arguments.out)
    else:
        emit(
            f"tables {before or 'made'}: now {SCHEMA}" if before != SCHEMA else f"tables {SCHEMA}: up to date",
            arguments.out,
        )
    return EXIT_DONE
