"""What the rules look at: the facts of one issue, with context over ticket, reduced to what may count."""

import re
from datetime import datetime, timedelta
from decimal import Decimal

from agent.policy.settings import Settings
from schemas.context import Context
from schemas.facts import Claim, Facts
from schemas.vocabulary import GROUP_OF

# Statements about the ticket as a whole. They are seen with every issue; their rules are judged once.
TICKET_WIDE = ("business", "time")
# What makes a mere suspicion of a bug redundant for the same fault (policy section 1, bug_suspected).
STRONGER_THAN_SUSPICION = frozenset(
    (
        "bug_confirmed",
        "code_change_needed",
        "infrastructure_issue",
        "data_loss",
        "data_integrity_risk",
        "service_down",
        "major_function_broken",
    )
)
# A wish or a question of design, as in the seed's "L2 to Product".
PRODUCT_SIGNALS = ("feature_gap", "design_decision_needed", "workflow_mismatch", "competing_needs")
# What "the problem went away" answers. Harm done to data, a security matter and a confirmed bug stay.
ANSWERED_BY_RESOLVED = frozenset(
    (
        "bug_suspected",
        "infrastructure_issue",
        "service_down",
        "major_function_broken",
        "work_blocked",
        "beyond_support_diagnosis",
        "access_required",
        "custom_implementation",
        "waiting_too_long",
        "no_progress",
        "worsening",
    )
)
# Unconfirmed, either of them is a suspicion.
CONFIRMATION = ("bug_confirmed", "code_change_needed")
_PERIODS = (
    (12, r"\bmrr\b|\ba month\b|\bper month\b|/ ?mo(?:nth)?\b|\bmonthly|\bp\.? ?m\b"),
    (12, r"\bpro monat|\bim monat|\bmonatlich|\bmtl\b|\bpar mois|\bal mes|\bpor mês|\bmensu|月額"),
    (4, r"\bper quarter|\ba quarter\b|\bquarterly|\bpro quartal|\bpar trimestre|\bpor trimestre"),
)
PERIODS = tuple((times, re.compile(pattern, re.IGNORECASE)) for times, pattern in _PERIODS)


def annual_amount(text: str) -> Decimal | None:
    """The amount of money in `text` for a year (a month's twelve times, a quarter's four); None without a number."""
    from agent.notation import numbers  # only tickets that name an amount need it

    found = numbers(text)
    # "ARR 2025: 120000": a bare year is no amount where there is another number.
    sums = [n for n in found if n.currency] or [n for n in found if not 1990 <= n.value <= 2100] or found
    if not sums:
        return None
    times = next((times for times, period in PERIODS if period.search(text)), 1)
    # "9.000 €" may be nine thousand; nobody's contract is worth nine with three decimals.
    value = max(sums[0].candidates) if sums[0].value < 1000 else sums[0].value
    return value * times


_IN_AN_ID = re.compile(r"(?:[#-]|\((?=\d{4,}\Z))\d+\Z")  # `#71133`, `HD-40017`, `(71133)`; `(4)` may be a count


def counted(claim: Claim, facts: Facts) -> int | None:
    """The whole number that a counting measure states, digits or a small number word.

    A ticket's number is none: "Kestrel Plant (71133)" names one account and counts nothing.
    """
    from agent.notation import numbers  # only tickets with a counting measure need it

    named = {facts.ticket_id, *(reference.value.lstrip("#") for reference in facts.references)}
    for text in (claim.value, claim.quote):
        found = [n for n in numbers(text) if n.text not in named and not _IN_AN_ID.search(text[: n.end])]
        if found:
            return int(found[0].value) if found[0].value == int(found[0].value) else None
    return None


def _earlier(claim: Claim, other: Claim) -> bool:
    """Whether `claim` was said before `other`: by time where both have one, else by place in the ticket."""
    mine, theirs = claim.evidence, other.evidence
    if mine is None or theirs is None:
        return True
    if mine.time and theirs.time and (mine.time.tzinfo is None) == (theirs.time.tzinfo is None):
        return (mine.time, mine.start) < (theirs.time, theirs.start)
    return mine.start < theirs.start


def _unanswered(claims: list[Claim], endings: list[Claim]) -> list[Claim]:
    """The claims that were not said before the problem went away."""
    return [claim for claim in claims if not any(_earlier(claim, end) for end in endings)]


class View:
    """The facts of one issue as sets, so that a rule is one readable condition."""

    def __init__(
        self, facts: Facts, context: Context, settings: Settings, now: datetime, issue: int, main: bool
    ) -> None:
        """`main`: the issue that context, accounts and counts speak of; a side issue has only its own signals."""
        self.facts, self.context, self.settings, self.now = facts, context, settings, now
        self.issue, self.main = issue, main
        self.assumed_accounts = 0
        self._counts: dict[str, int] = {}
        self.signals: dict[str, list[Claim]] = {}
        self.reported: dict[str, list[Claim]] = {}
        self.disputed: list[Claim] = []
        self.cancelled: list[Claim] = []
        for claim in facts.signals:
            if claim.issue != issue and GROUP_OF[claim.kind] not in TICKET_WIDE:
                continue
            if claim.status == "counts":
                self.signals.setdefault(claim.kind, []).append(claim)
            elif claim.status == "reported":
                self.reported.setdefault(claim.kind, []).append(claim)
            elif claim.status == "disputed":
                self.disputed.append(claim)
        self._cancel_resolved()
        self.workaround = self._newest(facts.workarounds)
        self.scope = self._newest(facts.scopes)
        known_tier = context.tier or self._tier_in_ticket()
        self.tier = known_tier or "L1"
        self.tier_assumed = known_tier is None
        self.own_names = self._own_names()
        self.high_value = self._high_value()
        self.sla = "unknown"
        self._suspicion()

    def _cancel_resolved(self) -> None:
        endings = self.signals.get("resolved_itself", [])
        if not endings:
            return
        # In the order of the facts: a set's own order changes from process to process, and with it the bytes.
        for kind, claims in list(self.signals.items()):
            if kind in ANSWERED_BY_RESOLVED:
                left = _unanswered(claims, endings)
                self.cancelled += [claim for claim in claims if claim not in left]
                self._keep(self.signals, kind, left)
        for kind, claims in list(self.reported.items()):
            if kind in ANSWERED_BY_RESOLVED or kind in CONFIRMATION:
                self._keep(self.reported, kind, _unanswered(claims, endings))

    @staticmethod
    def _keep(by_kind: dict[str, list[Claim]], kind: str, left: list[Claim]) -> None:
        if left:
            by_kind[kind] = left
        else:
            del by_kind[kind]

    def _suspicion(self) -> None:
        """An unconfirmed "it is a bug" is a suspicion; a suspicion beside a stronger signal says nothing new."""
        for kind in CONFIRMATION:
            said = [claim for claim in self.reported.get(kind, ()) if claim.asserted_by == "customer"]
            if said:
                self.signals.setdefault("bug_suspected", []).extend(said)
        # Pasted logs without a stronger witness are enough to look into, not enough to decide harm (policy 2.6).
        for kind in ("bug_suspected", "major_function_broken"):
            if kind in self.reported and kind not in self.signals:
                self.signals[kind] = self.reported.pop(kind)
        if self.main and self.context.bug_confirmed:
            self.signals.setdefault("bug_confirmed", [])
        if self.main and self.context.bug_record:
            self.signals.setdefault("bug_tracked", [])
        if self.main and any(related.resolved for related in self.context.related):
            self.signals.setdefault("regression", [])  # the same was resolved before, as ledger or support say
        if STRONGER_THAN_SUSPICION & self.signals.keys():
            self.signals.pop("bug_suspected", None)

    def _newest(self, claims: tuple[Claim, ...]) -> Claim | None:
        standing = [claim for claim in claims if claim.status == "counts" and claim.issue == self.issue]
        newest = None
        for claim in standing:
            if newest is None or _earlier(newest, claim):
                newest = claim
        return newest

    def _tier_in_ticket(self) -> str | None:
        for claim in reversed(self.facts.measures):
            if claim.kind == "current_tier" and claim.status == "counts":
                folded = claim.value.casefold()
                if "manager" in folded:
                    return "manager"
                match = re.search(r"(?:\bl|tier|level|stufe|niveau|nivel)\W{0,2}([12])\b", folded)
                if match:
                    return f"L{match.group(1)}"
        return None

    def _high_value(self) -> bool | None:
        account = self.context.account
        known = self.own_names - {"reporter", ""}
        named = {claim.subject.casefold() for claim in self.facts.accounts} - {"reporter", ""}
        value = account.annual_value if account else None
        plan = account.plan if account else None
        for claim in self.facts.accounts:
            # Where nothing says which account reports, the only one that is named does.
            own = claim.subject.casefold() in self.own_names or (not known and len(named) == 1)
            if claim.status != "counts" or not own:
                continue
            if claim.kind == "annual_value" and value is None:
                value = annual_amount(claim.value or claim.quote)
            if claim.kind == "plan" and plan is None:
                plan = claim.value
        return self._is_high(value, plan)

    def _own_names(self) -> set[str]:
        names = {claim.subject.casefold() for claim in self.facts.accounts if claim.kind == "reporter"}
        if self.context.account and self.context.account.name:
            names.add(self.context.account.name.casefold())
        return names | {"reporter", ""}

    def _is_high(self, value: Decimal | None, plan: str | None) -> bool | None:
        settings = self.settings.account
        words = set(re.findall(r"\w+", (plan or "").casefold()))
        if any(set(name.casefold().split()) <= words for name in settings.high_value_plans):
            return True
        if value is not None:
            return value >= Decimal(str(settings.high_value_from))
        if any(set(name.casefold().split()) <= words for name in settings.low_value_plans):
            return False
        return None

    def having(self, **changes: object) -> "View":
        """A copy with an unknown made known, for what would have changed the decision."""
        other = View.__new__(View)
        other.__dict__.update(self.__dict__)
        other.signals, other.reported = dict(self.signals), dict(self.reported)
        if "assumed_accounts" in changes:
            other._counts = {}
        for name, value in changes.items():
            setattr(other, name, value)
        return other

    def with_signal(self, claim: Claim) -> "View":
        """A copy in which this claim counts too."""
        other = self.having()
        other.signals[claim.kind] = [claim]
        other._counts = {}
        return other

    def has(self, *kinds: str) -> bool:
        """Whether any of these signals counts."""
        # A plain loop: every rule asks this for every decision, and a generator doubles the time of a decision.
        for kind in kinds:  # noqa: SIM110
            if kind in self.signals:
                return True
        return False

    def claims(self, *kinds: str) -> list[Claim]:
        """The counting claims of these signals."""
        return [claim for kind in kinds for claim in self.signals.get(kind, ())]

    def said_by_staff(self, kind: str) -> bool:
        """Whether support or the vendor's systems say so themselves."""
        return any(claim.asserted_by in ("support", "system") for claim in self.signals.get(kind, ()))

    @property
    def working_workaround(self) -> bool:
        """Only a verified one works (policy section 1)."""
        return self.workaround is not None and self.workaround.value == "verified"

    @property
    def frontline(self) -> bool:
        """Whether L1 holds the ticket; L2 and managers act as senior support."""
        return self.tier == "L1"

    @property
    def product_issue(self) -> bool:
        """A wish or a design question, not a fault."""
        return self.has(*PRODUCT_SIGNALS) and not (STRONGER_THAN_SUSPICION | {"bug_suspected"}) & self.signals.keys()

    @property
    def steps_exhausted(self) -> bool:
        """Support at L2 has nothing left to try (TEC-9, HND-9)."""
        return self.has("no_progress", "beyond_support_diagnosis")

    def accounts(self, same: str) -> int:
        """Distinct accounts with the same `cause` or `symptoms`, this one included, as far as staff or ledger say."""
        if not self.main:
            return 1
        if same not in self._counts:
            self._counts[same] = self._accounts(same)
        return self._counts[same]

    def _accounts(self, same: str) -> int:
        count = max(1 + len(self._others(same)), self.assumed_accounts if same == "symptoms" else 0)
        if same == "symptoms" and self.said_by_staff("repeat_reports"):
            count = max(count, 1 + self._behind_tickets())
        measures = {"customers_same_cause": 0, "other_customers_same_cause": 1}
        if same == "symptoms":
            measures |= {"customers_affected": 0, "other_customers_affected": 1}
        for claim in self.facts.measures:
            if claim.status == "counts" and claim.kind in measures:
                count = max(count, (counted(claim, self.facts) or 0) + measures[claim.kind])
        return count

    def _behind_tickets(self) -> int:
        """Other accounts behind the tickets that staff cite: by name where context knows the ticket, else one each."""
        known = {related.ticket.lstrip("#"): related.account.casefold() for related in self.context.related}
        named = {known[ticket] for ticket in self.cited_tickets & known.keys()}
        return len(named & self._others("symptoms")) + len(self.cited_tickets - known.keys())

    @property
    def cited_tickets(self) -> set[str]:
        """Tickets of others that staff say show the same."""
        return {
            claim.value.lstrip("#")
            for claim in self.facts.references
            if claim.kind == "same_issue_ticket" and claim.asserted_by in ("support", "system")
        } - {self.facts.ticket_id}

    def _others(self, same: str) -> set[str]:
        """Names of the other accounts. Only a pattern has a window: one confirmed cause stays one.

        Context beats the ticket: an account whose report it dates before the window is none, though staff name it.
        """
        if not self.context.related and not self.facts.accounts:
            return set()
        past = self.past_accounts if same == "symptoms" else set()
        names = {
            related.account.casefold()
            for related in self.context.related
            if related.same == "cause" or (same == "symptoms" and related.account.casefold() not in past)
        }
        for claim in self.facts.accounts:
            name = claim.subject.casefold()
            symptoms = claim.kind == "same_symptoms" and same == "symptoms" and name not in past
            if claim.status == "counts" and (claim.kind == "same_cause" or symptoms):
                names.add(name)
        return names - self.own_names

    @property
    def past_accounts(self) -> set[str]:
        """Accounts whose every report of the same symptoms is older than the pattern's window, as the context knows."""
        oldest = self.now - timedelta(days=self.settings.pattern.window_days)
        recent = {r.account.casefold() for r in self.context.related if r.reported is None or r.reported >= oldest}
        return {r.account.casefold() for r in self.context.related if r.same == "symptoms"} - recent

    def pattern_claims(self) -> list[Claim]:
        """The claims that speak of other accounts."""
        kinds = {"customers_affected", "other_customers_affected", "customers_same_cause", "other_customers_same_cause"}
        return (
            self.claims("repeat_reports")
            + [c for c in self.facts.measures if c.kind in kinds and c.status == "counts"]
            + [c for c in self.facts.accounts if c.kind in ("same_cause", "same_symptoms") and c.status == "counts"]
        )

    def high_value_blocked(self) -> int:
        """How many high-value accounts with this cause are blocked."""
        others = self._others("cause")
        blocked = {r.account.casefold() for r in self.context.related if r.high_value and r.blocked}
        stated: dict[str, set[str]] = {}
        for claim in self.facts.accounts:
            if claim.status == "counts":
                mark = {"work_blocked": "blocked", "annual_value": "high", "plan": "high"}.get(claim.kind)
                low = claim.kind == "annual_value" and not self._is_high(annual_amount(claim.value), None)
                if mark and not low and not (claim.kind == "plan" and not self._is_high(None, claim.value)):
                    stated.setdefault(claim.subject.casefold(), set()).add(mark)
        blocked |= {name for name, marks in stated.items() if len(marks) == 2}
        return len(blocked & others) + (self.high_value is True and self.has("work_blocked"))

    @property
    def business_pain(self) -> bool:
        """What lifts a wish above HND-8: blocked work, a deal or renewal, two or more accounts."""
        return self.has("work_blocked") or self._deal() or self.accounts("symptoms") >= 2

    @property
    def dated(self) -> bool:
        """Whether a date is set that this must make."""
        kinds = ("renewal_date", "go_live_date", "deadline_wanted")
        return self._deal() or (
            self.main and any(c.kind in kinds and c.status == "counts" for c in self.facts.measures)
        )

    def _deal(self) -> bool:
        """Whether a deal or renewal depends on this very issue; the signal itself is seen with every issue."""
        return any(claim.issue == self.issue for claim in self.signals.get("deal_or_renewal_at_risk", ()))
