"""Reports: what each ticket looked like, for the look-up of patterns, and who said that two are the same."""

import sqlalchemy as sa
from alembic import op

from agent.ledger.tables import UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the full-text index, each database's own."""
    op.create_table(
        "report",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("ticket", sa.Text, nullable=False),
        sa.Column("ticket_sha256", sa.String(64), nullable=False),
        sa.Column("account", sa.Text),
        sa.Column("reported_at", UtcTime, nullable=False),
        sa.Column("escalation", sa.Integer),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("product_area", sa.Text),
        sa.Column("high_value", sa.Boolean),
        sa.Column("blocked", sa.Boolean),
        sa.Column("symptoms", sa.Text, nullable=False),
        sa.Column("terms", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_report"),
        sa.ForeignKeyConstraint(["escalation"], ["escalation.number"], name="fk_report_escalation_escalation"),
        sa.UniqueConstraint("ticket", name="uq_report_ticket"),
    )
    op.create_index("ix_report_reported_at", "report", ["reported_at"])
    op.create_index("ix_report_escalation", "report", ["escalation"])
    op.create_table(
        "code",
        sa.Column("report", sa.Integer, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("report", "value", name="pk_code"),
        sa.ForeignKeyConstraint(["report"], ["report.number"], name="fk_code_report_report"),
    )
    op.create_index("ix_code_value", "code", ["value"])
    op.create_table(
        "verdict",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("ticket", sa.Text, nullable=False),
        sa.Column("other", sa.Text, nullable=False),
        sa.Column("same", sa.Boolean, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("confirmed_by", sa.String(16), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_verdict"),
    )
    op.create_index("ix_verdict_ticket", "verdict", ["ticket"])
    op.create_index("ix_verdict_other", "verdict", ["other"])
    if op.get_bind().dialect.name == "postgresql":
        # `terms` are words already: no language's stemming, no stop words.
        op.execute("CREATE INDEX ix_report_terms ON report USING gin (array_to_tsvector(string_to_array(terms, ' ')))")
        return
    op.execute(
        "CREATE VIRTUAL TABLE report_terms USING fts5(terms, content='', tokenize=\"unicode61 remove_diacritics 0\")"
    )
    op.execute("CREATE VIRTUAL TABLE report_vocabulary USING fts5vocab(report_terms, 'row')")
