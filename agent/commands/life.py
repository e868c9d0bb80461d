"""The verbs that write down what happened to an escalation (policy section 7). Each is one event.

All of them print the record afterwards: a line on a terminal, JSON where a program reads.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

from agent.commands.ledger_inputs import (
    add_escalation,
    add_ledger,
    add_writer,
    author_of,
    happened_at,
    ledger_of,
    named_person,
)
from agent.commands.output import add_output, emit, emit_json, format_of, note, ready
from agent.commands.times import this_moment, time_of
from agent.errors import EXIT_DONE, BadInput
from schemas.ledger import (
    Acknowledged,
    Attached,
    Audience,
    Chased,
    Closed,
    CodeFix,
    Data,
    DeEscalated,
    DeEscalation,
    Drafted,
    Duties,
    HandedOver,
    Monitored,
    Overridden,
    Paused,
    Record,
    Rejected,
    RejectReason,
    Reopened,
    Resolved,
    Resumed,
    Returned,
    SeverityChanged,
    Term,
    TermSet,
    Updated,
)
from schemas.vocabulary import SEVERITY_RANK, Outcome, Owner, Severity

if TYPE_CHECKING:
    from agent.ledger.store import Ledger, Written

LONGEST_TERM = 2000  # hours, or business days
FORMATS: tuple[Literal["text", "json"], ...] = ("text", "json")
Flags = argparse.Namespace


@dataclass(frozen=True)
class Verb:
    """One verb: what its help says, its flags, and the event that it makes of them."""

    doc: str
    EXAMPLES: str
    flags: Callable[[argparse.ArgumentParser], None]
    event: Callable[[Flags, Record, "Ledger"], Data]
    person: str = ""
    """What only a person may do; empty where an agent may, too."""
    by_ticket: bool = False
    """Whether ID may also be a ticket, known to the ledger or not."""

    def __post_init__(self) -> None:
        """The help is the docstring, as with the verbs that are modules."""
        object.__setattr__(self, "__doc__", self.doc)

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare this verb's arguments."""
        add_escalation(parser)
        self.flags(parser)
        parser.add_argument("--why", metavar="TEXT", default="", help="the reason, kept with the event")
        add_writer(parser)
        add_ledger(parser)
        add_output(parser, FORMATS)

    def run(self, arguments: Flags) -> int:
        """Write the event."""
        ready(arguments.out)
        form = format_of(arguments, FORMATS)
        ledger = ledger_of(arguments, make=self.by_ticket)
        written = self.write(arguments, ledger)
        if written.repeated:
            note(f"{written.record.id}: this was written before under the same key; nothing was written again")
        _print(written, ledger, form, arguments.out)
        return EXIT_DONE

    def write(self, flags: Flags, ledger: "Ledger") -> "Written":
        """Write the event that these flags describe; also for callers that parsed no command line."""
        now = this_moment()
        at = happened_at(flags, now)
        record = (_for_ticket if self.by_ticket else _by_id)(ledger, flags, at, now)
        if self.person:
            named_person(flags, record, self.person)
        return ledger.append(
            record.id,
            self.event(flags, record, ledger),
            author_of(flags, default_team(self, record)),
            at=at,
            now=now,
            why=flags.why,
            key=flags.key,
            if_version=flags.if_version,
        )


def default_team(verb: Verb, record: Record) -> str | None:
    """Who acknowledges is the team that has it, unless a hand-over within support waits. Security says so itself."""
    if verb is VERBS["ack"] and not record.receiver and record.with_team != "security":
        return record.with_team
    return None


def _print(written: "Written", ledger: "Ledger", form: str, out: str | None) -> None:
    record, events = written.record, written.events
    if form == "json":
        emit_json(record.model_dump_json(indent=2), out)
        return
    from agent.ledger.pages import record_line

    line = record_line(record, ledger.settings_of(record))
    notes = [event.data.note for event in events if isinstance(event.data, HandedOver)]
    emit("\n\n".join((*notes, line)), out)


def _need(parser: argparse.ArgumentParser, name: str, text: str) -> None:
    parser.add_argument(name, metavar="TEXT", required=True, help=text)


def _add_duties(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--team-notified", action="store_true", help="done: the team that had it knows")
    parser.add_argument("--ticket-updated", action="store_true", help="done: the ticket says how it ended")
    parser.add_argument("--customer-informed", action="store_true", help="done: the customer knows")
    parser.add_argument("--learned", metavar="TEXT", default="", help="what was learned, for the next time")


def _duties(flags: Flags) -> Duties:
    return Duties(
        team_notified=flags.team_notified,
        ticket_updated=flags.ticket_updated,
        customer_informed=flags.customer_informed,
        learned=flags.learned,
    )


def _add_root_cause(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--root-cause", metavar="TEXT", default="", help="what it was in the end")


def _no_flags(_: argparse.ArgumentParser) -> None:
    """Nothing beyond what all verbs have."""


def _reject_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", required=True, choices=get_args(RejectReason), help="why the team does not take it")
    parser.add_argument("--way-on", metavar="TEXT", default="", help="what is to happen instead")


def _update_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", required=True, choices=get_args(Audience), help="internal: heard from the team; customer: told to them"
    )
    _need(parser, "--text", "what was said")
    parser.add_argument("--answers", action="store_true", help="this is the team's answer to the ask")
    parser.add_argument("--promise", metavar="TEXT", default="", help="what the customer was promised in it")
    parser.add_argument("--promise-due", metavar="TIME", help="by when it was promised, ISO 8601 with zone")
    parser.add_argument("--keeps", type=int, metavar="N", help="number of the event whose promise this keeps")


def _update(flags: Flags, _: Record, __: "Ledger") -> Data:
    due = None if flags.promise_due is None else time_of(flags.promise_due, "--promise-due")
    return Updated(
        audience=flags.to,
        text=flags.text,
        promise=flags.promise,
        promise_due=due,
        keeps=flags.keeps,
        answers=flags.answers,
    )


def _severity_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("severity", choices=get_args(Severity), help="the new severity")
    parser.add_argument("--evidence", metavar="TEXT", default="", help="the words or figures that show it")


def _deescalate_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", required=True, choices=get_args(DeEscalation), help="one of the four reasons")
    parser.add_argument("--evidence", metavar="TEXT", default="", help="the words or figures that show it")
    parser.add_argument("--severity", choices=get_args(Severity), help="the lower severity, if it stays with its owner")
    parser.add_argument(
        "--code-fix", choices=get_args(CodeFix), default="unknown", help="whether a change of code is still owed"
    )
    _add_root_cause(parser)
    _add_duties(parser)


def _deescalate(flags: Flags, _: Record, __: "Ledger") -> Data:
    return DeEscalated(
        reason=flags.reason,
        evidence=flags.evidence,
        duties=_duties(flags),
        severity=flags.severity,
        code_fix=flags.code_fix,
        root_cause=flags.root_cause,
    )


def _return_flags(parser: argparse.ArgumentParser) -> None:
    _add_root_cause(parser)
    _add_duties(parser)


def _resolve_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--resolution", metavar="TEXT", default="", help="what solved it")
    _add_root_cause(parser)


def _reopen_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--severity", choices=get_args(Severity), help="at least the last one (the default)")
    parser.add_argument("--owner", choices=get_args(Owner), help="another team, after wrong_team")


def _reopen(flags: Flags, record: Record, _: "Ledger") -> Data:
    return Reopened(severity=flags.severity or record.severity or "medium", owner=flags.owner)


def _handover_flags(parser: argparse.ArgumentParser) -> None:
    _need(parser, "--to", "the person, or with --to-team the team, that takes it on")
    parser.add_argument("--to-team", choices=get_args(Owner), help="it goes to another team, who must acknowledge")
    parser.add_argument("--note", metavar="TEXT", default="", help="what the receiver should know besides")


def _handover(flags: Flags, record: Record, ledger: "Ledger") -> Data:
    from agent.ledger.pages import handover_note

    at = happened_at(flags, this_moment())
    text = handover_note(record, ledger.settings_of(record), flags.to, at, flags.note)
    return HandedOver(to=flags.to, team=flags.to_team, note=text)


def _override_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--outcome", choices=get_args(Outcome), default="escalate", help="default: escalate")
    parser.add_argument("--owner", choices=get_args(Owner), help="whose it is")
    parser.add_argument("--severity", choices=get_args(Severity), help="how severe it is")
    parser.add_argument("--evidence", metavar="TEXT", default="", help="what shows it; needed to lower the severity")


def _override(flags: Flags, _: Record, __: "Ledger") -> Data:
    from schemas.context import Override

    at = happened_at(flags, this_moment())
    return Overridden(
        override=Override(
            by=author_of(flags).by,
            why=flags.why,
            at=at,
            outcome=flags.outcome,
            owner=flags.owner,
            severity=flags.severity,
            evidence=flags.evidence,
        )
    )


def _chase_flags(parser: argparse.ArgumentParser) -> None:
    _need(parser, "--whom", "whom you reached or tried to reach")
    parser.add_argument("--step", type=int, metavar="N", help="the ladder's step (default: the one that is due)")


def _chase(flags: Flags, record: Record, ledger: "Ledger") -> Data:
    steps = len(ledger.settings_of(record).ladder.steps)
    step = flags.step or min(record.chased + 1, steps)
    if not 1 <= step <= steps:
        raise BadInput(f"--step {step}: the ladder has the steps 1 to {steps}")
    return Chased(step=step, whom=flags.whom)


def _term_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--every",
        required=True,
        type=float,
        metavar="N",
        help="between two customer updates: hours (Critical), support hours (High) or business days (Medium)",
    )
    _need(parser, "--source", "where the term stands, such as 'contract 2026-14, section 4'")


def _term(flags: Flags, record: Record, _: "Ledger") -> Data:
    if not 0 < flags.every <= LONGEST_TERM:
        raise BadInput(f"{record.id}: --every {flags.every:g}: expected a number above 0, at most {LONGEST_TERM}")
    return TermSet(term=Term(customer_hours=flags.every, source=flags.source))


def _attach_flags(parser: argparse.ArgumentParser) -> None:
    _need(parser, "--ticket", "the other account's ticket")
    parser.add_argument("--account", metavar="NAME", help="its account")
    parser.add_argument("--same", choices=("cause", "symptoms"), default="symptoms", help="what is the same")


def _severity(flags: Flags, record: Record, _: "Ledger") -> Data:
    if SEVERITY_RANK[flags.severity] < SEVERITY_RANK[record.severity]:
        named_person(flags, record, "lower severity")
    return SeverityChanged(severity=flags.severity, evidence=flags.evidence)


def _by_id(ledger: "Ledger", flags: Flags, _: datetime, __: datetime) -> Record:
    return ledger.record(flags.id)


def _for_ticket(ledger: "Ledger", flags: Flags, at: datetime, now: datetime) -> Record:
    name = flags.id.strip()
    if not name:
        raise BadInput("no ticket and no escalation is named: give its id")
    if name.upper().startswith("ESC-") or name.isdigit():
        return ledger.record(name)
    known = ledger.for_ticket(name)
    if known is not None:
        return known
    note(f"ticket {name[:60]!r} is new to the ledger: a draft is begun for it")
    return ledger.begin(
        Drafted(ticket=name), author_of(flags), at=at, now=now, why="a person decided before any run"
    ).record


VERBS: dict[str, Verb] = {
    "ack": Verb(
        "Write down that the receiving team, or the receiver of a hand-over, has taken an escalation on.",
        "examples:\n  escalation ack ESC-7 --by 'Jo Park' --at 2026-11-27T18:40+01:00",
        _no_flags,
        lambda flags, record, ledger: Acknowledged(),
    ),
    "reject": Verb(
        "Write down that the receiving team does not take an escalation: why, and what is to happen instead.",
        "examples:\n  escalation reject ESC-7 --reason insufficient_info --why 'no log' "
        "--way-on 'attach the export log'",
        _reject_flags,
        lambda flags, record, ledger: Rejected(reason=flags.reason, way_on=flags.way_on),
    ),
    "update": Verb(
        "Log an update: what the team said (internal), or what the customer was told.",
        "examples:\n  escalation update ESC-7 --to internal --text 'cause found in the queue'\n"
        "  escalation update ESC-7 --to customer --text 'sent the workaround' --promise 'call' "
        "--promise-due 2026-12-01T15:00Z",
        _update_flags,
        _update,
    ),
    "severity": Verb(
        "Change an escalation's severity. Up by facts; down only by a person, with reason and evidence.",
        "examples:\n  escalation severity ESC-7 critical --why 'second site down' --evidence 'ticket, 14:05: …'",
        _severity_flags,
        _severity,
    ),
    "deescalate": Verb(
        "De-escalate for one of the four reasons, when the four duties are done.\n\n"
        "While a code fix is owed, a workaround lowers severity a step and the owner stays; else support has it again.",
        "examples:\n  escalation deescalate ESC-7 --reason workaround --code-fix open --severity high \\\n"
        "    --why 'export by API works' --evidence 'customer, 18:20' \\\n"
        "    --team-notified --ticket-updated --customer-informed --learned 'offer the API first'",
        _deescalate_flags,
        _deescalate,
        person="de-escalate",
    ),
    "return": Verb(
        "Return an escalation to support, when the four duties are done and no code fix is owed.",
        "examples:\n  escalation return ESC-7 --why 'a setting' --team-notified --ticket-updated --customer-informed "
        "--learned 'document the setting'",
        _return_flags,
        lambda flags, record, ledger: Returned(duties=_duties(flags), root_cause=flags.root_cause),
        person="return it to support",
    ),
    "monitor": Verb(
        "Write down that a fix or workaround is in place and is watched.",
        "examples:\n  escalation monitor ESC-7 --text 'release 8.4.2 is live'",
        lambda parser: _need(parser, "--text", "what is in place and what is watched"),
        lambda flags, record, ledger: Monitored(text=flags.text),
    ),
    "resolve": Verb(
        "Write down that the customer's problem is gone. Without the root cause it stays in monitoring.",
        "examples:\n  escalation resolve ESC-7 --resolution 'release 8.4.2' --root-cause 'a lock that was never freed'",
        _resolve_flags,
        lambda flags, record, ledger: Resolved(resolution=flags.resolution, root_cause=flags.root_cause),
    ),
    "close": Verb(
        "Close the loop: the team, the ticket and the customer know, what was learned and the root cause stand there.",
        "examples:\n  escalation close ESC-7 --team-notified --ticket-updated --customer-informed "
        "--learned 'ask for the log first'",
        _return_flags,
        lambda flags, record, ledger: Closed(duties=_duties(flags), root_cause=flags.root_cause),
        person="close it",
    ),
    "reopen": Verb(
        "It is back, or it goes on. Severity at least the last one; after a resolution it counts as a regression.",
        "examples:\n  escalation reopen ESC-7 --why 'same error after 8.4.3'",
        _reopen_flags,
        _reopen,
    ),
    "handover": Verb(
        "Hand over to the next person or to another team. Writes the note: state, last updates, promises, next due.",
        "examples:\n  escalation handover ESC-7 --to 'Ravi Iyer'\n"
        "  escalation handover ESC-7 --to 'on-call' --to-team engineering",
        _handover_flags,
        _handover,
    ),
    "override": Verb(
        "Write down a person's decision. Later runs of the ticket respect it and show their own view beside it.\n\n"
        "ID may also be a ticket that the ledger does not know yet.",
        "examples:\n  escalation override HD-20418 --outcome escalate --owner engineering --severity high "
        "--why 'launch day'",
        _override_flags,
        _override,
        person="override",
        by_ticket=True,
    ),
    "pause": Verb(
        "It is the customer's turn: the SLA's clock and the customer's cadence stand still.",
        "examples:\n  escalation pause ESC-7 --why 'asked for the export log'",
        _no_flags,
        lambda flags, record, ledger: Paused(),
    ),
    "resume": Verb(
        "The customer answered: the clocks go on.",
        "examples:\n  escalation resume ESC-7",
        _no_flags,
        lambda flags, record, ledger: Resumed(),
    ),
    "chase": Verb(
        "A step of the ladder was taken, since nobody had acknowledged.",
        "examples:\n  escalation chase ESC-7 --whom 'engineering on call, by phone'",
        _chase_flags,
        _chase,
    ),
    "term": Verb(
        "Record a contract term about customer updates, the only thing that may loosen the cadence.",
        "examples:\n  escalation term ESC-7 --every 24 --source 'contract 2026-14, section 4'",
        _term_flags,
        _term,
        person="record a contract term",
    ),
    "attach": Verb(
        "Hang another account's ticket on an open escalation, since it shows the same. No twin is opened.",
        "examples:\n  escalation attach ESC-7 --ticket HD-20433 --account Kestrel --same symptoms",
        _attach_flags,
        lambda flags, record, ledger: Attached(
            ticket=flags.ticket, account=flags.account, same=flags.same, confirmed_by="support"
        ),
    ),
}


def of(verb: str) -> Verb:
    """The verb's part of this module."""
    return VERBS[verb]
