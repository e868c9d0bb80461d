"""From facts to a decision (policy sections 3, 4 and 6). Pure: no model, no clock, no files.

Order: grounded facts → hard rules → handle rules → soft rules → owner → leadership → next hop → severity →
questions and what would have changed it → deadline and cadence.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from agent.errors import BadInput
from agent.policy import clock
from agent.policy.questions import Candidate, candidates, notes, questions, what_ifs
from agent.policy.rules import (
    ALWAYS,
    BY_ID,
    NEEDING,
    ORDER,
    RULES,
    TO_INVESTIGATE,
    WEAK_HANDLE,
    WHOLE_TICKET,
    Hit,
    Rule,
)
from agent.policy.settings import Settings
from agent.policy.view import TICKET_WIDE, View
from schemas.context import Context, Override
from schemas.decision import (
    Decision,
    FiredRule,
    IssueDecision,
    Question,
    RuleState,
    SlaStatus,
    WouldChange,
)
from schemas.decision import View as OwnView
from schemas.facts import Claim, Facts
from schemas.vocabulary import GROUP_OF, OWNER_LABEL, SEVERITY_RANK, AskKind, Outcome, Owner, Severity

OpenClaims = list[tuple[View, list[Candidate]]]

OWNER_RANK: dict[Owner | None, int] = {
    "security": 4,
    "engineering": 3,
    "product": 2,
    "l2_support": 1,
    "leadership": 0,
    None: 0,
}
# Values that are no words by themselves.
IN_GROUP = ("workaround", "scope")
IN_WORDS = {
    "none": "no workaround",
    "tried_failed": "workaround tried and failed",
    "partial": "partial workaround",
    "verified": "verified workaround",
    "documented_untried": "documented workaround not tried yet",
}
# Harm that no "already answered" takes off the table: only Security closes Security's, only Engineering mends data.
NEVER_ANSWERED = ("SEC-", "TEC-1", "TEC-2")


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule that fired for an issue, with its owner settled."""

    rule_id: str
    issue: int
    hit: Hit
    owner: Owner | None
    state: RuleState = "fired"
    lost_to: str = ""

    @property
    def standing(self) -> bool:
        """Whether it takes part in the decision."""
        return self.state != "overridden"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The core of a decision, without times and explanations."""

    outcome: Outcome
    owner: Owner | None
    leadership: bool
    severity: Severity | None
    deciding: Firing | None
    firings: tuple[Firing, ...]

    @property
    def summary(self) -> tuple[Outcome, Owner | None, bool, Severity | None]:
        """What a reader would call the decision."""
        return self.outcome, self.owner, self.leadership, self.severity


def decide(facts: Facts, context: Context, settings: Settings, now: datetime) -> Decision:
    """The decision on grounded facts. The same arguments give the same bytes.

    `now` must carry a zone. Raises BadInput for a naive `now` or an impossible calendar.
    """
    if now.tzinfo is None:
        raise BadInput(f"now {now.isoformat()!r}: expected a time with a zone, such as 2026-03-11T10:30:00Z")
    now = now.astimezone(UTC)
    sla = _sla(facts, context, settings, now)
    issues = _issue_numbers(facts)
    main = next((number for number in issues if number not in facts.answered_issues), issues[0])
    views = [View(facts, context, settings, now, number, number == main) for number in issues]
    for view in views:
        view.sla = sla.state
    verdict = _told_enough(judge(views, main), facts)
    open_claims = [(view, candidates(view)) for view in views if view.main or view.issue not in facts.answered_issues]
    verdict = _ask_first(verdict, facts, open_claims)
    return _explain(verdict, views, main, sla, open_claims, facts, context, settings, now)


def _issue_numbers(facts: Facts) -> list[int]:
    """The issues of the ticket. A statement about the whole ticket makes no issue of its own."""
    numbers = {claim.issue for claim in facts.issues}
    numbers |= {
        claim.issue
        for claim in facts.signals
        if claim.status in ("counts", "reported") and not (numbers and GROUP_OF[claim.kind] in TICKET_WIDE)
    }
    return sorted(numbers) or [1]


def judge(views: list[View], main: int) -> Verdict:
    """Evaluate every rule on every issue, settle who loses to whom, and take owner, leadership and severity."""
    firings: list[Firing] = []
    for view in views:
        side_answered = view.issue in view.facts.answered_issues and view.issue != main
        firings += _judge_issue(view, main, side_answered)
    firings = _settle_by_issue(firings, views)
    escalating = [f for f in firings if f.standing and BY_ID[f.rule_id].rule_class != "handle"]
    if not escalating:
        handled = [f for f in firings if f.standing]
        first = min(handled, key=lambda f: (f.issue != main, ORDER[f.rule_id]), default=None)
        return Verdict("handle", None, False, None, first, tuple(firings))
    severity = max((f.hit.severity for f in escalating), key=lambda s: SEVERITY_RANK[s])
    owners = [f.owner for f in escalating if f.owner is not None]
    leadership = any(f.hit.leadership for f in escalating)
    owner: Owner = max(owners, key=lambda o: OWNER_RANK[o]) if owners else "leadership"
    deciding = min(
        escalating,
        key=lambda f: (
            BY_ID[f.rule_id].rule_class != "hard",
            -SEVERITY_RANK[f.hit.severity],
            -OWNER_RANK[f.owner],
            ORDER[f.rule_id],
        ),
    )
    return Verdict("escalate", owner, leadership, severity, deciding, tuple(firings))


@lru_cache(maxsize=1024)
def _looked_at(kinds: frozenset[str]) -> tuple[Rule, ...]:
    """The rules that these signals may fire, in their order."""
    return tuple(RULES[place] for place in sorted(ALWAYS.union(*(NEEDING.get(kind, ()) for kind in kinds))))


def _judge_issue(view: View, main: int, side_answered: bool) -> list[Firing]:
    hits: list[tuple[str, Hit]] = []
    for rule in _looked_at(frozenset(view.signals)):
        if rule.id in WHOLE_TICKET and view.issue != main:
            continue
        hit = rule.check.run(view)
        if hit is not None:
            hits.append((rule.id, hit))
    classes = {BY_ID[rule_id].rule_class for rule_id, _ in hits}
    weak = WEAK_HANDLE if "soft" in classes else frozenset()
    keeper = next((r for r, _ in hits if BY_ID[r].rule_class == "handle" and r not in weak), None)
    harm = next((r for r, _ in hits if BY_ID[r].rule_class == "hard"), None)
    fault = next((r for r, _ in hits if BY_ID[r].rule_class == "soft"), None)
    firings = []
    for rule_id, hit in hits:
        lost_to = ""
        rule_class = BY_ID[rule_id].rule_class
        if side_answered and not rule_id.startswith(NEVER_ANSWERED):
            lost_to = "belongs to a side issue that is already answered"
        elif rule_class == "soft" and keeper is not None:
            lost_to = f"a soft rule loses to {keeper}"
        elif rule_class == "handle" and harm is not None:
            lost_to = f"a handle rule loses to {harm}"
        elif rule_id in weak and keeper is None:
            lost_to = f"holds only where no soft rule fires, and {fault} does"
        state: RuleState = "overridden" if lost_to else "fired"
        firings.append(Firing(rule_id, view.issue, hit, hit.owner, state, lost_to))
    return firings


def _settle_by_issue(firings: list[Firing], views: list[View]) -> list[Firing]:
    """Owners "by the issue": of the other rules that fired, else Product for a product signal, else senior support."""
    by_issue = {view.issue: view for view in views}
    settled = []
    for firing in firings:
        if firing.hit.by_issue and firing.standing:
            others = [
                f.owner
                for f in firings
                if f.standing and f.owner is not None and f.issue == firing.issue and f.owner != "leadership"
            ]
            view = by_issue[firing.issue]
            owner: Owner
            holder = view.context.open_escalation
            if others:
                owner = max(others, key=lambda o: OWNER_RANK[o])
            elif firing.rule_id in ("BUS-2", "BUS-3"):
                owner = holder.owner if holder else "engineering" if view.has("bug_tracked") else "l2_support"
            elif view.product_issue:
                owner = "product"
            else:
                owner = "l2_support" if view.frontline else "engineering"
            firing = replace(firing, owner=owner)
        settled.append(firing)
    return settled


def _told_enough(verdict: Verdict, facts: Facts) -> Verdict:
    """`needs_info` where nobody can tell what is wrong and all that would go up is "somebody should look into it".

    The model says whether a ticket can be understood, and a ticket may lie to it. So this holds back no hard rule, and
    nothing that rests on business, time, a pattern, security or data.
    """
    standing = [f for f in verdict.firings if f.standing and BY_ID[f.rule_id].rule_class != "handle"]
    if facts.understandable or not standing or any(f.rule_id not in TO_INVESTIGATE for f in standing):
        return verdict
    firings = tuple(
        replace(f, state="overridden", lost_to="nobody can look into what the ticket does not say")
        if f in standing
        else f
        for f in verdict.firings
    )
    return Verdict("needs_info", None, False, None, None, firings)


def _ask_first(verdict: Verdict, facts: Facts, open_claims: OpenClaims) -> Verdict:
    """`needs_info` where nothing escalates and what is unconfirmed would, or where nothing can be understood."""
    if verdict.outcome != "handle":
        return verdict
    handled = {f.issue for f in verdict.firings if f.standing}
    decisive = any(
        candidate.decisive and (candidate.rule_class == "hard" or view.issue not in handled)
        for view, found in open_claims
        for candidate in found
    )
    if decisive or (not handled and not facts.understandable):
        return replace(verdict, outcome="needs_info", deciding=None)
    return verdict


def _sla(facts: Facts, context: Context, settings: Settings, now: datetime) -> SlaStatus:
    """Computed values win over stated ones (policy sections 1 and 6)."""
    if context.sla is not None:
        return clock.sla_status(context.sla, now, settings)
    for kind, state in (("sla_breached", "breached"), ("sla_at_risk", "at_risk")):
        for claim in facts.signals:
            if claim.kind == kind and claim.status == "counts":
                said = f"stated by {claim.asserted_by}: “{_one_line(claim.quote)}”"
                return SlaStatus.model_validate({"state": state, "source": "stated", "explanation": said})
    return SlaStatus(state="unknown", source="unknown", explanation="no due time known")


def _one_line(text: str, limit: int = 200) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _explain(
    verdict: Verdict,
    views: list[View],
    main: int,
    sla: SlaStatus,
    open_claims: OpenClaims,
    facts: Facts,
    context: Context,
    settings: Settings,
    now: datetime,
) -> Decision:
    view = next(v for v in views if v.issue == main)
    outcome, owner, leadership, severity = verdict.summary
    own_view = None
    if context.override is not None:
        own_view = OwnView(outcome=outcome, owner=owner, leadership=leadership, severity=severity)
        outcome, owner, severity = _overridden(context.override, owner, severity)
        leadership = owner == "leadership"
    next_hop: Owner | None = None
    if outcome == "escalate" and owner is not None:
        through_l2 = owner in ("engineering", "product") and view.frontline and not settings.routing.skip_l2_hop
        next_hop = "l2_support" if through_l2 else owner
    deadline = acknowledge_by = cadence = None
    basis = ""
    if outcome == "escalate" and severity is not None:
        hours = clock.Hours.of(context.calendar or settings.calendar)
        deadline, basis = clock.deadline(severity, now, hours, settings)
        if severity == "critical":
            acknowledge_by = deadline
        if context.sla is not None and now < (sla_due := clock.sla_due(context.sla, now)) < deadline:
            deadline, basis = sla_due, f"brought forward to the SLA's due time; {basis}"
        deadline, basis = _customer_date(deadline, basis, facts, context, view, hours, now)
        cadence = clock.cadence(severity, now, hours, settings)
    return Decision(
        outcome=outcome,
        owner=owner,
        leadership=leadership,
        next_hop=next_hop,
        expedite=severity == "critical" and next_hop is not None and next_hop != owner,
        severity=severity,
        ask=_ask(verdict, outcome, owner),
        rules=_fired_rules(verdict),
        deciding_rule=verdict.deciding.rule_id if verdict.deciding else None,
        questions=_once(q for v, found in open_claims for q in questions(outcome, owner, v, found)),
        would_change=tuple(_would_change(verdict, views, main, open_claims)),
        notes=tuple(notes(view, views, outcome, owner, leadership, context)),
        issues=_issue_decisions(verdict, facts, main) if len(views) > 1 else (),
        tier=view.tier,
        tier_assumed=view.tier_assumed,
        high_value=view.high_value,
        sla=sla,
        acknowledge_by=acknowledge_by,
        deadline=deadline,
        deadline_basis=basis,
        cadence=cadence,
        override=context.override,
        own_view=own_view,
        policy_version=settings.version,
        decided_at=now,
    )


def _customer_date(
    deadline: datetime,
    basis: str,
    facts: Facts,
    context: Context,
    view: View,
    hours: clock.Hours,
    now: datetime,
) -> tuple[datetime, str]:
    """A dated go-live, renewal or wish of the customer brings the deadline forward, never back."""
    from agent.policy.dates import dated_claims  # only escalations need it

    for label, day in dated_claims(facts, context, view.has("deal_or_renewal_at_risk"), now.astimezone(hours.zone)):
        moment, words = hours.before(day)
        if now < moment < deadline:
            deadline, basis = moment, f"brought forward to {words} for {day.isoformat()}: {label}; {basis}"
    return deadline, basis


def _overridden(
    override: Override, owner: Owner | None, severity: Severity | None
) -> tuple[Outcome, Owner | None, Severity | None]:
    """A person's decision; what it leaves open is the code's, and at the least what an escalation needs."""
    if override.outcome != "escalate":
        return override.outcome, None, None
    return override.outcome, override.owner or owner or "l2_support", override.severity or severity or "medium"


def _ask(verdict: Verdict, outcome: Outcome, owner: Owner | None) -> AskKind | None:
    """The deciding rule's ask where its owner is the target; else that of the target's own weightiest rule."""
    if outcome != "escalate":
        return None
    own = [f for f in verdict.firings if f.standing and f.hit.severity and (f.owner or "leadership") == owner]
    if verdict.deciding is not None and (verdict.deciding in own or not own):
        return BY_ID[verdict.deciding.rule_id].ask
    if not own:
        return "decide" if owner == "leadership" else "investigate"
    first = min(
        own,
        key=lambda f: (BY_ID[f.rule_id].rule_class != "hard", -SEVERITY_RANK[f.hit.severity], ORDER[f.rule_id]),
    )
    return BY_ID[first.rule_id].ask


def _once(found: Iterable[Question]) -> tuple[Question, ...]:
    return tuple({question.text: question for question in found}.values())


def _fired_rules(verdict: Verdict) -> tuple[FiredRule, ...]:
    fired = []
    for firing in sorted(verdict.firings, key=lambda f: (ORDER[f.rule_id], f.issue)):
        rule = BY_ID[firing.rule_id]
        claims = _unique(firing.hit.claims)
        state: RuleState = firing.state
        if firing is verdict.deciding:
            state = "decides"
        because = "; ".join(part for part in (firing.hit.because or _names(claims), firing.lost_to) if part)
        owner = firing.owner or ("leadership" if firing.hit.leadership else None)
        fired.append(
            FiredRule.made_of(
                id=rule.id,
                issue=firing.issue,
                rule_class=rule.rule_class,
                clause=rule.clause,
                state=state,
                owner=owner,
                leadership=firing.hit.leadership,
                severity=firing.hit.severity,
                because=because,
                claims=tuple(claim.id for claim in claims),
                quotes=tuple(claim.quote for claim in claims),
            )
        )
    return tuple(fired)


def _unique(claims: tuple[Claim, ...]) -> list[Claim]:
    return list({claim.id: claim for claim in claims}.values())


def _names(claims: list[Claim]) -> str:
    names = dict.fromkeys(IN_WORDS.get(c.value, c.value) if c.group in IN_GROUP else c.kind for c in claims)
    return ", ".join(name.replace("_", " ") for name in names) if names else "from the context"


def _would_change(verdict: Verdict, views: list[View], main: int, open_claims: OpenClaims) -> list[WouldChange]:
    """What the decision would have been with an unknown known: judged again, not guessed."""
    changes: dict[str, str] = {}
    for view, found in open_claims:
        for fact, whole_ticket, change in what_ifs(view, found):
            if fact in changes:
                continue
            other = judge([change(v) if whole_ticket or v is view else v for v in views], main)
            other = _told_enough(other, view.facts)
            asked_anyway = verdict.outcome == "needs_info" and other.outcome == "handle"
            if other.summary != verdict.summary and not asked_anyway:
                changes[fact] = _in_words(other)
    return [WouldChange(fact=fact, then=then) for fact, then in changes.items()]


def _in_words(verdict: Verdict) -> str:
    if verdict.outcome == "handle":
        return "handle in support"
    owner = OWNER_LABEL[verdict.owner or "leadership"]
    also = ", Leadership informed" if verdict.leadership and verdict.owner != "leadership" else ""
    rule = verdict.deciding.rule_id if verdict.deciding else ""
    return f"escalate to {owner}{also}, {(verdict.severity or 'medium').capitalize()} ({rule})"


def _issue_decisions(verdict: Verdict, facts: Facts, main: int) -> tuple[IssueDecision, ...]:
    titles = {claim.issue: claim.value for claim in facts.issues}
    asking = verdict.outcome == "needs_info"
    decisions = []
    for number in sorted({f.issue for f in verdict.firings} | set(titles) | {main}):
        own = [f for f in verdict.firings if f.issue == number and f.standing]
        up = [f for f in own if BY_ID[f.rule_id].rule_class != "handle"]
        owners = [f.owner or "leadership" for f in up]
        decisions.append(
            IssueDecision(
                issue=number,
                title=titles.get(number, ""),
                outcome="escalate" if up else "needs_info" if number == main and asking else "handle",
                owner=max(owners, key=lambda o: OWNER_RANK[o]) if owners else None,
                severity=max((f.hit.severity for f in up), key=lambda s: SEVERITY_RANK[s], default=None),
                rules=tuple(f.rule_id for f in sorted(own, key=lambda f: ORDER[f.rule_id])),
            )
        )
    return tuple(decisions)
