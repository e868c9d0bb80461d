"""The life of an escalation (policy section 7): events, which are kept for ever, and the record that follows from them.

An event is a fact: it is appended and never changed. A record is what all events of one escalation say together; it
can be made again from them at any time.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from schemas.base import Model
from schemas.context import Calendar, Override, Pause, Sla
from schemas.vocabulary import Owner, Severity

State = Literal[
    "draft",
    "open",
    "acknowledged",
    "monitoring",
    "resolved",
    "closed",
    "rejected",
    "returned_to_support",
    "handed_over",
    "reopened",
]
"""`handed_over` waits for the receiver to take it on and then goes back to where it was; the other names say it all."""

ACTIVE: tuple[State, ...] = ("open", "acknowledged", "monitoring", "handed_over", "reopened")
"""Somebody works on it, so its clocks run."""
OVER: tuple[State, ...] = ("resolved", "closed", "rejected", "returned_to_support")

Audience = Literal["internal", "customer"]
RejectReason = Literal["not_a_bug", "duplicate", "insufficient_info", "wrong_team", "out_of_scope"]
DeEscalation = Literal["root_cause_found", "workaround", "resolved_itself", "new_information"]
"""The seed's four: root cause found and support can resolve it; a workaround unblocks the customer; it resolved itself;
new information changes the assessment."""
CodeFix = Literal["open", "none", "unknown"]
"""Whether a change of code is still owed. While it is, a workaround lowers severity and the owner stays."""
TimerKind = Literal["acknowledge", "internal", "customer", "deadline", "sla", "silence", "handover", "promise", "close"]


class Duties(Model):
    """The seed's four duties of de-escalating: notify, update, inform, document what was learned."""

    team_notified: bool = False
    ticket_updated: bool = False
    customer_informed: bool = False
    learned: str = ""


class Term(Model):
    """A contract term about updates to the customer, the only thing that may loosen the cadence (policy section 6)."""

    customer_hours: float = Field(
        gt=0, le=2000, allow_inf_nan=False, description="Between two updates, in the unit of the severity's cadence"
    )
    source: str = Field(min_length=1, description="Where the term stands, such as 'contract 2026-14, section 4'")


class Reading(Model):
    """What a ticket was read as, so that only what is new changes anything later."""

    ticket: str
    ticket_sha256: str
    severity: Severity | None = None
    owner: Owner | None = None
    rules: tuple[str, ...] = ()


class Drafted(Model):
    """Known, but not with the receiving team: the brief is incomplete, or a person's decision came before the run."""

    kind: Literal["drafted"] = "drafted"
    ticket: str
    ticket_origin: str = Field(default="", description="Hash of the text that the ticket had at first; empty: not kept")
    headline: str = ""
    account: str | None = None


class Opened(Model):
    """Handed to the receiving team, with what was decided and under which policy."""

    kind: Literal["opened"] = "opened"
    ticket: str
    ticket_origin: str = Field(default="", description="Hash of the text that the ticket had at first; empty: not kept")
    ticket_sha256: str
    headline: str
    account: str | None = None
    accounts: tuple[str, ...] = Field(default=(), description="All accounts that are to be kept informed")
    severity: Severity
    owner: Owner
    next_hop: Owner
    leadership: bool = False
    expedite: bool = False
    deciding_rule: str
    rules: tuple[str, ...] = ()
    product_area: str | None = None
    ask: str = ""
    deadline: AwareDatetime | None = None
    deadline_basis: str = ""
    calendar: Calendar
    customer_zone: str | None = Field(default=None, description="IANA zone in which the customer reads times")
    sla: Sla | None = None
    bug_record: str | None = None
    code_fix: CodeFix = "unknown"
    policy_version: str
    policy_sha256: str
    result_sha256: str


class Acknowledged(Model):
    """The receiving team, or the receiver of a hand-over, has taken it on."""

    kind: Literal["acknowledged"] = "acknowledged"


class Rejected(Model):
    """The receiving team does not take it, says why, and says what to do instead."""

    kind: Literal["rejected"] = "rejected"
    reason: RejectReason
    way_on: str


class Updated(Model):
    """Progress or "no news", told to the team or to the customer. Satisfies one slot of its audience, once."""

    kind: Literal["updated"] = "updated"
    audience: Audience
    text: str
    promise: str = Field(default="", description="What was promised to the customer in this update")
    promise_due: AwareDatetime | None = None
    keeps: int | None = Field(default=None, description="Number of the event whose promise this update keeps")
    answers: bool = Field(default=False, description="The team's answer to the ask: its deadline is met")


class SeverityChanged(Model):
    """Up by new facts, or by a person; down only by a person with reason and evidence."""

    kind: Literal["severity_changed"] = "severity_changed"
    severity: Severity
    evidence: str
    rules: tuple[str, ...] = ()


class Rerouted(Model):
    """New facts or more accounts made another team the owner; it has to acknowledge."""

    kind: Literal["rerouted"] = "rerouted"
    owner: Owner
    next_hop: Owner
    rules: tuple[str, ...] = ()


class DeEscalated(Model):
    """One of the four reasons, with all four duties done. Where it leads follows from reason and code fix."""

    kind: Literal["de_escalated"] = "de_escalated"
    reason: DeEscalation
    evidence: str
    duties: Duties
    severity: Severity | None = Field(default=None, description="The lower severity, where it stays with its owner")
    code_fix: CodeFix = "unknown"
    root_cause: str = ""


class Returned(Model):
    """Back in support's hands, with the four duties done."""

    kind: Literal["returned"] = "returned"
    duties: Duties
    root_cause: str = ""


class Monitored(Model):
    """A fix or workaround is in place and is watched."""

    kind: Literal["monitored"] = "monitored"
    text: str


class Resolved(Model):
    """The customer's problem is gone. Without a root cause it stays in `monitoring`."""

    kind: Literal["resolved"] = "resolved"
    resolution: str
    root_cause: str = ""


class Closed(Model):
    """The loop is closed: everybody knows, and it is written down what was learned."""

    kind: Literal["closed"] = "closed"
    duties: Duties
    root_cause: str = ""


class Reopened(Model):
    """It is back. Severity at least the last one; after a resolution it counts as a regression."""

    kind: Literal["reopened"] = "reopened"
    severity: Severity
    owner: Owner | None = Field(default=None, description="Another team, after `wrong_team`")


class HandedOver(Model):
    """Another person, or another team, is to take it on. `note` is the handover note as it was given."""

    kind: Literal["handed_over"] = "handed_over"
    to: str
    team: Owner | None = None
    note: str


class Overridden(Model):
    """A person's decision. Later runs of the ticket respect it."""

    kind: Literal["overridden"] = "overridden"
    override: Override


class Paused(Model):
    """The SLA's clock and the customer's cadence stand still: it is the customer's turn."""

    kind: Literal["paused"] = "paused"


class Resumed(Model):
    """The customer answered."""

    kind: Literal["resumed"] = "resumed"


class Chased(Model):
    """A step of the ladder was taken: nobody had acknowledged."""

    kind: Literal["chased"] = "chased"
    step: int = Field(ge=1)
    whom: str


class TermSet(Model):
    """A contract term about updates was recorded."""

    kind: Literal["term_set"] = "term_set"
    term: Term


class Rerun(Model):
    """A ticket of it was read again. What it would decide now; a higher severity is an event of its own."""

    kind: Literal["rerun"] = "rerun"
    ticket: str = Field(default="", description="Of another account, which hangs on it; empty: its own")
    ticket_sha256: str
    severity: Severity | None
    owner: Owner | None
    rules: tuple[str, ...] = ()
    result_sha256: str


class Attached(Model):
    """Another account's ticket shows the same, so it hangs on this escalation instead of opening a twin."""

    kind: Literal["attached"] = "attached"
    ticket: str
    account: str | None = None
    same: Literal["cause", "symptoms"] = "symptoms"
    confirmed_by: Literal["support", "model"]
    reading: Reading | None = Field(default=None, description="What its run said; None: support attached it")


Data = Annotated[
    Drafted
    | Opened
    | Acknowledged
    | Rejected
    | Updated
    | SeverityChanged
    | Rerouted
    | DeEscalated
    | Returned
    | Monitored
    | Resolved
    | Closed
    | Reopened
    | HandedOver
    | Overridden
    | Paused
    | Resumed
    | Chased
    | TermSet
    | Rerun
    | Attached,
    Field(discriminator="kind"),
]


class Event(Model):
    """One thing that happened: who, when, what, why. `at`: when it happened, `recorded_at`: when it was written."""

    escalation: str = Field(description="Such as ESC-7")
    number: int = Field(ge=1, description="1, 2, 3 ... within the escalation")
    key: str = Field(description="Chosen by the writer; the same key is written once, however often it is sent")
    at: AwareDatetime
    recorded_at: AwareDatetime
    by: str = Field(description="The person, or `policy` for what follows from the rules")
    team: str = Field(default="support", description="The team that the person acts for")
    through: str = Field(default="", description="The agent or program that wrote it for the person; empty: none")
    why: str = ""
    data: Data
    sha256: str = Field(default="", description="Over this event and the one before: an edit breaks the chain")


class Promise(Model):
    """What a customer was promised, in which event, by when, and in which event it was kept."""

    event: int
    at: AwareDatetime
    text: str
    due: AwareDatetime | None = None
    kept: int | None = None


class Said(Model):
    """An update as it was given."""

    event: int
    at: AwareDatetime
    by: str
    text: str


class Breach(Model):
    """A time that passed without what was due."""

    kind: TimerKind
    overdue: AwareDatetime
    until: AwareDatetime = Field(description="When it was noticed or made good")


class Record(Model):
    """Everything that holds about an escalation after its events so far."""

    id: str
    version: int = Field(description="How many events it has; a writer may insist on the one that it saw")
    state: State
    state_at: AwareDatetime = Field(description="When the state last changed")
    resumes: State | None = Field(default=None, description="The state under `handed_over`")
    receiver: str = Field(default="", description="The person who is to take it on, under `handed_over`")
    ticket: str
    ticket_sha256: str = ""
    headline: str = ""
    account: str | None = None
    accounts: tuple[str, ...] = ()
    tickets: tuple[str, ...] = Field(default=(), description="Tickets of other accounts that hang on this one")
    severity: Severity | None = None
    owner: Owner | None = None
    with_team: Owner | None = Field(default=None, description="Who has it now: the next hop, later the owner")
    leadership: bool = False
    deciding_rule: str | None = None
    rules: tuple[str, ...] = ()
    product_area: str | None = None
    ask: str = ""
    holder: str = Field(default="", description="Who in support keeps the customer relationship")
    created_at: AwareDatetime
    opened_at: AwareDatetime | None = None
    routed_at: AwareDatetime | None = Field(
        default=None, description="When it last reached a team that must take it on"
    )
    acknowledged_at: AwareDatetime | None = Field(default=None, description="By the team that has it now")
    first_acknowledged_at: AwareDatetime | None = None
    deadline: AwareDatetime | None = None
    deadline_basis: str = ""
    answered_at: AwareDatetime | None = Field(default=None, description="When the team answered the ask")
    severity_at: AwareDatetime | None = Field(default=None, description="When severity last changed after opening")
    raised: bool = Field(default=False, description="Whether the last change of severity was upwards")
    chased: int = Field(default=0, description="Steps of the ladder taken for the present routing")
    last_internal: Said | None = None
    last_customer: Said | None = None
    last_contact: AwareDatetime | None = Field(default=None, description="Last word with the receiving team")
    promises: tuple[Promise, ...] = ()
    pauses: tuple[Pause, ...] = ()
    reminders: int = Field(default=0, description="Messages to a customer whose turn it is, in the present pause")
    sla: Sla | None = None
    calendar: Calendar = Calendar()
    customer_zone: str | None = None
    term: Term | None = None
    code_fix: CodeFix = "unknown"
    bug_record: str | None = None
    monitored_at: AwareDatetime | None = None
    unexplained: bool = Field(default=False, description="Watched because the cause is unknown, not after a change")
    resolved_at: AwareDatetime | None = None
    resolution: str = ""
    root_cause: str = ""
    learned: str = ""
    closed_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = Field(default=None, description="When it was rejected, returned or resolved")
    told_end: bool = Field(default=True, description="Whether the customer knows how it ended")
    reject_reason: RejectReason | None = None
    way_on: str = ""
    reopened: int = 0
    reopened_at: AwareDatetime | None = Field(default=None, description="When it last came back")
    regressions: int = Field(default=0, description="How often it came back after it was resolved")
    override: Override | None = None
    readings: tuple[Reading, ...] = Field(default=(), description="The last reading of each of its tickets")
    severity_changes: int = 0
    breaches: tuple[Breach, ...] = Field(default=(), description="Times that passed without what was due, so far")
    policy_version: str = ""
    policy_sha256: str = ""
    result_sha256: str = ""


class Timer(Model):
    """A time at which somebody owes something. `lines` is the arithmetic, one step a line."""

    kind: TimerKind
    who: str = Field(description="Who has to act")
    what: str
    due: AwareDatetime
    overdue: AwareDatetime
    lines: tuple[str, ...] = ()
