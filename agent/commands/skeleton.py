"""Print the outline of the brief for a decision: the seed's sections, what this target needs, what is known.

Whoever drafts (a person, an agent runtime's model) fills it in; `escalation validate` checks the result. Needs no
key. Where nothing escalates there is no brief to write: the decision is printed, and a line on stderr says so.
"""

import argparse

from agent.commands.inputs import (
    add_circumstances,
    add_decision,
    add_facts,
    circumstances_of,
    decision_of,
    facts_and_ticket_of,
    one_stdin,
)
from agent.commands.output import add_out, emit, note, ready
from agent.errors import EXIT_DONE

EXAMPLES = """examples:
  escalation skeleton grounded.json --ticket ticket.txt --tier L2 > brief.md
  escalation skeleton facts.json --ticket ticket.txt --context crm.json"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    add_facts(parser)
    add_decision(parser)
    add_circumstances(parser)
    add_out(parser)


def run(arguments: argparse.Namespace) -> int:
    """Outline."""
    one_stdin(arguments, "facts", "ticket", "decision", "context")
    ready(arguments.out)
    given = circumstances_of(arguments)
    facts, ticket, _ = facts_and_ticket_of(arguments)
    decision, _ = decision_of(arguments, facts, given)
    if decision.outcome != "escalate":
        note(f"no brief is due: the outcome is {decision.outcome}; this is the decision")

    from agent.render import render_skeleton

    emit(render_skeleton(decision, facts, ticket, given.context), arguments.out)
    return EXIT_DONE
