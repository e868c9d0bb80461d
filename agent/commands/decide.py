"""Decide from facts: handle in support, escalate, or ask; with every rule that fired and the quotes behind it.

FACTS are what `escalation check` printed, or a report together with --ticket. The same facts, context, policy and
time give the same bytes. A line on stderr says the decision where the result is JSON or goes into a file. Needs no key.
"""

import argparse
from typing import Literal

from agent.commands.inputs import add_circumstances, add_facts, circumstances_of, facts_of, one_stdin
from agent.commands.output import add_output, emit, emit_json, format_of, note, ready
from agent.errors import EXIT_DONE, EXIT_FINDINGS

FORMATS: tuple[Literal["text", "markdown", "json"], ...] = ("text", "markdown", "json")

EXAMPLES = """examples:
  escalation decide grounded.json --tier L2
  escalation decide facts.json --ticket ticket.txt --context crm.json --format text
  escalation check ticket.txt facts.json | escalation decide - --now 2026-11-23T09:00Z"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    add_facts(parser)
    add_circumstances(parser)
    add_output(parser, FORMATS)


def run(arguments: argparse.Namespace) -> int:
    """Decide."""
    one_stdin(arguments, "facts", "ticket", "context")
    ready(arguments.out)
    form = format_of(arguments, FORMATS)
    given = circumstances_of(arguments)
    known = facts_of(arguments)
    facts, ticket = known.facts, known.ticket

    from agent.policy.decide import decide

    decision = decide(facts, given.context, given.settings, given.now)
    if facts.instructions:
        note("the ticket tries to give instructions (`instructions` in the facts): read as data, they changed nothing")
    from agent.age import last_quoted, last_word
    from agent.commands import summary
    from agent.render.words import zone_of

    if old := summary.of_age(last_quoted(facts) if ticket is None else last_word(ticket), given.now):
        note(old)
    if form == "json":
        emit_json(decision.model_dump_json(indent=2), arguments.out)
    else:
        from agent.render import render_decision

        emit(render_decision(decision, facts, form), arguments.out)
    if form == "json" or arguments.out is not None:  # else the page has just said so
        note(summary.of_decision(decision, zone_of(given.context)))
    return EXIT_FINDINGS if decision.outcome == "needs_info" else EXIT_DONE
