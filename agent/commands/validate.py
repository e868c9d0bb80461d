"""Check a brief against ticket, facts and decision, and print {valid, findings} as JSON.

The brief is text or Markdown in the seed's layout, or JSON. Without --decision the decision is made from the facts
under the same flags. A line on stderr says whether it is valid, and how long it is. Needs no key.
"""

import argparse
import json
from typing import TYPE_CHECKING

from agent.commands.inputs import (
    add_circumstances,
    add_decision,
    add_redaction,
    circumstances_of,
    decision_of,
    facts_and_ticket_of,
    one_stdin,
    parse,
    read_bytes,
)
from agent.commands.output import add_out, emit_json, note, ready
from agent.errors import EXIT_DONE, EXIT_FINDINGS, BadInput

if TYPE_CHECKING:
    from datetime import datetime

    from agent.redaction import Vault
    from schemas.brief import Brief
    from schemas.context import Context
    from schemas.decision import Decision
    from schemas.escalation import Finding
    from schemas.facts import Facts
    from schemas.ticket import Ticket

EXAMPLES = """examples:
  escalation validate brief.md --ticket ticket.txt --facts grounded.json --tier L2
  escalation validate - --ticket ticket.txt --facts facts.json --decision decision.json < brief.txt"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("brief", metavar="BRIEF", help="the brief: text, Markdown or JSON; - is stdin")
    parser.add_argument("--ticket", metavar="TICKET", required=True, help="the ticket that the brief is about")
    parser.add_argument("--facts", metavar="FACTS", required=True, help="facts as `check` prints them, or a report")
    add_redaction(parser, restore=False)
    add_decision(parser)
    add_circumstances(parser)
    add_out(parser)


def run(arguments: argparse.Namespace) -> int:
    """Validate."""
    one_stdin(arguments, "brief", "ticket", "facts", "decision", "context")
    ready(arguments.out)
    raw = read_bytes(arguments.brief, "brief", invitation="paste the brief, end with Ctrl-D")
    if not raw.strip():
        raise BadInput(f"brief {arguments.brief!r} is empty: `escalation skeleton` prints its outline")
    given = circumstances_of(arguments)
    facts, ticket, vault = facts_and_ticket_of(arguments)
    decision, now = decision_of(arguments, facts, given)

    brief, findings = brief_and_findings(raw, arguments.brief, decision, facts, ticket, given.context, now, vault)
    valid = not any(finding.blocking for finding in findings)
    result = {"valid": valid, "findings": [finding.model_dump(mode="json") for finding in findings]}
    emit_json(json.dumps(result, indent=2, ensure_ascii=False), arguments.out)
    from agent.commands.summary import of_findings
    from agent.validate.header import length

    note(of_findings(findings, length(brief)))
    return EXIT_DONE if valid else EXIT_FINDINGS


def brief_and_findings(
    raw: bytes,
    name: str,
    decision: "Decision",
    facts: "Facts",
    ticket: "Ticket",
    context: "Context",
    now: "datetime",
    vault: "Vault",
) -> "tuple[Brief, tuple[Finding, ...]]":
    """A brief in JSON, text or Markdown, its secrets as placeholders, and what validation holds against it."""
    from agent.validate import parse_brief, validate_brief, validate_text

    if raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        from schemas.brief import Brief

        brief = vault.concealed(parse(Brief, raw, f"brief {name!r}", "brief"))
        return brief, validate_brief(brief, decision, facts, ticket, context, now)
    text = vault.conceal(_text(raw))
    return parse_brief(text).brief, validate_text(text, decision, facts, ticket, context, now)


def _text(raw: bytes) -> str:
    """Text of the brief: UTF-8, or UTF-16 with its mark; a wrong byte is shown as such, not a reason to stop."""
    utf16 = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    return raw.decode("utf-16" if utf16 else "utf-8-sig", "replace")
