"""What should have happened and did not, from all events of an escalation.

Events are looked at in the order in which they happened, so an update that was written down late still counts.
"""

from collections.abc import Iterable, Sequence

from agent.ledger.life import apply
from agent.ledger.timers import breached_before
from agent.policy.settings import Settings
from schemas.ledger import Breach, Event, Record, TimerKind

# Times that are the customer's or the team's own to keep are reminders, and missing them is no breach of cadence.
NO_BREACH: frozenset[TimerKind] = frozenset(("silence", "close"))


def breaches(events: Sequence[Event], settings: Settings) -> tuple[Breach, ...]:
    """Each time that passed unheeded before the next event, once, in the order in which they passed."""
    return _passed(None, (), sorted(events, key=lambda event: (event.at, event.number)), settings)


def with_breaches(record: Record, events: Sequence[Event], settings: Settings, before: Record | None = None) -> Record:
    """The record with its breaches so far. `before`: the record, with its breaches, before the newest of these events.

    Then only these are looked at, unless one of them happened earlier than what was known.
    """
    known = before.version if before is not None else 0
    fresh = sorted(events[known:], key=lambda event: (event.at, event.number))
    if before is not None and all(event.at <= fresh[0].at for event in events[:known]):
        found = _passed(before, before.breaches, fresh, settings)
    else:
        found = breaches(events, settings)
    return record.model_copy(update={"breaches": found})


def _passed(
    record: Record | None, known: tuple[Breach, ...], events: Iterable[Event], settings: Settings
) -> tuple[Breach, ...]:
    found: dict[tuple[TimerKind, object], Breach] = {(b.kind, b.overdue): b for b in known}
    for event in events:
        if record is not None and record.policy_sha256:
            for timer in breached_before(record, settings, event.at):
                if timer.kind not in NO_BREACH:
                    place = (timer.kind, timer.overdue)
                    found[place] = Breach(kind=timer.kind, overdue=timer.overdue, until=event.at)
        record = apply(record, event)
    return tuple(sorted(found.values(), key=lambda breach: (breach.overdue, breach.kind)))
