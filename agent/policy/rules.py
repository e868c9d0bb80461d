"""The rules of policy.md section 4, each by its id, next to the seed clause that it stands for.

A rule is one condition over a `View`. The order of the table breaks ties. docs/policy.md is generated from here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from agent.policy import clock
from agent.policy.view import View
from schemas.facts import Claim
from schemas.vocabulary import AskKind, Owner, RuleClass, Severity


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule asks for when it fires. `owner` None: leadership alone, or by the issue where `by_issue`."""

    severity: Severity | None = None
    owner: Owner | None = None
    claims: tuple[Claim, ...] = ()
    leadership: bool = False
    by_issue: bool = False
    because: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A rule's condition. `needs`: it can fire only if one of these signals counts; empty: look at it always.

    Most rules need a signal that most tickets do not show, so this is what makes a decision fast.
    """

    needs: frozenset[str]
    run: Callable[[View], Hit | None]


def needs(*kinds: str) -> Callable[[Callable[[View], Hit | None]], Check]:
    """Make a condition into a Check that needs one of `kinds`."""
    return lambda run: Check(frozenset(kinds), run)


@dataclass(frozen=True, slots=True)
class Rule:
    """`fires_on`, `owner`, `severity` and `reason` are the words of docs/policy.md; `check` is the rule."""

    id: str
    rule_class: RuleClass
    clause: str
    fires_on: str
    owner: str
    severity: str
    check: Check
    ask: AskKind = "investigate"
    reason: str = ""


def _on(*kinds: str, severity: Severity, owner: Owner) -> Check:
    @needs(*kinds)
    def check(view: View) -> Hit | None:
        return Hit(severity, owner, tuple(view.claims(*kinds))) if view.has(*kinds) else None

    return check


def _leadership(*kinds: str, severity: Severity) -> Check:
    @needs(*kinds)
    def check(view: View) -> Hit | None:
        return Hit(severity, None, tuple(view.claims(*kinds)), leadership=True) if view.has(*kinds) else None

    return check


def _senior(view: View, beyond: Owner) -> Owner:
    return "l2_support" if view.frontline else beyond


def _with_workaround(view: View) -> tuple[Claim, ...]:
    return (view.workaround,) if view.workaround else ()


@needs("service_down")
def _production_outage(view: View) -> Hit | None:
    whole = view.scope is not None and view.scope.value in ("whole_account", "all_users")
    if not view.has("service_down") or view.has("non_production") or not whole or view.scope is None:
        return None
    claims = (*view.claims("service_down"), view.scope)
    if view.working_workaround:
        return Hit(
            "high", "engineering", claims + _with_workaround(view), because="one step down for the verified workaround"
        )
    return Hit("critical", "engineering", claims)


@needs("service_down")
def _partial_outage(view: View) -> Hit | None:
    if not view.has("service_down") or _production_outage.run(view):
        return None
    scope = (view.scope,) if view.scope else ()
    if view.has("non_production"):
        return Hit(
            "medium", "engineering", (*view.claims("service_down", "non_production"), *scope), because="not production"
        )
    because = "" if view.scope else "how many are hit is not stated"
    return Hit("high", "engineering", (*view.claims("service_down"), *scope), because=because)


def _as_fault(view: View, *kinds: str) -> Hit:
    """TEC-5's severity: High for a main function without a working workaround, else Medium."""
    claims = tuple(view.claims(*kinds, "major_function_broken")) + _with_workaround(view)
    if view.has("major_function_broken") and not view.working_workaround:
        return Hit("high", "engineering", claims)
    return Hit("medium", "engineering", claims)


@needs("bug_confirmed", "code_change_needed")
def _confirmed_bug(view: View) -> Hit | None:
    if not view.has("bug_confirmed", "code_change_needed") or view.has("bug_tracked"):
        return None
    return _as_fault(view, "bug_confirmed", "code_change_needed")


@needs("infrastructure_issue")
def _infrastructure(view: View) -> Hit | None:
    return _as_fault(view, "infrastructure_issue") if view.has("infrastructure_issue") else None


@needs("major_function_broken")
def _function_broken(view: View) -> Hit | None:
    unconfirmed = not view.has("bug_confirmed", "code_change_needed")
    if not view.has("major_function_broken") or not unconfirmed or view.working_workaround:
        return None
    claims = tuple(view.claims("major_function_broken")) + _with_workaround(view)
    return Hit("high", _senior(view, "engineering"), claims)


@needs("bug_suspected")
def _suspected_at_l1(view: View) -> Hit | None:
    if view.has("bug_suspected") and view.frontline:
        return Hit("medium", "l2_support", tuple(view.claims("bug_suspected")))
    return None


@needs("bug_suspected")
def _suspected_exhausted(view: View) -> Hit | None:
    if view.has("bug_suspected") and not view.frontline and view.steps_exhausted:
        claims = view.claims("bug_suspected", "no_progress", "beyond_support_diagnosis")
        return Hit("medium", "engineering", tuple(claims))
    return None


def _complex(kind: str) -> Check:
    @needs(kind)
    def check(view: View) -> Hit | None:
        return Hit("medium", _senior(view, "engineering"), tuple(view.claims(kind))) if view.has(kind) else None

    return check


@needs()
def _same_cause(view: View) -> Hit | None:
    count = view.accounts("cause")
    if count < 2:
        return None
    owner: Owner = "product" if view.product_issue else "engineering"
    because = f"{count} accounts with one confirmed cause"
    if (blocked := view.high_value_blocked()) >= 2:
        return Hit(
            "critical", owner, tuple(view.pattern_claims()), because=f"{because}, {blocked} high-value and blocked"
        )
    return Hit("medium", owner, tuple(view.pattern_claims()), because=because)


@needs("work_blocked")
def _key_customer_blocked(view: View) -> Hit | None:
    witnessed = view.said_by_staff("work_blocked") or view.has("major_function_broken")
    if not view.has("work_blocked") or not witnessed or view.high_value is not True:
        return None
    claims = tuple(view.claims("work_blocked", "major_function_broken"))
    return Hit("high", None, claims, by_issue=True, because="a high-value account is blocked")


@needs("churn_threat")
def _churn(view: View) -> Hit | None:
    if view.has("churn_threat") and view.high_value is True:
        claims = tuple(view.claims("churn_threat"))
        return Hit("high", None, claims, leadership=True, because="a high-value account may leave")
    return None


def _sla(view: View, state: str, kind: str) -> Hit | None:
    if view.sla != state:
        return None
    owner: Owner | None = "l2_support" if view.frontline else None
    return Hit(
        "high",
        owner,
        tuple(view.claims(kind)),
        leadership=state == "breached" and view.high_value is True,
        by_issue=owner is None,
        because=f"SLA {state.replace('_', ' ')}",
    )


@needs()
def _waiting(view: View) -> Hit | None:
    overdue = False
    if (escalation := view.context.open_escalation) is not None:
        hours = clock.Hours.of(view.context.calendar or view.settings.calendar)
        overdue = view.now >= clock.neglected(escalation.severity, escalation.last_update, hours, view.settings)
    if not view.has("waiting_too_long") and not overdue:
        return None
    because = "no update on the open escalation for twice the cadence's upper bound" if overdue else ""
    return _stuck(view, "waiting_too_long", because)


def _stuck(view: View, kind: str, because: str = "") -> Hit:
    claims = tuple(view.claims(kind))
    if view.frontline:
        return Hit("medium", "l2_support", claims, because=because)
    return Hit("medium", None, claims, leadership=True, because=because)


@needs("no_progress")
def _no_progress(view: View) -> Hit | None:
    return _stuck(view, "no_progress") if view.has("no_progress") else None


@needs()
def _pattern(view: View) -> Hit | None:
    count = view.accounts("symptoms")
    if count < view.settings.pattern.accounts:
        return None
    severity: Severity = "high" if view.has("worsening", "regression") else "medium"
    owner: Owner = "product" if view.product_issue else "engineering"
    claims = (*view.pattern_claims(), *view.claims("worsening", "regression"))
    return Hit(severity, owner, claims, because=f"{count} accounts with the same symptoms")


@needs("regression")
def _regression(view: View) -> Hit | None:
    if not view.has("regression"):
        return None
    harmed = view.has("major_function_broken", "work_blocked")
    claims = view.claims("regression", "major_function_broken", "work_blocked")
    return Hit("high" if harmed else "medium", "engineering", tuple(claims))


@needs("worsening")
def _worsening(view: View) -> Hit | None:
    if not view.has("worsening"):
        return None
    harmed = view.has("major_function_broken", "work_blocked")
    claims = view.claims("worsening", "major_function_broken", "work_blocked")
    return Hit("high" if harmed else "medium", None, tuple(claims), by_issue=True)


def _product(kind: str) -> Check:
    @needs(kind)
    def check(view: View) -> Hit | None:
        if not view.has(kind) or not view.business_pain:
            return None
        high = view.high_value is True and view.has("work_blocked") and view.dated
        claims = tuple(view.claims(kind, "work_blocked", "deal_or_renewal_at_risk"))
        return Hit("high" if high else "medium", "product", claims)

    return check


def _solved(*kinds: str) -> Check:
    @needs(*kinds)
    def check(view: View) -> Hit | None:
        return Hit(claims=tuple(view.claims(*kinds))) if view.has(*kinds) else None

    return check


@needs()
def _documented(view: View) -> Hit | None:
    known = view.workaround is not None and view.workaround.value in ("documented_untried", "verified")
    if not known and not view.has("documented_solution"):
        return None
    return Hit(claims=(*view.claims("documented_solution"), *(_with_workaround(view) if known else ())))


@needs("security_questionnaire")
def _questionnaire(view: View) -> Hit | None:
    others = view.has("data_exposure", "unauthorized_access", "vulnerability_report", "compliance_concern")
    return None if others else Hit(claims=tuple(view.claims("security_questionnaire")))


@needs("feature_gap", "design_decision_needed", "workflow_mismatch", "competing_needs")
def _wish(view: View) -> Hit | None:
    wishes = view.claims("feature_gap", "design_decision_needed", "workflow_mismatch", "competing_needs")
    return None if view.business_pain else Hit(claims=tuple(wishes))


@needs("bug_suspected")
def _l2_goes_on(view: View) -> Hit | None:
    if view.has("bug_suspected") and not view.frontline and not view.steps_exhausted:
        return Hit(claims=tuple(view.claims("bug_suspected")))
    return None


IMPACT = "Impact: multiple customers affected, production system down, data integrity at risk, security concern"
TECHNICAL = (
    "Technical: bug confirmed and needs a code fix, infrastructure investigation needed, data corruption or loss"
)
COMPLEXITY = (
    "Complexity: issue is beyond support's ability to diagnose, requires access support doesn't have, "
    "involves custom implementation"
)
BUSINESS = (
    "Business: high-value customer at risk, SLA breach imminent or occurred, customer requesting executive involvement"
)
SECURITY = (
    "Any to Security: potential data exposure, unauthorized access, vulnerability report, compliance concern; "
    "escalate immediately regardless of your level"
)
LEADERSHIP = (
    "Any to Leadership: high-revenue customer threatening churn, SLA breach on critical account, cross-functional "
    "decision needed, exception to policy required, PR or legal risk"
)
TIME = (
    "Time: issue has been open beyond SLA, customer has been waiting unreasonably long, "
    "normal support channels aren't progressing"
)
PATTERN = (
    "Pattern: same issue reported by 3+ customers, recurring issue that was supposedly fixed, "
    "increasing severity over time"
)
L1_L2 = "L1 to L2: issue requires deeper investigation, specialized product knowledge, or advanced troubleshooting"
PRODUCT = (
    "L2 to Product: feature gap causing customer pain, design decision needed, workflow doesn't match customer "
    "expectations, competing customer needs require prioritization"
)
HANDLE = "Handle in support when: "

# One rule to a few lines, so that the table reads as a table.
# fmt: off
RULES: tuple[Rule, ...] = (
    Rule(
        "SEC-1", "hard", SECURITY, "`data_exposure`", "Security", "Critical",
        _on("data_exposure", severity="critical", owner="security"),
    ),
    Rule(
        "SEC-2", "hard", SECURITY, "`unauthorized_access`", "Security", "Critical",
        _on("unauthorized_access", severity="critical", owner="security"),
    ),
    Rule(
        "SEC-3", "hard", SECURITY, "`vulnerability_report`", "Security", "High",
        _on("vulnerability_report", severity="high", owner="security"),
    ),
    Rule(
        "SEC-4", "hard", SECURITY, "`compliance_concern`", "Security", "High",
        _on("compliance_concern", severity="high", owner="security"),
        reason="Such duties carry clocks of their own.",
    ),
    Rule(
        "TEC-1", "hard", TECHNICAL, "`data_loss`", "Engineering", "Critical",
        _on("data_loss", severity="critical", owner="engineering"),
    ),
    Rule(
        "TEC-2", "hard", IMPACT, "`data_integrity_risk`", "Engineering", "Critical",
        _on("data_integrity_risk", severity="critical", owner="engineering"),
    ),
    Rule(
        "TEC-3", "hard", IMPACT, "`service_down`, in production, for a whole account or all users", "Engineering",
        "Critical; High with a `verified` workaround", _production_outage,
        reason="An outage with a workaround is still an outage until it is fixed.",
    ),
    Rule(
        "TEC-4", "hard", IMPACT, "`service_down` for some users, for an unstated number, or not in production",
        "Engineering", "High; Medium when not in production", _partial_outage,
    ),
    Rule(
        "TEC-5", "hard", TECHNICAL, "`bug_confirmed` or `code_change_needed`, not `bug_tracked`", "Engineering",
        "High if `major_function_broken` and no working workaround, else Medium", _confirmed_bug, ask="fix",
    ),
    Rule("TEC-6", "soft", TECHNICAL, "`infrastructure_issue`", "Engineering", "as TEC-5", _infrastructure),
    Rule(
        "TEC-7", "soft", L1_L2, "`major_function_broken`, unconfirmed, no working workaround",
        "from L1: L2 Support; from L2: Engineering", "High", _function_broken,
    ),
    Rule("TEC-8", "soft", L1_L2, "`bug_suspected`, tier L1", "L2 Support", "Medium", _suspected_at_l1),
    Rule(
        "TEC-9", "soft", L1_L2, "`bug_suspected`, tier L2, support's steps exhausted", "Engineering", "Medium",
        _suspected_exhausted,
    ),
    Rule(
        "CPX-1", "soft", COMPLEXITY, "`beyond_support_diagnosis`", "from L1: L2 Support; from L2: Engineering",
        "Medium", _complex("beyond_support_diagnosis"),
    ),
    Rule(
        "CPX-2", "soft", COMPLEXITY, "`access_required`", "from L1: L2 Support; from L2: Engineering",
        "Medium", _complex("access_required"),
    ),
    Rule(
        "CPX-3", "soft", COMPLEXITY, "`custom_implementation`", "from L1: L2 Support; from L2: Engineering",
        "Medium", _complex("custom_implementation"),
    ),
    Rule(
        "IMP-1", "hard", IMPACT, "two or more accounts confirmed with the same cause",
        "Engineering (Product for a product issue)", "Medium; Critical when two or more are high-value and blocked",
        _same_cause,
    ),
    Rule(
        "IMP-2", "hard", BUSINESS,
        "`work_blocked` by support or system, or with `major_function_broken`, for a high-value account",
        "by the issue", "High", _key_customer_blocked,
    ),
    Rule(
        "BUS-1", "hard", LEADERSHIP, "`churn_threat`, high-value account", "Leadership", "High", _churn, ask="decide",
    ),
    Rule(
        "BUS-2", "hard", BUSINESS, "SLA breached",
        "from L1: L2 Support; else the team that holds it; plus Leadership for a high-value account", "High",
        needs()(lambda view: _sla(view, "breached", "sla_breached")),
    ),
    Rule(
        "BUS-3", "soft", BUSINESS, "SLA at risk", "as BUS-2, without Leadership", "High",
        needs()(lambda view: _sla(view, "at_risk", "sla_at_risk")),
    ),
    Rule(
        "BUS-4", "hard", BUSINESS, "`executive_request`", "Leadership", "Medium",
        _leadership("executive_request", severity="medium"), ask="decide",
    ),
    Rule(
        "BUS-5", "hard", LEADERSHIP, "`legal_risk`, `pr_risk`", "Leadership", "High",
        _leadership("legal_risk", "pr_risk", severity="high"), ask="decide",
    ),
    Rule(
        "BUS-6", "hard", LEADERSHIP, "`exception_requested`", "Leadership", "Medium",
        _leadership("exception_requested", severity="medium"), ask="approve",
    ),
    Rule(
        "BUS-7", "hard", LEADERSHIP, "`cross_functional_decision`", "Leadership", "Medium",
        _leadership("cross_functional_decision", severity="medium"), ask="decide",
    ),
    Rule(
        "TIM-1", "soft", TIME,
        "`waiting_too_long`; for an open escalation, no update for twice the cadence's upper bound",
        "from L1: L2 Support; else Leadership", "Medium", _waiting,
    ),
    Rule("TIM-2", "soft", TIME, "`no_progress`", "from L1: L2 Support; else Leadership", "Medium", _no_progress),
    Rule(
        "PAT-1", "hard", PATTERN,
        "3 or more distinct accounts in the window with the same symptoms as checked by support or the ledger",
        "Engineering (Product for a product issue)", "Medium; High if `worsening` or `regression` too", _pattern,
        reason="A pattern is a reason to escalate, not a degree of harm.",
    ),
    Rule(
        "PAT-2", "hard", PATTERN, "`regression`", "Engineering",
        "Medium; High with `major_function_broken` or `work_blocked`", _regression, ask="fix",
    ),
    Rule(
        "PAT-3", "soft", PATTERN, "`worsening`", "by the issue",
        "Medium; High with `major_function_broken` or `work_blocked`", _worsening,
    ),
    *(
        Rule(
            f"PRD-{number}", "hard", PRODUCT, f"`{kind}` with business pain", "Product",
            "Medium; High when a high-value account is blocked and a date is set", _product(kind), ask="decide",
        )
        for number, kind in enumerate(
            ("feature_gap", "design_decision_needed", "workflow_mismatch", "competing_needs"), start=1
        )
    ),
    Rule(
        "HND-1", "handle", HANDLE + "the issue has a documented solution or known workaround",
        "`documented_solution`, or a workaround that support documented or verified", "", "", _documented,
        reason="A deletion by the user that support can restore is reported as `documented_solution`. "
        "The customer's own trick is a `partial` workaround, which keeps nothing in support.",
    ),
    Rule(
        "HND-2", "handle", HANDLE + "it's a configuration or setup issue you can resolve", "`configuration_issue`",
        "", "", _solved("configuration_issue"),
    ),
    Rule(
        "HND-3", "handle", HANDLE + "the customer needs guidance or training, not a fix", "`guidance_needed`", "", "",
        _solved("guidance_needed"),
    ),
    Rule(
        "HND-4", "handle", HANDLE + "the issue is a known limitation with a documented alternative",
        "`known_limitation`", "", "", _solved("known_limitation"),
    ),
    Rule(
        "HND-5", "handle", HANDLE + "previous similar tickets were resolved at the support level",
        "`resolved_before_by_support`", "", "", _solved("resolved_before_by_support"),
    ),
    Rule(
        "HND-6", "handle", HANDLE + "the customer needs guidance or training, not a fix",
        "`security_questionnaire` alone", "", "", _questionnaire,
        reason="Alone: beats no soft rule.",
    ),
    Rule(
        "HND-7", "handle", "Document everything: the escalation trail is valuable for pattern detection",
        "`bug_tracked` with no other hard rule", "", "", _solved("bug_tracked"),
    ),
    Rule(
        "HND-8", "handle", "L2 to Product is for a gap that causes customer pain; without it the wish is logged",
        "a product signal without business pain", "", "", _wish,
        reason="Beats no soft rule: with a fault in the same ticket the fault is the subject and the wish is noted.",
    ),
    Rule(
        "HND-9", "handle", "L2 is where an issue that requires deeper investigation is worked on",
        "`bug_suspected` at tier L2 whose steps are not exhausted: L2 goes on", "", "", _l2_goes_on,
        reason="Beats no soft rule: a suspicion more must not keep in support what another rule sends up.",
    ),
)
# fmt: on
BY_ID: dict[str, Rule] = {rule.id: rule for rule in RULES}
ORDER: dict[str, int] = {rule.id: place for place, rule in enumerate(RULES)}
# Places in the table: of the rules that are always looked at, and of those that a signal may fire.
ALWAYS: frozenset[int] = frozenset(place for place, rule in enumerate(RULES) if not rule.check.needs)
NEEDING: dict[str, frozenset[int]] = {
    kind: frozenset(place for place, rule in enumerate(RULES) if kind in rule.check.needs)
    for kind in {kind for rule in RULES for kind in rule.check.needs}
}
# Rules on statements about the ticket as a whole: judged once, with the main issue.
WHOLE_TICKET = frozenset(rule.id for rule in RULES if rule.id.startswith(("BUS-", "TIM-")))
# Handle rules that win only where no soft rule fired; each says why in `reason`.
WEAK_HANDLE = frozenset(("HND-6", "HND-8", "HND-9"))
# Soft rules by which a team only looks into a fault. What nobody can tell, nobody can look into.
TO_INVESTIGATE = frozenset(rule.id for rule in RULES if rule.clause == L1_L2 and rule.rule_class == "soft")
