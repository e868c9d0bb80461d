"""What a run becomes in the ledger, and what the ledger gives back to later runs (policy sections 4 and 7)."""

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import func, select

from agent.backends.base import Call, CompareCall, ModelUnavailable, Reply
from agent.backends.offline import OfflineBackend
from agent.errors import Refused
from agent.ledger import patterns
from agent.ledger import tables as t
from agent.ledger.check import check
from agent.ledger.database import Database
from agent.ledger.intake import Taken, result_body
from agent.ledger.memory import Memory
from agent.ledger.recording import record
from agent.ledger.store import Author, Ledger, sha256_of
from agent.pipeline import escalate
from agent.policy.settings import load_settings
from schemas.comparison import Comparison, Verdict
from schemas.context import Account, Calendar, Context, OpenEscalation, Override, Related, Sla
from schemas.decision import FiredRule, View
from schemas.escalation import Escalation
from schemas.ledger import (
    Acknowledged,
    Attached,
    Closed,
    Data,
    DeEscalated,
    Drafted,
    Duties,
    Event,
    HandedOver,
    Opened,
    Overridden,
    Record,
    Rejected,
    Rerouted,
    Rerun,
    Resolved,
    Returned,
    SeverityChanged,
    Updated,
)
from schemas.vocabulary import SEVERITY_RANK, Owner, Severity
from tests.factories import make_brief, make_escalation, make_ticket

pytestmark = pytest.mark.loopback  # the ledger's other database is a server on this machine

SETTINGS = load_settings()
TUESDAY = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
ANA = Author("Ana Lima", through="helper")
DONE = Duties(team_notified=True, ticket_updated=True, customer_informed=True, learned="ask for the log first")
ICON = "The invoice export shows a frozen icon since Monday."
FAILS = "Since Monday the invoice export fails with error EXP-2207."
DOWN = "The portal is down, nobody can log in. All users are affected."
GONE = "And all our invoices are gone since the update."
SEEN = "We can see the invoices of another customer."
HOW = "How do I set up the invoice export?"
CHIEF = "I want to talk to your CEO."
THANKS = "Thanks for the call."
BUG = "We reproduced the bug on our test account."


def ticket(identifier: str, account: str | None, *said: str, head: str = "") -> str:
    """What the customer said; after a `|` what support answered. An hour apart."""
    text = f"Ticket: {identifier}\nSubject: Invoice export\n{head}"
    if account is not None:
        text += f"Customer: {account}\n"
    number = 0
    for words in said:
        for speaker, part in zip(("Customer", "Support"), words.split("|"), strict=False):
            if part:
                text += f"\n[2026-03-02T{8 + number:02}:05:00Z] {speaker}:\n{part}\n"
                number += 1
    return text


class Comparing(OfflineBackend):
    """Reads as the word rules do, and says of earlier tickets what it is told to say."""

    def __init__(self, **said: str) -> None:
        self.said = {name.replace("_", "-"): same for name, same in said.items()}
        self.asked: list[tuple[str, ...]] = []

    def answer(self, call: Call) -> Reply:
        if not isinstance(call, CompareCall):
            return super().answer(call)
        earlier = tuple(candidate.ticket for candidate in call.earlier)
        self.asked.append(earlier)
        verdicts = [
            Verdict(ticket=name, same=self.said[name], reason="both show it")  # type: ignore[arg-type]
            for name in earlier
            if name in self.said
        ]
        return Reply(value=Comparison(verdicts=tuple(verdicts)))


class Desk:
    """A ledger, runs that look into it, and what they become. Times are hours after Tuesday 09:00 UTC."""

    def __init__(self, url: str) -> None:
        self.ledger = Ledger(Database(url))
        self.memory = Memory(self.ledger, SETTINGS)

    def run(self, text: str, hours: float = 0, *, backend: Any = "offline", **context: Any) -> Escalation:
        return escalate(
            text, context=Context(**context), backend=backend, now=at(hours), memory=self.memory, settings=SETTINGS
        )

    def take(self, run: Escalation, hours: float = 0, **options: Any) -> Taken:
        return record(self.memory, run, ANA, now=at(hours), **options)

    def reads(self, text: str, hours: float = 0, despite: str = "", **options: Any) -> tuple[Escalation, Taken]:
        """A run, written down."""
        run = self.run(text, hours, **options)
        return run, self.take(run, hours, despite=despite)

    def says(self, one: str, other: str, same: bool = True, by: str = "support", why: str = "both show it") -> None:
        """As `escalation same` writes it."""
        with self.ledger.database.writing() as connection:
            patterns.judge(connection, one, other, same=same, by="Ana Lima", confirmed_by=by, why=why, at=at(0))

    def then(self, data: Data, hours: float, team: str = "support", identifier: str = "ESC-1") -> Record:
        author = Author("Jo Park", team)
        return self.ledger.append(identifier, data, author, at=at(hours), now=at(hours), why="so it was").record

    def events(self, identifier: str = "ESC-1") -> tuple[Event, ...]:
        return self.ledger.events(identifier)

    def kinds(self, identifier: str = "ESC-1") -> list[str]:
        return [event.data.kind for event in self.events(identifier)]

    def rows(self, table: Any) -> int:
        with self.ledger.database.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())

    def everything(self) -> list[int]:
        return [self.rows(table) for table in (t.escalation, t.event, t.timer, t.report, t.code, t.verdict, t.outbox)]


def at(hours: float) -> datetime:
    return TUESDAY + timedelta(hours=hours)


@pytest.fixture
def desk(ledger_url: str) -> Iterator[Desk]:
    made = Desk(ledger_url)
    yield made
    assert check(made.ledger.database).faults == ()


def made(
    identifier: str, owner: Owner, severity: Severity, rule: str = "TEC-5", text: str = "first", **fields: Any
) -> Escalation:
    """A run with this decision, whatever would lead to it."""
    fired = FiredRule(
        id=rule,
        issue=1,
        rule_class="hard",
        clause="clause",
        state="decides",
        owner=owner,
        severity=severity,
        because="facts",
        quotes=(f"{rule} said",),
    )
    run = make_escalation("escalate", owner)
    decision = run.decision.model_copy(
        update={"severity": severity, "next_hop": owner, "rules": (fired,), "deciding_rule": rule}
    )
    context = Context(ticket_id=identifier, account=Account(name=f"Account of {identifier}"))
    changes = {"decision": decision, "context": context, "ticket": make_ticket(f"{identifier} {text}")}
    return run.model_copy(update=changes | fields)


# --- opening ---


def test_what_is_opened_is_what_was_decided(desk: Desk) -> None:
    calendar = Calendar(timezone="Europe/Berlin", holidays="DE")
    sla = Sla(started=at(-24), due=at(48))
    run = desk.run(
        ticket("HD-1", "Acme", DOWN), 2, calendar=calendar, sla=sla, bug_record="ENG-7", account=Account(name="Acme AG")
    )
    taken = desk.take(run, 2.1, customer_zone="Asia/Tokyo", key="from the help desk")
    assert (taken.became, taken.repeated) == ("opened", False)
    assert taken.notes == ("With L2 Support now, who takes it on to Engineering",)
    (event,) = desk.events()
    assert (event.by, event.through, event.team, event.key) == ("Ana Lima", "helper", "support", "from the help desk")
    assert (event.at, event.recorded_at, event.why) == (at(2.1), at(2.1), "")
    assert run.brief is not None
    assert event.data == Opened(
        ticket="HD-1",
        ticket_origin=run.ticket.sha256,
        ticket_sha256=run.ticket.sha256,
        headline=run.brief.headline,
        account="Acme AG",
        accounts=("Acme AG",),
        severity="critical",
        owner="engineering",
        next_hop="l2_support",
        leadership=False,
        expedite=True,
        deciding_rule="TEC-3",
        rules=("TEC-3",),
        product_area=None,
        ask=run.brief.asks[0].text,
        deadline=at(2.25),
        deadline_basis="Critical: acknowledged within 15 minutes",
        calendar=calendar,
        customer_zone="Asia/Tokyo",
        sla=sla,
        bug_record="ENG-7",
        code_fix="open",
        policy_version=SETTINGS.version,
        policy_sha256=sha256_of(SETTINGS.model_dump_json()),
        result_sha256=sha256_of(result_body(run)),
    )
    stands = desk.ledger.record("ESC-1")
    assert taken.record == stands
    assert (stands.state, stands.holder, stands.with_team, stands.opened_at) == (
        "open",
        "Ana Lima",
        "l2_support",
        at(2.1),
    )
    assert desk.ledger.settings_of(stands) == SETTINGS
    assert desk.ledger.result(stands) == json.loads(result_body(run))


def test_what_is_opened_too_late_for_its_deadline_gets_it_anew(desk: Desk) -> None:
    run = desk.run(ticket("HD-1", "Acme", DOWN))
    assert run.decision.deadline == at(0.25)
    assert desk.take(run, 1).record.deadline is None


def test_without_a_calendar_the_policys_counts(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    assert desk.ledger.record("ESC-1").calendar == SETTINGS.calendar


@pytest.mark.parametrize(
    ("said", "context", "code_fix"),
    [
        (f"{FAILS}|{BUG}", {}, "open"),
        (DOWN, {"bug_record": "ENG-7"}, "open"),
        (DOWN, {}, "unknown"),
    ],
)
def test_a_code_fix_is_owed_where_a_bug_is_known(desk: Desk, said: str, context: dict[str, Any], code_fix: str) -> None:
    desk.reads(ticket("HD-1", "Acme", said), despite="the team waits for it", **context)
    assert desk.ledger.record("ESC-1").code_fix == code_fix


def test_only_rules_that_stand_are_kept(desk: Desk) -> None:
    desk.take(make_escalation())
    assert desk.ledger.record("ESC-1").rules == ("TEC-5", "CPX-1")  # HND-2 was overridden


def test_what_needs_no_team_is_only_reported(desk: Desk) -> None:
    run, taken = desk.reads(ticket("HD-1", "Acme", HOW))
    assert run.decision.outcome == "handle"
    assert taken == Taken("reported", None)
    assert desk.everything() == [0, 0, 0, 1, 0, 0, 0]
    (report,) = patterns.reports_of(desk.ledger.database, ["HD-1"])
    assert (report["outcome"], report["account"], report["escalation"]) == ("handle", "Acme", None)


def test_a_ticket_without_an_id_is_known_by_its_text(desk: Desk) -> None:
    text = f"Acme here. {DOWN}"
    run, taken = desk.reads(text)
    assert taken.record is not None
    assert taken.record.ticket == f"sha256:{run.ticket.sha256[:16]}"
    assert desk.reads(text, 1)[1].became == "noted"
    assert desk.rows(t.escalation) == 1


# --- the same ticket again ---


@pytest.mark.parametrize(
    ("said", "despite"), [(DOWN, ""), (HOW, ""), (f"{FAILS}|{BUG}", ""), (f"{FAILS}|{BUG}", "the team waits for it")]
)
def test_the_same_run_again_changes_nothing(desk: Desk, said: str, despite: str) -> None:
    text = ticket("HD-1", "Acme", said)
    _, first = desk.reads(text, 0, despite)
    stood = desk.everything()
    _, again = desk.reads(text, 1, despite)
    assert desk.everything() == stood
    assert again.record == first.record
    if first.became == "opened":
        assert (again.became, again.repeated) == ("noted", True)
        assert again.notes == ("ESC-1 is open for this ticket, and nothing in it is new",)
    else:
        assert again.became == first.became


def test_the_same_result_sent_twice_under_one_key_is_written_once(desk: Desk) -> None:
    run = desk.run(ticket("HD-1", "Acme", DOWN))
    desk.take(run, 0, key="k")
    changed = desk.run(ticket("HD-1", "Acme", DOWN, THANKS), 1)
    first = desk.take(changed, 1, key="k2")
    again = desk.take(changed, 2, key="k2")
    assert (first.repeated, again.repeated) == (False, True)
    assert desk.kinds() == ["opened", "rerun"]


@pytest.mark.parametrize("later", [CHIEF, "It is urgent!|We cannot find the cause."])
def test_a_changed_ticket_is_news_once(desk: Desk, later: str) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    text = ticket("HD-1", "Acme", DOWN, later)
    run, first = desk.reads(text, 1)
    assert [rule.id for rule in run.decision.rules] != ["TEC-3"]
    assert first.became == "noted"
    desk.reads(text, 2)
    desk.reads(text, 3)
    assert desk.kinds() == ["opened", "rerun"]


def test_a_changed_ticket_that_says_no_more_is_noted(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    run, taken = desk.reads(ticket("HD-1", "Acme", DOWN, THANKS), 1)
    assert (taken.became, taken.notes) == ("noted", ())
    stands = desk.ledger.record("ESC-1")
    assert (stands.ticket_sha256, stands.version, stands.severity) == (run.ticket.sha256, 2, "critical")
    assert desk.events()[1].data == Rerun(
        ticket_sha256=run.ticket.sha256,
        severity="critical",
        owner="engineering",
        rules=("TEC-3",),
        result_sha256=sha256_of(result_body(run)),
    )
    assert desk.ledger.result(stands) == json.loads(result_body(run))


def test_new_facts_raise_severity_and_owner_by_themselves(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", ICON))
    assert desk.ledger.record("ESC-1").owner == "l2_support"
    _, taken = desk.reads(ticket("HD-1", "Acme", ICON, SEEN), 1)
    assert taken.became == "raised"
    assert taken.notes == (
        "Severity raised from medium to critical: new facts: SEC-1",
        "Now for Security: new facts: SEC-1",
    )
    rerun, raised, rerouted = desk.events()[1:]
    assert isinstance(rerun.data, Rerun)
    assert (rerun.by, rerun.why) == ("Ana Lima", "the ticket was read again")
    assert isinstance(raised.data, SeverityChanged)
    assert (raised.data.severity, raised.data.evidence) == ("critical", SEEN)
    assert isinstance(rerouted.data, Rerouted)
    assert (rerouted.data.owner, rerouted.data.next_hop) == ("security", "security")
    assert set(rerun.data.rules) <= set(raised.data.rules) & set(rerouted.data.rules)
    for event in (raised, rerouted):
        assert (event.by, event.through, event.why, event.at) == ("policy", "Ana Lima", "new facts: SEC-1", at(1))
    stands = desk.ledger.record("ESC-1")
    assert (stands.severity, stands.owner, stands.with_team, stands.state) == (
        "critical",
        "security",
        "security",
        "open",
    )
    assert (stands.severity_at, stands.routed_at) == (at(1), at(1))
    assert "SEC-1" in stands.rules


# Security, then Engineering, then Product, then L2; Leadership owns only what nobody else does.
ORDER: tuple[Owner, ...] = ("leadership", "l2_support", "product", "engineering", "security")


def test_the_weightier_owner_takes_it_and_no_lighter_one(desk: Desk) -> None:
    assert set(ORDER) == set(get_args(Owner))
    for had in ORDER:
        for now_says in ORDER:
            name = f"{had}-{now_says}"
            opened = desk.take(made(name, had, "medium"))
            taken = desk.take(made(name, now_says, "medium", "NEW-1", "second"), 1)
            assert opened.record is not None
            assert taken.record is not None
            moves = ORDER.index(now_says) > ORDER.index(had)
            assert taken.record.owner == (now_says if moves else had)
            assert (taken.record.routed_at == at(1)) == moves
            assert taken.became == ("raised" if moves else "noted")
            assert desk.kinds(opened.record.id) == ["opened", "rerun", *(["rerouted"] if moves else [])]


def test_severity_rises_by_itself_and_falls_only_by_a_person(desk: Desk) -> None:
    for had in get_args(Severity):
        for now_says in get_args(Severity):
            name = f"{had}-{now_says}"
            opened = desk.take(made(name, "engineering", had))
            taken = desk.take(made(name, "engineering", now_says, "NEW-1", "second"), 1)
            assert opened.record is not None
            assert taken.record is not None
            rises = SEVERITY_RANK[now_says] > SEVERITY_RANK[had]
            assert taken.record.severity == (now_says if rises else had)
            if rises:
                assert taken.notes == (f"Severity raised from {had} to {now_says}: new facts: NEW-1",)
                evidence = [e.data.evidence for e in desk.events(opened.record.id) if e.data.kind == "severity_changed"]
                assert evidence == ["NEW-1 said"]
            elif had == now_says:
                assert taken.notes == ()
            else:
                identifier = opened.record.id
                assert taken.notes == (
                    f"Read again it would be {now_says}: only a person lowers it, with reason and evidence "
                    f"(`escalation severity {identifier}`, `escalation deescalate {identifier}`)",
                )


def test_what_needs_no_team_any_more_stays_until_a_person_says_so(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    run, taken = desk.reads(ticket("HD-1", "Acme", HOW), 1)
    assert run.decision.outcome == "handle"
    assert taken.became == "noted"
    assert taken.notes[0].startswith("Read again it would be handle: only a person lowers it")
    stands = desk.ledger.record("ESC-1")
    assert (stands.state, stands.severity, stands.owner) == ("open", "critical", "engineering")


def test_what_a_person_lowered_is_not_raised_again_without_new_facts(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    eased = DeEscalated(reason="workaround", evidence="the API works", duties=DONE, severity="high", code_fix="open")
    desk.then(eased, 1)
    _, taken = desk.reads(ticket("HD-1", "Acme", DOWN, THANKS), 2)
    assert taken.became == "noted"
    assert desk.ledger.record("ESC-1").severity == "high"


def test_what_a_person_lowered_is_raised_again_by_new_facts(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    eased = DeEscalated(reason="workaround", evidence="the API works", duties=DONE, severity="high", code_fix="open")
    desk.then(eased, 1)
    _, taken = desk.reads(ticket("HD-1", "Acme", DOWN, GONE), 2)
    assert taken.notes == ("Severity raised from high to critical: new facts: TEC-1",)
    assert desk.ledger.record("ESC-1").severity == "critical"


def test_what_a_person_handed_to_another_team_comes_back_by_new_facts(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    desk.then(HandedOver(to="on-call", team="product", note="a design question"), 1)
    desk.reads(ticket("HD-1", "Acme", DOWN, GONE), 2)
    assert desk.ledger.record("ESC-1").owner == "engineering"


def test_what_a_person_handed_to_another_team_is_not_taken_back_without_new_facts(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    desk.then(HandedOver(to="on-call", team="product", note="a design question"), 1)
    _, taken = desk.reads(ticket("HD-1", "Acme", DOWN, THANKS), 2)
    assert taken.became == "noted"
    assert desk.ledger.record("ESC-1").owner == "product"


def test_why_it_was_raised_is_said_also_where_the_same_rule_weighs_more(desk: Desk) -> None:
    text = f"The invoice export ends with EXP-2207 for some.|{BUG}"
    desk.reads(ticket("HD-1", "Acme", text), 0, "the team waits for it")
    _, taken = desk.reads(ticket("HD-1", "Acme", text, "The invoice export does not work at all."), 1)
    assert taken.became == "raised"
    assert "TEC-5" in desk.events()[-1].why


def test_harm_to_data_that_is_read_later_is_known_to_the_escalation(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    run, _ = desk.reads(ticket("HD-1", "Acme", DOWN, GONE), 1)
    assert {"TEC-1", "TEC-3"} <= {rule.id for rule in run.decision.rules}
    assert "TEC-1" in desk.ledger.record("ESC-1").rules
    with pytest.raises(Refused, match="Critical by TEC-1: a workaround lowers no harm"):
        desk.then(
            DeEscalated(reason="workaround", evidence="e", duties=DONE, severity="high", code_fix="open"),
            2,
        )


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ((Rejected(reason="wrong_team", way_on="ask Product"),), "rejected"),
        ((Returned(duties=DONE),), "returned to support"),
        ((Resolved(resolution="restarted", root_cause="a lock"),), "resolved"),
        ((Resolved(resolution="restarted", root_cause="a lock"), Closed(duties=DONE)), "closed"),
    ],
)
def test_what_is_over_is_reopened_by_a_person_only(desk: Desk, steps: tuple[Data, ...], state: str) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    for data in steps:
        desk.then(data, 1, "l2_support")
    stood = desk.everything()
    for said in ((DOWN,), (DOWN, SEEN)):
        with pytest.raises(Refused) as refusal:
            desk.reads(ticket("HD-1", "Acme", *said), 2)
        assert str(refusal.value) == (f"ESC-1 for ticket 'HD-1' is {state}: if it goes on, `escalation reopen ESC-1`")
    assert desk.everything() == stood
    assert desk.reads(ticket("HD-1", "Acme", HOW), 2)[1].became == "reported"
    assert desk.rows(t.event) == stood[1]


# --- drafts ---


def test_an_incomplete_brief_stays_a_draft_except_for_critical_and_security(desk: Desk) -> None:
    cases: list[tuple[Owner, Severity, str, str]] = [
        ("engineering", "critical", "incomplete", "opened"),
        ("engineering", "high", "incomplete", "drafted"),
        ("engineering", "medium", "incomplete", "drafted"),
        ("product", "high", "incomplete", "drafted"),
        ("security", "high", "incomplete", "opened"),
        ("security", "critical", "incomplete", "opened"),
        ("engineering", "high", "valid", "opened"),
        ("engineering", "critical", "none", "opened"),
        ("engineering", "high", "none", "drafted"),
        ("security", "high", "none", "opened"),
    ]
    for case in cases:
        owner, severity, status, became = case
        name = f"{owner}-{severity}-{status}"
        brief = None if status == "none" else make_brief(owner)
        taken = desk.take(made(name, owner, severity, brief_status=status, brief=brief))
        assert (taken.became, *case[:3]) == (became, *case[:3])
        assert taken.record is not None
        assert (taken.record.state == "draft") == (became == "drafted")
        if became == "drafted":
            why = "there is no brief yet" if brief is None else "the brief is incomplete"
            assert taken.notes == (
                f"Kept as a draft, not with the team yet: {why}. Mend it and open it again, or say --despite WHY",
            )
            assert desk.events(taken.record.id)[0].why == why
            assert taken.record.account == f"Account of {name}"
            assert taken.record.headline == ("Invoice export fails" if brief is None else brief.headline)


def test_a_draft_says_which_gap_keeps_it(desk: Desk) -> None:
    run, taken = desk.reads(ticket("HD-1", "Acme", f"{FAILS}|{BUG}"))
    gap = next(finding.expected for finding in run.findings if finding.code == "repro_incomplete")
    assert taken.became == "drafted"
    assert taken.notes[0].startswith(f"Kept as a draft, not with the team yet: the brief is incomplete: {gap}. ")


def test_an_incomplete_brief_goes_out_where_a_person_says_why(desk: Desk) -> None:
    _, taken = desk.reads(ticket("HD-1", "Acme", f"{FAILS}|{BUG}"), 0, "the team waits for it")
    assert taken.became == "opened"
    assert [event.why for event in desk.events()] == ["the team waits for it"]


def test_a_draft_that_is_opened_later_keeps_its_number_and_its_override(desk: Desk) -> None:
    text = ticket("HD-1", "Acme", f"{FAILS}|{BUG}")
    desk.reads(text)
    desk.reads(ticket("HD-2", "Borea", DOWN))
    stands = desk.then(decided("product", "medium"), 1)
    assert (stands.state, stands.severity) == ("draft", None)
    run, taken = desk.reads(text, 2, despite="launch is today")
    assert run.decision.override == stands.override
    assert taken.became == "opened"
    assert taken.record is not None
    assert taken.record == desk.ledger.record("ESC-1")
    assert (taken.record.owner, taken.record.severity, taken.record.override) == (
        "product",
        "medium",
        stands.override,
    )
    assert (taken.record.created_at, taken.record.opened_at) == (at(0), at(2))
    assert [event.why for event in desk.events()][2] == "launch is today"
    assert desk.rows(t.escalation) == 2


# --- a person's decision ---


def decided(owner: Owner | None = None, severity: Severity | None = None, outcome: Any = "escalate") -> Overridden:
    values: dict[str, Any] = {"outcome": outcome, "owner": owner, "severity": severity, "evidence": "mail"}
    return Overridden(override=Override(by="Jo Park", why="launch day", at=at(0), **values))


def test_a_persons_decision_stands_in_later_runs(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    override = desk.then(decided("product", "medium"), 1).override
    for hours, said in ((2, (DOWN,)), (3, (DOWN, SEEN))):
        run, taken = desk.reads(ticket("HD-1", "Acme", *said), hours)
        decision = run.decision
        assert decision.override == override
        assert (decision.outcome, decision.owner, decision.severity) == ("escalate", "product", "medium")
        own: Owner = "engineering" if said == (DOWN,) else "security"
        assert decision.own_view == View(outcome="escalate", owner=own, severity="critical")
        assert taken.record is not None
        assert (taken.record.owner, taken.record.severity) == ("product", "medium")
    assert taken.notes == ("Jo Park decided (launch day): that stands, and nothing was changed",)
    assert desk.kinds() == ["opened", "overridden", "rerun"]


@pytest.mark.parametrize(
    ("said", "override", "became", "own"),
    [
        (HOW, decided("product", "high"), "opened", View(outcome="handle")),
        (
            DOWN,
            decided(outcome="handle"),
            "reported",
            View(outcome="escalate", owner="engineering", severity="critical"),
        ),
        (DOWN, decided(), "opened", View(outcome="escalate", owner="engineering", severity="critical")),
    ],
)
def test_a_decision_about_a_ticket_that_the_ledger_does_not_know_yet(
    desk: Desk, said: str, override: Overridden, became: str, own: View
) -> None:
    desk.ledger.begin(Drafted(ticket="HD-1"), ANA, at=at(0), now=at(0))
    desk.then(override, 0)
    run, taken = desk.reads(ticket("HD-1", "Acme", said), 1)
    assert (run.decision.override, run.decision.own_view) == (override.override, own)
    assert run.decision.outcome == override.override.outcome
    assert taken.became == became
    assert taken.record is not None
    assert taken.record.id == "ESC-1"
    if became == "opened":
        assert taken.record.owner == (override.override.owner or "engineering")
        assert taken.record.severity == (override.override.severity or "critical")
    else:
        assert taken.record.state == "draft"


def test_what_a_person_escalated_was_decided_by_no_rule(desk: Desk) -> None:
    desk.ledger.begin(Drafted(ticket="HD-1"), ANA, at=at(0), now=at(0))
    desk.then(decided("product", "high"), 0)
    _, taken = desk.reads(ticket("HD-1", "Acme", HOW), 1)
    assert taken.record is not None
    assert taken.record.deciding_rule == "override"


@pytest.mark.parametrize("override", [decided("product", "medium"), decided(outcome="handle")])
def test_a_run_from_before_a_persons_decision_does_not_undo_it(desk: Desk, override: Overridden) -> None:
    run = desk.run(ticket("HD-1", "Acme", DOWN))
    desk.ledger.begin(Drafted(ticket="HD-1"), ANA, at=at(0), now=at(0))
    desk.then(override, 1)
    with contextlib.suppress(Refused):  # to be run again is an answer, too
        desk.take(run, 2)
    stands = desk.ledger.record("ESC-1")
    if stands.state == "open":
        assert (stands.owner, stands.severity) == (override.override.owner, override.override.severity)
        assert override.override.outcome == "escalate"


def test_what_the_caller_gives_beats_the_ledger(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    desk.then(decided("product", "medium"), 1)
    given: dict[str, Any] = {
        "override": Override(by="Lea", why="board", at=at(1), outcome="escalate", owner="security"),
        "open_escalation": OpenEscalation(id="ESC-9", severity="high", owner="product", last_update=at(0)),
    }
    run = desk.run(ticket("HD-1", "Acme", DOWN), 2, **given)
    assert (run.context.override, run.context.open_escalation) == tuple(given.values())


# --- the escalation that is open ---


def test_a_run_knows_the_escalation_that_is_open(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", ICON))

    def known(hours: float) -> OpenEscalation | None:
        return desk.run(ticket("HD-1", "Acme", ICON), hours).context.open_escalation

    assert known(1) == OpenEscalation(id="ESC-1", severity="medium", owner="l2_support", last_update=at(0))
    desk.then(Acknowledged(), 1, "l2_support")
    assert known(2).last_update == at(0)  # to take it on is no update
    desk.then(Updated(audience="internal", text="looking"), 3)
    desk.then(Updated(audience="customer", text="looking"), 2)
    assert known(4).last_update == at(3)
    desk.then(Returned(duties=DONE), 5)
    assert known(6) is None


def test_an_open_escalation_that_nobody_speaks_about_is_neglected(desk: Desk) -> None:
    """Medium: the customer hears within 2 business days, so after 4 without a word it is."""
    text = ticket("HD-1", "Acme", ICON)
    desk.reads(text)

    def rules(days: float, **context: Any) -> list[str]:
        return [rule.id for rule in desk.run(text, 24 * days, **context).decision.rules]

    assert rules(5.9) == ["TEC-8"]  # Monday
    assert rules(6) == ["TEC-8", "TIM-1"]  # Monday 09:00
    run, taken = desk.reads(text, 24 * 6, tier="L2")
    assert (run.decision.owner, run.decision.leadership) == ("leadership", True)
    assert taken.record is not None
    assert taken.record.owner == "l2_support"
    desk.then(Updated(audience="customer", text="we are at it"), 24 * 6)
    assert rules(9.9) == ["TEC-8"]
    assert rules(10) == ["TEC-8", "TIM-1"]


# --- patterns ---


def three(desk: Desk, *accounts: str | None, said: str = ICON, hours: tuple[float, ...] = (0, 1, 2)) -> str:
    """Tickets HD-1 and HD-2 of the first accounts, handled at L2; the text of HD-3, of the last one."""
    for number, account in enumerate(accounts[:-1]):
        run, taken = desk.reads(ticket(f"HD-{number + 1}", account, said), hours[number], tier="L2")
        assert (run.decision.outcome, taken.became) == ("handle", "reported")
    return ticket(f"HD-{len(accounts)}", accounts[-1], said)


def pattern(run: Escalation) -> bool:
    return "PAT-1" in {rule.id for rule in run.decision.rules if rule.state != "overridden"}


def test_alike_is_possible_and_no_pattern_until_somebody_says_so(desk: Desk) -> None:
    text = three(desk, "Acme", "Borea", "Cato")
    run = desk.run(text, 2, tier="L2")
    assert not pattern(run)
    assert [(s.ticket, s.same, s.confirmed_by) for s in run.similar] == [("HD-1", None, ""), ("HD-2", None, "")]
    assert run.context.related == ()


def test_three_accounts_that_support_confirmed_are_a_pattern(desk: Desk) -> None:
    text = three(desk, "Acme", "Borea", "Cato")
    desk.says("HD-3", "HD-1")
    assert not pattern(desk.run(text, 2, tier="L2"))  # two are none
    desk.says("HD-2", "HD-3")
    run = desk.run(text, 2, tier="L2")
    assert (run.decision.deciding_rule, run.decision.owner, run.decision.severity) == ("PAT-1", "engineering", "medium")
    assert run.context.related == tuple(
        Related(
            ticket=f"HD-{number}",
            account=account,
            same="symptoms",
            confirmed_by="support",
            reported=at(number - 1),
        )
        for number, account in ((1, "Acme"), (2, "Borea"))
    )
    assert [(s.ticket, s.same, s.confirmed_by, s.why) for s in run.similar] == [
        ("HD-1", True, "support", "both show it"),
        ("HD-2", True, "support", "both show it"),
    ]


def test_what_support_confirmed_needs_no_word_in_common(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    text = ticket("HD-2", "Borea", "Die Anmeldung klappt seit heute nicht.").replace("Invoice export", "Störung")
    assert desk.run(text, 1).similar == ()
    desk.says("HD-2", "HD-1")
    assert [(s.ticket, s.same, s.shared) for s in desk.run(text, 1).similar] == [("HD-1", True, ())]


def test_what_hangs_together_counts_through_another(desk: Desk) -> None:
    text = three(desk, "Acme", "Borea", "Cato")
    desk.says("HD-3", "HD-1")
    desk.says("HD-2", "HD-1")
    run = desk.run(text, 2, tier="L2")
    assert pattern(run)
    assert [(r.ticket, r.confirmed_by) for r in run.context.related] == [("HD-1", "support"), ("HD-2", "ledger")]


def test_a_models_word_counts_and_is_not_asked_for_again(desk: Desk) -> None:
    text = three(desk, "Acme", "Borea", "Cato")
    backend = Comparing(HD_1="yes", HD_2="yes")
    run, taken = desk.reads(text, 2, "three have it", backend=backend, tier="L2")
    assert pattern(run)
    assert taken.became == "opened"
    assert [(r.ticket, r.confirmed_by) for r in run.context.related] == [("HD-1", "ledger"), ("HD-2", "ledger")]
    assert [(s.confirmed_by, s.why) for s in run.similar] == [("model", "both show it")] * 2
    again = Comparing()
    assert pattern(desk.run(text, 3, backend=again, tier="L2"))
    assert (backend.asked, again.asked) == ([("HD-1", "HD-2")], [])


def test_a_models_no_hides_the_pair(desk: Desk) -> None:
    text = three(desk, "Acme", "Borea", "Cato")
    run, _ = desk.reads(text, 2, backend=Comparing(HD_1="no", HD_2="yes"), tier="L2")
    assert [(s.ticket, s.same) for s in run.similar] == [("HD-1", False), ("HD-2", True)]
    again = desk.run(text, 3, tier="L2")
    assert [(s.ticket, s.same) for s in again.similar] == [("HD-2", True)]


def test_without_the_models_answer_they_stay_possible(desk: Desk) -> None:
    class Silent(OfflineBackend):
        def answer(self, call: Call) -> Reply:
            if isinstance(call, CompareCall):
                raise ModelUnavailable("overloaded", reason="overloaded")
            return super().answer(call)

    text = three(desk, "Acme", "Borea", "Cato")
    run = desk.run(text, 2, backend=Silent(), tier="L2")
    assert [(s.ticket, s.same) for s in run.similar] == [("HD-1", None), ("HD-2", None)]
    assert "Whether others have the same could not be asked: overloaded" in run.warnings


@pytest.mark.parametrize(
    "accounts",
    [
        pytest.param(("Acme", "ACME", "Cato"), id="one account twice"),
        pytest.param(("Acme", "Cato", "cato"), id="this account again"),
        pytest.param(("Acme", None, "Cato"), id="unknown account"),
    ],
)
def test_only_distinct_and_known_accounts_count(desk: Desk, accounts: tuple[str | None, ...]) -> None:
    text = three(desk, *accounts)
    desk.says("HD-3", "HD-1")
    desk.says("HD-3", "HD-2")
    run = desk.run(text, 2, tier="L2")
    assert {r.ticket for r in run.context.related} == {"HD-1", "HD-2"}
    assert not pattern(run)


@pytest.mark.parametrize(("days", "counts"), [(30, True), (30.05, False)])
def test_outside_the_window_it_does_not_count(desk: Desk, days: float, counts: bool) -> None:
    text = three(desk, "Acme", "Borea", "Cato", hours=(0, 24 * 20))
    desk.says("HD-3", "HD-1")
    desk.says("HD-3", "HD-2")
    assert pattern(desk.run(text, 24 * days, tier="L2")) == counts


def test_what_was_only_reported_is_not_looked_up_after_the_window(desk: Desk) -> None:
    text = three(desk, "Acme", "Borea", "Cato", hours=(0, 24 * 20))
    run = desk.run(text, 24 * 31, tier="L2")
    assert [s.ticket for s in run.similar] == ["HD-2"]


@pytest.mark.parametrize("support_first", [True, False])
def test_supports_no_beats_a_models_yes_and_hides_the_pair(desk: Desk, support_first: bool) -> None:
    text = three(desk, "Acme", "Borea", "Cato")
    desk.says("HD-3", "HD-1")
    said: list[Callable[[], None]] = [
        lambda: desk.says("HD-3", "HD-2", same=False),
        lambda: desk.says("HD-2", "HD-3", by="model"),
    ]
    for say in said if support_first else reversed(said):
        say()
    backend = Comparing(HD_2="yes")
    run = desk.run(text, 2, backend=backend, tier="L2")
    assert [s.ticket for s in run.similar] == ["HD-1"]
    assert [r.ticket for r in run.context.related] == ["HD-1"]
    assert not pattern(run)
    assert backend.asked == []
    desk.says("HD-3", "HD-2")  # support's newest word
    assert pattern(desk.run(text, 2, tier="L2"))


def test_supports_no_holds_also_where_a_model_joins_them_through_another(desk: Desk) -> None:
    text = three(desk, "Acme", "Borea", "Cato")
    desk.says("HD-3", "HD-1", by="model")
    desk.says("HD-1", "HD-2", by="model")
    desk.says("HD-3", "HD-2", same=False)
    assert not pattern(desk.run(text, 2, tier="L2"))


def test_related_that_the_caller_gives_is_not_doubled(desk: Desk) -> None:
    text = three(desk, "Acme", "Borea", "Cato")
    desk.says("HD-3", "HD-1")
    desk.says("HD-3", "HD-2")
    given = Related(ticket="HD-1", account="Acme", same="cause")
    run = desk.run(text, 2, tier="L2", related=(given,))
    assert run.context.related[0] == given
    assert [r.ticket for r in run.context.related] == ["HD-1", "HD-2"]


def test_high_value_and_blocked_are_remembered(desk: Desk) -> None:
    for number, (account, value) in enumerate((("Acme", 250_000), ("Borea", 9_000))):
        said = f"{ICON} We cannot work."
        known = Account(name=account, annual_value=value)
        desk.reads(ticket(f"HD-{number + 1}", account, said), number, account=known)
        desk.says("HD-3", f"HD-{number + 1}")
    run = desk.run(ticket("HD-3", "Cato", ICON), 2)
    assert [(r.account, r.high_value, r.blocked) for r in run.context.related] == [
        ("Acme", True, True),
        ("Borea", False, True),
    ]


def test_related_come_in_the_same_order_from_every_database(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    text = three(desk, "Acme", "Borea", "Cato", hours=(0, 0))
    desk.says("HD-3", "HD-1")
    desk.says("HD-3", "HD-2")
    given = patterns._reports
    orders = set()
    for order in (list, lambda rows: rows[::-1]):
        monkeypatch.setattr(patterns, "_reports", lambda *asked, order=order: order(given(*asked)))
        orders.add(tuple(r.ticket for r in desk.run(text, 2, tier="L2").context.related))
    assert len(orders) == 1


# --- one open escalation for each issue ---


def opened_by_three(desk: Desk) -> None:
    text = three(desk, "Acme", "Borea", "Cato")
    desk.says("HD-3", "HD-1")
    desk.says("HD-3", "HD-2")
    _, taken = desk.reads(text, 2, "three have it", tier="L2")
    assert taken.became == "opened"


def test_the_fourth_attaches_to_the_open_escalation(desk: Desk) -> None:
    opened_by_three(desk)
    desk.says("HD-4", "HD-3")
    run, taken = desk.reads(ticket("HD-4", "Dax", ICON), 3, tier="L2")
    assert [r.ticket for r in run.context.related] == ["HD-1", "HD-2", "HD-3"]
    assert taken.became == "attached"
    assert taken.notes == ("Attached to ESC-1, which is open for the same issue: no twin was opened",)
    attached = desk.events()[-1].data
    assert isinstance(attached, Attached)
    assert (attached.ticket, attached.account, attached.same, attached.confirmed_by) == (
        "HD-4",
        "Dax",
        "symptoms",
        "support",
    )
    stands = desk.ledger.record("ESC-1")
    assert (stands.tickets, stands.accounts) == (("HD-4",), ("Cato", "Dax"))
    assert (stands.severity, stands.owner) == ("medium", "engineering")
    assert desk.rows(t.escalation) == 1
    assert desk.ledger.for_ticket("HD-4") == stands
    (report,) = patterns.reports_of(desk.ledger.database, ["HD-4"])
    assert report["escalation"] == 1
    again = desk.run(ticket("HD-4", "Dax", ICON), 4, tier="L2")
    assert [r.ticket for r in again.context.related] == ["HD-1", "HD-2", "HD-3"]
    assert again.context.open_escalation is not None
    assert again.context.open_escalation.id == "ESC-1"


def test_the_fourth_attaches_also_through_one_of_the_others(desk: Desk) -> None:
    opened_by_three(desk)
    desk.says("HD-4", "HD-1")  # which was handled, and hangs together with HD-3
    run, taken = desk.reads(ticket("HD-4", "Dax", ICON), 3, "four have it", tier="L2")
    assert "HD-3" in {r.ticket for r in run.context.related}
    assert taken.became == "attached"
    assert desk.rows(t.escalation) == 1


def test_the_fourth_attaches_also_where_the_caller_says_that_it_is_the_same(desk: Desk) -> None:
    opened_by_three(desk)
    given = Related(ticket="HD-3", account="Cato", same="symptoms")
    desk.reads(ticket("HD-4", "Dax", ICON), 3, "four have it", related=(given,))
    assert desk.ledger.record("ESC-1").tickets == ("HD-4",)


def test_a_ticket_that_needs_no_team_by_itself_hangs_on_it_too(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    desk.says("HD-2", "HD-1")
    run, taken = desk.reads(ticket("HD-2", "Borea", HOW), 1)
    assert run.decision.outcome == "handle"
    assert (taken.became, taken.notes) == (
        "attached",
        ("Attached to ESC-1, which is open for the same issue: no twin was opened",),
    )
    assert desk.kinds() == ["opened", "attached"]


def test_what_hangs_on_it_may_make_it_more_severe_and_anothers(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", ICON))
    desk.then(Acknowledged(), 0.5, "l2_support")
    desk.says("HD-2", "HD-1")
    _, taken = desk.reads(ticket("HD-2", "Borea", DOWN), 1)
    assert taken.became == "attached"
    assert taken.notes == (
        "Attached to ESC-1, which is open for the same issue: no twin was opened",
        "Severity raised from medium to critical: ticket HD-2 shows the same: TEC-3",
        "Now for Engineering: ticket HD-2 shows the same: TEC-3",
    )
    stands = desk.ledger.record("ESC-1")
    assert (stands.severity, stands.owner, stands.with_team) == ("critical", "engineering", "l2_support")
    assert (stands.state, stands.acknowledged_at, stands.rules) == ("open", None, ("TEC-8", "TEC-3"))
    assert (stands.ticket, stands.account, stands.accounts) == ("HD-1", "Acme", ("Acme", "Borea"))
    assert [(event.data.kind, event.by) for event in desk.events()[2:]] == [
        ("attached", "Ana Lima"),
        ("severity_changed", "policy"),
        ("rerouted", "policy"),
    ]


def test_what_hangs_on_it_never_makes_it_less_severe_or_a_lighter_teams(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    desk.says("HD-2", "HD-1")
    _, taken = desk.reads(ticket("HD-2", "Borea", ICON), 1)
    assert taken.became == "attached"
    stands = desk.ledger.record("ESC-1")
    assert (stands.severity, stands.owner) == ("critical", "engineering")
    assert desk.kinds() == ["opened", "attached"]


def test_what_a_person_decided_stands_also_when_another_hangs_on(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", ICON))
    desk.then(decided("product", "medium"), 0.5)
    desk.says("HD-2", "HD-1")
    desk.reads(ticket("HD-2", "Borea", DOWN), 1)
    stands = desk.ledger.record("ESC-1")
    assert (stands.severity, stands.owner, stands.tickets) == ("medium", "product", ("HD-2",))


def test_harm_to_data_of_another_account_is_known_to_the_escalation(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    desk.says("HD-2", "HD-1")
    desk.reads(ticket("HD-2", "Borea", DOWN, GONE), 1)
    assert "TEC-1" in desk.ledger.record("ESC-1").rules


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(SEEN, DOWN, id="on Security's"),
        pytest.param(DOWN, SEEN, id="for Security"),
        pytest.param(CHIEF, DOWN, id="on Leadership's"),
        pytest.param(DOWN, CHIEF, id="for Leadership"),
        pytest.param(SEEN, SEEN, id="both for Security"),
    ],
)
def test_security_and_leadership_hear_their_own(desk: Desk, first: str, second: str) -> None:
    desk.reads(ticket("HD-1", "Acme", first))
    desk.says("HD-2", "HD-1")
    run, taken = desk.reads(ticket("HD-2", "Borea", second), 1)
    assert taken.became == "opened"
    assert taken.record is not None
    assert (taken.record.id, taken.record.owner) == ("ESC-2", run.decision.owner)
    assert desk.ledger.record("ESC-1").tickets == ()


@pytest.mark.parametrize("state", ["draft", "returned"])
def test_nothing_attaches_to_what_is_not_open(desk: Desk, state: str) -> None:
    if state == "draft":
        desk.reads(ticket("HD-1", "Acme", f"{FAILS}|{BUG}"))
    else:
        desk.reads(ticket("HD-1", "Acme", DOWN))
        desk.then(Returned(duties=DONE), 1)
    desk.says("HD-2", "HD-1")
    _, taken = desk.reads(ticket("HD-2", "Borea", DOWN), 2)
    assert taken.became == "opened"
    assert desk.ledger.record("ESC-1").tickets == ()


def test_of_several_that_are_open_it_attaches_to_the_newest(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    desk.reads(ticket("HD-2", "Borea", DOWN), 1)
    for other in ("HD-1", "HD-2"):
        desk.says("HD-3", other)
    assert desk.reads(ticket("HD-3", "Cato", DOWN), 2)[1].record.id == "ESC-2"


def test_the_same_run_of_an_attached_ticket_changes_nothing(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    desk.says("HD-2", "HD-1")
    desk.reads(ticket("HD-2", "Borea", DOWN), 1)
    stood = desk.ledger.record("ESC-1")
    desk.reads(ticket("HD-2", "Borea", DOWN), 2)
    desk.reads(ticket("HD-1", "Acme", DOWN), 3)
    assert desk.ledger.record("ESC-1") == stood


def test_news_of_an_attached_ticket_raise_the_escalation_and_stay_that_tickets(desk: Desk) -> None:
    first, _ = desk.reads(ticket("HD-1", "Acme", ICON))
    desk.reads(ticket("HD-2", "Borea", ICON), 1, backend=Comparing(HD_1="yes"))
    attached = desk.events()[-1].data
    assert isinstance(attached, Attached)
    assert (attached.ticket, attached.confirmed_by) == ("HD-2", "model")
    text = ticket("HD-2", "Borea", ICON, DOWN)
    _, taken = desk.reads(text, 2)
    assert taken.became == "raised"
    stands = desk.ledger.record("ESC-1")
    assert (stands.severity, stands.ticket, stands.tickets) == ("critical", "HD-1", ("HD-2",))
    assert stands.ticket_sha256 == first.ticket.sha256
    assert desk.ledger.result(stands)["facts"]["ticket_sha256"] == first.ticket.sha256
    desk.reads(text, 3)
    desk.reads(ticket("HD-1", "Acme", ICON), 4)
    assert desk.ledger.record("ESC-1") == stands


def test_a_ticket_that_support_attached_opens_no_twin(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    desk.then(Attached(ticket="HD-2", account="Borea", confirmed_by="support"), 1)
    desk.reads(ticket("HD-2", "Borea", DOWN), 2)
    assert desk.rows(t.escalation) == 1


def test_what_support_attached_is_the_same_for_later_runs(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", ICON))
    desk.then(Attached(ticket="HD-2", account="Borea", confirmed_by="support"), 1)
    desk.reads(ticket("HD-2", "Borea", ICON), 2)
    desk.says("HD-3", "HD-2")
    run = desk.run(ticket("HD-3", "Cato", ICON), 3)
    assert [r.ticket for r in run.context.related] == ["HD-1", "HD-2"]
    assert pattern(run)


# --- it is back ---


@pytest.mark.parametrize("closed", [False, True])
def test_what_was_resolved_and_is_back_is_a_regression(desk: Desk, closed: bool) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    desk.then(Resolved(resolution="restarted", root_cause="a lock"), 1)
    if closed:
        desk.then(Closed(duties=DONE), 2)
    desk.says("HD-2", "HD-1")
    days = 24 * 200  # far outside the pattern's window
    run = desk.run(ticket("HD-2", "Borea", ICON), days, tier="L2")
    assert (run.decision.deciding_rule, run.decision.owner) == ("PAT-2", "engineering")
    assert [(r.ticket, r.resolved is not None) for r in run.context.related] == [("HD-1", True)]
    assert desk.take(run, days, despite="it is back").became == "opened"  # no reopening: another account's


def test_what_was_returned_to_support_was_not_fixed(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    desk.then(Returned(duties=DONE), 1)
    desk.says("HD-2", "HD-1")
    run = desk.run(ticket("HD-2", "Borea", ICON), 2, tier="L2")
    assert [r.resolved for r in run.context.related] == [None]
    assert "PAT-2" not in {rule.id for rule in run.decision.rules}


@pytest.mark.parametrize("end", [Rejected(reason="not_a_bug", way_on="as designed"), Returned(duties=DONE)])
def test_what_was_closed_without_a_resolution_was_not_fixed(desk: Desk, end: Data) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    desk.then(end, 1)
    desk.then(Closed(duties=DONE, root_cause="as designed"), 2)
    desk.says("HD-2", "HD-1")
    run = desk.run(ticket("HD-2", "Borea", ICON), 3, tier="L2")
    assert "PAT-2" not in {rule.id for rule in run.decision.rules}


def test_a_run_is_told_when_it_was_resolved(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", DOWN))
    desk.then(Resolved(resolution="restarted", root_cause="a lock"), 5)
    desk.says("HD-2", "HD-1")
    assert [r.resolved for r in desk.run(ticket("HD-2", "Borea", ICON), 9).context.related] == [at(5)]


# --- what is kept, and what a killed run leaves ---


def test_what_is_kept_of_a_run_holds_no_ticket_text_beyond_its_evidence(desk: Desk) -> None:
    private = "My daughter Philippa marries on Saturday."
    text = ticket("HD-1", "Acme", f"Hello dear team.\n\n{private}\n\n{DOWN}\n\nRegards from the coast")
    run, taken = desk.reads(text)
    assert taken.record is not None
    assert private in run.ticket.text
    with desk.ledger.database.reading() as connection:
        (body,) = connection.execute(select(t.result.c.body)).scalars()
        stored = [
            str(list(row)) for table in (t.escalation, t.event, t.report) for row in connection.execute(select(table))
        ]
    for place in (body, *stored):
        for words in ("Philippa", "dear team", "coast"):
            assert words not in place
    kept = json.loads(body)
    assert kept.keys() == {
        "brief",
        "brief_status",
        "context",
        "customer_message",
        "decision",
        "facts",
        "findings",
        "provenance",
        "usage",
    }
    assert kept["facts"]["ticket_sha256"] == run.ticket.sha256
    assert "nobody can log in" in body  # the evidence itself


@pytest.mark.parametrize(
    ("said", "became"),
    [
        (DOWN, "opened"),
        (f"{FAILS}|{BUG}", "drafted"),
        (HOW, "reported"),
        (DOWN, "attached"),
    ],
)
def test_a_run_that_was_killed_halfway_is_healed_by_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, said: str, became: str
) -> None:
    desk.reads(ticket("HD-0", "Zeta", DOWN if became == "attached" else HOW))
    if became == "attached":
        desk.says("HD-1", "HD-0")
    text = ticket("HD-1", "Acme", said)
    options: dict[str, Any] = {"backend": Comparing(HD_0="no")}
    with monkeypatch.context() as patch:
        patch.setattr(patterns, "remember", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.reads(text, 1, **options)
    known = [report["symptoms"] for report in patterns.reports_of(desk.ledger.database, ["HD-1"])]
    assert known == (["[]"] if became == "attached" else [])  # that it hangs there is known with the event itself
    events = desk.rows(t.event)
    _, taken = desk.reads(text, 2, **options)
    assert desk.rows(t.event) == events
    (report,) = patterns.reports_of(desk.ledger.database, ["HD-1"])
    assert report["escalation"] == (None if taken.record is None else int(taken.record.id.removeprefix("ESC-")))
    assert desk.rows(t.escalation) == (became != "reported")
    if became in ("opened", "drafted"):
        assert desk.rows(t.verdict) == 1  # what the model said of HD-0


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_models_word_is_written_down_once(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", HOW))
    text = ticket("HD-2", "Borea", HOW)
    desk.reads(text, 1, backend=Comparing(HD_1="yes"))
    stood = desk.everything()
    assert desk.rows(t.verdict) == 1
    desk.reads(text, 2)
    assert desk.everything() == stood


def test_a_ticket_that_changed_is_looked_up_by_what_it_says_now(desk: Desk) -> None:
    desk.reads(ticket("HD-1", "Acme", FAILS))
    other = ticket("HD-2", "Borea", "It fails with error EXP-2207.")
    assert "exp-2207" in desk.run(other, 0).similar[0].shared
    assert desk.rows(t.code) == 1
    desk.reads(ticket("HD-1", "Acme", ICON), 1)
    assert (desk.rows(t.report), desk.rows(t.code)) == (1, 0)
    (found,) = desk.run(other, 2).similar
    assert (found.ticket, "exp-2207" in found.shared) == ("HD-1", False)


def test_words_of_a_ticket_that_changed_are_counted_as_they_are_now(desk: Desk) -> None:
    for number, account in enumerate(("Acme", "Borea"), start=1):
        desk.reads(ticket(f"HD-{number}", account, "The zebra export fails since Monday."), number)

    def reports_with(word: str) -> int:
        with desk.ledger.database.reading() as connection:
            return patterns._frequencies(connection, [word])[0].get(word, 0)

    assert (reports_with("zebra"), reports_with("icon")) == (2, 0)
    desk.reads(ticket("HD-1", "Acme", ICON), 3)
    assert (reports_with("zebra"), reports_with("icon")) == (1, 1)
