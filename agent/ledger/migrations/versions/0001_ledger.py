"""Escalations, their events that nobody can change, and their timers."""

import sqlalchemy as sa
from alembic import op

from agent.ledger.tables import UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and the guard that keeps events as they were written."""
    op.create_table(
        "policy",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_policy"),
    )
    op.create_table(
        "result",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_result"),
    )
    op.create_table(
        "escalation",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("urgency", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(16)),
        sa.Column("with_team", sa.String(16)),
        sa.Column("ticket", sa.Text, nullable=False),
        sa.Column("live_ticket", sa.Text),
        sa.Column("account", sa.Text),
        sa.Column("headline", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("deciding_rule", sa.String(16)),
        sa.Column("product_area", sa.Text),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("opened_at", UtcTime),
        sa.Column("updated_at", UtcTime, nullable=False),
        sa.Column("next_due_at", UtcTime),
        sa.Column("next_overdue_at", UtcTime),
        sa.Column("policy_sha256", sa.String(64)),
        sa.Column("record", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_escalation"),
        sa.UniqueConstraint("live_ticket", name="uq_escalation_live_ticket"),
    )
    op.create_index("ix_escalation_ticket", "escalation", ["ticket"])
    op.create_index("ix_escalation_state_urgency", "escalation", ["state", "urgency", "next_due_at"])
    op.create_index("ix_escalation_urgency", "escalation", ["urgency", "next_due_at"])
    op.create_index("ix_escalation_opened_at", "escalation", ["opened_at"])
    op.create_table(
        "event",
        sa.Column("escalation", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("recorded_at", UtcTime, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("through", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("escalation", "number", name="pk_event"),
        sa.ForeignKeyConstraint(["escalation"], ["escalation.number"], name="fk_event_escalation_escalation"),
        sa.UniqueConstraint("key", name="uq_event_key"),
    )
    op.create_table(
        "timer",
        sa.Column("escalation", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("due_at", UtcTime, nullable=False),
        sa.Column("overdue_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("escalation", "number", name="pk_timer"),
        sa.ForeignKeyConstraint(["escalation"], ["escalation.number"], name="fk_timer_escalation_escalation"),
    )
    op.create_index("ix_timer_due_at", "timer", ["due_at"])
    op.create_index("ix_timer_overdue_at", "timer", ["overdue_at"])
    _guard_events()


def _guard_events() -> None:
    """Events can be added, and nothing else: not by this program, and not by a hand in the database."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION event_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'events are never changed or removed'; END $$"
        )
        op.execute(
            "CREATE TRIGGER event_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON event "
            "FOR EACH STATEMENT EXECUTE FUNCTION event_is_kept()"
        )
        return
    # REPLACE removes what it replaces without asking the trigger of DELETE.
    op.execute(
        "CREATE TRIGGER event_no_replace BEFORE INSERT ON event WHEN EXISTS "
        "(SELECT 1 FROM event WHERE (escalation = NEW.escalation AND number = NEW.number) OR key = NEW.key) "
        "BEGIN SELECT RAISE(ABORT, 'events are never changed or removed'); END"
    )
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER event_no_{action.lower()} BEFORE {action} ON event "
            "BEGIN SELECT RAISE(ABORT, 'events are never changed or removed'); END"
        )
