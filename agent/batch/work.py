"""The tickets of a run that have no result yet, one after the other, and how each one gets its own."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from agent.backends.base import Backend, ModelError, ModelUnavailable
from agent.batch.items import Item, Source
from agent.batch.road import Journey
from agent.batch.run_folder import Known, Row, RunFolder
from agent.drafting import Limits
from agent.errors import BadInput
from agent.pipeline import escalate, fallen_back, provenance_of, road
from agent.policy.settings import Settings
from schemas.context import Context
from schemas.escalation import Escalation, Provenance
from schemas.ticket import Ticket

if TYPE_CHECKING:
    from agent.backends.claude import ClaudeBackend


SEEN_TOGETHER = 500


@dataclass(frozen=True)
class Run:
    """What is the same for all tickets of a run. `now`: from when all are decided; None: from when each is begun."""

    folder: RunFolder
    backend: Backend
    settings: Settings
    context: Context = field(default_factory=Context)
    now: datetime | None = None
    max_repairs: int = Limits.max_repairs
    fallback: Literal["offline"] | None = None
    scan: int = 1

    @cached_property
    def provenance(self) -> Provenance:
        """What makes its results, the same for all."""
        return provenance_of(self.backend, self.settings)

    def fingerprint(self) -> str:
        """Identity of everything but the ticket that a result depends on."""
        parts = {
            "provenance": self.provenance.model_dump(mode="json"),
            "settings": self.settings.model_dump(mode="json"),
            "context": self.context.model_dump(mode="json"),
            "now": self.now.isoformat() if self.now else None,
            "max_repairs": self.max_repairs,
            "max_tokens": getattr(self.backend, "max_tokens", None),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Work:
    """One ticket without a result."""

    item: Item
    run: Run
    known: Known

    @property
    def key(self) -> str:
        """The ticket's name in its source."""
        return self.item.key

    def enter(self) -> None:
        """Write down that it is under way, and from when it is decided: its requests can be made again from that."""
        self.run.folder.enter(self.key, self.known, self.run.scan)

    def read(self) -> tuple[Ticket, Context]:
        """The ticket and what is known beside it: its own context beats that of all. Raises BadInput."""
        ticket, own = self.item.read()
        fields = () if own is None else own.model_fields_set
        return ticket, self.run.context.model_copy(update={name: getattr(own, name) for name in fields})

    def journey(self) -> Journey:
        """Its road from the beginning, for a model. Raises BadInput."""
        ticket, context = self.read()
        run = self.run
        way = road(ticket, context, run.settings, self._now(), Limits(run.max_repairs), run.provenance)
        return Journey(way, _claude(run), run.folder.answer)

    def ended_by_rules(self, backend: Backend, error: ModelError | None = None) -> Escalation | Exception:
        """Its result without a model, or why there is none; in place of a model's that failed with `error`."""
        try:
            ticket, context = self.read()
            result = escalate(ticket, context=context, backend=backend, settings=self.run.settings, now=self._now())
        except Exception as failure:  # of this ticket, and it must not cost the others theirs: see `end`
            return failure
        return result if error is None else fallen_back(result, error)

    def end(self, ended: Escalation | Exception) -> None:
        """Write its result, or why there is none. A model that could not be reached leaves it waiting."""
        if isinstance(ended, Escalation):
            row, result = row_of(self.key, ended), ended.model_dump_json().encode()
        elif isinstance(ended, ModelError):
            waits = isinstance(ended, ModelUnavailable) and ended.blame != "request"
            row = Row(self.key, "waiting" if waits else "failed", error=str(ended), usage=ended.usage)
            result = None
        elif isinstance(ended, BadInput):
            row, result = Row(self.key, "unreadable", error=str(ended)), None
        else:  # a fault of this program: it must not cost the other tickets their results
            error = f"unexpected {type(ended).__name__} in this program: `escalation run` on this ticket tells more"
            row, result = Row(self.key, "failed", error=error), None
        self.run.folder.finish(row, result)

    def _now(self) -> datetime:
        return datetime.fromisoformat(self.known.started)


@dataclass(frozen=True)
class Seen:
    """Tickets that are as they were in an earlier run, some hundred at a time. `settled`: so many have a result."""

    keys: tuple[str, ...]
    settled: int
    run: Run

    def write(self) -> None:
        """Write down that the source has them still."""
        self.run.folder.seen(self.keys, self.run.scan)


def works(source: Source, run: Run, limit: int | None = None) -> Iterator[Work | Seen]:
    """Every ticket of the source that has no result, at most `limit`; those that are left as they are, in `Seen`.

    A result stands as long as nothing that it depends on changed: ticket, context, prompts, schemas, policy, model.
    """
    common = run.fingerprint()
    now = (run.now or datetime.now(UTC)).replace(microsecond=0).isoformat()
    taken = settled = 0
    seen: list[str] = []
    for item in source.items():
        fingerprint = hashlib.sha256(f"{common} {item.sha256}".encode()).hexdigest()
        known = run.folder.known(item.key)
        same = known is not None and known.fingerprint == fingerprint
        has_result = known is not None and same and _settled(known, run)
        if has_result or (limit is not None and taken >= limit):
            if same:
                seen.append(item.key)
                settled += has_result
            if len(seen) >= SEEN_TOGETHER:
                yield Seen(tuple(seen), settled, run)
                seen, settled = [], 0
            continue
        taken += 1
        # One that was begun before keeps its time: its requests are the same, and what was paid for is used.
        started = known.started if known is not None and same else now
        yield Work(item, run, Known(fingerprint, started, "waiting"))
    yield Seen(tuple(seen), settled, run)


def _settled(known: Known, run: Run) -> bool:
    """Whether there is nothing more to have: a result that stood in for the model's is better had again."""
    return known.state == "unreadable" or (known.state == "done" and known.backend == run.backend.name)


def row_of(key: str, result: Escalation) -> Row:
    """A result's row: what lists, sums and sorting need of it."""
    decision = result.decision
    title = next((claim.value for claim in result.facts.issues if claim.value), None) or result.ticket.subject
    return Row(
        key,
        "done",
        outcome=decision.outcome,
        owner=decision.owner,
        leadership=decision.leadership,
        severity=decision.severity,
        deadline=decision.deadline.isoformat() if decision.deadline else None,
        brief_status=result.brief_status,
        ticket_id=result.context.ticket_id or result.ticket.id,
        title=title,
        backend=result.backend,
        usage=result.usage,
    )


def _claude(run: Run) -> "ClaudeBackend":
    from agent.backends.claude import ClaudeBackend

    if not isinstance(run.backend, ClaudeBackend):
        raise TypeError(f"a road on stored answers needs the claude backend, not {run.backend.name}")
    return run.backend
