"""`OfflineBackend`: the Protocol of agent/backends/base.py, answered by word rules and a template."""

from typing import TYPE_CHECKING, Final

from agent.backends.base import BackendName, Call, CompareCall, ExtractCall, Reply, TurnCall

if TYPE_CHECKING:
    from datetime import datetime

    from schemas.brief import Brief
    from schemas.context import Context
    from schemas.decision import Decision
    from schemas.facts import Facts
    from schemas.report import FactsReport
    from schemas.ticket import Ticket


class OfflineBackend:
    """No model, no network, no cost. The same call always has the same reply."""

    name: Final[BackendName] = "offline"
    model: Final[str | None] = None

    def extract(self, ticket: "Ticket") -> "FactsReport":
        """The facts that the word rules see."""
        from agent.backends.offline.extraction import extract

        return extract(ticket)

    def draft(
        self, ticket: "Ticket", context: "Context", facts: "Facts", decision: "Decision", now: "datetime"
    ) -> "Brief":
        """The template brief for this decision."""
        from agent.backends.offline.brief import draft

        return draft(ticket, context, facts, decision, now)

    def answer(self, call: Call) -> Reply:
        """One call, one reply. The findings of a repair are not needed: the template was checked before it left."""
        if isinstance(call, CompareCall):
            from schemas.comparison import Comparison

            return Reply(value=Comparison(verdicts=()))  # words alike are not the same fault: a person confirms
        if isinstance(call, TurnCall):
            from agent.backends.offline.talk import turn

            return Reply(turn(call.words, call.result))
        if isinstance(call, ExtractCall):
            return Reply(self.extract(call.ticket))
        return Reply(self.draft(call.ticket, call.context, call.facts, call.decision, call.decision.decided_at))

    async def answer_async(self, call: Call) -> Reply:
        """As `answer`, beside the event loop: word rules wait for nothing, but a long ticket takes them a moment."""
        import asyncio

        return await asyncio.to_thread(self.answer, call)
