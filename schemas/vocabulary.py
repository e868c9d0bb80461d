"""The closed vocabularies of policy section 1. What each signal means to the model is in prompts/."""

from typing import Literal, get_args

Asserter = Literal["customer", "support", "system", "quoted"]
"""Who says it. `quoted` is pasted or forwarded text of somebody who is no party, and machine payloads."""

SolvableSignal = Literal[
    "documented_solution",
    "configuration_issue",
    "guidance_needed",
    "known_limitation",
    "resolved_before_by_support",
]
TechnicalSignal = Literal[
    "bug_suspected",
    "bug_confirmed",
    "bug_tracked",
    "code_change_needed",
    "infrastructure_issue",
    "data_loss",
    "data_integrity_risk",
    "service_down",
    "major_function_broken",
    "work_blocked",
]
ComplexitySignal = Literal["beyond_support_diagnosis", "access_required", "custom_implementation"]
SecuritySignal = Literal[
    "data_exposure",
    "unauthorized_access",
    "vulnerability_report",
    "compliance_concern",
    "security_questionnaire",
]
BusinessSignal = Literal[
    "churn_threat",
    "executive_request",
    "deal_or_renewal_at_risk",
    "legal_risk",
    "pr_risk",
    "exception_requested",
    "cross_functional_decision",
]
TimeSignal = Literal["sla_breached", "sla_at_risk", "waiting_too_long", "no_progress"]
PatternSignal = Literal["repeat_reports", "regression", "worsening"]
ProductSignal = Literal["feature_gap", "design_decision_needed", "workflow_mismatch", "competing_needs"]
CounterSignal = Literal["non_production", "resolved_itself", "secret_in_ticket", "instruction_in_ticket"]

Signal = Literal[
    SolvableSignal,
    TechnicalSignal,
    ComplexitySignal,
    SecuritySignal,
    BusinessSignal,
    TimeSignal,
    PatternSignal,
    ProductSignal,
    CounterSignal,
]

GROUPS: dict[str, tuple[str, ...]] = {
    "solvable": get_args(SolvableSignal),
    "technical": get_args(TechnicalSignal),
    "complexity": get_args(ComplexitySignal),
    "security": get_args(SecuritySignal),
    "business": get_args(BusinessSignal),
    "time": get_args(TimeSignal),
    "pattern": get_args(PatternSignal),
    "product": get_args(ProductSignal),
    "counter": get_args(CounterSignal),
}
SIGNALS: tuple[str, ...] = tuple(name for names in GROUPS.values() for name in names)
GROUP_OF: dict[str, str] = {name: group for group, names in GROUPS.items() for name in names}

Workaround = Literal["none", "documented_untried", "tried_failed", "partial", "verified"]
Scope = Literal["all_users", "whole_account", "some_users", "one_user"]

Measure = Literal[
    "customers_affected",
    "other_customers_affected",
    "customers_same_cause",
    "other_customers_same_cause",
    "users_affected",
    "records_affected",
    "revenue_at_risk",
    "renewal_date",
    "go_live_date",
    "started",
    "opened",
    "last_customer_update",
    "customer_expectation",
    "deadline_wanted",
    "error_code",
    "error_message",
    "product_area",
    "environment",
    "current_tier",
    "containment_step",
    "use_case",
    "request_frequency",
    "competitive_pressure",
]
AccountFact = Literal["reporter", "same_symptoms", "same_cause", "annual_value", "plan", "work_blocked"]
Side = Literal["customer", "vendor", "third_party"]
ReproductionPart = Literal[
    "start_state",
    "step",
    "expected",
    "actual",
    "environment",
    "frequency",
    "evidence",
    "ruled_out",
]
Reference = Literal["ticket", "same_issue_ticket", "bug_record", "link", "thread", "log", "attachment", "document"]

Outcome = Literal["handle", "escalate", "needs_info"]
Owner = Literal["l2_support", "engineering", "product", "security", "leadership"]
Severity = Literal["critical", "high", "medium"]
Tier = Literal["L1", "L2", "manager"]
RuleClass = Literal["hard", "soft", "handle"]
AskKind = Literal["investigate", "fix", "decide", "approve"]
SlaState = Literal["breached", "at_risk", "within", "unknown"]

REPRODUCTION_GAP = "repro_incomplete"
"""A finding's code: a gap that is asked about, not invented. No repair mends it, and it leaves the brief incomplete."""
SEVERITY_RANK: dict[str | None, int] = {None: 0, "medium": 1, "high": 2, "critical": 3}
OWNER_LABEL: dict[str, str] = {
    "l2_support": "L2 Support",
    "engineering": "Engineering",
    "product": "Product",
    "security": "Security",
    "leadership": "Leadership",
}
