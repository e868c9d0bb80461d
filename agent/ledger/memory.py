"""What the ledger knows about a ticket that is being read: its open escalation, a person's decision, who else has this.

A run looks before it decides, so that a pattern, a regression or an override counts in the decision itself.
"""

from dataclasses import dataclass
from datetime import datetime

from agent.ledger import patterns
from agent.ledger.fingerprint import Fingerprint, fingerprint
from agent.ledger.intake import Same
from agent.ledger.life import paused_since
from agent.ledger.naming import ticket_of
from agent.ledger.patterns import Candidate
from agent.ledger.store import PREFIX, Ledger
from agent.policy.settings import Settings
from schemas.comparison import Comparison, Similar
from schemas.context import Context, OpenEscalation, Related
from schemas.escalation import Escalation
from schemas.facts import Facts
from schemas.ledger import ACTIVE, Record
from schemas.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Recall:
    """`context` with what the ledger knows for certain. `earlier`: reports that nobody has compared with this yet."""

    context: Context
    new: Fingerprint
    sure: tuple[Candidate, ...]
    earlier: tuple[Candidate, ...]


class Memory:
    """The ledger as a run sees it. Reads only."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self.ledger, self.settings = ledger, settings

    def recall(self, ticket: Ticket, facts: Facts, context: Context, now: datetime) -> Recall:
        """Before the decision. What the caller gave beats the ledger."""
        record = self.ledger.for_ticket(ticket_of(ticket, facts, context))
        if record is not None:
            context = _with_record(context, record, now)
        new = fingerprint(ticket, facts, context, now)
        found = patterns.look_up(self.ledger.database, new, self.settings.pattern.window_days, now)
        sure = tuple(candidate for candidate in found if candidate.verdict)
        return Recall(context, new, sure, tuple(candidate for candidate in found if not candidate.verdict))

    def conclude(self, recall: Recall, comparison: Comparison | None) -> tuple[Context, tuple[Similar, ...]]:
        """The context that the decision sees, and what is shown: what is confirmed, and what a person may confirm."""
        said = {verdict.ticket: verdict for verdict in comparison.verdicts} if comparison else {}
        similar = [_similar(candidate) for candidate in recall.sure]
        for candidate in recall.earlier:
            verdict = said.get(candidate.ticket)
            if verdict is not None:
                judged = {"same": verdict.same == "yes", "confirmed_by": "model", "why": verdict.reason}
                similar.append(_similar(candidate).model_copy(update=judged))
            elif candidate.likely and sum(s.same is None for s in similar) < patterns.MOST_LIKELY:
                similar.append(_similar(candidate))
        confirmed = [s for s in similar if s.same]
        if not confirmed:
            return recall.context, tuple(similar)
        given = {related.ticket for related in recall.context.related}
        related = [r for r in self._related(recall.new, confirmed) if r.ticket not in given]
        return recall.context.model_copy(update={"related": (*recall.context.related, *related)}), tuple(similar)

    def _related(self, new: Fingerprint, confirmed: list[Similar]) -> list[Related]:
        """All reports that hang together with the confirmed ones."""
        by_support = {s.ticket for s in confirmed if s.confirmed_by == "support"}
        tickets = patterns.group_of(self.ledger.database, new.ticket, [s.ticket for s in confirmed])
        return [
            Related(
                ticket=row["ticket"],
                account=row["account"] or "",
                same="symptoms",
                confirmed_by="support" if row["ticket"] in by_support else "ledger",
                reported=row["reported_at"],
                high_value=row["high_value"],
                blocked=row["blocked"],
                # The same again is a regression; what was reported before the fix is the same fault still.
                resolved=row["resolved_at"] if _before(row["resolved_at"], new.reported_at) else None,
            )
            for row in patterns.reports_of(self.ledger.database, sorted(tickets))
        ]

    def same_and_open(self, run: Escalation) -> Same | None:
        """The open escalation of the same fault, the most recently opened one of several.

        Of a ticket that was confirmed itself, or of one that hangs together with it or that the caller named.
        """
        by = {similar.ticket: similar.confirmed_by for similar in run.similar if similar.same}
        named = {related.ticket: related for related in run.context.related}
        found = []
        for record in self.ledger.open_ones([*by, *(ticket for ticket in named if ticket not in by)]):
            tickets = [ticket for ticket in (record.ticket, *record.tickets) if ticket in by or ticket in named]
            support = any(
                by.get(ticket) == "support" or (ticket in named and named[ticket].confirmed_by == "support")
                for ticket in tickets
            )
            cause = any(ticket in named and named[ticket].same == "cause" for ticket in tickets)
            found.append(Same(record, "cause" if cause else "symptoms", "support" if support else "model"))
        return max(found, key=lambda same: same.record.opened_at or same.record.created_at, default=None)


def _before(resolved: datetime | None, reported: datetime) -> bool:
    return resolved is not None and resolved < reported


def _with_record(context: Context, record: Record, now: datetime) -> Context:
    changes: dict[str, object] = {}
    if context.override is None and record.override is not None:
        changes["override"] = record.override
    if context.open_escalation is None and record.state in ACTIVE and record.severity and record.owner:
        said = [update.at for update in (record.last_internal, record.last_customer) if update]
        changes["open_escalation"] = OpenEscalation(
            id=record.id,
            severity=record.severity,
            owner=record.owner,
            # While it is the customer's turn nobody is neglected (TIM-1).
            last_update=now if paused_since(record) else max((*said, record.opened_at or record.created_at)),
        )
    return context.model_copy(update=changes) if changes else context


def _similar(candidate: Candidate) -> Similar:
    return Similar(
        ticket=candidate.ticket,
        account=candidate.account,
        title=candidate.title,
        reported=candidate.reported_at,
        escalation=f"{PREFIX}{candidate.escalation}" if candidate.escalation is not None else None,
        state=candidate.state,
        same=candidate.verdict,
        confirmed_by="support" if candidate.confirmed_by == "support" else "model" if candidate.verdict else "",
        why=candidate.why,
        shared=(*candidate.shared_codes, *candidate.shared_terms),
    )
