"""Check reported facts against their ticket and print them as JSON, each claim with its place and its status.

A claim whose quote does not stand in the ticket is removed, and named on stderr and under `removed`. The last line on
stderr sums up what counts and what was changed. Needs no key.
"""

import argparse

from agent.commands.inputs import add_ticket, one_stdin, parse, read_bytes, tell_removed, ticket_of
from agent.commands.output import add_out, emit_json, note, ready
from agent.commands.times import this_moment
from agent.errors import EXIT_DONE, EXIT_FINDINGS

EXAMPLES = """examples:
  escalation schema facts_report
  escalation check ticket.txt facts.json > grounded.json
  escalation check ticket.txt - < facts.json"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    add_ticket(parser)
    parser.add_argument("facts", metavar="FACTS", help="the report (`escalation schema facts_report`); - is stdin")
    add_out(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ground a report."""
    one_stdin(arguments, "ticket", "facts")
    ready(arguments.out)

    from schemas.report import FactsReport

    raw = read_bytes(arguments.facts, "facts", invitation="paste the facts (JSON), end with Ctrl-D")
    report = parse(FactsReport, raw, f"facts {arguments.facts!r}", "facts_report")
    redacted = ticket_of(arguments)
    ticket, vault = redacted.ticket, redacted.vault

    from agent.grounding.ground import ground

    facts = ground(ticket, vault.concealed(report))
    shown = vault.restored(facts) if arguments.restore else facts
    emit_json(shown.model_dump_json(indent=2), arguments.out)
    tell_removed(facts)
    from agent.age import last_word
    from agent.commands import summary

    if old := summary.of_age(last_word(ticket), this_moment()):
        note(old)
    note(summary.of_facts(facts))
    return EXIT_FINDINGS if facts.removed else EXIT_DONE
