"""Contradicting statements: the newest dated one wins, the older is kept as history (policy 2.7)."""

from collections.abc import Iterable
from datetime import UTC, datetime

from agent.grounding.fold import fold_text
from agent.grounding.intervals import Intervals
from schemas.facts import Claim
from schemas.ticket import Ticket

SINGLE_VALUED = frozenset(
    {
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
        "deadline_wanted",
        "current_tier",
        "workaround",
        "scope",
        "annual_value",
        "plan",
    }
)
"""Kinds of which one value can hold at a time. Error codes, environments and the like stand side by side."""

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_ALIVE = ("counts", "reported")
_STAFF = ("support", "system")
_Key = tuple[datetime, int]


class Order:
    """When a claim was said: by its message's time, within it by position.

    A message without a time takes that of the one before it; the head comes first. A time without a zone is read as
    UTC: within one ticket that keeps the order. What was added to a ticket was said after all that stood there,
    whatever its clock says beside times without a zone.
    """

    def __init__(self, ticket: Ticket) -> None:
        self._times: list[datetime] = []
        last = _EARLIEST
        for message in ticket.messages:
            if message.time is not None:
                last = message.time if message.time.tzinfo else message.time.replace(tzinfo=UTC)
            if message.added:
                last = max([last, *self._times])
            self._times.append(last)
        self._quoted = Intervals((span.start, span.end) for span in ticket.spans if span.kind == "quoted")

    def key(self, claim: Claim) -> _Key:
        """Comparable moment of a claim that has evidence."""
        if claim.evidence is None:
            return _EARLIEST, -1
        index = claim.evidence.message
        return (_EARLIEST if index is None else self._times[index]), claim.evidence.start

    def is_repeated(self, claim: Claim) -> bool:
        """Whether the claim stands in a quoted part: older words carried along, not a new statement."""
        return claim.evidence is not None and self._quoted.at(claim.evidence.start) is not None


def withdraw(signals: list[Claim], takes_back: set[str], order: Order) -> list[Claim]:
    """Mark what a later entry takes back. `takes_back` holds the ids of those entries.

    Staff take back anything; the customer what the customer or quoted text said; quoted text nothing.
    """
    takers = [c for c in signals if c.id in takes_back and c.status == "withdrawn" and c.asserted_by != "quoted"]
    settled = []
    for claim in signals:
        taker = None if claim.id in takes_back or claim.status not in _ALIVE else _taker(claim, takers, order)
        if taker is not None:
            reason = f"taken back by {_who(taker)}"
            claim = claim.model_copy(update={"status": "withdrawn", "reason": reason})
        settled.append(claim)
    return settled


def _taker(claim: Claim, takers: list[Claim], order: Order) -> Claim | None:
    for taker in takers:
        if (taker.kind, taker.issue) != (claim.kind, claim.issue):
            continue
        if taker.asserted_by not in _STAFF and claim.asserted_by in _STAFF:
            continue
        if order.key(taker) > order.key(claim) or order.is_repeated(claim):
            return taker
    return None


def supersede(claims: list[Claim], order: Order) -> list[Claim]:
    """Mark values that a newer statement replaced. A `reported` value never replaces one that counts."""
    replaced: dict[str, Claim] = {}
    series: dict[tuple[str, str, int], list[Claim]] = {}
    for claim in claims:
        if claim.kind in SINGLE_VALUED and claim.status in _ALIVE:
            series.setdefault((claim.kind, fold_text(claim.subject), claim.issue), []).append(claim)
    for group in series.values():
        if len(group) > 1:
            _replace(sorted(group, key=order.key), replaced, order)
    return [_superseded(claim, replaced.get(claim.id)) for claim in claims] if replaced else claims


def _one_breath(a: Claim, b: Claim) -> bool:
    """Whether one message says both: two numbers there count two things, such as today's value and the usual one."""
    if a.group != "measure" or a.evidence is None or b.evidence is None:
        return False
    return a.evidence.message is not None and a.evidence.message == b.evidence.message


def _replace(group: list[Claim], replaced: dict[str, Claim], order: Order) -> None:
    fresh = [c for c in group if c.asserted_by != "quoted" and not order.is_repeated(c)] or group
    counting = [c for c in fresh if c.status == "counts"]
    for newest in filter(None, (_last(counting), _last(fresh))):
        for older in group:
            if older.id == newest.id or older.id in replaced or order.key(older) > order.key(newest):
                continue
            if _one_breath(older, newest):
                continue
            if (newest.status == "counts" or older.status != "counts") and not same_value(older.value, newest.value):
                replaced[older.id] = newest


def _last(claims: list[Claim]) -> Claim | None:
    return claims[-1] if claims else None


def _superseded(claim: Claim, newer: Claim | None) -> Claim:
    if newer is None:
        return claim
    value = " ".join(newer.value.split())[:60]
    return claim.model_copy(update={"status": "superseded", "reason": f"replaced by {value!r}, said by {_who(newer)}"})


def same_value(one: str, other: str) -> bool:
    """Whether two values are one, folded or by their numbers."""
    if fold_text(one) == fold_text(other):
        return True
    from agent.notation import numbers

    return bool(_values(numbers(one))) and _values(numbers(one)) == _values(numbers(other))


def _values(found: Iterable[object]) -> list[object]:
    return [getattr(number, "value", None) for number in found]


def _who(claim: Claim) -> str:
    time = claim.evidence.time if claim.evidence else None
    return f"{claim.asserted_by}, {time:%Y-%m-%d %H:%M}" if time else f"{claim.asserted_by}, later in the ticket"
