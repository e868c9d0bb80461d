"""Earlier tickets in the ledger that are, or may be, the same as this one; and what else the ledger knows about it.

A match counts once support or a model has confirmed it. Here nobody is asked: what is not judged yet has `same: null`,
for you to compare (`symptoms`) and to judge with `escalation same`. --context-out writes the context with what the
ledger adds: confirmed others, the ticket's open escalation, a person's decision. Give it to `decide` and what follows.
"""

import argparse
import json
from typing import Any, Literal

from agent.commands.inputs import add_circumstances, add_facts, circumstances_of, facts_and_ticket_of, one_stdin
from agent.commands.ledger_inputs import add_ledger, ledger_of
from agent.commands.output import add_output, colour, emit, emit_json, format_of, ready, width
from agent.errors import EXIT_DONE

FORMATS: tuple[Literal["text", "json"], ...] = ("text", "json")

EXAMPLES = """examples:
  escalation similar grounded.json --ticket ticket.txt
  escalation similar grounded.json --ticket ticket.txt --context crm.json --context-out context.json"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    add_facts(parser)
    add_circumstances(parser)
    parser.add_argument(
        "--context-out", metavar="FILE", help="write the context with what the ledger adds there (JSON)"
    )
    add_ledger(parser)
    add_output(parser, FORMATS)


def run(arguments: argparse.Namespace) -> int:
    """Look."""
    one_stdin(arguments, "facts", "ticket", "context")
    ready(arguments.out)
    if arguments.context_out is not None:
        ready(arguments.context_out)
    form = format_of(arguments, FORMATS)
    given = circumstances_of(arguments)
    facts, ticket, _ = facts_and_ticket_of(arguments)
    ledger = ledger_of(arguments)
    from agent.ledger.memory import Memory

    memory = Memory(ledger, given.settings)
    recall = memory.recall(ticket, facts, given.context, given.now)
    context, _ = memory.conclude(recall, None)
    found = [plain(candidate) for candidate in (*recall.sure, *recall.earlier)]
    if arguments.context_out is not None:
        emit(context.model_dump_json(indent=2, exclude_defaults=True), arguments.context_out)
    opened = context.open_escalation
    if form == "json":
        value = {
            "ticket": recall.new.ticket,
            "codes": recall.new.codes,
            "symptoms": recall.new.symptoms,
            "open_escalation": None if opened is None else opened.model_dump(mode="json"),
            "override": None if context.override is None else context.override.model_dump(mode="json"),
            "similar": found,
        }
        emit_json(json.dumps(value, ensure_ascii=False, indent=2), arguments.out)
        return EXIT_DONE
    from agent.render.formats import text_environment

    painted = colour() and arguments.out is None
    values = {"new": recall.new, "opened": opened, "override": context.override, "found": found}
    emit(text_environment(width(), painted).get_template("ledger/similar.txt.j2").render(**values), arguments.out)
    return EXIT_DONE


def plain(candidate: Any) -> dict[str, Any]:
    """A candidate for a person or a model to compare."""
    return {
        "ticket": candidate.ticket,
        "account": candidate.account,
        "reported": candidate.reported_at.isoformat(),
        "title": candidate.title,
        "product_area": candidate.product_area,
        "codes": candidate.codes,
        "symptoms": candidate.symptoms,
        "escalation": None if candidate.escalation is None else f"ESC-{candidate.escalation}",
        "state": candidate.state,
        "same": candidate.verdict,
        "confirmed_by": candidate.confirmed_by,
        "why": candidate.why,
        "score": candidate.score,
        "likely": candidate.likely,
        "shared": [*candidate.shared_codes, *candidate.shared_terms],
    }
