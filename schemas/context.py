"""What the caller knows and the ticket does not say: from CRM, help desk and ledger. Context beats the ticket."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from schemas.base import LocalMoment, Model, Moment
from schemas.vocabulary import Outcome, Owner, Severity, Tier


class Account(Model):
    """The reporting account. `annual_value` is ARR in `currency`."""

    name: str | None = None
    annual_value: Decimal | None = Field(default=None, ge=0)
    currency: str | None = None
    plan: str | None = None
    renewal_date: date | None = None


class Pause(Model):
    """A stretch in which the SLA clock stood still (waiting for the customer). `until` None: still paused."""

    start: Moment
    until: Moment | None = None


class Sla(Model):
    """The service level that applies: when it started and when it is due, both before pauses are counted."""

    started: Moment | None = None
    due: Moment
    pauses: tuple[Pause, ...] = ()
    update_every: float | None = Field(
        default=None,
        gt=0,
        description="Longest time between two updates to the customer, in the unit of the severity's cadence (hours, "
        "support hours, business days); may only tighten it",
    )


class Calendar(Model):
    """Support hours of one office. Days are 0 Monday to 6 Sunday; hours are local, `HH:MM`; `24:00` is midnight."""

    timezone: str = "UTC"
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    opens: str = "09:00"
    closes: str = "17:00"
    holidays: str | None = Field(default=None, description="Country or country-subdivision code, such as DE or US-CA")
    closures: tuple[date, ...] = ()


class Related(Model):
    """Another account's ticket that somebody, or the ledger, found to show the same thing."""

    ticket: str
    account: str
    same: Literal["cause", "symptoms"]
    confirmed_by: Literal["support", "ledger"] = "support"
    reported: Moment | None = None
    high_value: bool | None = None
    blocked: bool | None = None
    resolved: Moment | None = Field(default=None, description="When it was resolved: the same again is a regression")


class OpenEscalation(Model):
    """The escalation that is already open for this ticket."""

    id: str
    severity: Severity
    owner: Owner
    last_update: Moment


class Override(Model):
    """A person's decision. It stands; a later run shows its own view beside it."""

    by: str
    why: str
    at: Moment
    outcome: Outcome
    owner: Owner | None = None
    severity: Severity | None = None
    evidence: str = Field(default="", description="What shows it, where the severity of an open escalation falls")


class Context(Model):
    """Everything optional: what is missing here and in the ticket is unknown, and unknown fires nothing."""

    ticket_id: str | None = None
    tier: Tier | None = None
    account: Account | None = None
    sla: Sla | None = None
    calendar: Calendar | None = None
    related: tuple[Related, ...] = ()
    bug_record: str | None = Field(default=None, description="Open record with the receiving team, such as ENG-123")
    bug_confirmed: bool | None = None
    open_escalation: OpenEscalation | None = None
    override: Override | None = None
    opened: LocalMoment | None = None
