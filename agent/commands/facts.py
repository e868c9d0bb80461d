"""Extract the facts of a ticket and print the report as JSON: the input of `escalation check`.

Each fact carries its quote. Nothing is checked or decided yet.
"""

import argparse

from agent.commands.inputs import add_ticket, ticket_of
from agent.commands.output import add_out, emit_json, note, ready
from agent.commands.run import add_backend, backend_of, working
from agent.errors import EXIT_DONE

EXAMPLES = """examples:
  escalation facts ticket.txt > facts.json
  escalation facts - --backend offline < ticket.txt"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    add_ticket(parser, optional=True)
    add_out(parser)
    add_backend(parser)


def run(arguments: argparse.Namespace) -> int:
    """Extract only."""
    ready(arguments.out)
    redacted = ticket_of(arguments)
    ticket = redacted.ticket

    from agent.backends.base import ExtractCall, Fault, MalformedAnswer, total

    backend = backend_of(arguments)
    with working(backend):
        try:
            reply = backend.answer(ExtractCall(ticket))
            usage = reply.usage
        except MalformedAnswer as error:  # sent back once, as the whole road does
            reply = backend.answer(ExtractCall(ticket, Fault(error.raw, error.findings)))
            usage = total(error.usage, reply.usage)
    report = redacted.vault.restored(reply.value) if arguments.restore else reply.value
    emit_json(report.model_dump_json(indent=2), arguments.out)
    if usage.calls:
        note(f"{usage.calls} calls, {usage.input_tokens} tokens in, {usage.output_tokens} out")
    return EXIT_DONE
