"""The life of an escalation (policy section 7): what may follow what, what each step requires, and what it changes."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from agent.errors import BadInput, Refused
from agent.ledger.check import check
from agent.ledger.database import Database
from agent.ledger.history import breaches, with_breaches
from agent.ledger.life import apply, paused_since, phase, replay
from agent.ledger.requirements import CLOCK_SKEW, require
from agent.ledger.store import Author, Ledger, Step, sha256_of
from agent.ledger.timers import timers
from agent.policy.settings import load_settings
from schemas.context import Override, Pause
from schemas.ledger import (
    ACTIVE,
    OVER,
    Acknowledged,
    Attached,
    Breach,
    Chased,
    Closed,
    CodeFix,
    Data,
    DeEscalated,
    Drafted,
    Duties,
    Event,
    HandedOver,
    Monitored,
    Overridden,
    Paused,
    Record,
    Rejected,
    Reopened,
    Rerouted,
    Rerun,
    Resolved,
    Resumed,
    Returned,
    SeverityChanged,
    State,
    Term,
    TermSet,
    TimerKind,
    Updated,
)
from schemas.vocabulary import SEVERITY_RANK, Owner, Severity
from tests.ledgers import ANA, FRIDAY, JO, Life, open_one, opening

pytestmark = pytest.mark.loopback  # the ledger's other database is a server on this machine

SETTINGS = load_settings()
POLICY, SEC = Author("policy"), Author("Sam Oda", "security")
RAVI, PAT = Author("Ravi Iyer"), Author("Pat Lee", "product")
BECAUSE = "the customer wrote at noon"
DONE = Duties(team_notified=True, ticket_updated=True, customer_informed=True, learned="ask for the log first")
CAUSE = "a lock that was never freed"
STATES: tuple[State, ...] = get_args(State)


def hours(number: float) -> datetime:
    return FRIDAY + timedelta(hours=number)


class Tale:
    """One escalation without a database: each event must be allowed, and changes the record."""

    def __init__(self, *events: Data, draft: bool = False, **opened: Any) -> None:
        self.record: Record | None = None
        self.events: list[Event] = []
        self.then(Drafted(ticket="HD-1", headline="Portal down") if draft else opening(**opened), 0)
        for number, data in enumerate(events, start=1):
            self.then(data, number, JO if isinstance(data, Acknowledged) else ANA)

    def event(self, data: Data, at: float, by: Author = ANA, why: str = BECAUSE, known: float | None = None) -> Event:
        return Event(
            escalation="ESC-1",
            number=len(self.events) + 1,
            key=f"key-{len(self.events) + 1}",
            at=hours(at),
            recorded_at=hours(at if known is None else known),
            by=by.by,
            team=by.team,
            why=why,
            data=data,
        )

    def then(
        self, data: Data, at: float, by: Author = ANA, why: str = BECAUSE, *, known: float | None = None
    ) -> Record:
        """`at`, `known`: hours after the beginning at which it happened and was written down."""
        event = self.event(data, at, by, why, known)
        require(self.record, event)
        self.record = apply(self.record, event)
        self.events.append(event)
        return self.record

    def refused(
        self, data: Data, at: float, by: Author = ANA, why: str = BECAUSE, *, known: float | None = None
    ) -> str:
        """The line of the refusal."""
        with pytest.raises(Refused) as refusal:
            require(self.record, self.event(data, at, by, why, known))
        return str(refusal.value)

    @property
    def breaches(self) -> list[tuple[TimerKind, float, float]]:
        """What was missed: overdue and until, in hours after the beginning."""
        return [
            (b.kind, (b.overdue - FRIDAY) / timedelta(hours=1), (b.until - FRIDAY) / timedelta(hours=1))
            for b in breaches(self.events, SETTINGS)
        ]


def told(text: str = "we are at it", **fields: Any) -> Updated:
    return Updated(audience="customer", text=text, **fields)


def heard(text: str = "cause not found yet") -> Updated:
    return Updated(audience="internal", text=text)


def decided(**fields: Any) -> Overridden:
    values = {"by": "Ana Lima", "why": "launch day", "at": FRIDAY, "outcome": "escalate", "evidence": "mail"} | fields
    return Overridden(override=Override(**values))


def eased(reason: Any = "workaround", **fields: Any) -> DeEscalated:
    return DeEscalated(**{"reason": reason, "evidence": "customer, 18:20: the API works", "duties": DONE} | fields)


REJECTED = Rejected(reason="insufficient_info", way_on="attach the export log")
RESOLVED = Resolved(resolution="release 8.4.2", root_cause=CAUSE)
CLOSED = Closed(duties=DONE)
MONITORED = Monitored(text="release 8.4.2 is live")
TO_RAVI = HandedOver(to="Ravi Iyer", note="portal down, vendor called")
TO_PRODUCT = HandedOver(to="on-call", team="product", note="a design question")
TERM = TermSet(term=Term(customer_hours=24, source="contract 2026-14, section 4"))


def in_state(state: State, **opened: Any) -> Tale:
    """An escalation that got there on a usual way."""
    ways: dict[State, tuple[Data, ...]] = {
        "draft": (),
        "open": (),
        "acknowledged": (Acknowledged(),),
        "monitoring": (Acknowledged(), MONITORED),
        "resolved": (Acknowledged(), RESOLVED),
        "closed": (Acknowledged(), RESOLVED, CLOSED),
        "rejected": (REJECTED,),
        "returned_to_support": (Acknowledged(), Returned(duties=DONE)),
        "handed_over": (Acknowledged(), TO_RAVI),
        "reopened": (Acknowledged(), RESOLVED, Reopened(severity="critical")),
    }
    tale = Tale(*ways[state], draft=state == "draft", **opened)
    assert tale.record is not None
    assert tale.record.state == state
    return tale


# --- state by event ---

# A whole event of each kind. `resumed` has a pause before it where a pause can be.
WHOLE: dict[str, tuple[Data, Author]] = {
    "drafted": (Drafted(ticket="HD-1", headline="Portal down, again"), ANA),
    "opened": (opening(), ANA),
    "acknowledged": (Acknowledged(), RAVI),
    "rejected": (REJECTED, JO),
    "updated": (told(), ANA),
    "severity_changed": (SeverityChanged(severity="medium", evidence="a second entrance works"), ANA),
    "rerouted": (Rerouted(owner="security", next_hop="security", rules=("SEC-1",)), POLICY),
    "de_escalated": (eased("root_cause_found", root_cause=CAUSE), ANA),
    "returned": (Returned(duties=DONE), ANA),
    "monitored": (MONITORED, ANA),
    "resolved": (RESOLVED, ANA),
    "closed": (Closed(duties=DONE, root_cause=CAUSE), ANA),
    "reopened": (Reopened(severity="critical"), ANA),
    "handed_over": (TO_RAVI, ANA),
    "overridden": (decided(), ANA),
    "paused": (Paused(), ANA),
    "resumed": (Resumed(), ANA),
    "chased": (Chased(step=1, whom="engineering on call"), ANA),
    "term_set": (TERM, ANA),
    "rerun": (Rerun(ticket_sha256="1" * 64, severity="high", owner="engineering", result_sha256="2" * 64), ANA),
    "attached": (Attached(ticket="HD-2", account="Kestrel", confirmed_by="support"), ANA),
}
STAYS = "as before"
# From which states each kind is allowed, and the phase that it leads to.
TABLE: dict[str, tuple[tuple[State, ...], str]] = {
    "drafted": (("draft",), STAYS),
    "opened": (("draft",), "open"),
    "acknowledged": (("open", "reopened", "handed_over"), "acknowledged"),
    "rejected": (("open", "acknowledged", "handed_over", "reopened"), "rejected"),
    "updated": ((*ACTIVE, "resolved", "rejected", "returned_to_support"), STAYS),
    "severity_changed": (ACTIVE, STAYS),
    "rerouted": (ACTIVE, "open"),
    "de_escalated": (ACTIVE, "returned_to_support"),
    "returned": (ACTIVE, "returned_to_support"),
    "monitored": (("open", "acknowledged", "handed_over", "reopened"), "monitoring"),
    "resolved": ((*ACTIVE, "rejected", "returned_to_support"), "resolved"),
    "closed": (("resolved", "rejected", "returned_to_support"), "closed"),
    "reopened": (OVER, "reopened"),
    "handed_over": (ACTIVE, STAYS),
    "overridden": (STATES, STAYS),
    "paused": (ACTIVE, STAYS),
    "resumed": (ACTIVE, STAYS),
    "chased": (("open", "reopened"), STAYS),
    "term_set": (tuple(state for state in STATES if state != "closed"), STAYS),
    "rerun": (tuple(state for state in STATES if state != "closed"), STAYS),
    "attached": (ACTIVE, STAYS),
}
# What a refusal tells to do instead, where that is more than "only from" the states of the table.
ADVICE: dict[tuple[str, State], str] = {
    ("acknowledged", "acknowledged"): "log an update instead",
    ("updated", "draft"): "open it first",
    ("updated", "closed"): "reopen it if it goes on",
    ("closed", "monitoring"): "resolve it first, with its root cause (`escalation resolve`)",
    ("term_set", "closed"): "reopen it",
    ("rerun", "closed"): "reopen it if it goes on",
    **{("opened", state): "log an update" for state in ACTIVE},
    **{("opened", state): "reopen it" for state in OVER},
    **{("drafted", state): "log an update" for state in ACTIVE},
    **{("drafted", state): "reopen it" for state in OVER},
}
VERB = {
    "acknowledged": "acknowledge",
    "rejected": "reject",
    "severity_changed": "change severity",
    "rerouted": "reroute",
    "de_escalated": "de-escalate",
    "returned": "return to support",
    "monitored": "monitor",
    "resolved": "resolve",
    "closed": "close",
    "reopened": "reopen",
    "handed_over": "hand over",
    "paused": "pause",
    "chased": "chase",
    "attached": "attach",
}


def cells(*, allowed: bool) -> list[Any]:
    """The table's cells that are allowed, or those that are not."""
    return [
        pytest.param(state, kind, id=f"{kind} when {state}")
        for kind, (states, _) in TABLE.items()
        for state in STATES
        if (state in states) == allowed
    ]


def before(state: State, kind: str) -> Tale:
    tale = in_state(state)
    if kind == "resumed" and state in ACTIVE:
        tale.then(Paused(), 10)
    return tale


def assert_whole(record: Record) -> None:
    """What holds in every state, as the fields of a record are described."""
    assert record.state in STATES
    if record.state != "handed_over":
        assert (record.receiver, record.resumes) == ("", None)
    if record.state not in ACTIVE:
        assert paused_since(record) is None
    assert all(pause.until is None or pause.start <= pause.until for pause in record.pauses)
    assert (record.state == "draft") == (record.opened_at is None)
    assert (record.state == "closed") == (record.closed_at is not None)
    if phase(record) == "acknowledged":
        assert record.acknowledged_at is not None
    if phase(record) in ("open", "reopened"):
        assert record.acknowledged_at is None


def test_the_table_speaks_of_every_state_and_every_kind() -> None:
    kinds = {get_args(model.model_fields["kind"].annotation)[0] for model in get_args(get_args(Data)[0])}
    assert TABLE.keys() == WHOLE.keys() == kinds
    assert len(cells(allowed=True)) + len(cells(allowed=False)) == len(STATES) * len(kinds)


@pytest.mark.parametrize(("state", "kind"), cells(allowed=True))
def test_a_step_that_the_state_allows(state: State, kind: str) -> None:
    tale = before(state, kind)
    assert tale.record is not None
    stood = tale.record
    data, author = WHOLE[kind]
    record = tale.then(data, 20, author)
    wanted = TABLE[kind][1]
    assert phase(record) == (phase(stood) if wanted == STAYS else wanted)
    if kind == "handed_over":
        assert record.state == "handed_over"
    elif wanted == STAYS:
        assert (record.state, record.state_at) == (stood.state, stood.state_at)
        assert (record.receiver, record.resumes) == (stood.receiver, stood.resumes)
    if kind == "handed_over" or record.state != stood.state:
        assert record.state_at == hours(20)
    assert record.version == stood.version + 1
    assert_whole(record)


@pytest.mark.parametrize(("state", "kind"), cells(allowed=False))
def test_a_step_that_the_state_refuses_says_where_it_stands_and_what_to_do(state: State, kind: str) -> None:
    data, author = WHOLE[kind]
    line = before(state, kind).refused(data, 20, author)
    head, _, rest = line.partition(": ")
    assert head.startswith("ESC-1 ")
    assert "\n" not in line
    if kind == "resumed":  # what counts is whether it waits
        assert (head, rest) == ("ESC-1 does not wait for the customer", "nothing to resume")
        return
    assert re.search(rf"\b{state.replace('_', ' ')}\b", head)
    if (kind, state) in ADVICE:
        assert ADVICE[kind, state] in rest
    else:
        allowed = {place.replace("_", " ") for place in TABLE[kind][0]}
        verb, _, places = rest.partition(" only from ")
        assert verb == VERB[kind]
        assert set(places.split(", ")) == allowed


def test_nothing_but_a_draft_or_an_opening_begins_an_escalation() -> None:
    for kind, (data, author) in WHOLE.items():
        tale = Tale.__new__(Tale)
        tale.record, tale.events = None, []
        if kind in ("drafted", "opened"):
            assert tale.then(data, 0, author).state == ("draft" if kind == "drafted" else "open")
        else:
            assert tale.refused(data, 0, author) == ("ESC-1 is not in the ledger: open it first (`escalation open`)")


def test_no_events_are_no_escalation() -> None:
    with pytest.raises(BadInput, match="at least the one that began it"):
        replay([])


# --- what each step requires ---

DUTY_FLAGS = {
    "team_notified": "--team-notified",
    "ticket_updated": "--ticket-updated",
    "customer_informed": "--customer-informed",
    "learned": "--learned TEXT",
}
FIX_OWED = (
    "ESC-1: a code fix is still owed, so Engineering stays the owner: a workaround lowers severity "
    "(`deescalate --reason workaround`); if no fix is owed, say --code-fix none"
)


def undone(duty: str) -> Duties:
    return DONE.model_copy(update={duty: " " if duty == "learned" else False})


@pytest.mark.parametrize("duty", DUTY_FLAGS)
@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("acknowledged", lambda duties: eased("root_cause_found", root_cause=CAUSE, duties=duties)),
        ("acknowledged", lambda duties: eased("workaround", code_fix="open", severity="high", duties=duties)),
        ("acknowledged", lambda duties: Returned(duties=duties)),
        ("resolved", lambda duties: Closed(duties=duties, root_cause=CAUSE)),
    ],
    ids=["de-escalate", "lower", "return", "close"],
)
def test_each_of_the_four_duties_is_required(state: State, step: Callable[[Duties], Data], duty: str) -> None:
    tale = in_state(state)
    assert tale.refused(step(undone(duty)), 10) == (
        f"ESC-1: duties not done yet: {DUTY_FLAGS[duty]}; do them, then say so with these flags"
    )
    tale.then(step(DONE), 10)


def test_all_duties_that_are_missing_are_named_at_once() -> None:
    assert in_state("resolved").refused(Closed(duties=Duties()), 10) == (
        "ESC-1: duties not done yet: --team-notified, --ticket-updated, --customer-informed, --learned TEXT; "
        "do them, then say so with these flags"
    )


# state, what lacks one thing, its line, and the same with it
REQUIRED: dict[str, tuple[State, Data, str, Data]] = {
    "way on of a rejection": (
        "open",
        Rejected(reason="duplicate", way_on=" "),
        "the way on is missing: say what is to happen instead, with --way-on",
        Rejected(reason="duplicate", way_on="see ENG-3"),
    ),
    "text of an update": (
        "open",
        told(" "),
        "the text of the update is missing: say what was said, with --text",
        told(),
    ),
    "evidence of a severity": (
        "open",
        SeverityChanged(severity="high", evidence=""),
        "the evidence is missing: quote what shows it, with --evidence",
        SeverityChanged(severity="high", evidence="a second entrance works"),
    ),
    "evidence of a de-escalation": (
        "open",
        eased("new_information", evidence=""),
        "the evidence is missing: quote what shows it, with --evidence",
        eased("new_information"),
    ),
    "root cause of a root cause found": (
        "open",
        eased("root_cause_found"),
        "the root cause is missing: say what it was, with --root-cause",
        eased("root_cause_found", root_cause=CAUSE),
    ),
    "what is watched": (
        "open",
        Monitored(text=""),
        "what is watched is missing: say what is in place, with --text",
        MONITORED,
    ),
    "resolution": (
        "open",
        Resolved(resolution=" ", root_cause=CAUSE),
        "the resolution is missing: say what solved it, with --resolution",
        RESOLVED,
    ),
    "receiver": (
        "open",
        HandedOver(to=" ", note="portal down"),
        "the receiver is missing: say who takes it on, with --to",
        TO_RAVI,
    ),
    "handover note": (
        "open",
        HandedOver(to="Ravi Iyer", note=""),
        "the handover note is missing: it is written by `escalation handover`",
        TO_RAVI,
    ),
    "reason of an override": (
        "open",
        decided(why=" "),
        "the reason is missing: say why, with --why",
        decided(),
    ),
    "promise with its time": (
        "open",
        told(promise_due=hours(30)),
        "a promised time needs the promise: add --promise TEXT",
        told(promise="a call", promise_due=hours(30)),
    ),
    "team of an answer": (
        "open",
        told("the cause is found", answers=True),
        "the ask is answered by the team: use --to internal",
        Updated(audience="internal", text="the cause is found", answers=True),
    ),
    "customer of a promise": (
        "open",
        Updated(audience="internal", text="we will", promise="a call"),
        "promises are made to customers: use --to customer",
        told(promise="a call"),
    ),
}


@pytest.mark.parametrize("name", REQUIRED)
def test_what_a_step_requires_of_its_data(name: str) -> None:
    state, lacking, line, whole = REQUIRED[name]
    tale = in_state(state)
    assert tale.refused(lacking, 10) == f"ESC-1: {line}"
    tale.then(whole, 10)


@pytest.mark.parametrize(
    ("state", "data", "line"),
    [
        ("open", REJECTED, "the reason in words is missing: say why the team does not take it, with --why"),
        ("open", SeverityChanged(severity="high", evidence="e"), "the reason is missing: say why, with --why"),
        ("open", eased("new_information"), "the reason in words is missing: say why, with --why"),
        ("open", Returned(duties=DONE), "the reason is missing: say why support can go on alone, with --why"),
        ("open", Paused(), "what is waited for is missing: say what the customer is to do, with --why"),
        (
            "closed",
            Reopened(severity="critical"),
            "the reason is missing: say what came back or what is new, with --why",
        ),
    ],
    ids=lambda value: value.kind if hasattr(value, "kind") else None,
)
def test_the_reason_in_words_is_required(state: State, data: Data, line: str) -> None:
    tale = in_state(state)
    for why in ("", " \n"):
        assert tale.refused(data, 10, why=why) == f"ESC-1: {line}"
    tale.then(data, 10, why="so said the team")


@pytest.mark.parametrize(
    ("state", "data", "verb"),
    [
        ("open", SeverityChanged(severity="high", evidence="e"), "lower severity"),
        ("open", eased("new_information", severity="high"), "de-escalate"),
        ("open", eased("resolved_itself"), "de-escalate"),
        ("open", Returned(duties=DONE), "return it to support"),
        ("resolved", CLOSED, "close"),
        ("open", decided(owner="product"), "override"),
        ("open", TERM, "record a contract term"),
    ],
)
def test_only_a_person_may_do_it(state: State, data: Data, verb: str) -> None:
    tale = in_state(state)
    assert tale.refused(data, 10, POLICY) == f"ESC-1: only a person may {verb}: say who with --by"
    tale.then(data, 10, ANA)


def test_the_rules_may_raise_severity_by_themselves() -> None:
    tale = Tale(severity="medium")
    record = tale.then(SeverityChanged(severity="critical", evidence="all users", rules=("TEC-3",)), 1, POLICY)
    assert (record.severity, record.severity_at, record.severity_changes) == ("critical", hours(1), 1)
    assert record.rules == ("TEC-3",)


@pytest.mark.parametrize("severity", ["medium", "high", "critical"])
def test_a_severity_is_not_changed_into_itself(severity: Severity) -> None:
    tale = Tale(severity=severity)
    assert tale.refused(SeverityChanged(severity=severity, evidence="e"), 1) == f"ESC-1 is {severity} already"


def test_a_severity_without_rules_keeps_the_rules() -> None:
    assert Tale(SeverityChanged(severity="high", evidence="e"), rules=("TEC-3", "IMP-2")).record.rules == (
        "TEC-3",
        "IMP-2",
    )


# --- security ---

LOWERS: dict[str, tuple[State, Data, str]] = {
    "resolve": ("acknowledged", RESOLVED, "resolve"),
    "resolve without a cause": ("acknowledged", Resolved(resolution="patched"), "resolve"),
    "close": ("resolved", CLOSED, "close"),
    "close after a return": ("returned_to_support", Closed(duties=DONE, root_cause=CAUSE), "close"),
    "return": ("acknowledged", Returned(duties=DONE), "return"),
    "reject": ("open", REJECTED, "reject"),
    "de-escalate": ("acknowledged", eased("new_information", severity="high"), "de-escalate"),
    "de-escalate, gone by itself": ("acknowledged", eased("resolved_itself", root_cause=CAUSE), "de-escalate"),
    "lower": ("acknowledged", SeverityChanged(severity="high", evidence="e"), "lower"),
    "override the severity": ("acknowledged", decided(severity="medium"), "lower"),
    "override the owner": ("acknowledged", decided(owner="engineering"), "give away"),
    "hand over to another team": ("acknowledged", TO_PRODUCT, "give away"),
    "hand over to L2": ("acknowledged", HandedOver(to="L2", team="l2_support", note="n"), "give away"),
    "reopen for another team": ("closed", Reopened(severity="critical", owner="engineering"), "give away"),
    "reroute": ("acknowledged", Rerouted(owner="engineering", next_hop="engineering"), "give away"),
}
SECURITY: dict[str, Any] = {"owner": "security", "next_hop": "security", "rules": ("SEC-1",), "deciding_rule": "SEC-1"}


def security_in(state: State) -> Tale:
    tale = Tale(Acknowledged(), **SECURITY) if state != "open" else Tale(**SECURITY)
    if state == "returned_to_support":
        tale.then(Returned(duties=DONE), 5, SEC)
    if state in ("resolved", "closed"):
        tale.then(RESOLVED, 5, SEC)
    if state == "closed":
        tale.then(CLOSED, 6, SEC)
    assert tale.record is not None
    assert tale.record.state == state
    return tale


@pytest.mark.parametrize("act", LOWERS)
def test_only_security_lets_go_of_what_is_securitys(act: str) -> None:
    state, data, verb = LOWERS[act]
    tale = security_in(state)
    what = "give it away" if verb == "give away" else f"{verb} it"
    for author in (ANA, JO, PAT, Author("Lea", "leadership")):
        assert tale.refused(data, 10, author) == (
            f"ESC-1 is Security's: only Security may {what} (policy 7); "
            "let them do it, and record it with --team security"
        )
    tale.then(data, 10, SEC)


@pytest.mark.parametrize("act", LOWERS)
def test_elsewhere_support_may_record_it(act: str) -> None:
    state, data, _ = LOWERS[act]
    in_state(state).then(data, 10, ANA)


@pytest.mark.parametrize(
    ("state", "data"),
    [
        ("open", Acknowledged()),
        ("open", Chased(step=1, whom="security on call")),
        ("acknowledged", told()),
        ("acknowledged", heard()),
        ("acknowledged", Paused()),
        ("acknowledged", TO_RAVI),
        ("acknowledged", HandedOver(to="night shift", team="security", note="n")),
        ("acknowledged", MONITORED),
        ("acknowledged", decided(severity="critical", owner="security")),
        ("acknowledged", Rerouted(owner="security", next_hop="security")),
        ("closed", Reopened(severity="critical")),
        ("closed", Reopened(severity="critical", owner="security")),
    ],
)
def test_support_keeps_up_what_is_securitys(state: State, data: Data) -> None:
    record = security_in(state).then(data, 10, ANA)
    assert (record.owner, record.severity) == ("security", "critical")


def test_support_may_raise_what_is_securitys() -> None:
    tale = Tale(**SECURITY | {"severity": "high", "rules": ("SEC-3",)})
    assert tale.then(SeverityChanged(severity="critical", evidence="it was exploited"), 1).severity == "critical"


# --- de-escalation ---

HARM = ("SEC-1", "SEC-2", "TEC-1", "TEC-2")


@pytest.mark.parametrize("rule", HARM)
def test_a_workaround_never_lowers_a_critical_of_data_or_security(rule: str) -> None:
    owner: Owner = "security" if rule.startswith("SEC") else "engineering"
    by = SEC if owner == "security" else ANA
    tale = Tale(Acknowledged(), owner=owner, next_hop=owner, rules=("TEC-3", rule))
    assert tale.refused(eased(code_fix="open", severity="high"), 2, by) == (
        f"ESC-1 is Critical by {rule}: a workaround lowers no harm to data or security (policy 4); "
        "new facts may: `--reason new_information` with their evidence"
    )
    record = tale.then(eased("new_information", severity="high"), 3, by)
    assert (record.severity, record.owner, record.state) == ("high", owner, "acknowledged")
    assert tale.then(eased(code_fix="open", severity="medium"), 4, by).severity == "medium"  # no Critical any more


@pytest.mark.parametrize("rule", HARM)
def test_a_workaround_does_not_end_a_critical_of_data_or_security(rule: str) -> None:
    tale = Tale(Acknowledged(), rules=(rule,))
    assert rule in tale.refused(eased(code_fix="none"), 2)


@pytest.mark.parametrize(
    ("severity", "lower", "wrong"),
    [
        ("critical", "high", ("medium", "critical", None)),
        ("high", "medium", ("high", None)),
        ("medium", "medium", (None,)),  # Medium is a floor: nothing is below it, and the owner stays
    ],
)
def test_a_workaround_lowers_by_one_step_while_a_code_fix_is_owed(
    severity: Severity, lower: Severity, wrong: tuple[Severity | None, ...]
) -> None:
    tale = Tale(Acknowledged(), severity=severity, code_fix="unknown")
    for other in wrong:
        assert tale.refused(eased(code_fix="open", severity=other), 2) == (
            f"ESC-1: a workaround lowers severity by one step: --severity {lower}, the owner stays"
        )
    record = tale.then(eased(code_fix="open", severity=lower), 2)
    assert (record.state, record.severity, record.owner) == ("acknowledged", lower, "engineering")
    assert (record.code_fix, record.learned, record.last_contact) == ("open", DONE.learned, hours(2))
    assert record.severity_changes == (severity != lower)
    assert record.ended_at is None


def test_a_workaround_asks_whether_a_code_fix_is_owed() -> None:
    tale = Tale(Acknowledged(), code_fix="unknown")
    assert tale.refused(eased(severity="high"), 2) == (
        "ESC-1: whether a code fix is still owed decides what a workaround does: "
        "say --code-fix open (severity falls, the owner stays) or --code-fix none (back to support)"
    )


def test_what_the_opening_said_of_a_code_fix_holds() -> None:
    tale = Tale(Acknowledged(), code_fix="open")
    assert tale.then(eased(severity="high"), 2).state == "acknowledged"


def test_a_workaround_returns_it_to_support_where_no_code_fix_is_owed() -> None:
    tale = Tale(Acknowledged(), code_fix="open")
    assert tale.refused(eased(code_fix="none", severity="high"), 2) == (
        "ESC-1: no code fix is owed, so it returns to support: leave --severity out"
    )
    record = tale.then(eased(code_fix="none"), 2)
    assert (record.state, record.severity, record.ended_at) == ("returned_to_support", "critical", hours(2))
    assert (record.code_fix, record.told_end) == ("none", True)


@pytest.mark.parametrize(
    "data",
    [
        eased("root_cause_found", root_cause=CAUSE),
        eased("root_cause_found", root_cause=CAUSE, code_fix="open"),
        eased("new_information"),
    ],
)
def test_while_a_code_fix_is_owed_it_does_not_return_to_support(data: Data) -> None:
    assert Tale(Acknowledged(), code_fix="open").refused(data, 2) == FIX_OWED


def test_returning_while_a_code_fix_is_owed_names_the_way_that_there_is() -> None:
    line = Tale(Acknowledged(), code_fix="open").refused(Returned(duties=DONE), 2)
    assert line.startswith("ESC-1: a code fix is still owed")
    assert line.endswith("`deescalate --reason new_information --code-fix none`")


@pytest.mark.parametrize("code_fix", ["none", "unknown"])
def test_a_root_cause_that_support_can_resolve_returns_it(code_fix: CodeFix) -> None:
    tale = Tale(Acknowledged(), code_fix="unknown")
    assert tale.refused(eased("root_cause_found", root_cause=CAUSE, severity="high"), 2) == (
        "ESC-1: root_cause_found ends the escalation: leave --severity out"
    )
    record = tale.then(eased("root_cause_found", root_cause=CAUSE, code_fix=code_fix), 2)
    assert (record.state, record.root_cause, record.code_fix) == ("returned_to_support", CAUSE, code_fix)


def test_what_resolved_itself_is_watched_until_its_root_cause_is_known() -> None:
    tale = Tale(Acknowledged())
    assert tale.refused(eased("resolved_itself", severity="high"), 2) == (
        "ESC-1: resolved_itself ends the escalation: leave --severity out"
    )
    record = tale.then(eased("resolved_itself"), 2)
    assert (record.state, record.monitored_at, record.resolved_at) == ("monitoring", hours(2), None)
    assert tale.then(RESOLVED, 3).state == "resolved"

    known = Tale(Acknowledged()).then(eased("resolved_itself", root_cause=CAUSE), 2)
    assert (known.state, known.resolved_at, known.told_end) == ("resolved", hours(2), True)


def test_a_team_that_was_notified_has_been_spoken_to() -> None:
    assert Tale(Acknowledged()).then(eased("resolved_itself"), 2).last_contact == hours(2)


def test_new_information_lowers_it_or_returns_it_and_never_raises_it() -> None:
    tale = Tale(Acknowledged(), severity="high")
    assert tale.refused(eased("new_information", severity="critical"), 2) == (
        "ESC-1 is high: de-escalating cannot raise it to critical"
    )
    assert tale.refused(eased("new_information", severity="high"), 2) == (
        "ESC-1 is high already: name a lower severity, or none to return it to support"
    )
    lowered = tale.then(eased("new_information", severity="medium"), 2)
    assert (lowered.state, lowered.severity, lowered.owner) == ("acknowledged", "medium", "engineering")
    assert tale.then(eased("new_information"), 3).state == "returned_to_support"


# --- resolve and close ---


def test_without_the_root_cause_it_stays_in_monitoring() -> None:
    tale = Tale(Acknowledged())
    record = tale.then(Resolved(resolution="restarted the queue"), 2)
    assert (record.state, record.resolution, record.resolved_at) == ("monitoring", "restarted the queue", None)
    assert (record.monitored_at, record.ended_at) == (hours(2), None)
    assert tale.refused(Resolved(resolution="restarted it again"), 3) == (
        "ESC-1 stays in monitoring until the root cause is known: give it with --root-cause"
    )
    assert tale.refused(CLOSED, 3) == (
        "ESC-1 is in monitoring: resolve it first, with its root cause (`escalation resolve`)"
    )
    later = tale.then(Resolved(resolution="", root_cause=CAUSE), 4)
    assert (later.state, later.resolution, later.root_cause) == ("resolved", "restarted the queue", CAUSE)
    assert (later.resolved_at, later.ended_at, later.told_end) == (hours(4), hours(4), False)


def test_a_root_cause_that_was_given_before_counts() -> None:
    tale = Tale(Acknowledged())
    tale.then(eased("new_information", severity="high", root_cause=CAUSE), 2)
    assert tale.then(Resolved(resolution="release 8.4.2"), 3).state == "resolved"


def test_what_was_watched_needs_a_resolution_to_be_resolved() -> None:
    assert in_state("monitoring").refused(Resolved(resolution="", root_cause=CAUSE), 9) == (
        "ESC-1: the resolution is missing: say what solved it, with --resolution"
    )


@pytest.mark.parametrize("state", ["rejected", "returned_to_support"])
def test_closing_needs_the_root_cause(state: State) -> None:
    tale = in_state(state)
    assert tale.refused(CLOSED, 9) == (
        "ESC-1: without the root cause it cannot be closed (policy 7): give it with --root-cause"
    )
    record = tale.then(Closed(duties=DONE, root_cause=CAUSE), 9)
    assert (record.state, record.closed_at, record.root_cause) == ("closed", hours(9), CAUSE)
    assert (record.learned, record.told_end) == (DONE.learned, True)


def test_the_root_cause_of_the_resolution_is_enough_to_close() -> None:
    assert in_state("resolved").then(CLOSED, 9).root_cause == CAUSE


def test_a_rejection_says_why_and_how_it_goes_on() -> None:
    record = Tale(REJECTED).record
    assert record is not None
    assert (record.reject_reason, record.way_on) == ("insufficient_info", "attach the export log")
    assert (record.ended_at, record.told_end) == (hours(1), False)


def test_the_customer_is_told_the_end_by_an_update_after_it() -> None:
    tale = Tale(REJECTED)
    assert tale.then(told("as we said before"), 0.5, known=2).told_end is False
    assert tale.then(heard(), 2).told_end is False
    assert tale.then(told("please send the log"), 3).told_end is True


# --- reopen ---


@pytest.mark.parametrize(
    ("state", "regressions"), [("resolved", 1), ("closed", 1), ("rejected", 0), ("returned_to_support", 0)]
)
def test_what_comes_back_is_a_regression_only_after_a_resolution(state: State, regressions: int) -> None:
    record = in_state(state).then(Reopened(severity="critical"), 30)
    assert (record.state, record.reopened, record.regressions) == ("reopened", 1, regressions)


@pytest.mark.parametrize("severity", ["medium", "high", "critical"])
@pytest.mark.parametrize("again", ["medium", "high", "critical"])
def test_it_comes_back_at_least_as_severe_as_it_was(severity: Severity, again: Severity) -> None:
    tale = Tale(Acknowledged(), RESOLVED, severity=severity)
    if SEVERITY_RANK[again] < SEVERITY_RANK[severity]:
        assert tale.refused(Reopened(severity=again), 9) == (
            f"ESC-1 was {severity}: it comes back at least as {severity} (policy 7)"
        )
    else:
        record = tale.then(Reopened(severity=again), 9)
        assert (record.severity, record.severity_at) == (again, hours(9))


def test_what_comes_back_begins_anew_and_keeps_what_was() -> None:
    tale = Tale(Acknowledged(), told(promise="a call", promise_due=hours(90)), RESOLVED, CLOSED)
    record = tale.then(Reopened(severity="critical"), 30, RAVI)
    assert (record.owner, record.with_team, record.routed_at) == ("engineering", "engineering", hours(30))
    assert (record.acknowledged_at, record.first_acknowledged_at, record.chased) == (None, hours(1), 0)
    assert (record.resolution, record.root_cause, record.way_on) == ("", "", "")
    assert (record.resolved_at, record.closed_at, record.ended_at) == (None, None, None)
    assert (record.learned, record.last_customer.text) == (DONE.learned, "we are at it")
    assert [(p.event, p.due, p.kept) for p in record.promises] == [(3, hours(90), None)]
    assert {timer.kind for timer in timers(record, SETTINGS)} == {"acknowledge", "customer", "promise"}


def test_a_second_return_counts_again() -> None:
    tale = in_state("closed")
    tale.then(Reopened(severity="critical"), 30)
    tale.then(RESOLVED, 31)
    record = tale.then(Reopened(severity="critical"), 32)
    assert (record.reopened, record.regressions) == (2, 2)


def test_after_the_wrong_team_it_comes_back_to_another() -> None:
    tale = Tale(Rejected(reason="wrong_team", way_on="Product decides that"))
    record = tale.then(Reopened(severity="critical", owner="product"), 2)
    assert (record.owner, record.with_team) == ("product", "product")
    assert (record.reject_reason, record.way_on) == (None, "")
    assert tale.then(Acknowledged(), 3, PAT).state == "acknowledged"


# --- hand-over ---


@pytest.mark.parametrize("state", ["open", "acknowledged", "monitoring", "reopened"])
def test_a_colleague_takes_it_on_and_it_stands_as_before(state: State) -> None:
    tale = in_state(state)
    assert tale.record is not None
    acknowledged = tale.record.acknowledged_at
    waiting = tale.then(TO_RAVI, 10)
    assert (waiting.state, waiting.resumes, waiting.receiver) == ("handed_over", state, "Ravi Iyer")
    assert (waiting.holder, waiting.with_team) == ("Ana Lima", "engineering")
    record = tale.then(Acknowledged(), 11, RAVI)
    assert (record.state, record.resumes, record.receiver) == (state, None, "")
    assert (record.holder, record.acknowledged_at) == ("Ravi Iyer", acknowledged)


def test_the_team_takes_it_on_while_the_hand_over_waits() -> None:
    tale = Tale(TO_RAVI)
    assert {timer.kind for timer in timers(tale.record, SETTINGS)} == {"acknowledge", "handover", "customer"}
    waiting = tale.then(Acknowledged(), 2, JO)
    assert (waiting.state, phase(waiting), waiting.receiver) == ("handed_over", "acknowledged", "Ravi Iyer")
    assert (waiting.acknowledged_at, waiting.holder) == (hours(2), "Ana Lima")
    assert {timer.kind for timer in timers(waiting, SETTINGS)} == {"internal", "handover", "customer"}
    assert tale.refused(Acknowledged(), 3, JO) == (
        "ESC-1 waits for Ravi Iyer in support to take it on: the team has acknowledged already; say --team support"
    )
    record = tale.then(Acknowledged(), 4, RAVI)
    assert (record.state, record.holder, record.acknowledged_at) == ("acknowledged", "Ravi Iyer", hours(2))


def test_a_hand_over_that_waits_can_go_to_somebody_else() -> None:
    tale = Tale(Acknowledged(), TO_RAVI)
    record = tale.then(HandedOver(to="Mei", note="Ravi is ill"), 3)
    assert (record.resumes, record.receiver) == ("acknowledged", "Mei")
    assert tale.then(Acknowledged(), 4, Author("Mei")).holder == "Mei"


def test_another_team_must_take_it_on_anew() -> None:
    tale = Tale(Chased(step=1, whom="on call"), Acknowledged())
    waiting = tale.then(TO_PRODUCT, 5)
    assert (waiting.state, waiting.resumes, waiting.receiver) == ("handed_over", "open", "")
    assert (waiting.owner, waiting.with_team, waiting.routed_at) == ("product", "product", hours(5))
    assert (waiting.acknowledged_at, waiting.chased, waiting.holder) == (None, 0, "Ana Lima")
    assert "acknowledge" in {timer.kind for timer in timers(waiting, SETTINGS)}
    tale.then(Chased(step=1, whom="product on call"), 5.5)
    record = tale.then(Acknowledged(), 6, PAT)
    assert (record.state, record.resumes, record.holder) == ("acknowledged", None, "Ana Lima")
    assert (record.acknowledged_at, record.first_acknowledged_at) == (hours(6), hours(2))


def test_l2_takes_it_on_and_the_owner_stays() -> None:
    tale = Tale(Acknowledged())
    record = tale.then(HandedOver(to="L2 desk", team="l2_support", note="n"), 5)
    assert (record.owner, record.with_team) == ("engineering", "l2_support")
    assert tale.then(Acknowledged(), 6, Author("Li", "l2_support")).with_team == "l2_support"


def test_what_is_watched_while_a_hand_over_waits_can_still_be_taken_on() -> None:
    tale = Tale(Acknowledged(), TO_RAVI)
    tale.then(MONITORED, 3, JO)
    if any(timer.kind == "handover" for timer in timers(tale.record, SETTINGS)):
        tale.then(Acknowledged(), 4, RAVI)
    assert_whole(tale.record)


@pytest.mark.parametrize(
    "data", [Rerouted(owner="product", next_hop="product"), decided(owner="product")], ids=["rules", "override"]
)
def test_another_team_while_a_hand_over_waits_can_acknowledge(data: Data) -> None:
    tale = Tale(Acknowledged(), TO_RAVI)
    tale.then(data, 3)
    record = tale.then(Acknowledged(), 4, PAT)
    assert (phase(record), record.acknowledged_at) == ("acknowledged", hours(4))
    assert "acknowledge" not in {timer.kind for timer in timers(record, SETTINGS)}


# --- override ---


def test_an_override_changes_severity_and_owner_and_is_kept() -> None:
    tale = Tale(Acknowledged())
    record = tale.then(decided(severity="medium", owner="product", why="known limit"), 2)
    assert (record.severity, record.severity_at, record.severity_changes) == ("medium", hours(2), 1)
    assert (record.owner, record.with_team, record.state) == ("product", "product", "open")
    assert (record.routed_at, record.acknowledged_at) == (hours(2), None)
    assert record.override == Override(
        by="Ana Lima",
        why="known limit",
        at=FRIDAY,
        outcome="escalate",
        owner="product",
        severity="medium",
        evidence="mail",
    )


@pytest.mark.parametrize(
    "fields", [{}, {"severity": "critical"}, {"owner": "engineering"}, {"severity": "critical", "owner": "engineering"}]
)
def test_an_override_that_says_what_holds_only_pins_it(fields: dict[str, Any]) -> None:
    tale = Tale(Acknowledged())
    stood = tale.record
    record = tale.then(decided(**fields), 2)
    assert stood is not None
    assert record == stood.model_copy(update={"version": 3, "override": record.override})
    assert record.override is not None


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize("outcome", ["handle", "needs_info"])
def test_what_is_with_a_team_is_not_overridden_into_support(state: State, outcome: str) -> None:
    assert in_state(state).refused(decided(outcome=outcome), 9) == (
        "ESC-1 is with Engineering: return it to support first (`escalation return`), so that its four duties are done"
    )


@pytest.mark.parametrize("state", [state for state in STATES if state not in ACTIVE])
def test_elsewhere_an_override_of_the_outcome_is_kept_for_later_runs(state: State) -> None:
    tale = in_state(state)
    stood = tale.record
    record = tale.then(decided(outcome="handle"), 9)
    assert stood is not None
    assert record.override is not None
    assert record.override.outcome == "handle"
    assert record == stood.model_copy(update={"version": stood.version + 1, "override": record.override})


# --- pause, ladder, term ---


def test_a_pause_ends_with_the_customers_answer() -> None:
    tale = Tale(Acknowledged())
    waiting = tale.then(Paused(), 2)
    assert paused_since(waiting) == hours(2)
    assert {timer.kind for timer in timers(waiting, SETTINGS)} == {"internal", "silence"}
    assert tale.refused(Paused(), 3) == "ESC-1 waits for the customer since 2026-11-27 19:00 UTC already"
    assert tale.refused(Resumed(), 1.5, known=3) == (
        "ESC-1: 2026-11-27 18:30 UTC is before the pause began (2026-11-27 19:00 UTC)"
    )
    record = tale.then(Resumed(), 5)
    assert paused_since(record) is None
    assert tale.then(Paused(), 6).pauses == (Pause(start=hours(2), until=hours(5)), Pause(start=hours(6)))


def test_reminders_are_counted_within_a_pause() -> None:
    tale = Tale(Acknowledged())
    assert tale.then(told(), 1.5).reminders == 0
    tale.then(Paused(), 2)
    assert tale.then(told("did you find the log?"), 3).reminders == 1
    assert tale.then(heard(), 4).reminders == 1
    assert tale.then(told("and now?"), 5).reminders == 2
    assert tale.then(Resumed(), 6).reminders == 0
    assert tale.then(Paused(), 7).reminders == 0


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (RESOLVED, "resolved"),
        (Resolved(resolution="restarted"), "monitoring"),
        (Returned(duties=DONE), "returned_to_support"),
        (REJECTED, "rejected"),
        (eased("resolved_itself"), "monitoring"),
    ],
)
def test_an_end_ends_the_pause(data: Data, state: State) -> None:
    record = Tale(Acknowledged(), Paused()).then(data, 5)
    assert record.state == state
    assert record.pauses == (Pause(start=hours(2), until=hours(5)),)


def test_the_ladder_is_climbed_step_by_step() -> None:
    tale = Tale()
    assert tale.then(Chased(step=1, whom="on call"), 0.3).chased == 1
    assert tale.refused(Chased(step=1, whom="on call"), 0.4) == "ESC-1: step 1 of the ladder was taken already"
    record = tale.then(Chased(step=2, whom="the lead"), 0.6)
    assert (record.chased, record.last_contact) == (2, hours(0.6))
    assert tale.refused(Chased(step=1, whom="on call"), 0.7) == "ESC-1: step 2 of the ladder was taken already"
    tale.then(Chased(step=3, whom="leadership"), 0.8)
    assert {timer.kind for timer in timers(tale.record, SETTINGS)} == {"internal", "customer"}  # it has an end
    assert tale.then(decided(owner="product"), 1).chased == 0


def test_the_ladder_goes_on_while_a_hand_over_waits() -> None:
    assert Tale(TO_RAVI).then(Chased(step=1, whom="on call"), 2).chased == 1


def test_a_contract_term_replaces_the_one_before() -> None:
    tale = Tale(TERM)
    assert [t.due - FRIDAY for t in timers(tale.record, SETTINGS) if t.kind == "customer"] == [timedelta(hours=24)]
    record = tale.then(TermSet(term=Term(customer_hours=12, source="amendment 1")), 2)
    assert record.term == Term(customer_hours=12, source="amendment 1")
    assert [t.due - FRIDAY for t in timers(record, SETTINGS) if t.kind == "customer"] == [timedelta(hours=12)]


# --- promises, attached tickets, reroutes, reruns ---


def test_a_promise_is_kept_once_by_an_update_that_says_so() -> None:
    tale = Tale()
    tale.then(told(promise="a call", promise_due=hours(20)), 1)
    tale.then(told(promise="a patch"), 2)
    assert tale.refused(told(keeps=1), 3) == "ESC-1: no open promise was made in event 1: open ones are 2, 3"
    record = tale.then(told("called them", keeps=2), 3)
    assert [(p.event, p.text, p.due, p.kept) for p in record.promises] == [
        (2, "a call", hours(20), 4),
        (3, "a patch", None, None),
    ]
    assert tale.refused(told(keeps=2), 4) == "ESC-1: no open promise was made in event 2: open ones are 3"
    tale.then(told(keeps=3, promise="a letter"), 5)
    tale.then(told(keeps=5), 6)
    assert tale.refused(told(keeps=3), 7) == "ESC-1: no open promise was made in event 3: open ones are none"
    assert [(p.event, p.kept) for p in tale.record.promises] == [(2, 4), (3, 5), (5, 6)]


def test_a_team_keeps_no_promise_to_a_customer() -> None:
    tale = Tale(told(promise="a call"))
    assert tale.refused(Updated(audience="internal", text="called", keeps=2), 3) == (
        "ESC-1: promises are made to customers: use --to customer"
    )


ANSWER = Updated(audience="internal", text="the cause is found", answers=True)


def test_an_answer_of_the_team_meets_the_deadline_until_another_team_has_it() -> None:
    tale = Tale(Acknowledged(), severity="high")
    assert "deadline" in {timer.kind for timer in timers(tale.record, SETTINGS)}
    assert tale.then(heard(), 2).answered_at is None
    record = tale.then(ANSWER, 3)
    assert record.answered_at == hours(3)
    assert "deadline" not in {timer.kind for timer in timers(record, SETTINGS)}
    assert tale.then(TO_PRODUCT, 4).answered_at is None


def test_an_answer_that_is_written_down_late_is_not_the_next_teams() -> None:
    tale = Tale(Acknowledged(), severity="high")
    tale.then(TO_PRODUCT, 4)
    assert tale.then(ANSWER, 3, known=5).answered_at is None


def test_an_update_from_before_the_pause_is_no_reminder_in_it() -> None:
    tale = Tale(Acknowledged(), Paused())
    assert tale.then(told(), 1.5, known=3).reminders == 0


def test_another_accounts_ticket_hangs_on_it_once() -> None:
    tale = Tale(account="Nordwind")
    record = tale.then(Attached(ticket="HD-2", account="Kestrel", confirmed_by="support"), 1)
    assert (record.tickets, record.accounts) == (("HD-2",), ("Nordwind", "Kestrel"))
    assert record.account == "Nordwind"
    for again in ("HD-1", "HD-2"):
        assert tale.refused(Attached(ticket=again, account="Osprey", confirmed_by="model"), 2) == (
            f"ESC-1 holds ticket {again} already"
        )
    tale.then(Attached(ticket="HD-3", account="KESTREL", confirmed_by="model"), 3)
    record = tale.then(Attached(ticket="HD-4", account=None, confirmed_by="model"), 4)
    assert (record.tickets, record.accounts) == (("HD-2", "HD-3", "HD-4"), ("Nordwind", "Kestrel"))


def test_new_facts_route_it_to_another_team_by_its_hop() -> None:
    tale = Tale(Acknowledged(), owner="product", next_hop="product")
    record = tale.then(Rerouted(owner="engineering", next_hop="l2_support", rules=("TEC-5",)), 2, POLICY)
    assert (record.owner, record.with_team, record.state) == ("engineering", "l2_support", "open")
    assert (record.routed_at, record.acknowledged_at, record.rules) == (hours(2), None, ("TEC-3", "TEC-5"))


def test_what_was_read_again_changes_the_hash_and_no_decision() -> None:
    tale = Tale(Acknowledged())
    stood = tale.record
    data = Rerun(ticket_sha256="1" * 64, severity="medium", owner="security", rules=("X",), result_sha256="2" * 64)
    record = tale.then(data, 2)
    assert stood is not None
    assert (record.ticket_sha256, record.result_sha256) == ("1" * 64, "2" * 64)
    assert (record.severity, record.owner, record.state) == (stood.severity, stood.owner, stood.state)


def test_a_draft_that_is_opened_keeps_its_beginning() -> None:
    tale = Tale(draft=True)
    tale.then(decided(owner="product"), 1, RAVI)
    record = tale.then(opening(ticket="HD-1"), 2, RAVI)
    assert (record.id, record.state, record.created_at, record.opened_at) == ("ESC-1", "open", FRIDAY, hours(2))
    assert (record.holder, record.override.owner) == ("Ravi Iyer", "product")


# --- time ---


def test_an_update_may_be_written_down_late() -> None:
    tale = Tale(Acknowledged(), told("second"), heard("third"))
    tale.then(RESOLVED, 5)
    record = tale.then(told("first"), 0.5, known=6)
    assert (record.last_customer.text, record.last_customer.event, record.state_at) == ("second", 3, hours(5))
    record = tale.then(heard("first"), 0.5, known=6)
    assert (record.last_internal.text, record.last_contact) == ("third", hours(3))
    assert tale.then(told("newest of the old"), 2.5, known=6).last_customer.text == "newest of the old"
    assert tale.refused(told("before it began"), -0.1, known=6) == (
        "ESC-1: 2026-11-27 16:54 UTC is before it was begun (2026-11-27 17:00 UTC): "
        "only updates may be written down for an earlier time"
    )


@pytest.mark.parametrize(
    ("state", "kind"), [cell.values for cell in cells(allowed=True) if cell.values[1] != "updated" and not cell.marks]
)
def test_no_other_step_is_written_down_for_a_time_before_the_last(state: State, kind: str) -> None:
    tale = in_state(state)
    assert tale.record is not None
    data, author = WHOLE[kind]
    since = tale.record.state_at
    at = (since - FRIDAY) / timedelta(hours=1) - 0.1
    assert tale.refused(data, at, author, known=30) == (
        f"ESC-1: {hours(at):%Y-%m-%d %H:%M} UTC is before it became {state.replace('_', ' ')} "
        f"({since:%Y-%m-%d %H:%M} UTC): only updates may be written down for an earlier time"
    )


@pytest.mark.parametrize("kind", WHOLE)
def test_nothing_happens_in_the_future(kind: str) -> None:
    data, author = WHOLE[kind]
    tale = in_state("open")
    ahead = CLOCK_SKEW / timedelta(hours=1)
    line = tale.refused(data, 10 + ahead + 0.02, author, known=10)
    assert line == "ESC-1: 2026-11-28 03:03 UTC lies in the future: give the time at which it happened"
    if "open" in TABLE[kind][0] and kind != "resumed":
        tale.then(data, 10 + ahead, author, known=10)  # another machine's clock may be a little ahead


@pytest.mark.parametrize(
    ("last", "late"),
    [
        (Paused(), RESOLVED),
        (Paused(), Returned(duties=DONE)),
        (SeverityChanged(severity="high", evidence="e"), SeverityChanged(severity="medium", evidence="e")),
        (SeverityChanged(severity="high", evidence="e"), eased("new_information", severity="medium")),
    ],
)
def test_a_step_that_another_one_must_precede_is_not_written_down_for_a_time_before_it(last: Data, late: Data) -> None:
    tale = Tale()
    tale.then(last, 5)
    tale.refused(late, 3, known=6)


def test_what_ended_after_a_pause_is_not_written_down_for_a_time_in_it() -> None:
    tale = Tale()
    tale.then(Paused(), 5)
    tale.then(Resumed(), 8)
    tale.refused(RESOLVED, 7, known=9)
    tale.then(RESOLVED, 8, known=9)


def test_an_acknowledgement_that_is_written_down_late_does_not_hide_what_was_heard_since() -> None:
    tale = Tale(next_hop="engineering")
    tale.then(heard(), 3)
    record = tale.then(Acknowledged(), 1, JO, known=4)
    assert (record.acknowledged_at, record.last_contact) == (hours(1), hours(3))


# --- what should have happened and did not ---


def missed() -> Tale:
    """A Critical one, on the clock: acknowledged within a quarter, the team every 2 hours, the customer within 4."""
    tale = Tale()
    tale.then(Acknowledged(), 0.75, JO)  # half an hour late
    tale.then(heard(), 3)  # wanted by 2.75
    tale.then(told(), 5)  # wanted by 4
    tale.then(heard(), 5)  # in time, to the minute
    tale.then(told(promise="a call", promise_due=hours(6)), 5.5)
    tale.then(told("called them", keeps=6), 6.5)  # promised for 6
    tale.then(MONITORED, 7)  # in time
    tale.then(RESOLVED, 8)
    tale.then(told("it is solved"), 13)  # wanted by 12
    return tale


MISSED = [
    ("acknowledge", 0.25, 0.75),
    ("internal", 2.75, 3),
    ("customer", 4, 5),
    ("promise", 6, 6.5),
    ("customer", 12, 13),
]


def test_exactly_what_was_missed_is_a_breach() -> None:
    assert missed().breaches == MISSED


def test_in_time_to_the_minute_is_no_breach() -> None:
    tale = Tale()
    tale.then(Acknowledged(), 0.25, JO)
    for at in (2.25, 4.25):
        tale.then(heard(), at)
    tale.then(told(), 4)
    tale.then(RESOLVED, 6.25)
    tale.then(told(), 8)
    assert tale.breaches == []


def test_an_update_that_was_written_down_late_takes_its_breach_away() -> None:
    tale = missed()
    tale.then(told("we are at it"), 3.5, known=20)
    assert tale.breaches == [b for b in MISSED if b != ("customer", 4, 5)]
    tale.then(heard(), 2.5, known=20)
    # the team was asked at 2:30 and at 3:00, so nothing else moves
    assert tale.breaches == [b for b in MISSED if b[:2] not in (("customer", 4), ("internal", 2.75))]


def test_what_lasts_is_one_breach_until_it_is_made_good() -> None:
    tale = Tale()
    tale.then(Acknowledged(), 0.2, JO)
    for at in (5, 6, 7):
        tale.then(Attached(ticket=f"HD-{at}", confirmed_by="support"), at)
    assert tale.breaches == [("internal", 2.2, 7), ("customer", 4, 7)]
    tale.then(told(), 8)
    tale.then(Attached(ticket="HD-8", confirmed_by="support"), 9)
    assert tale.breaches == [("internal", 2.2, 9), ("customer", 4, 8)]


def test_the_ladder_is_one_late_acknowledgement_however_often_it_was_climbed() -> None:
    tale = Tale()
    for step, at in ((1, 0.3), (2, 0.6)):
        tale.then(Chased(step=step, whom="on call"), at)
    tale.then(Acknowledged(), 1, JO)
    assert tale.breaches == [("acknowledge", 0.25, 1)]


def test_in_a_pause_the_customer_is_owed_nothing() -> None:
    tale = Tale()
    tale.then(Acknowledged(), 0.2, JO)
    tale.then(Paused(), 1)
    for at in (2, 4, 6, 8, 10):
        tale.then(heard(), at)
    tale.then(Resumed(), 10)
    tale.then(heard(), 12)
    tale.then(told(), 13)  # 1 hour before the pause and 3 after it
    assert tale.breaches == []
    tale.then(heard(), 14)
    tale.then(heard(), 16)
    tale.then(heard(), 17.5)
    assert tale.breaches == [("customer", 17, 17.5)]


def test_nothing_is_owed_on_a_draft_or_after_the_end() -> None:
    tale = Tale(draft=True)
    tale.then(decided(), 50)
    tale.then(opening(), 60)
    tale.then(Acknowledged(), 60.1, JO)
    tale.then(Returned(duties=DONE), 61)
    tale.then(Reopened(severity="critical"), 90)
    tale.then(Acknowledged(), 90.1, JO)
    assert tale.breaches == []


def test_a_reminder_or_a_closing_that_is_late_is_no_breach() -> None:
    tale = Tale(severity="high")
    tale.then(Acknowledged(), 0.1, JO)
    tale.then(Paused(), 0.2)
    later = 24 * 30
    found = {timer.kind for timer in timers(tale.record, SETTINGS) if timer.overdue < hours(later)}
    tale.then(RESOLVED, later)
    tale.then(told("it is solved"), later)
    assert found == {"internal", "silence", "deadline"}
    found = {timer.kind for timer in timers(tale.record, SETTINGS) if timer.overdue < hours(2 * later)}
    tale.then(CLOSED, 2 * later)
    assert found == {"close"}
    assert {kind for kind, _, _ in tale.breaches} == {"internal", "deadline"}


def test_a_promise_is_not_kept_before_it_was_made() -> None:
    tale = Tale()
    tale.then(told(promise="a call", promise_due=hours(5)), 2)
    tale.refused(told("called them", keeps=2), 1, known=3)


# --- any history ---

AUTHORS = (ANA, RAVI, JO, PAT, SEC, POLICY)
# What a step may come to besides what the table says.
ALSO: dict[str, set[str]] = {
    "acknowledged": {STAYS},  # a colleague takes it on
    "de_escalated": {STAYS, "monitoring", "resolved"},
    "resolved": {"monitoring"},
    "handed_over": {"open"},
    "overridden": {"open"},
}


def possible(record: Record) -> list[tuple[Data, Author]]:
    """Events of every kind that might come next, allowed or not."""
    number = record.version + 1
    lower = "high" if record.severity == "critical" else "medium"
    pool: list[Data] = [
        *(data for data, _ in WHOLE.values()),
        heard(),
        ANSWER,
        told(promise="a call", promise_due=record.created_at + timedelta(hours=7 * number)),
        *(told(keeps=promise.event) for promise in record.promises),
        *(SeverityChanged(severity=s, evidence="seen") for s in get_args(Severity)),
        Rerouted(owner="engineering", next_hop="l2_support"),
        eased(code_fix="open", severity=lower),
        eased(code_fix="none"),
        eased("resolved_itself"),
        eased("resolved_itself", root_cause=CAUSE),
        eased("new_information", severity=lower, code_fix="none"),
        Resolved(resolution="restarted"),
        Reopened(severity="critical", owner="product"),
        TO_PRODUCT,
        HandedOver(to="L2", team="l2_support", note="n"),
        decided(owner="product"),
        decided(severity="medium"),
        decided(outcome="handle"),
        Chased(step=record.chased + 1, whom="on call"),
        Attached(ticket=f"HD-{number}", account=f"Account {number % 3}", confirmed_by="model"),
    ]
    return [(data, author) for data in pool for author in AUTHORS]


def next_step(tale: Tale, last: float, draw: st.DataObject) -> tuple[Data, Author, float, float] | None:
    """One of the events that are allowed now, with its time and the time at which it is written down."""
    known = last + draw.draw(st.sampled_from((0, 0.1, 1, 5, 30, 200)), label="hours later")
    late = draw.draw(st.booleans(), label="an update may be late")
    assert tale.record is not None
    record, allowed = tale.record, []
    for data, author in possible(record):
        at = known / 2 if late and isinstance(data, Updated) else known
        try:
            require(record, tale.event(data, at, author, known=known))
        except Refused:
            continue
        allowed.append((data, author, at, known))
    return draw.draw(st.sampled_from(allowed), label="event") if allowed else None


BEGINNINGS = st.sampled_from(
    [
        {"draft": True},
        {},
        {"severity": "medium", "rules": ("TEC-5",), "code_fix": "open"},
        {"severity": "high", "next_hop": "l2_support"},
        SECURITY,
    ]
)


@given(st.data())
@hypothesis_settings(max_examples=100, deadline=None)
def test_any_allowed_history_keeps_to_the_table_and_can_be_replayed(data: st.DataObject) -> None:
    tale = Tale(**data.draw(BEGINNINGS))
    assert tale.record is not None
    seen, last = [tale.record], 0.0
    for _ in range(data.draw(st.integers(3, 14))):
        step = next_step(tale, last, data)
        if step is None:
            break
        event, author, at, last = step
        before_it = tale.record
        record = tale.then(event, at, author, known=last)
        seen.append(record)
        states, leads_to = TABLE[event.kind]
        assert before_it.state in states or (event.kind == "chased" and phase(before_it) in states)
        wanted = {leads_to} | ALSO.get(event.kind, set())
        assert phase(record) in {phase(before_it) if name == STAYS else name for name in wanted}
        if SEVERITY_RANK[record.severity] < SEVERITY_RANK[before_it.severity]:
            assert event.kind in ("severity_changed", "de_escalated", "overridden")
            assert author != POLICY
            assert before_it.owner != "security" or author.team == "security"
        assert_whole(record)
        timers(record, SETTINGS)
    assert [replay(tale.events[:number]) for number in range(1, len(tale.events) + 1)] == seen
    assert [record.version for record in seen] == list(range(1, len(seen) + 1))
    found = breaches(tale.events, SETTINGS)
    assert len({(b.kind, b.overdue) for b in found}) == len(found)
    assert all(b.overdue < b.until for b in found)


@given(st.data())
@hypothesis_settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_ledger_holds_what_the_events_say(ledger_url: str, data: st.DataObject) -> None:
    ledger = Ledger(Database(ledger_url))
    tale = Tale()
    identifier = open_one(ledger, ticket=uuid4().hex).record.id
    last = 0.0
    for _ in range(data.draw(st.integers(3, 10))):
        step = next_step(tale, last, data)
        if step is None:
            break
        event, author, at, last = step
        tale.then(event, at, author, known=last)
        earlier = ledger.events(identifier)
        written = ledger.append(identifier, event, author, at=hours(at), now=hours(last), why=BECAUSE)
        events = ledger.events(identifier)
        assert (events[:-1], events[-1:]) == (earlier, written.events)
        assert (events[-1].data, events[-1].at, events[-1].recorded_at) == (event, hours(at), hours(last))
        assert ledger.record(identifier) == written.record == with_breaches(replay(events), events, SETTINGS)
    own = {"id": "ESC-1", "ticket": "HD-1", "readings": ()}
    assert replay(ledger.events(identifier)).model_copy(update=own) == tale.record.model_copy(update=own)
    assert check(ledger.database).faults == ()


# --- in a ledger ---


def test_what_is_refused_leaves_nothing(ledger_url: str) -> None:
    life = Life(ledger_url)
    stood, events = life.ledger.record(life.id), life.ledger.events(life.id)
    with pytest.raises(Refused, match="ESC-1 is open: close only from"):
        life.then(CLOSED, 1)
    with pytest.raises(Refused, match="the evidence is missing"):
        life.ledger.append(
            life.id,
            [*steps(Acknowledged()), *steps(SeverityChanged(severity="high", evidence=""))],
            ANA,
            at=hours(1),
            now=hours(1),
        )
    assert (life.ledger.record(life.id), life.ledger.events(life.id)) == (stood, events)


def steps(*data: Data) -> Sequence[Step]:
    return [Step(one, why=BECAUSE) for one in data]


def test_steps_that_are_written_together_follow_from_one_another(ledger_url: str) -> None:
    life = Life(ledger_url)
    written = life.ledger.append(
        life.id, steps(Acknowledged(), RESOLVED, CLOSED), ANA, at=hours(1), now=hours(1), key="together"
    )
    assert [event.key for event in written.events] == ["together", "together.1", "together.2"]
    assert (written.record.state, written.record.version) == ("closed", 4)


def test_breaches_are_kept_with_the_record_and_a_late_update_takes_one_away(ledger_url: str) -> None:
    life = Life(ledger_url)
    life.then(Acknowledged(), 0.75, JO)
    life.then(heard(), 3)
    life.then(told(), 5)

    def kept() -> list[tuple[TimerKind, datetime, datetime]]:
        return [(b.kind, b.overdue, b.until) for b in life.ledger.record(life.id).breaches]

    late = ("customer", hours(4), hours(5))
    others = [("acknowledge", hours(0.25), hours(0.75)), ("internal", hours(2.75), hours(3))]
    assert kept() == [*others, late]
    life.ledger.append(life.id, told("sent at 20:30"), ANA, at=hours(3.5), now=hours(9))
    assert kept() == others
    assert life.ledger.events(life.id)[-1].recorded_at == hours(9)


def test_breaches_follow_the_policy_under_which_it_was_opened(ledger_url: str) -> None:
    ledger = Ledger(Database(ledger_url))
    slow = SETTINGS.model_copy(
        update={"version": "2", "deadline": SETTINGS.deadline.model_copy(update={"critical_minutes": 60})}
    )
    data = opening(policy_version="2", policy_sha256=sha256_of(slow.model_dump_json()))
    identifier = ledger.begin(data, ANA, at=FRIDAY, now=FRIDAY, settings=slow).record.id
    assert ledger.append(identifier, Acknowledged(), JO, at=hours(0.75), now=hours(0.75)).record.breaches == ()
    other = open_one(ledger, ticket="HD-2").record.id
    late = ledger.append(other, Acknowledged(), JO, at=hours(0.75), now=hours(0.75)).record
    assert late.breaches == (Breach(kind="acknowledge", overdue=hours(0.25), until=hours(0.75)),)


def test_a_step_that_is_sent_again_gives_the_same_record(ledger_url: str) -> None:
    life = Life(ledger_url)
    first = life.then(Acknowledged(), 0.75, JO, key="once")
    again = life.then(Acknowledged(), 0.75, JO, key="once")
    assert again.repeated
    assert again.record == first.record
