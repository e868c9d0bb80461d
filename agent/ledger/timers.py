"""What is owed on an escalation, by whom and by when (policy sections 6 and 7). Each time can show its arithmetic.

Pure: a record and its policy give its timers, whatever time it is. Whether one is due is for the reader to see.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cached_property

from agent.ledger.life import paused_since, phase
from agent.ledger.moments import DAYS, span, when
from agent.ledger.reckoning import Clock, Reckoning
from agent.policy import clock
from agent.policy.settings import CadenceBounds, Settings
from schemas.ledger import ACTIVE, Record, Timer, TimerKind
from schemas.vocabulary import OWNER_LABEL, Severity

SUPPORT = "Support"
LONGEST_ASK = 80  # characters of it in a list; the whole stands in the record
UNIT = {"critical": "hours", "high": "support hours", "medium": "business days"}


def timers(record: Record, settings: Settings, *, explain: bool = False) -> tuple[Timer, ...]:
    """All running timers, soonest due first. With `explain` each carries its lines.

    Raises BadInput for a calendar that never opens.
    """
    book = _Book(record, settings, explain)
    return tuple(sorted(book.all(), key=lambda timer: (timer.due, timer.kind)))


def breached_before(record: Record, settings: Settings, moment: datetime) -> tuple[Timer, ...]:
    """Timers of this record that ran out before `moment`: what should have happened by then, and had not.

    An acknowledgement is late from the time on by which it was wanted, whatever steps of the ladder were taken since.
    """
    book = _Book(record, settings, explain=False)
    running = (book.first_step(timer) if timer.kind == "acknowledge" else timer for timer in timers(record, settings))
    return tuple(timer for timer in running if timer.overdue < moment)


def acknowledge_amount(severity: Severity, settings: Settings) -> float:
    """How long a team has to acknowledge, in the severity's unit.

    Critical: the policy's minutes. High and Medium have no such time in the policy; what support would ask about at its
    first internal follow-up is taken.
    """
    if severity == "critical":
        return settings.deadline.critical_minutes / 60
    bounds: CadenceBounds = getattr(settings.cadence, severity)
    return bounds.internal[0]


@dataclass(frozen=True)
class _Book:
    record: Record
    settings: Settings
    explain: bool

    @cached_property
    def severity(self) -> Severity:
        return self.record.severity or "medium"

    @cached_property
    def clock(self) -> Clock:
        """For what the teams owe each other: a customer's turn does not stop it."""
        return Clock(clock.Hours.of(self.record.calendar))

    @cached_property
    def customer_clock(self) -> Clock:
        """For what is owed to the customer: it stands still while it is the customer's turn."""
        return Clock(self.clock.hours, self.record.pauses)

    @cached_property
    def zone(self) -> tzinfo:
        return self.clock.hours.zone

    @cached_property
    def bounds(self) -> CadenceBounds:
        bounds: CadenceBounds = getattr(self.settings.cadence, self.severity)
        return bounds

    @cached_property
    def team(self) -> str:
        return OWNER_LABEL[self.record.with_team or self.record.owner or "l2_support"]

    def all(self) -> Iterator[Timer]:
        record = self.record
        if record.state == "draft" or record.state == "closed":
            return
        if record.state not in ACTIVE:
            yield from self._ending()
            return
        waiting = paused_since(record)
        unacknowledged = phase(record) in ("open", "reopened")
        steps = len(self.settings.ladder.steps)
        if unacknowledged and record.chased < steps:
            yield self._acknowledge()
        else:  # before that the ladder asks for the same thing, and sooner
            yield self._internal()
        if record.receiver:
            yield self._handover()
        if phase(record) != "monitoring":
            deadline = self._deadline()
            if deadline is not None:
                yield deadline
        for promise in record.promises:
            if promise.kept is None and promise.due is not None:
                yield self._timer(
                    "promise",
                    SUPPORT,
                    f"Keep what was promised to the customer: {promise.text}",
                    promise.due,
                    promise.due,
                    [f"Promised to the customer in event {promise.event}, for {when(promise.due, self.zone)}"],
                )
        if waiting is not None:
            yield self._silence(waiting)
            return
        yield self._customer()
        sla = self._sla()
        if sla is not None:
            yield sla

    def _timer(self, kind: TimerKind, who: str, what: str, due: datetime, overdue: datetime, lines: list[str]) -> Timer:
        return Timer(
            kind=kind, who=who, what=what, due=due, overdue=overdue, lines=tuple(lines) if self.explain else ()
        )

    def _say(self, start: str, reckoning: Reckoning, rule: str, result: str) -> list[str]:
        """A reckoning in lines: where it starts, by which rule, each stretch, and what comes out."""
        if not self.explain:
            return []
        return [
            f"{start}: {when(reckoning.start, self.zone)}",
            rule,
            *reckoning.explain(),
            f"{result}: {when(reckoning.moment, self.zone)}",
        ]

    def _hours_line(self, *, days: bool = False) -> list[str]:
        """The calendar, where it matters; `days`: for what counts in business days at any severity."""
        if not self.explain or (self.severity == "critical" and not days):
            return []
        calendar = self.record.calendar
        open_on = ", ".join(DAYS[day] for day in sorted(set(calendar.days)))
        holidays = f", holidays of {calendar.holidays}" if calendar.holidays else ""
        return [f"Support hours: {open_on} {calendar.opens} to {calendar.closes} {calendar.timezone}{holidays}"]

    def first_step(self, timer: Timer) -> Timer:
        """The timer of the acknowledgement as it was before any step of the ladder."""
        by = self.clock.after(
            self.severity, self._reached()[0], acknowledge_amount(self.severity, self.settings)
        ).moment
        return timer.model_copy(update={"due": by, "overdue": by})

    def _reached(self) -> tuple[datetime, str]:
        """From when on the team has to acknowledge, and why from then."""
        start = self.record.routed_at or self.record.created_at
        if self.record.severity_at is not None and self.record.severity_at > start:
            return self.record.severity_at, f"Severity became {self.severity.capitalize()}"
        return start, f"Reached {self.team}"

    def _acknowledge(self) -> Timer:
        """Step n of the ladder is due when the time to acknowledge has passed n times."""
        record = self.record
        amount = acknowledge_amount(self.severity, self.settings)
        start, begun = self._reached()
        step = record.chased + 1
        first = self.clock.after(self.severity, start, amount)
        due = self.clock.after(self.severity, start, amount * step)
        following = self.clock.after(self.severity, start, amount * (step + 1))
        words = self.settings.ladder.steps
        unit = f"{self.settings.deadline.critical_minutes:g} minutes" if self.severity == "critical" else ""
        rule = f"{self.severity.capitalize()}: to be acknowledged within {unit or _amount(amount, UNIT[self.severity])}"
        if step > 1:
            rule += f", so by {when(first.moment, self.zone)}; step {step} when that time has passed {step} times"
        result = "To be acknowledged by" if step == 1 else f"Step {step} of {len(words)} due"
        lines = [*self._hours_line(), *self._say(begun, due, rule, result)]
        what = f"{self.team} is to acknowledge; if not: {words[step - 1]} (step {step} of {len(words)})"
        return self._timer("acknowledge", SUPPORT, what, due.moment, following.moment, lines)

    def _cadence(
        self, kind: TimerKind, what: str, start: datetime, begun: str, low: float, high: float, rule: str
    ) -> Timer:
        running = self.customer_clock if kind == "customer" else self.clock
        due = running.after(self.severity, start, low)
        overdue = running.after(self.severity, start, high)
        lines = [*self._hours_line(), *self._say(begun, due, rule, "Due")]
        first, last = due.moment, overdue.moment
        changed = self.record.severity_at
        if changed is not None and first <= changed:
            # Policy section 6: what is past by the new severity is due now. It gets the shortest time there is before
            # it counts as overdue, else a change of severity would itself be a breach.
            grace = timedelta(minutes=self.settings.deadline.critical_minutes)
            if self.severity == "critical":
                first, least = running.on_clock(changed, timedelta()).moment, running.on_clock(changed, grace).moment
            else:  # in support hours, so from the next opening on
                first = running.support_time(changed, timedelta()).moment
                least = running.support_time(changed, grace).moment
            last = max(last, least)
            then = "then" if first == changed else when(first, self.zone)
            lines.append(f"Severity changed {when(changed, self.zone)}, after that time: due {then}")
        counted = (
            f"Overdue after {_amount(high, UNIT[self.severity])}"
            if last == overdue.moment
            else f"Overdue {span(last - first)} later"
        )
        lines.append(f"{counted}: {when(last, self.zone)}")
        return self._timer(kind, SUPPORT, what, first, last, lines)

    def _internal(self) -> Timer:
        record = self.record
        low, high = self.bounds.internal
        start = record.last_contact or record.routed_at or record.created_at
        rule = f"{self.severity.capitalize()}: internal follow-up every {_range(low, high, UNIT[self.severity])}"
        what = f"Check with {self.team} for progress"
        if phase(record) == "monitoring":
            what += "" if record.root_cause else "; the root cause is still unknown"
        return self._cadence("internal", what, start, f"Last word with {self.team}", low, high, rule)

    def _customer(self) -> Timer:
        record = self.record
        low, high, rule = self._customer_bounds()
        opened, begun = record.opened_at or record.created_at, "Escalated"
        if record.reopened_at is not None and record.reopened_at > opened:
            opened, begun = record.reopened_at, "Reopened"
        start = opened
        if record.last_customer is not None and record.last_customer.at > opened:
            start, begun = record.last_customer.at, f"Last update to the customer (event {record.last_customer.event})"
        names = ", ".join(record.accounts)
        several = "s, each in their own ticket" if len(record.accounts) > 1 else ""
        what = f"Update the customer{several}{f' ({names})' if names else ''}, news or not"
        return self._cadence("customer", what, start, begun, low, high, rule)

    def _customer_bounds(self) -> tuple[float, float, str]:
        """The seed's table; an SLA may tighten it, only a recorded contract term loosens it (policy section 6)."""
        low, high = self.bounds.customer
        unit = UNIT[self.severity]
        rule = f"{self.severity.capitalize()}: customer update every {_range(low, high, unit)}"
        term, sla = self.record.term, self.record.sla
        if term is not None:
            wanted = term.customer_hours
            return wanted, wanted, f"Contract term ({term.source}): customer update every {_amount(wanted, unit)}"
        if sla is not None and sla.update_every is not None and sla.update_every < high:
            wanted = sla.update_every
            return min(low, wanted), wanted, f"{rule}; the SLA tightens that to {_amount(wanted, unit)}"
        return low, high, rule

    def _deadline(self) -> Timer | None:
        """The ask's deadline. A change of severity or a reopening sets it anew, from that moment."""
        record = self.record
        due, basis = record.deadline, record.deadline_basis
        if record.opened_at is None or record.answered_at is not None:
            return None
        if record.severity_at is not None or due is None:  # another team does not move what was agreed
            since = record.severity_at or record.opened_at
            agreed = record.deadline if record.raised else None
            due, basis = clock.deadline(self.severity, since, self.clock.hours, self.settings)
            if record.sla is not None and since < record.sla.due < due:
                due, basis = record.sla.due, "The SLA runs out then"
            if agreed is not None and since < agreed < due:  # raised is never later
                due, basis = agreed, record.deadline_basis
        if self.severity == "critical":
            return None  # the policy's deadline for Critical is the acknowledgement, which has its own timer
        what = f"Answer the ask{f': {_clipped(record.ask)}' if record.ask else ''}"
        return self._timer(
            "deadline", OWNER_LABEL[record.owner or "l2_support"], what, due, due, [f"{basis}: {when(due, self.zone)}"]
        )

    def _sla(self) -> Timer | None:
        record, sla = self.record, self.record.sla
        if sla is None:
            return None
        sla = sla.model_copy(update={"pauses": (*sla.pauses, *record.pauses)})
        if any(pause.until is None for pause in sla.pauses):
            return None  # it stands still
        latest = max((pause.until for pause in sla.pauses if pause.until), default=sla.due)
        breach = clock.sla_due(sla, latest)
        whole = sla.due - sla.started if sla.started else timedelta()
        margin = max(timedelta(minutes=self.settings.sla.at_risk_minutes), whole * self.settings.sla.at_risk_share)
        lines = [f"SLA due {when(sla.due, self.zone)}"]
        if breach != sla.due:
            lines.append(f"Plus {span(breach - sla.due)} of pauses: {when(breach, self.zone)}")
        lines.append(f"At risk {span(margin)} before: {when(breach - margin, self.zone)}")
        if record.last_customer is not None and record.last_customer.at > breach:
            return None  # it was breached, and the customer has heard from us since: more cannot be done for it
        what = "Keep the SLA; once it is breached, tell the customer"
        return self._timer("sla", SUPPORT, what, breach - margin, breach, lines)

    def _silence(self, since: datetime) -> Timer:
        record, settings = self.record, self.settings.silence
        start = since
        if record.last_customer is not None:
            start = max(start, record.last_customer.at)
        due = self.clock.business_days(start, settings.business_days)
        overdue = self.clock.business_days(start, settings.business_days + 1)
        left = record.reminders < settings.reminders
        what = (
            f"The customer has not answered: remind them ({record.reminders + 1} of {settings.reminders})"
            if left
            else f"The customer has not answered {settings.reminders} reminders: decide how it goes on"
        )
        rule = f"No answer for {settings.business_days} business days while it is the customer's turn"
        lines = [*self._hours_line(days=True)]
        lines += self._say("Waiting since" if start == since else "Last reminder", due, rule, "Due")
        return self._timer("silence", SUPPORT, what, due.moment, overdue.moment, lines)

    def _handover(self) -> Timer:
        record = self.record
        amount = acknowledge_amount(self.severity, self.settings)
        start, begun = record.state_at, "Handed over"
        if record.severity_at is not None and record.severity_at > start:
            start, begun = record.severity_at, f"Severity became {self.severity.capitalize()}"
        due = self.clock.after(self.severity, start, amount)
        rule = f"{self.severity.capitalize()}: to be taken on within the time to acknowledge, {due.amount}"
        lines = [*self._hours_line(), *self._say(begun, due, rule, "Due")]
        what = f"Take on the hand-over ({record.receiver})"
        return self._timer("handover", record.receiver, what, due.moment, due.moment, lines)

    def _ending(self) -> Iterator[Timer]:
        """What is owed after a resolution, a rejection or a return: the customer must know, and the loop be closed."""
        record = self.record
        ended = record.ended_at or record.state_at
        if not record.told_end:
            low, high, rule = self._customer_bounds()
            what = {
                "resolved": "Confirm with the customer that it is solved",
                "rejected": "Tell the customer how it goes on",
            }.get(record.state, "Tell the customer how it ended")
            state = record.state.replace("_", " ").capitalize()
            yield self._cadence("customer", what, ended, state, low, high, rule)
        if record.state != "closed":
            days = self.settings.closing.business_days
            due = self.clock.business_days(ended, days)
            overdue = self.clock.business_days(ended, days + 1)
            rule = f"To be closed within {days} business day{'' if days == 1 else 's'}"
            state = record.state.replace("_", " ").capitalize()
            lines = [*self._hours_line(days=True), *self._say(state, due, rule, "Due")]
            what = {
                "resolved": "Close the loop: tell the team, update the ticket, write down what was learned",
                "rejected": f"Take the way on ({_clipped(record.way_on)}), then reopen it or close it",
            }.get(record.state, "Solve it in support, then resolve it and close it")
            yield self._timer("close", SUPPORT, what, due.moment, overdue.moment, lines)


def _amount(amount: float, unit: str) -> str:
    return f"{amount:g} {unit.removesuffix('s') if amount == 1 else unit}"


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_ASK else f"{text[:LONGEST_ASK].rsplit(' ', 1)[0]} …"


def _range(low: float, high: float, unit: str) -> str:
    return _amount(low, unit) if low == high else f"{low:g} to {high:g} {unit}"
