"""The road: extract → ground → decide → draft → validate, with its repairs, and its two drivers.

`road` is a generator without input or output: it yields calls and is sent replies, or thrown the `ModelError` that a
call ended in. `escalate` and `escalate_async` drive it with a backend. The transport's retries belong to the SDK, the
repairs to tenacity (agent/drafting.py); neither knows of the other, so they never multiply.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from agent.backends.base import (
    Backend,
    Call,
    CompareCall,
    DraftCall,
    ExtractCall,
    Fault,
    MalformedAnswer,
    ModelError,
    Reply,
    total,
)
from agent.drafting import NO_DRAFT, Limits, Meter, ask, draft
from agent.errors import BadInput
from agent.version import program_version
from schemas.comparison import Comparison, Similar
from schemas.context import Context
from schemas.decision import Decision
from schemas.escalation import Escalation, Provenance
from schemas.facts import Facts
from schemas.report import FactsReport
from schemas.ticket import Ticket

if TYPE_CHECKING:
    from agent.ledger.memory import Memory
    from agent.policy.settings import Settings
    from schemas.chat import Correction
    from schemas.redaction import Level

Road = Generator[Call, Reply, Escalation]


def road(
    ticket: Ticket,
    context: Context,
    settings: "Settings",
    now: datetime,
    limits: Limits,
    provenance: Provenance,
    memory: "Memory | None" = None,
    corrections: "tuple[Correction, ...]" = (),
) -> Road:
    """The whole run for one ticket. Raises `ModelError` with the usage of all its calls, and the decision if made.

    With a `memory`, what the ledger knows counts in the decision: an open escalation, an override, who else has this.
    `corrections`: claims that a person took back, which fire nothing.
    """
    from agent.caveats import warnings
    from agent.grounding.ground import ground
    from agent.policy.decide import decide
    from agent.policy.nextsteps import next_steps

    meter = Meter()
    decision: Decision | None = None
    drafted = NO_DRAFT
    try:
        extracted = yield from _extract(ticket, limits, meter)
        report = extracted.value
        if not isinstance(report, FactsReport):
            raise TypeError(f"an ExtractCall was answered with {type(report).__name__}")
        facts = ground(ticket, report, corrections)
        similar: tuple[Similar, ...] = ()
        remarks: tuple[str, ...] = ()
        if memory is not None:
            context, similar, remarks = yield from _remember(memory, ticket, facts, context, now, meter)
        decision = decide(facts, context, settings, now)
        if decision.outcome == "escalate":
            from agent.validate import validate_brief

            call = DraftCall(ticket=ticket, context=context, facts=facts, decision=decision, extracted=extracted)
            check = partial(validate_brief, decision=decision, facts=facts, ticket=ticket, context=context, now=now)
            drafted = yield from draft(call, check, limits, meter)
    except ModelError as error:
        error.usage = meter.usage
        error.decision = decision
        raise

    return Escalation(
        ticket=ticket,
        context=context,
        facts=facts,
        decision=decision,
        brief=drafted.brief,
        brief_status=drafted.status,
        findings=drafted.findings,
        next_steps=next_steps(decision),
        customer_message=drafted.brief.customer_message if drafted.brief else None,
        warnings=(*warnings(ticket, report, facts, decision, provenance.backend), *remarks, *drafted.warnings),
        similar=similar,
        backend=provenance.backend,
        model=provenance.model,
        provenance=provenance,
        usage=meter.usage,
    )


def _remember(
    memory: "Memory", ticket: Ticket, facts: Facts, context: Context, now: datetime, meter: Meter
) -> Generator[Call, Reply, tuple[Context, tuple[Similar, ...], tuple[str, ...]]]:
    """What the ledger adds. Candidates are put to the model; without its answer they stay possible."""
    recall = memory.recall(ticket, facts, context, now)
    comparison: Comparison | None = None
    remarks: tuple[str, ...] = ()
    if recall.earlier:
        from agent.ledger.door import without_secrets

        # A ledger that is older than its door may hold some.
        asked = CompareCall(ticket, recall.new, without_secrets(recall.earlier))
        try:
            reply = yield from ask(asked, meter)
            comparison = reply.value if isinstance(reply.value, Comparison) else None
        except ModelError as error:
            remarks = (f"Whether others have the same could not be asked: {error}",)
    return (*memory.conclude(recall, comparison), remarks)


def _extract(ticket: Ticket, limits: Limits, meter: Meter) -> Generator[Call, Reply, Reply]:
    """The facts. An answer that does not fit the schema is sent back once; strict decoding makes that rare."""
    try:
        return (yield from ask(ExtractCall(ticket), meter))
    except MalformedAnswer as error:
        if limits.max_repairs == 0:
            raise
        fault = Fault(raw=error.raw, findings=error.findings)
    return (yield from ask(ExtractCall(ticket, fault), meter))


def escalate(
    ticket: Ticket | str,
    *,
    context: Context | None = None,
    backend: Backend | str | None = None,
    settings: "Settings | None" = None,
    now: datetime | None = None,
    max_repairs: int = Limits.max_repairs,
    token_budget: int | None = None,
    fallback: Backend | str | None = None,
    memory: "Memory | None" = None,
    corrections: "tuple[Correction, ...]" = (),
    redact: "Level" = "secrets",
) -> Escalation:
    """The decision for a ticket and, where it escalates, the brief.

    `ticket`: read already, or the text of one. `backend`: one, or `claude`, `offline` or `auto` (the default: claude
    where a key is set, else offline). `settings`: else the policy's defaults. `now`: aware, else the clock.
    `max_repairs`, `token_budget`: see `Limits`. `fallback`: runs in the backend's place when its model fails, and the
    result says so; without it `ModelError` is raised. `memory`: a ledger to look into (agent/ledger/memory.py).
    `corrections`: claims that a person took back. `redact`: what is replaced in the ticket before anything reads it
    (agent/redaction); a ticket that was redacted already stays as it is. Raises `BadInput` for what cannot be used.
    """
    limits = Limits(max_repairs, token_budget)
    run = _prepare(ticket, context, backend, settings, now, limits, memory, corrections, redact)
    try:
        return _drive(run(), run.backend)
    except ModelError as error:
        if fallback is None:
            raise
        other = _backend(fallback)
        return fallen_back(_drive(run(other), other), error)


async def escalate_async(
    ticket: Ticket | str,
    *,
    context: Context | None = None,
    backend: Backend | str | None = None,
    settings: "Settings | None" = None,
    now: datetime | None = None,
    max_repairs: int = Limits.max_repairs,
    token_budget: int | None = None,
    fallback: Backend | str | None = None,
    memory: "Memory | None" = None,
    corrections: "tuple[Correction, ...]" = (),
    redact: "Level" = "secrets",
) -> Escalation:
    """As `escalate`, without blocking the event loop."""
    limits = Limits(max_repairs, token_budget)
    run = _prepare(ticket, context, backend, settings, now, limits, memory, corrections, redact)
    try:
        return await _drive_async(run(), run.backend)
    except ModelError as error:
        if fallback is None:
            raise
        other = _backend(fallback)
        return fallen_back(await _drive_async(run(other), other), error)


def _drive(run: Road, backend: Backend) -> Escalation:
    step: Callable[[], Call] = partial(next, run)
    while True:
        try:
            call = step()
        except StopIteration as end:
            result: Escalation = end.value
            return result
        try:
            step = partial(run.send, backend.answer(call))
        except ModelError as error:
            step = partial(run.throw, error)


async def _drive_async(run: Road, backend: Backend) -> Escalation:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    # Grounding, rules and validation take a moment too, and a ledger waits for others: not in the event loop. It is one
    # thread for the whole road, since tenacity keeps the state of a repair loop by thread.
    beside = ThreadPoolExecutor(max_workers=1)
    loop = asyncio.get_running_loop()
    step: Callable[[], Call] = partial(next, run)
    try:
        while True:
            reached = await loop.run_in_executor(beside, _reached, step)
            if isinstance(reached, Escalation):
                return reached
            try:
                step = partial(run.send, await backend.answer_async(reached))
            except ModelError as error:
                step = partial(run.throw, error)
    finally:
        beside.shutdown(wait=False)  # a cancelled road ends with its step, and nobody waits for that


def _reached(step: Callable[[], Call]) -> Call | Escalation:
    """The next call of the road, or its result: no `StopIteration` may leave a thread."""
    try:
        return step()
    except StopIteration as end:
        result: Escalation = end.value
        return result


@dataclass(frozen=True, slots=True)
class _Run:
    """Everything a road starts from; called, it starts one, for its own backend or for another."""

    ticket: Ticket
    context: Context
    settings: "Settings"
    now: datetime
    limits: Limits
    backend: Backend
    memory: "Memory | None"
    corrections: "tuple[Correction, ...]"

    def __call__(self, other: Backend | None = None) -> Road:
        backend = other or self.backend
        # A template gives the same brief again, whatever is held against it.
        limits = Limits(max_repairs=0) if backend.name == "offline" else self.limits
        provenance = provenance_of(backend, self.settings)
        given = (self.ticket, self.context, self.settings, self.now)
        return road(*given, limits, provenance, self.memory, self.corrections)


def _prepare(
    ticket: Ticket | str,
    context: Context | None,
    backend: Backend | str | None,
    settings: "Settings | None",
    now: datetime | None,
    limits: Limits,
    memory: "Memory | None",
    corrections: "tuple[Correction, ...]",
    redact: "Level",
) -> _Run:
    if now is not None and now.utcoffset() is None:
        raise BadInput(f"now {now.isoformat()!r}: expected a time with its zone, such as 2026-03-02T09:00:00+00:00")
    if not isinstance(ticket, Ticket):
        from agent.readers import read_ticket

        ticket = read_ticket(ticket)
    from agent import redaction

    redacted = redaction.redact(ticket, redact)
    ticket, context = redacted.ticket, redacted.vault.concealed(context or Context())
    if settings is None:
        from agent.policy.settings import load_settings

        settings = load_settings(None)
    now = now or datetime.now(UTC).replace(microsecond=0)
    return _Run(ticket, context, settings, now, limits, _backend(backend or "auto"), memory, corrections)


def _backend(given: Backend | str) -> Backend:
    if not isinstance(given, str):
        return given
    from agent.backends import pick_backend

    return pick_backend(given)


def provenance_of(backend: Backend, settings: "Settings") -> Provenance:
    """What makes a result by this backend."""
    prompt, schema = None, None
    if backend.name == "claude":
        from agent.backends.conversation import prompt_sha256
        from schemas.tools import tools_sha256

        prompt, schema = prompt_sha256(), tools_sha256()
    return Provenance(
        backend=backend.name,
        model=backend.model,
        prompt_sha256=prompt,
        schema_sha256=schema,
        policy_version=settings.version,
        version=program_version(),
    )


def fallen_back(result: Escalation, error: ModelError) -> Escalation:
    """The fallback's result, which says what failed and counts what that had cost."""
    warning = f"The model could not be used, the {result.backend} backend ran in its place: {error}"
    return result.model_copy(
        update={"warnings": (warning, *result.warnings), "usage": total(error.usage, result.usage)}
    )
