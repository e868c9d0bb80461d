"""Ledgers and escalations for tests: one that is open, with as little as it needs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from agent.ledger.database import Database
from agent.ledger.store import Author, Ledger, Written, sha256_of
from agent.policy.settings import load_settings
from schemas.context import Calendar
from schemas.ledger import Data, Opened

FRIDAY = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)  # 18:00 in Berlin, an hour after closing
ANA = Author("Ana Lima")
JO = Author("Jo Park", "engineering")
BERLIN = Calendar(timezone="Europe/Berlin", holidays="DE-BE")


def opening(**fields: Any) -> Opened:
    """A Critical escalation to Engineering via L2, of a ticket at Nordwind."""
    settings = load_settings()
    values: dict[str, Any] = {
        "ticket": "HD-1",
        "ticket_sha256": "0" * 64,
        "headline": "Portal down for all users",
        "account": "Nordwind",
        "severity": "critical",
        "owner": "engineering",
        "next_hop": "engineering",
        "deciding_rule": "TEC-3",
        "rules": ("TEC-3",),
        "ask": "fix the login and say which release holds it",
        "calendar": BERLIN,
        "policy_version": settings.version,
        "policy_sha256": sha256_of(settings.model_dump_json()),
        "result_sha256": "",
    }
    values |= fields
    values.setdefault("accounts", (values["account"],) if values["account"] else ())
    return Opened(**values)


def open_one(ledger: Ledger, at: datetime = FRIDAY, *, author: Author = ANA, **fields: Any) -> Written:
    """Open one in the ledger."""
    return ledger.begin(opening(**fields), author, at=at, now=at, settings=load_settings())


class Life:
    """One escalation whose events follow one another; times are hours after its opening."""

    def __init__(self, url: str, **fields: Any) -> None:
        self.ledger = Ledger(Database(url))
        self.written = open_one(self.ledger, **fields)
        self.id = self.written.record.id

    def then(self, data: Data, hours: float, author: Author = ANA, *, why: str = "", **options: Any) -> Written:
        """One more event."""
        at = FRIDAY + timedelta(hours=hours)
        self.written = self.ledger.append(self.id, data, author, at=at, now=at, why=why, **options)
        return self.written
