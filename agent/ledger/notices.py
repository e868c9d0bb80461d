"""What is told to a webhook about an event or an overdue time: small JSON, without a word from the ticket."""

import json
from typing import Any

from schemas.ledger import Event, Record


def event_notice(event: Event, record: Record) -> str:
    """The notice of one event. The same event gives the same bytes."""
    return _json(
        {
            "type": f"escalation.{event.data.kind}",
            "timestamp": event.at.isoformat(),
            "data": {"event": event.number, "by": event.by, "team": event.team, **_about(record)},
        }
    )


def _about(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "version": record.version,
        "state": record.state,
        "severity": record.severity,
        "owner": record.owner,
        "with_team": record.with_team,
        "ticket": record.ticket,
        # Policy section 4, need to know: of a Security case nothing is told but that it is there.
        "headline": "" if record.owner == "security" else record.headline,
    }


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
