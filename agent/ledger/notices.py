"""What is told to a webhook about an event or an overdue time: small JSON, of the ticket only its id and headline."""

import json
from collections.abc import Mapping
from typing import Any

from schemas.decision import Decision
from schemas.ledger import Event, Record, Timer

KINDS = {
    "acknowledge": "acknowledgement",
    "internal": "follow-up with the team",
    "customer": "customer update",
    "deadline": "answer to the ask",
    "sla": "SLA",
    "silence": "the customer's silence",
    "handover": "hand-over",
    "promise": "promise to the customer",
    "close": "closing the loop",
}
"""A clock in a word or two, where what it is about is not to be told."""


def event_notice(event: Event, record: Record) -> str:
    """The notice of one event. The same event gives the same bytes."""
    return _json(
        {
            "type": f"escalation.{event.data.kind}",
            "timestamp": event.at.isoformat(),
            "data": {"event": event.number, "by": event.by, "team": event.team, **_about(record)},
        }
    )


def overdue_notice(record: Record, timer: Timer) -> str:
    """The notice of a time that passed without what was due. Not what is due: that may repeat the ticket's words."""
    return _json(
        {
            "type": "escalation.overdue",
            "timestamp": timer.overdue.isoformat(),
            "data": {
                "kind": timer.kind,
                "who": timer.who,
                "due": timer.due.isoformat(),
                "overdue": timer.overdue.isoformat(),
                **_about(record),
            },
        }
    )


def need_to_know(record: Record) -> bool:
    """Whether nothing may be told but that it is there (policy section 4): a Security case, also by a person's word."""
    return _of_security(record.owner, record.override.owner if record.override is not None else None)


def need_to_know_row(record: Mapping[str, Any]) -> bool:
    """The same of a record as the lists have it, as plain data."""
    return _of_security(record.get("owner"), (record.get("override") or {}).get("owner"))


def need_to_know_of(decision: Decision) -> bool:
    """The same of a decision that no ledger follows."""
    return _of_security(decision.owner, decision.own_view.owner if decision.own_view is not None else None)


def _of_security(*owners: str | None) -> bool:
    """`owners`: who has it, and who a person or the rules say should."""
    return "security" in owners


def _about(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "version": record.version,
        "state": record.state,
        "severity": record.severity,
        "owner": record.owner,
        "with_team": record.with_team,
        "ticket": record.ticket,
        "headline": "" if need_to_know(record) else record.headline,
    }


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
