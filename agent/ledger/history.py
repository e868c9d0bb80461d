"""What should have happened and did not, from all events of an escalation.

Events are looked at in the order in which they happened, so an update that was written down late still counts.
"""

from collections.abc import Sequence

from agent.ledger.life import apply
from agent.ledger.timers import breached_before
from agent.policy.settings import Settings
from schemas.ledger import Breach, Event, Record, TimerKind

# Times that are the customer's or the team's own to keep are reminders, and missing them is no breach of cadence.
NO_BREACH: frozenset[TimerKind] = frozenset(("silence", "close"))


def breaches(events: Sequence[Event], settings: Settings) -> tuple[Breach, ...]:
    """Each time that passed unheeded before the next event, once, in the order in which they passed."""
    found: dict[tuple[TimerKind, object], Breach] = {}
    record: Record | None = None
    for event in sorted(events, key=lambda event: (event.at, event.number)):
        if record is not None and record.policy_sha256:
            for timer in breached_before(record, settings, event.at):
                if timer.kind not in NO_BREACH:
                    place = (timer.kind, timer.overdue)
                    found[place] = Breach(kind=timer.kind, overdue=timer.overdue, until=event.at)
        record = apply(record, event)
    return tuple(sorted(found.values(), key=lambda breach: (breach.overdue, breach.kind)))


def with_breaches(record: Record, events: Sequence[Event], settings: Settings) -> Record:
    """The record with its breaches so far."""
    return record.model_copy(update={"breaches": breaches(events, settings)})
