"""Open an escalation in the ledger, from a finished run or from the pieces that an agent runtime made.

The result is what `escalation run --format json` printed; else give --ticket, --facts, --decision and --brief. The
brief is validated first. The same ticket again opens no twin: its escalation gets the news, and a higher severity by
itself. A ticket that shows the same as an open escalation, as support or a model confirmed, is attached to that one.
`next_due` in the JSON is what falls due first. Where the decision is not to escalate nothing is opened (`reported`).
"""

import argparse
import json
from typing import TYPE_CHECKING, Literal

from agent.commands.inputs import (
    add_circumstances,
    add_redaction,
    circumstances_of,
    decision_of,
    facts_and_ticket_of,
    one_stdin,
    parse,
    read_bytes,
)
from agent.commands.ledger_inputs import add_author, add_ledger, author_of, ledger_of
from agent.commands.output import add_output, emit, emit_json, format_of, note, ready
from agent.commands.validate import brief_and_findings
from agent.errors import EXIT_DONE, EXIT_FINDINGS, BadInput
from agent.version import program_version

if TYPE_CHECKING:
    from datetime import datetime

    from agent.commands.inputs import Circumstances
    from agent.ledger.intake import Taken
    from agent.ledger.store import Author, Ledger
    from agent.policy.settings import Settings
    from agent.redaction import Vault
    from schemas.brief import Brief
    from schemas.comparison import Similar
    from schemas.context import Context
    from schemas.decision import Decision
    from schemas.escalation import Escalation, Finding
    from schemas.facts import Facts
    from schemas.ledger import Record
    from schemas.ticket import Ticket

FORMATS: tuple[Literal["text", "json"], ...] = ("text", "json")

EXAMPLES = """examples:
  escalation run ticket.txt --format json | escalation open -
  escalation open --ticket ticket.txt --facts grounded.json --decision decision.json --brief brief.md
  escalation open result.json --by 'Ana Lima' --customer-zone Asia/Tokyo"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("result", metavar="RESULT", nargs="?", help="what `run` printed as JSON; - is stdin")
    parser.add_argument("--facts", metavar="FACTS", help="facts as `check` prints them")
    parser.add_argument("--ticket", metavar="TICKET", help="the ticket that the facts are about")
    parser.add_argument("--decision", metavar="FILE", help="the decision as `decide` prints it")
    parser.add_argument("--brief", metavar="FILE", help="the brief, as text or Markdown in the outline's layout")
    add_redaction(parser, restore=False)
    add_circumstances(parser)
    add_recording(parser)
    add_author(parser)
    add_ledger(parser)
    add_output(parser, FORMATS)


def add_recording(parser: argparse.ArgumentParser) -> None:
    """How it is opened."""
    parser.add_argument("--customer-zone", metavar="ZONE", help="IANA zone in which the customer reads times")
    parser.add_argument(
        "--despite", metavar="WHY", default="", help="open it although the brief is incomplete, and why"
    )


def run(arguments: argparse.Namespace) -> int:
    """Open it."""
    ready(arguments.out)
    form = format_of(arguments, FORMATS)
    given = circumstances_of(arguments)
    notes = _new_ledger(arguments)
    ledger = ledger_of(arguments, make=True)
    made = _result(arguments, given.settings) if arguments.result else _pieces(arguments, given, ledger)
    author = author_of(arguments)
    taken = written(arguments, ledger, made, given.settings, author, given.now)
    if taken.became == "reported":
        notes.append(_nothing_opened(taken, made))
    for line in notes:
        note(line)
    if form == "json":
        value = {
            "became": taken.became,
            "repeated": taken.repeated,
            "notes": [*taken.notes, *notes],
            "next_due": next_due(ledger, taken.record),
            "escalation": None if taken.record is None else taken.record.model_dump(mode="json"),
        }
        emit_json(json.dumps(value, ensure_ascii=False, indent=2), arguments.out)
    else:
        emit(told(taken), arguments.out)
    return EXIT_FINDINGS if taken.became == "drafted" else EXIT_DONE


def written(
    arguments: argparse.Namespace,
    ledger: "Ledger",
    made: "Escalation",
    settings: "Settings",
    author: "Author",
    now: "datetime",
) -> "Taken":
    """The run in the ledger, with what there is to say about it on stderr."""
    taken = recorded(
        ledger,
        made,
        settings,
        author,
        now,
        customer_zone=arguments.customer_zone,
        despite=arguments.despite,
        key=getattr(arguments, "key", None),
    )
    for line in taken.notes:
        note(line)
    return taken


def recorded(
    ledger: "Ledger",
    made: "Escalation",
    settings: "Settings",
    author: "Author",
    now: "datetime",
    *,
    customer_zone: str | None = None,
    despite: str = "",
    key: str | None = None,
) -> "Taken":
    """The run in the ledger. Raises BadInput for a zone that does not exist."""
    from agent.ledger.memory import Memory
    from agent.ledger.moments import zone_named
    from agent.ledger.recording import record

    if customer_zone is not None and zone_named(customer_zone) is None:
        raise BadInput(f"--customer-zone {customer_zone[:40]!r}: expected an IANA name such as 'Asia/Tokyo'")
    return record(
        Memory(ledger, settings), made, author, now=now, customer_zone=customer_zone, despite=despite, key=key
    )


def told(taken: "Taken") -> str:
    """What became of it, in a line."""
    if taken.record is None:
        return "Nothing to escalate: the ticket was noted for the look-up of patterns."
    from agent.ledger.pages import record_line
    from agent.policy.settings import load_settings

    words = {
        "opened": "opened",
        "drafted": "kept as a draft",
        "attached": "attached",
        "raised": "news",
        "noted": "nothing new",
        "reported": "noted",
    }
    return f"{words[taken.became].capitalize()}: {record_line(taken.record, load_settings())}"


def next_due(ledger: "Ledger", record: "Record | None") -> dict[str, str] | None:
    """What falls due first on the escalation, as plain data; None where nothing runs."""
    if record is None:
        return None
    from agent.ledger.timers import timers

    first = next(iter(timers(record, ledger.settings_of(record))), None)
    return None if first is None else first.model_dump(mode="json", include={"kind", "who", "what", "due", "overdue"})


def _new_ledger(arguments: argparse.Namespace) -> list[str]:
    """That there was no ledger under this name: it is made now, and the name may be a slip."""
    from agent.ledger.where import is_there, ledger_url, shown

    url = ledger_url(arguments.ledger)
    return [] if is_there(url) else [f"There was no ledger at {shown(url)}: a new one was made"]


def _nothing_opened(taken: "Taken", made: "Escalation") -> str:
    outcome = made.decision.outcome.replace("_", " ")
    if taken.record is not None:
        state = taken.record.state.replace("_", " ")
        return f"Nothing opened: the outcome is {outcome}; {taken.record.id} of this ticket stays {state}"
    return f"Nothing opened: the outcome is {outcome}; the ticket was noted for the look-up of patterns"


def _result(arguments: argparse.Namespace, settings: "Settings") -> "Escalation":
    from schemas.escalation import Escalation

    raw = read_bytes(arguments.result, "result", invitation="paste the result (JSON), end with Ctrl-D")
    made = parse(Escalation, raw, f"result {arguments.result!r}", "escalation")
    if made.decision.policy_version != settings.version:
        raise BadInput(
            f"result {arguments.result!r} was decided under policy {made.decision.policy_version[:60]!r}, not "
            f"{settings.version!r}: give the same --policy"
        )
    return made


def _pieces(arguments: argparse.Namespace, given: "Circumstances", ledger: "Ledger") -> "Escalation":
    """A run from what an agent runtime made, with its brief validated and what the ledger knows of others."""
    if arguments.facts is None or arguments.ticket is None:
        raise BadInput("nothing to open: name a RESULT, or --ticket, --facts, --decision and --brief")
    one_stdin(arguments, "facts", "ticket", "decision", "brief", "context")
    from agent.ledger.memory import Memory

    facts, ticket, vault = facts_and_ticket_of(arguments)
    decision, now = decision_of(arguments, facts, given)
    memory = Memory(ledger, given.settings)
    _, similar = memory.conclude(memory.recall(ticket, facts, given.context, now), None)
    made = assembled(ticket, facts, given.context, decision, similar)
    return made if arguments.brief is None else _with_brief(made, arguments, now, vault)


def assembled(
    ticket: "Ticket", facts: "Facts", context: "Context", decision: "Decision", similar: "tuple[Similar, ...]"
) -> "Escalation":
    """A run whose pieces an agent runtime's own model made, still without a brief."""
    from agent.policy.nextsteps import next_steps
    from schemas.escalation import Escalation, Provenance

    return Escalation(
        ticket=ticket,
        context=context,
        facts=facts,
        decision=decision,
        next_steps=next_steps(decision),
        similar=similar,
        backend="host",
        provenance=Provenance(backend="host", policy_version=decision.policy_version, version=program_version()),
    )


def briefed(made: "Escalation", brief: "Brief", findings: "tuple[Finding, ...]") -> "Escalation":
    """The run with its brief and what validation holds against it."""
    changes = {"brief": brief, "brief_status": "valid" if complete(findings) else "incomplete", "findings": findings}
    return made.model_copy(update=changes)


def complete(findings: "tuple[Finding, ...]") -> bool:
    """Whether a brief with these findings can go out as it is."""
    from schemas.vocabulary import REPRODUCTION_GAP

    return not any(finding.blocking or finding.code == REPRODUCTION_GAP for finding in findings)


def _with_brief(made: "Escalation", arguments: argparse.Namespace, now: "datetime", vault: "Vault") -> "Escalation":
    raw = read_bytes(arguments.brief, "brief", invitation="paste the brief, end with Ctrl-D")
    brief, findings = brief_and_findings(
        raw, arguments.brief, made.decision, made.facts, made.ticket, made.context, now, vault
    )
    for finding in findings:
        if finding.blocking:
            note(f"brief, {finding.place}: {finding.found[:80]!r}: {finding.expected}")
    return briefed(made, brief, findings)
