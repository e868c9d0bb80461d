"""Each rule of policy section 4: it fires, it just misses, and a hard one stands against a handle rule."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from agent.policy.rules import BY_ID, RULES
from schemas.decision import Decision
from tests.facts_factory import HIGH, L2, NOW, SMALL, claim, decided

Case = tuple[str, Callable[[], Decision], str | None, bool, str | None]


def related(*accounts: str, same: str = "symptoms", **fields: object) -> dict[str, object]:
    return {"related": [{"ticket": f"T-{a}", "account": a, "same": same, **fields} for a in accounts]}


def stale(days: float, severity: str = "high") -> dict[str, object]:
    return {
        "open_escalation": {
            "id": "ESC-1",
            "severity": severity,
            "owner": "engineering",
            "last_update": NOW - timedelta(days=days),
        }
    }


OVERDUE = {"sla": {"started": NOW - timedelta(hours=9), "due": NOW - timedelta(hours=1)}}
SOON = {"sla": {"started": NOW - timedelta(hours=7), "due": NOW + timedelta(hours=1)}}
LATER = {"sla": {"started": NOW - timedelta(hours=1), "due": NOW + timedelta(hours=7)}}

FIRES: list[Case] = [
    ("SEC-1", lambda: decided("data_exposure"), "security", False, "critical"),
    ("SEC-1", lambda: decided("data_exposure@quoted"), "security", False, "critical"),
    ("SEC-2", lambda: decided("unauthorized_access"), "security", False, "critical"),
    ("SEC-3", lambda: decided("vulnerability_report"), "security", False, "high"),
    ("SEC-4", lambda: decided("compliance_concern"), "security", False, "high"),
    ("TEC-1", lambda: decided("data_loss"), "engineering", False, "critical"),
    ("TEC-2", lambda: decided("data_integrity_risk"), "engineering", False, "critical"),
    ("TEC-3", lambda: decided("service_down", scope="whole_account"), "engineering", False, "critical"),
    ("TEC-3", lambda: decided("service_down", scope="all_users"), "engineering", False, "critical"),
    (
        "TEC-3",
        lambda: decided("service_down", scope="all_users", workaround="verified"),
        "engineering",
        False,
        "high",
    ),
    ("TEC-4", lambda: decided("service_down", scope="some_users"), "engineering", False, "high"),
    ("TEC-4", lambda: decided("service_down"), "engineering", False, "high"),
    (
        "TEC-4",
        lambda: decided("service_down", "non_production", scope="all_users"),
        "engineering",
        False,
        "medium",
    ),
    ("TEC-5", lambda: decided("bug_confirmed@support"), "engineering", False, "medium"),
    ("TEC-5", lambda: decided("code_change_needed@support"), "engineering", False, "medium"),
    ("TEC-5", lambda: decided("bug_confirmed@support", "major_function_broken"), "engineering", False, "high"),
    (
        "TEC-5",
        lambda: decided("bug_confirmed@support", "major_function_broken", workaround="partial"),
        "engineering",
        False,
        "high",
    ),
    (
        "TEC-5",
        lambda: decided("bug_confirmed@support", "major_function_broken", workaround="verified"),
        "engineering",
        False,
        "medium",
    ),
    ("TEC-6", lambda: decided("infrastructure_issue"), "engineering", False, "medium"),
    ("TEC-6", lambda: decided("infrastructure_issue", "major_function_broken"), "engineering", False, "high"),
    ("TEC-7", lambda: decided("major_function_broken"), "l2_support", False, "high"),
    ("TEC-7", lambda: decided("major_function_broken", ctx=L2), "engineering", False, "high"),
    ("TEC-7", lambda: decided("major_function_broken", workaround="tried_failed"), "l2_support", False, "high"),
    ("TEC-8", lambda: decided("bug_suspected"), "l2_support", False, "medium"),
    ("TEC-8", lambda: decided("bug_confirmed"), "l2_support", False, "medium"),
    ("TEC-9", lambda: decided("bug_suspected", "beyond_support_diagnosis", ctx=L2), "engineering", False, "medium"),
    ("CPX-1", lambda: decided("beyond_support_diagnosis"), "l2_support", False, "medium"),
    ("CPX-1", lambda: decided("beyond_support_diagnosis", ctx=L2), "engineering", False, "medium"),
    ("CPX-2", lambda: decided("access_required"), "l2_support", False, "medium"),
    ("CPX-2", lambda: decided("access_required", ctx=L2), "engineering", False, "medium"),
    ("CPX-3", lambda: decided("custom_implementation"), "l2_support", False, "medium"),
    ("CPX-3", lambda: decided("custom_implementation", ctx=L2), "engineering", False, "medium"),
    ("IMP-1", lambda: decided("bug_suspected", ctx=related("Globex", same="cause")), "engineering", False, "medium"),
    ("IMP-1", lambda: decided("feature_gap", ctx=related("Globex", same="cause")), "product", False, "medium"),
    (
        "IMP-1",
        lambda: decided("work_blocked", ctx=HIGH | related("Globex", same="cause", high_value=True, blocked=True)),
        "engineering",
        False,
        "critical",
    ),
    ("IMP-2", lambda: decided("work_blocked@support", ctx=HIGH), "l2_support", False, "high"),
    ("IMP-2", lambda: decided("work_blocked@support", ctx=HIGH | L2), "engineering", False, "high"),
    ("BUS-1", lambda: decided("churn_threat", ctx=HIGH), "leadership", True, "high"),
    ("BUS-2", lambda: decided("sla_breached@support"), "l2_support", False, "high"),
    ("BUS-2", lambda: decided(ctx=OVERDUE), "l2_support", False, "high"),
    ("BUS-2", lambda: decided(ctx=OVERDUE | HIGH), "l2_support", True, "high"),
    ("BUS-2", lambda: decided("bug_tracked@support", ctx=OVERDUE | L2), "engineering", False, "high"),
    ("BUS-3", lambda: decided("sla_at_risk@system"), "l2_support", False, "high"),
    ("BUS-3", lambda: decided(ctx=SOON | HIGH), "l2_support", False, "high"),
    ("BUS-4", lambda: decided("executive_request"), "leadership", True, "medium"),
    ("BUS-5", lambda: decided("legal_risk"), "leadership", True, "high"),
    ("BUS-5", lambda: decided("pr_risk"), "leadership", True, "high"),
    ("BUS-6", lambda: decided("exception_requested"), "leadership", True, "medium"),
    ("BUS-7", lambda: decided("cross_functional_decision"), "leadership", True, "medium"),
    ("TIM-1", lambda: decided("waiting_too_long"), "l2_support", False, "medium"),
    ("TIM-1", lambda: decided("waiting_too_long", ctx=L2), "leadership", True, "medium"),
    ("TIM-1", lambda: decided(ctx=stale(2) | L2), "leadership", True, "medium"),
    ("TIM-2", lambda: decided("no_progress"), "l2_support", False, "medium"),
    ("TIM-2", lambda: decided("no_progress", ctx=L2), "leadership", True, "medium"),
    ("PAT-1", lambda: decided("bug_suspected", ctx=related("A", "B") | L2), "engineering", False, "medium"),
    (
        "PAT-1",
        lambda: decided("bug_suspected", "worsening", ctx=related("A", "B") | L2),
        "engineering",
        False,
        "high",
    ),
    ("PAT-1", lambda: decided("workflow_mismatch", ctx=related("A", "B")), "product", False, "medium"),
    ("PAT-2", lambda: decided("regression"), "engineering", False, "medium"),
    ("PAT-2", lambda: decided("regression", "work_blocked"), "engineering", False, "high"),
    ("PAT-3", lambda: decided("worsening"), "l2_support", False, "medium"),
    ("PAT-3", lambda: decided("worsening", "work_blocked", ctx=L2), "engineering", False, "high"),
    ("PRD-1", lambda: decided("feature_gap", "work_blocked"), "product", False, "medium"),
    (
        "PRD-1",
        lambda: decided("feature_gap", "work_blocked", "deal_or_renewal_at_risk", ctx=HIGH),
        "product",
        False,
        "high",
    ),
    ("PRD-2", lambda: decided("design_decision_needed", "deal_or_renewal_at_risk"), "product", False, "medium"),
    ("PRD-3", lambda: decided("workflow_mismatch", ctx=related("A")), "product", False, "medium"),
    ("PRD-4", lambda: decided("competing_needs", "work_blocked"), "product", False, "medium"),
    ("HND-1", lambda: decided("documented_solution"), None, False, None),
    ("HND-1", lambda: decided("major_function_broken", workaround="documented_untried"), None, False, None),
    ("HND-1", lambda: decided("bug_suspected", workaround="verified"), None, False, None),
    ("HND-2", lambda: decided("configuration_issue"), None, False, None),
    ("HND-3", lambda: decided("guidance_needed"), None, False, None),
    ("HND-4", lambda: decided("known_limitation"), None, False, None),
    ("HND-5", lambda: decided("resolved_before_by_support"), None, False, None),
    ("HND-6", lambda: decided("security_questionnaire"), None, False, None),
    ("HND-7", lambda: decided("bug_confirmed@support", "bug_tracked@support"), None, False, None),
    ("HND-7", lambda: decided("major_function_broken", "bug_tracked@support"), None, False, None),
    ("HND-8", lambda: decided("feature_gap"), None, False, None),
    ("HND-9", lambda: decided("bug_suspected", ctx=L2), None, False, None),
]

# The rule does not fire at all, one condition short.
MISSES: list[tuple[str, Callable[[], Decision]]] = [
    ("SEC-1", lambda: decided("data_exposure!withdrawn")),
    ("SEC-1", lambda: decided("data_exposure!disputed")),
    ("SEC-2", lambda: decided("unauthorized_access!disputed")),
    ("SEC-3", lambda: decided("vulnerability_report!withdrawn")),
    ("SEC-4", lambda: decided("security_questionnaire")),
    ("TEC-1", lambda: decided("data_loss@quoted")),
    ("TEC-1", lambda: decided("data_loss!disputed")),
    ("TEC-2", lambda: decided("data_integrity_risk@quoted")),
    ("TEC-3", lambda: decided("service_down", scope="some_users")),
    ("TEC-3", lambda: decided("service_down", "non_production", scope="whole_account")),
    ("TEC-3", lambda: decided("major_function_broken", scope="whole_account")),
    ("TEC-4", lambda: decided("service_down", scope="whole_account")),
    ("TEC-4", lambda: decided("service_down@quoted")),
    ("TEC-4", lambda: decided("service_down", "resolved_itself")),
    ("TEC-5", lambda: decided("bug_confirmed@support", "bug_tracked@support")),
    ("TEC-5", lambda: decided("bug_confirmed@customer")),
    ("TEC-6", lambda: decided("infrastructure_issue@quoted")),
    ("TEC-7", lambda: decided("major_function_broken", workaround="verified")),
    ("TEC-7", lambda: decided("major_function_broken", "bug_confirmed@support")),
    ("TEC-8", lambda: decided("bug_suspected", ctx=L2)),
    ("TEC-8", lambda: decided("bug_suspected", "resolved_itself")),
    ("TEC-9", lambda: decided("bug_suspected", ctx=L2)),
    ("TEC-9", lambda: decided("bug_suspected", "no_progress")),
    ("CPX-1", lambda: decided("beyond_support_diagnosis", "resolved_itself")),
    ("CPX-2", lambda: decided("access_required@quoted")),
    ("CPX-3", lambda: decided("custom_implementation@quoted")),
    ("IMP-1", lambda: decided("bug_suspected", ctx=related("Globex"))),
    ("IMP-2", lambda: decided("work_blocked", ctx=HIGH)),
    ("IMP-2", lambda: decided("work_blocked@support")),
    ("IMP-2", lambda: decided("work_blocked@support", ctx=SMALL)),
    ("BUS-1", lambda: decided("churn_threat", ctx=SMALL)),
    ("BUS-1", lambda: decided("churn_threat")),
    ("BUS-2", lambda: decided("sla_breached")),
    ("BUS-2", lambda: decided("sla_breached@support", ctx=LATER)),
    ("BUS-3", lambda: decided(ctx=LATER)),
    ("BUS-4", lambda: decided("executive_request@quoted")),
    ("BUS-5", lambda: decided("legal_risk!disputed")),
    ("BUS-6", lambda: decided("exception_requested@quoted")),
    ("BUS-7", lambda: decided("cross_functional_decision@quoted")),
    ("TIM-1", lambda: decided(ctx=stale(0.5) | L2)),
    ("TIM-2", lambda: decided("no_progress", "resolved_itself")),
    ("PAT-1", lambda: decided("bug_suspected", ctx=related("A"))),
    ("PAT-1", lambda: decided("bug_suspected", ctx=related("A", "a"))),
    ("PAT-1", lambda: decided("bug_suspected", ctx=related("A", "B", reported=NOW - timedelta(days=31)))),
    ("PAT-1", lambda: decided("repeat_reports")),
    ("PAT-2", lambda: decided("bug_suspected", "worsening")),
    ("PAT-3", lambda: decided("worsening", "resolved_itself")),
    ("PRD-1", lambda: decided("feature_gap")),
    ("PRD-2", lambda: decided("design_decision_needed")),
    ("PRD-3", lambda: decided("workflow_mismatch")),
    ("PRD-4", lambda: decided("competing_needs")),
    ("HND-1", lambda: decided("bug_suspected", workaround="partial")),
    ("HND-2", lambda: decided("configuration_issue@quoted")),
    ("HND-3", lambda: decided("guidance_needed@quoted")),
    ("HND-4", lambda: decided("known_limitation@quoted")),
    ("HND-5", lambda: decided("resolved_before_by_support@quoted")),
    ("HND-6", lambda: decided("security_questionnaire", "data_exposure")),
    ("HND-7", lambda: decided("bug_tracked@customer")),
    ("HND-8", lambda: decided("feature_gap", "work_blocked")),
    ("HND-9", lambda: decided("bug_suspected")),
    ("HND-6", lambda: decided("security_questionnaire", "vulnerability_report")),
    ("HND-9", lambda: decided("bug_suspected", "no_progress", ctx=L2)),
]


@pytest.mark.parametrize(("rule", "decide", "owner", "leadership", "severity"), FIRES)
def test_rule_decides(
    rule: str, decide: Callable[[], Decision], owner: str | None, leadership: bool, severity: str | None
) -> None:
    decision = decide()
    assert decision.deciding_rule == rule
    assert (decision.owner, decision.leadership, decision.severity) == (owner, leadership, severity)
    assert decision.outcome == ("handle" if rule.startswith("HND") else "escalate")
    own = next(fired for fired in decision.rules if fired.id == rule)
    assert own.clause == BY_ID[rule].clause
    assert own.state == "decides"


@pytest.mark.parametrize(("rule", "decide"), MISSES)
def test_rule_just_misses(rule: str, decide: Callable[[], Decision]) -> None:
    assert rule not in {fired.id for fired in decide().rules}


def test_every_rule_is_fired_and_just_missed() -> None:
    ids = {rule.id for rule in RULES}
    assert {case[0] for case in FIRES} == ids
    assert {case[0] for case in MISSES} == ids


HARD = [case for case in FIRES if BY_ID[case[0]].rule_class == "hard"]
SOFT = [case for case in FIRES if BY_ID[case[0]].rule_class == "soft"]


@pytest.mark.parametrize("rule", sorted({case[0] for case in HARD}))
def test_hard_rule_stands_against_a_handle_rule(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    decision = _with_handle(rule, monkeypatch)
    assert decision.outcome == "escalate"
    states = {fired.id: fired.state for fired in decision.rules}
    assert states[rule] == "decides"
    assert states["HND-3"] == "overridden"


@pytest.mark.parametrize("rule", sorted({case[0] for case in SOFT}))
def test_soft_rule_loses_to_a_handle_rule_and_is_listed(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    decision = _with_handle(rule, monkeypatch)
    assert decision.outcome == "handle"
    fired = {f.id: f for f in decision.rules}
    assert fired[rule].state == "overridden"
    assert "HND-3" in fired[rule].because


def _with_handle(rule: str, monkeypatch: pytest.MonkeyPatch) -> Decision:
    """The first case of the rule, with `guidance_needed` beside it."""
    import tests.facts_factory as factory

    plain = factory.facts
    monkeypatch.setattr(factory, "facts", lambda *signals, **fields: plain(*signals, "guidance_needed", **fields))
    return next(case for case in FIRES if case[0] == rule)[1]()


def test_policy_section_4_is_the_table() -> None:
    """The classes and the number of rules of policy.md, counted by hand from its table."""
    assert len(RULES) == 4 + 9 + 3 + 2 + 7 + 2 + 3 + 4 + 9
    soft = {"TEC-6", "TEC-7", "TEC-8", "TEC-9", "CPX-1", "CPX-2", "CPX-3", "BUS-3", "TIM-1", "TIM-2", "PAT-3"}
    assert {rule.id for rule in RULES if rule.rule_class == "soft"} == soft


def test_stated_count_by_staff_makes_a_pattern() -> None:
    stated = claim("measure", "customers_affected", 50, by="support", value="4 customers", quote="4 customers")
    assert decided("bug_suspected", measures=(stated,)).deciding_rule == "PAT-1"
    others = claim("measure", "other_customers_affected", 50, by="support", value="two other customers")
    assert decided("bug_suspected", measures=(others,)).deciding_rule == "PAT-1"
    reported = claim("measure", "customers_affected", 50, value="4 customers", status="reported")
    assert decided("bug_suspected", measures=(reported,)).deciding_rule == "TEC-8"
