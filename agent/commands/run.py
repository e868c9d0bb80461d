"""Read a ticket and print the decision with its reasons and, when it escalates, the brief.

The ticket goes through the whole road: extract, ground, decide, draft, validate. Text on a terminal, JSON where a
program reads; --format and the suffix of --out overrule that.
"""

import argparse
import contextlib
from typing import TYPE_CHECKING, Literal

from agent.commands.inputs import add_circumstances, add_ticket, circumstances_of, level_of, one_stdin, ticket_of
from agent.commands.ledger_inputs import add_ledger, author_of, ledger_of
from agent.commands.open import add_recording
from agent.commands.output import add_output, colour, emit, format_of, note, progress, ready, width
from agent.errors import EXIT_DONE, EXIT_FINDINGS, BadInput, EscalationError

if TYPE_CHECKING:
    from agent.backends.base import Backend
    from agent.commands.inputs import Circumstances
    from agent.ledger.memory import Memory

FORMATS: tuple[Literal["text", "markdown", "html", "json"], ...] = ("text", "markdown", "html", "json")

EXAMPLES = """examples:
  escalation run ticket.txt
  escalation run ticket.eml --tier L2 --context crm.json --out brief.html
  escalation run ticket.json --format json | jq .decision.outcome
  escalation run - --backend offline < ticket.txt"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    add_ticket(parser, optional=True)
    add_circumstances(parser)
    add_output(parser, FORMATS)
    add_backend(parser)
    parser.add_argument(
        "--fallback",
        choices=("offline",),
        help="if the model fails, go on with the offline rules and say so (default: end with exit code 4)",
    )
    parser.add_argument("--max-repairs", type=whole, metavar="N", help="answers sent back for repair (default: 2)")
    parser.add_argument("--token-budget", type=whole, metavar="N", help="no further repair once a run used N tokens")
    add_ledger(parser)
    parser.add_argument("--no-ledger", action="store_true", help="do not look for others with the same in the ledger")
    parser.add_argument("--record", action="store_true", help="write the run into the ledger, as `open` does")
    add_recording(parser)
    parser.add_argument("--by", metavar="NAME", help="with --record: who does it (default: as for `open`)")
    parser.set_defaults(team=None, through="")


def run(arguments: argparse.Namespace) -> int:
    """The road for one ticket."""
    one_stdin(arguments, "ticket", "context")
    ready(arguments.out)
    form = format_of(arguments, FORMATS)
    given = circumstances_of(arguments)
    redacted = ticket_of(arguments)

    from agent.backends.base import ModelError
    from agent.drafting import Limits
    from agent.pipeline import escalate
    from agent.render import render

    memory = memory_of(arguments, given)
    author = author_of(arguments) if arguments.record else None  # now: what is wrong with it must not cost a result
    backend = backend_of(arguments)
    try:
        with working(backend):
            result = escalate(
                redacted.ticket,
                context=redacted.vault.concealed(given.context),
                backend=backend,
                settings=given.settings,
                now=given.now,
                fallback=arguments.fallback,
                max_repairs=Limits.max_repairs if arguments.max_repairs is None else arguments.max_repairs,
                token_budget=arguments.token_budget,
                memory=memory,
                redact=level_of(arguments),
            )
    except ModelError as error:
        if error.decision is not None:  # made and paid for: worth more than nothing
            made = error.decision
            note(f"decided before the model failed: {made.outcome}, owner {made.owner}, severity {made.severity}")
        raise
    if result.backend != backend.name:
        note(f"the model failed, so the {result.backend} rules made this result; see its warnings")
    unwritten: EscalationError | None = None
    if author is not None and memory is not None:
        from agent.commands.open import told, written

        try:
            taken = written(arguments, memory.ledger, result, given.settings, author, given.now)
            note(told(taken))
            if taken.record is not None:
                result = result.model_copy(update={"ledger_id": taken.record.id})
        except EscalationError as error:  # told behind the result, which was paid for
            unwritten = error
    if arguments.restore:
        result = redacted.vault.restored(result)
    emit(render(result, form, colour=colour() and arguments.out is None, width=width()), arguments.out)
    if unwritten is not None:
        raise unwritten
    needs_more = result.decision.outcome == "needs_info" or result.brief_status == "incomplete"
    return EXIT_FINDINGS if needs_more else EXIT_DONE


def memory_of(arguments: argparse.Namespace, given: "Circumstances") -> "Memory | None":
    """The ledger to look into: where there is one, or where the run is to be written down."""
    from agent.ledger.where import is_there, ledger_url

    if arguments.no_ledger and arguments.record:
        raise BadInput("--no-ledger and --record: expected one of them")
    if arguments.no_ledger or not (arguments.record or is_there(ledger_url(arguments.ledger))):
        return None
    from agent.ledger.memory import Memory

    return Memory(ledger_of(arguments, make=True), given.settings)


def add_backend(parser: argparse.ArgumentParser) -> None:
    """Who reads and writes."""
    parser.add_argument(
        "--backend",
        choices=("auto", "claude", "offline"),
        default="auto",
        help="who reads the ticket; auto is claude with a key and offline without (default: auto)",
    )
    parser.add_argument("--model", metavar="NAME", help="model of the claude backend (default: ESCALATION_MODEL)")


def backend_of(arguments: argparse.Namespace, read: str = "this ticket") -> "Backend":
    """The backend of the command line. A person who did not ask for `offline` is told that no model takes part.

    `read`: what it would read.
    """
    from agent.backends import pick_backend

    backend = pick_backend(arguments.backend, arguments.model)
    if backend.name == "offline" and arguments.backend != "offline":
        note(f"no ANTHROPIC_API_KEY: no model reads {read}, the offline rules do (a floor; check the result)")
    return backend


def working(backend: "Backend") -> contextlib.AbstractContextManager[None]:
    """Progress while a model works; the offline rules are done before a line could be read."""
    return contextlib.nullcontext() if backend.name == "offline" else progress(f"{backend.model or 'model'} at work")


def whole(text: str) -> int:
    """A whole number from 0 up."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise BadInput(f"{text[:20]!r} is not a whole number from 0 up: give one such as 2")
    return int(text)
