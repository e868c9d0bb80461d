"""The decision beyond single rules: precedence, next hop, needs_info, counterfactuals, invariants."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import BadInput
from agent.policy.decide import decide
from agent.policy.questions import FIRST_QUESTIONS
from agent.policy.rules import TO_INVESTIGATE
from agent.policy.settings import Settings
from agent.policy.view import PRODUCT_SIGNALS, annual_amount
from schemas.decision import Decision
from schemas.facts import Claim
from schemas.vocabulary import SEVERITY_RANK, SIGNALS
from tests.facts_factory import HIGH, L2, NOW, SETTINGS, SMALL, claim, context, decided, facts

# Signals that never speak for keeping a ticket in support. bug_tracked answers, bug_suspected gives way to a stronger
# word; both are harms in everyday speech and not in the policy.
HARMS = sorted(
    set(SIGNALS)
    - {
        "documented_solution",
        "configuration_issue",
        "guidance_needed",
        "known_limitation",
        "resolved_before_by_support",
        "security_questionnaire",
        "bug_tracked",
        "non_production",
        "resolved_itself",
        "secret_in_ticket",
        "instruction_in_ticket",
    }
)
BY = ["customer", "support", "system"]
some_signals = st.lists(
    st.builds(lambda kind, by: f"{kind}@{by}", st.sampled_from(SIGNALS), st.sampled_from(BY)), max_size=7
)
contexts = st.sampled_from([{}, L2, HIGH, SMALL, HIGH | L2, {"tier": "manager"}])
workarounds = st.sampled_from(["", "none", "partial", "verified", "documented_untried", "tried_failed"])
scopes = st.sampled_from(["", "all_users", "whole_account", "some_users", "one_user"])


@given(some_signals, st.sampled_from(HARMS), st.sampled_from(BY), contexts, workarounds, scopes)
@settings(deadline=None, max_examples=400)
def test_a_harm_more_never_lowers_or_unescalates(signals, harm, by, ctx, workaround, scope) -> None:
    before = decided(*signals, ctx=ctx, workaround=workaround, scope=scope)
    after = decided(*signals, f"{harm}@{by}", ctx=ctx, workaround=workaround, scope=scope)
    assert SEVERITY_RANK[after.severity] >= SEVERITY_RANK[before.severity]
    assert after.outcome == "escalate" or before.outcome != "escalate"


@given(some_signals, contexts, workarounds, scopes, st.randoms())
@settings(deadline=None, max_examples=150)
def test_order_of_signals_is_irrelevant(signals, ctx, workaround, scope, random) -> None:
    built = facts(*signals, workaround=workaround, scope=scope)
    shuffled = list(built.signals)
    random.shuffle(shuffled)
    other = built.model_copy(update={"signals": tuple(shuffled)})
    one, two = (decide(f, context(**ctx), SETTINGS, NOW) for f in (built, other))
    same = ("outcome", "owner", "leadership", "severity", "next_hop", "deciding_rule", "expedite", "ask", "deadline")
    assert [getattr(one, name) for name in same] == [getattr(two, name) for name in same]
    assert {r.id: r.state for r in one.rules} == {r.id: r.state for r in two.rules}


@given(some_signals, contexts, workarounds)
@settings(deadline=None, max_examples=50)
def test_same_input_same_bytes(signals, ctx, workaround) -> None:
    runs = {decided(*signals, ctx=ctx, workaround=workaround).model_dump_json() for _ in range(2)}
    assert len(runs) == 1


def test_same_input_same_bytes_in_another_process() -> None:
    """A set's order differs between processes; what a decision prints must not."""
    script = (
        "from tests.facts_factory import decided\n"
        "went = ('bug_suspected', 'work_blocked', 'no_progress', 'waiting_too_long', 'worsening', 'resolved_itself')\n"
        "kinds = ('infrastructure_issue', 'work_blocked', 'worsening', 'no_progress')\n"
        "passed_on = [f'{kind}@quoted' for kind in kinds]\n"
        "for signals in (went, ('resolved_itself', *passed_on), (*passed_on, 'resolved_itself'), went[:-1]):\n"
        "    print(decided(*signals).model_dump_json())\n"
    )
    root = Path(__file__).parents[1]
    runs = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=root,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3", "4")
    }
    assert len(runs) == 1


def test_the_reporter_is_no_account_more() -> None:
    own = claim("account", "same_symptoms", 70, subject="reporter", status="reported")
    others = [claim("account", "same_symptoms", 71 + n, subject=f"Other {n}", status="reported") for n in range(2)]
    assert decided("repeat_reports", accounts=(own, others[0])).outcome == "handle"
    assert decided("repeat_reports", accounts=(own, *others)).outcome == "needs_info"


@given(some_signals, contexts)
@settings(deadline=None, max_examples=100)
def test_an_unknown_changes_nothing(signals, ctx) -> None:
    """A claim that was removed, an account without value, a related list without entries: the same decision."""
    plain = decided(*signals, ctx=ctx)
    built = facts(*signals).model_copy(
        update={"removed": (claim("signal", "data_loss", 77, status="ungrounded", evidence=None),)}
    )
    emptier = context(**({"account": {"name": "Acme"}} | ctx | {"related": []}))
    other = decide(built, emptier, SETTINGS, NOW)
    assert (other.outcome, other.owner, other.severity) == (plain.outcome, plain.owner, plain.severity)


def test_a_customers_confirmation_is_a_suspicion_and_a_passed_on_one_is_a_question() -> None:
    assert decided("bug_confirmed@customer").deciding_rule == "TEC-8"
    passed_on = decided("bug_confirmed@quoted")
    assert (passed_on.outcome, passed_on.rules) == ("handle", ())
    assert "The ticket passes on" in passed_on.questions[0].text


def test_owner_precedence_and_leadership_beside_it() -> None:
    decision = decided(
        "data_exposure", "bug_confirmed@support", "feature_gap", "work_blocked", "churn_threat", ctx=HIGH
    )
    assert (decision.owner, decision.leadership, decision.next_hop) == ("security", True, "security")
    assert any("Need to know" in note for note in decision.notes)


def test_next_hop_from_l1_and_expedite() -> None:
    loss = decided("data_loss")
    assert (loss.owner, loss.next_hop, loss.expedite) == ("engineering", "l2_support", True)
    assert loss.acknowledge_by == NOW + timedelta(minutes=15)
    at_l2 = decided("data_loss", ctx=L2)
    assert (at_l2.next_hop, at_l2.expedite) == ("engineering", False)
    skipping = SETTINGS.model_copy(update={"routing": SETTINGS.routing.model_copy(update={"skip_l2_hop": True})})
    assert decide(facts("data_loss"), context(), skipping, NOW).next_hop == "engineering"


def test_tier_is_read_from_the_ticket_and_context_beats_it() -> None:
    tier = claim("measure", "current_tier", 40, by="system", value="Tier 2 support")
    assert decided("bug_suspected", measures=(tier,)).tier == "L2"
    assert decided("bug_suspected", measures=(tier,), ctx={"tier": "L1"}).tier == "L1"
    assumed = decided("bug_suspected")
    assert assumed.tier_assumed
    assert any("L1 is assumed" in note for note in assumed.notes)


def test_nothing_fires_is_handle_without_severity() -> None:
    decision = decided()
    assert (decision.outcome, decision.severity, decision.owner, decision.deciding_rule) == ("handle", None, None, None)


def test_too_empty_asks_the_first_questions() -> None:
    decision = decided(understandable=False)
    assert decision.outcome == "needs_info"
    assert len([q for q in decision.questions if q.ask == "customer"]) == 3


@pytest.mark.parametrize("signal", ["bug_suspected", "bug_confirmed", "major_function_broken"])
def test_a_suspicion_that_nobody_can_understand_asks_first(signal: str) -> None:
    """ "doesn't work!!!" is a suspicion, and nothing to hand on (policy section 3)."""
    assert decided(signal).outcome == "escalate"
    asks = decided(signal, understandable=False)
    assert (asks.outcome, asks.owner, asks.severity, asks.deciding_rule) == ("needs_info", None, None, None)
    assert [q.text for q in asks.questions if q.ask == "customer"] == list(FIRST_QUESTIONS)
    (held,) = asks.rules
    assert (held.state, held.id) == ("overridden", "TEC-7" if signal == "major_function_broken" else "TEC-8")
    assert held.because.endswith("nobody can look into what the ticket does not say")


@pytest.mark.parametrize(
    ("signals", "ctx", "rule_id"),
    [
        (("service_down",), {}, "TEC-4"),
        (("data_loss",), {}, "TEC-1"),
        (("data_exposure@quoted",), {}, "SEC-1"),
        (("bug_confirmed@support",), {}, "TEC-5"),
        (("infrastructure_issue",), {}, "TEC-6"),
        (("beyond_support_diagnosis@support",), {}, "CPX-1"),
        (("waiting_too_long",), {}, "TIM-1"),
        (("worsening",), {}, "PAT-3"),
        (("legal_risk",), {}, "BUS-5"),
        (("churn_threat",), HIGH, "BUS-1"),
        ((), {"sla": {"due": NOW - timedelta(hours=1)}}, "BUS-2"),
        ((), {"sla": {"due": NOW + timedelta(minutes=30)}}, "BUS-3"),
        ((), {"bug_confirmed": True}, "TEC-5"),
        (("no_progress@support",), L2, "TIM-2"),
    ],
)
def test_what_is_called_unclear_keeps_no_other_rule_down(signals, ctx, rule_id: str) -> None:
    """The model says what is unclear, and a ticket may lie to it: only a request to look into it may be held back."""
    for understandable in (True, False):
        for suspicion in ((), ("bug_suspected",)):
            decision = decided(*signals, *suspicion, ctx=ctx, understandable=understandable)
            assert decision.outcome == "escalate"
            assert rule_id in {rule.id for rule in decision.rules}
            assert not any(rule.state == "overridden" for rule in decision.rules)


def test_only_rules_that_ask_to_look_into_it_are_held_back() -> None:
    assert frozenset({"TEC-7", "TEC-8", "TEC-9"}) == TO_INVESTIGATE


def test_what_would_change_an_unclear_ticket_is_no_rule_that_would_be_held_back() -> None:
    unclear = decided("major_function_broken", "work_blocked", "data_loss@quoted", understandable=False)
    assert unclear.outcome == "needs_info"
    then = {change.fact: change.then for change in unclear.would_change}
    assert set(then) == {"the account turns out to be high-value", "“data_loss said” is confirmed"}
    assert "(IMP-2)" in then["the account turns out to be high-value"]


@pytest.mark.parametrize(
    ("signals", "ctx", "outcome"),
    [
        (("churn_threat",), {}, "needs_info"),
        (("churn_threat", "guidance_needed"), {}, "needs_info"),
        (("churn_threat",), SMALL, "handle"),
        (("churn_threat",), HIGH, "escalate"),
        (("service_down@quoted",), {}, "needs_info"),
        (("sla_breached",), {}, "needs_info"),
        (("sla_at_risk", "guidance_needed"), {}, "handle"),
        (("churn_threat", "bug_suspected"), {}, "escalate"),
        (("work_blocked",), {}, "handle"),
        (("work_blocked@support",), {}, "needs_info"),
        (("work_blocked@support", "configuration_issue"), {}, "handle"),
    ],
)
def test_needs_info_only_where_the_answer_would_escalate(signals, ctx, outcome) -> None:
    decision = decided(*signals, ctx=ctx)
    assert decision.outcome == outcome
    if outcome == "needs_info":
        assert decision.questions


def test_three_rumours_ask_and_two_are_a_watch() -> None:
    three = claim("measure", "customers_affected", 60, value="three companies", status="reported")
    two = claim("measure", "customers_affected", 60, value="2 companies", status="reported")
    assert decided("repeat_reports", measures=(three,)).outcome == "needs_info"
    watch = decided("repeat_reports", measures=(two,))
    assert watch.outcome == "handle"
    assert WATCH in watch.notes


WATCH = "Watch: two similar reports; a third makes a pattern (PAT-1)"
ONE_MORE = {"ticket": "T-9", "account": "Nils AG", "confirmed_by": "support"}


@pytest.mark.parametrize(
    ("signals", "ctx", "watched"),
    [
        (("repeat_reports",), {}, True),
        (("repeat_reports@quoted",), {}, True),
        (("bug_suspected", "repeat_reports"), {}, True),
        (("bug_suspected",), {"related": [ONE_MORE | {"same": "symptoms"}]}, True),
        (("bug_suspected",), {}, False),
        (("repeat_reports", "repeat_reports"), {}, False),  # three: asked about
        (("repeat_reports@support",), {}, False),  # any number: asked about
        (("bug_suspected", "repeat_reports#2"), {}, False),  # of another issue
    ],
)
def test_two_similar_reports_are_watched_whoever_tells_of_them(signals, ctx, watched: bool) -> None:
    assert (WATCH in decided(*signals, ctx=ctx).notes) == watched


@pytest.mark.parametrize("wish", PRODUCT_SIGNALS)
def test_a_wish_beside_a_fault_is_noted(wish: str) -> None:
    assert "The request in this ticket is noted; the fault is its subject" in decided("bug_suspected", wish).notes
    assert not any("is noted" in note for note in decided("bug_suspected").notes)


def test_where_support_has_the_answer_no_note_says_that_no_rule_fires() -> None:
    solved = decided(workaround="verified")
    assert (solved.outcome, solved.deciding_rule) == ("handle", "HND-1")
    assert not any("No rule" in note for note in (*solved.notes, *decided().notes))


def test_what_would_have_changed_it_is_true() -> None:
    """Each counterfactual that a decision lists comes out so when the fact is given."""
    decision = decided("service_down", "churn_threat")
    by_fact = {change.fact: change.then for change in decision.would_change}
    whole = decided("service_down", "churn_threat", scope="whole_account")
    assert "Critical (TEC-3)" in by_fact["the outage hits the whole account"]
    assert whole.deciding_rule == "TEC-3"
    assert "Leadership informed" in by_fact["the account turns out to be high-value"]
    assert decided("service_down", "churn_threat", ctx=HIGH).leadership


def test_resolved_itself_cancels_only_what_came_before_and_no_harm() -> None:
    assert decided("bug_suspected", "work_blocked", "resolved_itself").outcome == "handle"
    assert decided("resolved_itself", "bug_suspected").deciding_rule == "TEC-8"
    assert decided("data_loss", "resolved_itself").deciding_rule == "TEC-1"
    assert decided("data_exposure", "resolved_itself").deciding_rule == "SEC-1"


def test_two_issues_are_decided_each() -> None:
    decision = decided("guidance_needed", "major_function_broken#2")
    assert (decision.outcome, decision.owner) == ("escalate", "l2_support")
    assert [(i.issue, i.outcome) for i in decision.issues] == [(1, "handle"), (2, "escalate")]
    assert any("split the ticket" in note for note in decision.notes)


def test_an_answered_side_issue_is_overridden_but_no_harm_to_data() -> None:
    answered = decided("bug_suspected", "major_function_broken#2", answered_issues=(2,), ctx=L2)
    assert answered.outcome == "handle"
    assert {r.id: r.state for r in answered.rules}["TEC-7"] == "overridden"
    assert decided("bug_suspected", "data_loss#2", answered_issues=(2,), ctx=L2).deciding_rule == "TEC-1"


def test_override_stands_and_own_view_is_shown() -> None:
    override = {"by": "Dana", "why": "known to Engineering", "at": NOW, "outcome": "handle"}
    decision = decided("data_loss", ctx={"override": override})
    assert (decision.outcome, decision.owner, decision.severity) == ("handle", None, None)
    assert decision.own_view is not None
    assert (decision.own_view.outcome, decision.own_view.severity) == ("escalate", "critical")
    assert decision.deadline is None


@pytest.mark.parametrize(
    ("value", "plan", "expected"),
    [
        ("EUR 250,000", "", True),
        ("99.999,00 €", "", False),
        ("€1.2M", "", True),
        ("$9k per month", "", True),
        ("$49/month", "", False),
        ("", "Enterprise Plus", True),
        ("", "Starter", False),
        ("", "Business", None),
    ],
)
def test_high_value_from_staff(value: str, plan: str, expected: bool | None) -> None:
    accounts = [claim("account", "reporter", 70, subject="Acme")]
    if value:
        accounts.append(claim("account", "annual_value", 71, by="support", subject="Acme", value=value))
    if plan:
        accounts.append(claim("account", "plan", 72, by="system", subject="Acme", value=plan))
    assert decided("churn_threat", accounts=tuple(accounts)).high_value is expected


def test_high_value_only_of_the_reporting_account_and_only_from_staff() -> None:
    other = claim("account", "annual_value", 71, by="support", subject="Globex", value="900000")
    own = claim("account", "reporter", 70, subject="Acme")
    assert decided("churn_threat", accounts=(own, other)).high_value is None
    boast = claim("account", "annual_value", 71, subject="Acme", value="900000", status="reported")
    assert decided("churn_threat", accounts=(own, boast)).high_value is None


def test_dated_deal_brings_the_deadline_forward_never_back() -> None:
    soon = claim("measure", "go_live_date", 61, value="13 March")
    late = claim("measure", "go_live_date", 61, value="13 May")
    plain = decided("bug_suspected").deadline
    near = decided("bug_suspected", "deal_or_renewal_at_risk", measures=(soon,))
    assert near.deadline == datetime(2026, 3, 13, 9, 0, tzinfo=UTC)
    assert "go-live" in near.deadline_basis
    assert decided("bug_suspected", "deal_or_renewal_at_risk", measures=(late,)).deadline == plain


def test_naive_time_is_refused() -> None:
    with pytest.raises(BadInput, match="zone"):
        decide(facts(), context(), SETTINGS, NOW.replace(tzinfo=None))


def test_settings_are_frozen_and_carry_their_version() -> None:
    assert isinstance(SETTINGS, Settings)
    assert decided("data_loss").policy_version == SETTINGS.version == "1.0"


OVERRIDE = {"by": "Dana", "why": "spoke with them", "at": NOW}


def test_a_person_may_escalate_what_code_would_not() -> None:
    given = OVERRIDE | {"outcome": "escalate", "owner": "engineering", "severity": "high"}
    decision = decided(ctx={"override": given})
    assert (decision.outcome, decision.owner, decision.severity, decision.ask) == (
        "escalate",
        "engineering",
        "high",
        "investigate",
    )
    assert decision.deadline is not None
    assert decision.own_view is not None
    assert decision.own_view.outcome == "handle"


def test_what_an_override_leaves_open_is_filled_and_what_it_forbids_is_cleared() -> None:
    open_ended = decided("bug_confirmed@support", ctx={"override": OVERRIDE | {"outcome": "escalate"}})
    assert (open_ended.owner, open_ended.severity) == ("engineering", "medium")
    kept = decided("data_exposure", ctx={"override": OVERRIDE | {"outcome": "handle", "severity": "critical"}})
    assert (kept.owner, kept.severity, kept.expedite, kept.next_hop) == (None, None, False, None)
    other = decided("executive_request", ctx={"override": OVERRIDE | {"outcome": "escalate", "owner": "engineering"}})
    assert (other.leadership, other.ask) == (False, "decide")


def by_issue(decision: Decision) -> dict[int, tuple[str, ...]]:
    return {issue.issue: issue.rules for issue in decision.issues}


def test_a_side_issue_has_only_its_own_facts() -> None:
    tracked = decided("bug_suspected", "major_function_broken#2", ctx={"bug_record": "ENG-1"})
    assert (tracked.outcome, tracked.severity) == ("escalate", "high")
    confirmed = decided("bug_suspected", "guidance_needed#2", ctx={"bug_confirmed": True})
    assert by_issue(confirmed) == {1: ("TEC-5",), 2: ("HND-3",)}
    four = claim("measure", "customers_affected", 50, value="4 customers", by="support")
    counted = decided("bug_suspected", "feature_gap#2", measures=(four,))
    assert by_issue(counted) == {1: ("TEC-8", "PAT-1"), 2: ("HND-8",)}
    assert [rule.issue for rule in counted.rules if rule.state == "decides"] == [1]
    dated = decided("bug_suspected", "deal_or_renewal_at_risk", "feature_gap#2")
    assert (dated.owner, by_issue(dated)[2]) == ("l2_support", ("HND-8",))


def test_a_statement_about_the_whole_ticket_is_no_issue() -> None:
    issues = (claim("issue", "problem", 70, issue=1),)
    decision = decided("configuration_issue", "executive_request#2", issues=issues)
    assert decision.issues == ()
    assert decision.deciding_rule == "BUS-4"


def test_open_questions_of_a_side_issue_are_asked_too() -> None:
    issues = (claim("issue", "problem", 70, issue=1), claim("issue", "problem", 71, issue=2))
    rumour = decided("configuration_issue", "service_down@quoted#2", issues=issues)
    assert rumour.outcome == "needs_info"
    outage = decided("guidance_needed", "service_down#2", issues=issues)
    assert any("Who is hit" in question.text for question in outage.questions)
    assert "the outage hits the whole account" in {change.fact for change in outage.would_change}


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$0.085M", 85_000),
        ("1.265 M", 1_265_000),
        ("$8.334k/month", 100_008),
        ("9k MRR", 108_000),
        ("€9,000 a month", 108_000),
        ("9.000 € im Monat", 108_000),
        ("ARR 2025: 120000", 120_000),
        ("25k per quarter", 100_000),
        ("EUR 250,000", 250_000),
        ("99.999,00 €", 99_999),
        ("no figure", None),
    ],
)
def test_amounts_are_a_years(text: str, amount: int | None) -> None:
    assert annual_amount(text) == amount


def test_the_account_of_the_context_is_this_account() -> None:
    named = {"account": {"name": "Acme"}}
    twin = decided("bug_suspected", ctx=named | {"related": [{"ticket": "T1", "account": "ACME", "same": "cause"}]})
    assert twin.deciding_rule == "TEC-8"
    foreign = claim("account", "plan", 60, subject="Beta", value="Enterprise", by="support")
    assert decided("churn_threat", ctx=named, accounts=(foreign,)).outcome == "needs_info"


def test_tickets_that_a_customer_cites_make_no_pattern() -> None:
    cited = tuple(claim("reference", "same_issue_ticket", 80 + n, value=f"T-{n}") for n in range(2))
    assert "PAT-1" not in {rule.id for rule in decided("repeat_reports@support", references=cited).rules}
    listed = tuple(claim("reference", "same_issue_ticket", 80 + n, value=f"T-{n}", by="support") for n in range(2))
    assert decided("repeat_reports@support", references=listed).deciding_rule == "PAT-1"


def test_only_the_pattern_has_a_window_and_only_the_cause_makes_it_critical() -> None:
    old = {"related": [{"ticket": "T1", "account": "Beta", "same": "cause", "reported": NOW - timedelta(days=60)}]}
    assert decided("bug_suspected", ctx=old).deciding_rule == "IMP-1"
    mixed = [
        {"ticket": "T1", "account": "Beta", "same": "cause"},
        {"ticket": "T2", "account": "C", "same": "symptoms", "high_value": True, "blocked": True},
    ]
    decision = decided("bug_suspected", "work_blocked@support", ctx=HIGH | {"related": mixed})
    assert (decision.severity, decision.deciding_rule) == ("high", "IMP-2")


def test_context_knows_whose_tickets_staff_cite_and_how_old_they_are() -> None:
    """Two tickets of one account and one from before the window: two accounts with this one, and no pattern."""
    recent = NOW - timedelta(days=5)
    related = [
        {"ticket": "7710", "account": "Kestrel Yard", "same": "symptoms", "reported": recent},
        {"ticket": "7734", "account": "Kestrel Yard", "same": "symptoms", "reported": recent},
        {"ticket": "7391", "account": "Lindqvist", "same": "symptoms", "reported": NOW - timedelta(days=41)},
    ]
    cited = tuple(
        claim("reference", "same_issue_ticket", 80 + n, value=value, by="support")
        for n, value in enumerate(("#7710", "7734", "7391"))
    )
    named = (claim("account", "same_symptoms", 90, subject="Lindqvist", by="support"),)

    def made(*tickets: Claim, ctx: list[dict[str, Any]]) -> Decision:
        return decided(
            "bug_suspected", "repeat_reports@support", references=tickets, accounts=named, ctx=L2 | {"related": ctx}
        )

    kept = made(*cited, ctx=related)
    assert (kept.outcome, kept.deciding_rule) == ("handle", "HND-9")
    twice = decided(
        "bug_suspected",
        "repeat_reports@support",
        "repeat_reports@support",
        references=cited,
        accounts=named,
        ctx=L2 | {"related": related},
    )
    assert twice.outcome == "handle", "staff who say it twice name no account more"
    third = {"ticket": "1", "account": "C", "same": "symptoms", "reported": recent}
    assert made(*cited, ctx=[*related, third]).deciding_rule == "PAT-1"
    assert made(*cited, ctx=[]).deciding_rule == "PAT-1", "what nobody knows better counts as staff say it"
    unknown = claim("reference", "same_issue_ticket", 89, value="7800", by="support")
    assert made(*cited, unknown, ctx=related).deciding_rule == "PAT-1"


def test_a_tickets_number_is_no_count_of_accounts() -> None:
    """ "Kestrel Plant (71133)" once stood in a brief as 71134 accounts."""
    other = claim("measure", "other_customers_same_cause", 60, value="Kestrel Plant (71133)", by="support")
    cited = claim("reference", "same_issue_ticket", 61, value="71133", by="support")
    account = claim("account", "same_cause", 62, subject="Kestrel Plant", by="support")
    made = decided("workflow_mismatch", measures=(other,), references=(cited,), accounts=(account,))
    assert next(rule for rule in made.rules if rule.id == "IMP-1").because.startswith("2 accounts")
    alone = claim("measure", "customers_affected", 60, value="see #71133 and HD-40017", by="support")
    assert "PAT-1" not in {rule.id for rule in decided("bug_suspected", measures=(alone,)).rules}
    alone = claim("measure", "customers_affected", 60, value="Kestrel Plant (71133)", by="support")
    assert "PAT-1" not in {rule.id for rule in decided("bug_suspected", measures=(alone,)).rules}
    for value in ("#71133: 4 accounts", "accounts affected (4)"):
        stated = claim("measure", "customers_affected", 60, value=value, by="support")
        assert "PAT-1" in {rule.id for rule in decided("bug_suspected", measures=(stated,)).rules}


def test_what_went_away_cancels_reported_claims_too() -> None:
    for signals in (
        ("bug_confirmed", "resolved_itself"),
        ("major_function_broken@quoted", "resolved_itself"),
        ("service_down@quoted", "resolved_itself"),
        ("custom_implementation", "bug_suspected", "resolved_itself"),
    ):
        assert decided(*signals).outcome == "handle", signals


def test_an_open_escalation_names_the_team_that_holds_it_and_counts_support_time() -> None:
    held = {"id": "E1", "severity": "high", "owner": "engineering", "last_update": NOW - timedelta(hours=1)}
    breached = decided(ctx=L2 | {"sla": {"due": NOW - timedelta(hours=1)}, "open_escalation": held})
    assert (breached.owner, breached.deciding_rule) == ("engineering", "BUS-2")
    monday = datetime(2026, 3, 16, 9, tzinfo=UTC)
    friday = held | {"last_update": datetime(2026, 3, 13, 16, tzinfo=UTC)}
    assert decided(now=monday, ctx=L2 | {"open_escalation": friday}).outcome == "handle"


def test_weak_handle_rules_beat_no_soft_rule_and_are_listed() -> None:
    for signals, weak in (
        (("security_questionnaire", "major_function_broken"), "HND-6"),
        (("feature_gap", "major_function_broken"), "HND-8"),
    ):
        decision = decided(*signals)
        assert decision.deciding_rule == "TEC-7"
        beaten = next(rule for rule in decision.rules if rule.id == weak)
        assert beaten.state == "overridden"
        assert beaten.because.endswith("; holds only where no soft rule fires, and TEC-7 does")
    beside_harm = decided("bug_tracked@support", "data_loss")
    assert {rule.id: rule.state for rule in beside_harm.rules} == {"TEC-1": "decides", "HND-7": "overridden"}


def test_a_passed_on_claim_is_asked_about() -> None:
    decision = decided("infrastructure_issue@quoted")
    assert decision.outcome == "needs_info"
    assert decided("infrastructure_issue@quoted", "guidance_needed").outcome == "handle"


def test_the_sla_shortens_the_deadline_and_overlapping_pauses_count_once() -> None:
    due = NOW + timedelta(minutes=30)
    assert decided(ctx={"sla": {"due": due}}).deadline == due
    pause = {"start": NOW - timedelta(hours=5), "until": NOW - timedelta(hours=3)}
    twice = {"sla": {"due": NOW - timedelta(hours=3), "pauses": [pause, pause]}}
    assert decided(ctx=twice).sla.state == "breached"


def test_a_date_on_a_closed_day_means_the_closing_before() -> None:
    sunday = claim("measure", "deadline_wanted", 61, value="2026-03-15")
    assert decided("bug_suspected", measures=(sunday,)).deadline == datetime(2026, 3, 13, 17, tzinfo=UTC)


def test_the_ask_is_the_deciding_rules() -> None:
    decision = decided("regression", "major_function_broken", ctx=L2)
    assert (decision.deciding_rule, decision.ask) == ("PAT-2", "fix")
