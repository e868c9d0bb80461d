"""A run written down: the escalation, the ticket's report for later look-ups, and what the model said about others."""

from datetime import datetime

from agent.ledger import patterns
from agent.ledger.door import run_without_secrets
from agent.ledger.fingerprint import fingerprint
from agent.ledger.intake import Taken, take_in
from agent.ledger.memory import Memory
from agent.ledger.store import Author, number_of
from schemas.escalation import Escalation

MODEL = "model"


def record(
    memory: Memory,
    run: Escalation,
    author: Author,
    *,
    now: datetime,
    customer_zone: str | None = None,
    despite: str = "",
    key: str | None = None,
) -> Taken:
    """Write a run into the ledger. Done twice it changes nothing: what a killed first time left out is added.

    Raises Refused where the ticket's escalation is over.
    """
    ledger, run = memory.ledger, run_without_secrets(run)
    taken = take_in(
        ledger,
        run,
        memory.settings,
        author,
        now=now,
        same=memory.same_and_open(run),
        customer_zone=customer_zone,
        despite=despite,
        key=key,
    )
    print_ = fingerprint(run.ticket, run.facts, run.context, run.decision.decided_at)
    escalation = number_of(taken.record.id) if taken.record is not None else None
    with ledger.database.writing() as connection:
        patterns.remember(
            connection,
            ledger.database,
            print_,
            outcome=run.decision.outcome,
            escalation=escalation,
            high_value=run.decision.high_value,
        )
        for similar in run.similar:
            if similar.same is not None and similar.confirmed_by == MODEL:
                patterns.judge(
                    connection,
                    print_.ticket,
                    similar.ticket,
                    same=similar.same,
                    by=run.model or MODEL,
                    confirmed_by=MODEL,
                    why=similar.why,
                    at=now,
                )
    return taken
