"""The tables, for SQLite and PostgreSQL alike. What makes and changes them is in migrations/; a test holds both equal.

`event` is the truth and is never changed: the database itself refuses it. `escalation` and `timer` are made from it on
each write, so that lists and due times are an index away; `escalation ledger check` compares them.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class UtcTime(TypeDecorator[datetime]):
    """A moment. Only aware times go in, only UTC comes out, also where the database has no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; SQLite stores it without saying so."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Back to an aware time in UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if dialect.name == "sqlite" else moment.astimezone(UTC)


# Names for every constraint, so that later migrations can speak of them on both databases.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

policy = Table(
    "policy",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("version", Text, nullable=False),
    Column("body", Text, nullable=False),
)

result = Table(
    "result",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column(
        "body", Text, nullable=False
    ),  # facts with their evidence, context, decision, brief; never the ticket's text
)

escalation = Table(
    "escalation",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", String(24), nullable=False),
    Column("urgency", Integer, nullable=False),  # 3 Critical, 2 High, 1 Medium, 0 none
    Column("owner", String(16)),
    Column("with_team", String(16)),
    Column("ticket", Text, nullable=False),
    Column("live_ticket", Text),  # the ticket until the end: two at once would be twins
    Column("account", Text),
    Column("headline", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("deciding_rule", String(16)),
    Column("product_area", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("opened_at", UtcTime),
    Column("updated_at", UtcTime, nullable=False),
    Column("next_due_at", UtcTime),
    Column("next_overdue_at", UtcTime),
    Column("policy_sha256", String(64)),
    Column("record", Text, nullable=False),
    UniqueConstraint("live_ticket"),
    Index("ix_escalation_ticket", "ticket"),
    Index("ix_escalation_state_urgency", "state", "urgency", "next_due_at"),
    Index("ix_escalation_urgency", "urgency", "next_due_at"),
    Index("ix_escalation_opened_at", "opened_at"),
)

event = Table(
    "event",
    metadata,
    Column("escalation", Integer, ForeignKey("escalation.number"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("through", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    UniqueConstraint("key"),
)

timer = Table(
    "timer",
    metadata,
    Column("escalation", Integer, ForeignKey("escalation.number"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("overdue_at", UtcTime, nullable=False),
    Index("ix_timer_due_at", "due_at"),
    Index("ix_timer_overdue_at", "overdue_at"),
)

report = Table(
    "report",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("ticket", Text, nullable=False),
    Column("ticket_sha256", String(64), nullable=False),
    Column("account", Text),
    Column("reported_at", UtcTime, nullable=False),
    Column("escalation", Integer, ForeignKey("escalation.number")),
    Column("outcome", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("product_area", Text),
    Column("high_value", Boolean),
    Column("blocked", Boolean),
    Column("symptoms", Text, nullable=False),  # a JSON list of short texts, for a person or a model to compare
    Column("terms", Text, nullable=False),  # what the symptoms come down to, for the index
    UniqueConstraint("ticket"),
    Index("ix_report_reported_at", "reported_at"),
    Index("ix_report_escalation", "escalation"),
)

code = Table(
    "code",
    metadata,
    Column("report", Integer, ForeignKey("report.number"), primary_key=True),
    Column("value", Text, primary_key=True),
    Index("ix_code_value", "value"),
)

verdict = Table(
    "verdict",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("ticket", Text, nullable=False),
    Column("other", Text, nullable=False),  # the earlier ticket
    Column("same", Boolean, nullable=False),
    Column("by", Text, nullable=False),
    Column("confirmed_by", String(16), nullable=False),  # support or model
    Column("why", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("ix_verdict_ticket", "ticket"),
    Index("ix_verdict_other", "other"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("key", Text, nullable=False),  # the receiver's message id
    Column("created_at", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcTime),
    Column("sent_at", UtcTime),
    Column("error", Text, nullable=False),
    UniqueConstraint("key"),
    Index("ix_outbox_next_attempt_at", "next_attempt_at"),
)
