"""The tickets of a run that have no result yet, one after the other, and how each one gets its own."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from agent.backends.base import Backend, Blame, ModelError, ModelUnavailable
from agent.batch.items import Item, Source
from agent.batch.road import Journey
from agent.batch.run_folder import Known, Row, RunFolder
from agent.drafting import Limits
from agent.errors import BadInput
from agent.pipeline import escalate, fallen_back, provenance_of, road
from agent.policy.settings import Settings
from agent.redaction import Vault, redact, told
from schemas.context import Context
from schemas.escalation import Escalation, Provenance
from schemas.redaction import Level
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
    redact: Level = "secrets"
    scan: int = 1

    @cached_property
    def provenance(self) -> Provenance:
        """What makes the results."""
        return provenance_of(self.backend, self.settings)

    def fingerprint(self) -> str:
        """Identity of everything but the ticket that a result depends on."""
        parts = {
            "provenance": self.provenance.model_dump(mode="json"),
            "settings": self.settings.model_dump(mode="json"),
            "context": self.context.model_dump(mode="json"),
            "now": self.now.isoformat() if self.now else None,
            "max_repairs": self.max_repairs,
            "redact": self.redact,
            "max_tokens": getattr(self.backend, "max_tokens", None),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Work:
    """One ticket without a result."""

    item: Item
    place: int
    run: Run
    known: Known

    @property
    def key(self) -> str:
        """The ticket's name in its source."""
        return self.item.key

    def enter(self) -> None:
        """Write down that it is under way, and from when it is decided: its requests can be made again from that."""
        self.run.folder.enter(self.key, self.place, self.known, self.run.scan)

    def as_it_came(self) -> tuple[Ticket, Context]:
        """The ticket with its secrets, and its context, which beats that of all tickets. Raises BadInput."""
        ticket, own = self.item.read()
        return ticket, with_own(self.run.context, own)

    def read(self) -> tuple[Ticket, Context]:
        """The ticket behind the door, and its context. Raises BadInput."""
        return behind_door(*self.as_it_came(), self.run.redact)

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
            result = escalate(
                ticket,
                context=context,
                backend=backend,
                settings=self.run.settings,
                now=self._now(),
                redact=self.run.redact,
            )
        except Exception as failure:  # of this ticket, and it must not cost the others theirs: see `end`
            return failure
        return result if error is None else fallen_back(result, error)

    def end(self, ended: Escalation | Exception) -> None:
        """Write its result, or why there is none."""
        self.finish(ended_as(self.key, ended))

    def finish(self, ended: "Ended") -> None:
        """Write its end."""
        self.run.folder.finish(ended.row, ended.result)

    def _now(self) -> datetime:
        return datetime.fromisoformat(self.known.started)


def with_own(context: Context, own: Context | None) -> Context:
    """The context of all tickets with what one ticket's own says, which beats it."""
    fields = () if own is None else own.model_fields_set
    return context.model_copy(update={name: getattr(own, name) for name in fields})


def behind_door(ticket: Ticket, context: Context, level: Level) -> tuple[Ticket, Context]:
    """Both without secrets: so everything sees them that comes behind the reading.

    Raises BadInput where the packages for `level` are missing.
    """
    redacted = redact(ticket, level)
    return redacted.ticket, redacted.vault.concealed(context)


@dataclass(frozen=True, slots=True)
class Ended:
    """A ticket's end in this run: its row, and its result as JSON where it has one."""

    row: Row
    result: bytes | None = None


def ended_as(key: str, ended: Escalation | Exception) -> Ended:
    """The end that a result or an error is. A model that could not be reached leaves the ticket waiting."""
    if isinstance(ended, Escalation):
        return Ended(row_of(key, ended), ended.model_dump_json().encode())
    if isinstance(ended, ModelError):
        waits = isinstance(ended, ModelUnavailable) and ended.blame != "request"
        return Ended(Row(key, "waiting" if waits else "failed", error=str(ended), usage=ended.usage))
    if isinstance(ended, BadInput):
        # It may repeat a cell or a line of the ticket, and this stays in the run folder.
        return Ended(Row(key, "unreadable", error=Vault().conceal(str(ended))))
    # A fault of this program: it must not cost the other tickets their results.
    error = f"unexpected {type(ended).__name__} in this program: `escalation run` on this ticket tells more"
    return Ended(Row(key, "failed", error=error))


def unfinished(text: str, reason: str, blame: str) -> ModelUnavailable:
    """A failure that was told in another process."""
    kind: Blame = "request" if blame == "request" else "setup" if blame == "setup" else "server"
    return ModelUnavailable(text, reason=reason, blame=kind)


@dataclass(frozen=True)
class Seen:
    """Tickets that are as they were in an earlier run, some hundred at a time, with their places in the source.

    `settled`: so many have a result.
    """

    tickets: tuple[tuple[int, str], ...]
    settled: int
    run: Run

    def write(self) -> None:
        """Write down that the source has them still."""
        self.run.folder.seen(self.tickets, self.run.scan)


def works(source: Source, run: Run, limit: int | None = None) -> Iterator[Work | Seen]:
    """Every ticket of the source that has no result, at most `limit`; those that are left as they are, in `Seen`.

    A result stands as long as nothing that it depends on changed: ticket, context, prompts, schemas, policy, model.
    """
    common = run.fingerprint()
    now = (run.now or datetime.now(UTC)).replace(microsecond=0).isoformat()
    taken = settled = 0
    seen: list[tuple[int, str]] = []
    for place, item in enumerate(items_of(source)):
        fingerprint = fingerprint_of(common, item)
        known = run.folder.known(item.key)
        same = known is not None and known.fingerprint == fingerprint
        has_result = known is not None and same and _settled(known, run)
        if has_result or (limit is not None and taken >= limit):
            if same:
                seen.append((place, item.key))
                settled += has_result
            if len(seen) >= SEEN_TOGETHER:
                yield Seen(tuple(seen), settled, run)
                seen, settled = [], 0
            continue
        taken += 1
        # One that was begun before keeps its time: its requests are the same, and what was paid for is used.
        started = known.started if known is not None and same else now
        yield Work(item, place, run, Known(fingerprint, started, "waiting"))
    yield Seen(tuple(seen), settled, run)


def fingerprint_of(common: str, item: Item) -> str:
    """Identity of all that a ticket's result depends on. `common`: of a run."""
    return hashlib.sha256(f"{common} {item.sha256}".encode()).hexdigest()


def items_of(source: Source) -> Iterator[Item]:
    """As `Source.items`. A file that went away or a disk that fails is the source's, not the run folder's."""
    try:
        yield from source.items()
    except OSError as error:
        raise BadInput(f"{source.name} cannot be read on: {error.strerror or error}; mend it, and run again") from None


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
        redacted=told(result.ticket.redacted) or None,
        usage=result.usage,
    )


def _claude(run: Run) -> "ClaudeBackend":
    from agent.backends.claude import ClaudeBackend

    if not isinstance(run.backend, ClaudeBackend):
        raise TypeError(f"a road on stored answers needs the claude backend, not {run.backend.name}")
    return run.backend
