"""The road as tools: read, check, decide, outline, validate, one after the other on one case; or all of it at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.errors import BadInput
from agent.tools.bounds import part
from agent.tools.cases import Case
from agent.tools.desk import Caller, Desk
from schemas import road_tools as shapes
from schemas.context import Context, Override
from schemas.vocabulary import Tier

if TYPE_CHECKING:
    from agent.backends.base import Backend, BackendName, Call, ModelError, Reply
    from agent.redaction import Vault
    from schemas.decision import Decision
    from schemas.escalation import Escalation
    from schemas.facts import Claim, Facts
    from schemas.ticket import Ticket


def read_ticket(desk: Desk, given: shapes.ReadTicketInput, _: Caller) -> shapes.TicketPage:
    """The text that quotes must stand in, part by part."""
    case = desk.case_of(given.case, given.ticket, given.path)
    text, following = part(case.ticket.text, given.offset)
    return shapes.TicketPage(
        case=case.handle,
        ticket=_seen(case.ticket),
        text=text,
        offset=given.offset,
        next_offset=following,
        next=what_next("read_ticket", more=following is not None),
    )


def check_facts(desk: Desk, given: shapes.CheckFactsInput, _: Caller) -> shapes.Checked:
    """Ground a report."""
    from agent.grounding.ground import ground

    case = desk.case_of(given.case, given.ticket, given.path)
    report = case.vault.concealed(given.report)
    facts = ground(case.ticket, report)
    # Whatever hung on the former facts goes with them.
    case = desk.cases.keep(Case(case.handle, case.ticket, case.vault, report, facts))
    claims = facts.claims()
    return shapes.Checked(
        case=case.handle,
        ticket=_seen(case.ticket),
        removed=_claims(facts.removed),
        instructions=_instructions(facts),
        not_counting=_claims([claim for claim in claims if claim.status != "counts"]),
        counts=_claims([claim for claim in claims if claim.status == "counts"]),
        next=what_next("check_facts", removed=len(facts.removed), instructions=len(facts.instructions)),
    )


def decide(desk: Desk, given: shapes.DecideInput, _: Caller) -> shapes.Decided:
    """Apply the policy."""
    case = desk.cases.get(given.case)
    return _decided(desk, case, case.vault.concealed(_context(given.context, given.tier)))


def override_decision(desk: Desk, given: shapes.OverrideInput, _: Caller) -> shapes.Decided:
    """Put a person's decision in the policy's place."""
    case = desk.cases.get(given.case)
    if case.decision is None:
        raise BadInput(f"{case.handle} is not decided yet: call decide first, so that the user sees what they overrule")
    if given.by.strip().casefold() == "policy":
        raise BadInput(f"by {given.by[:40]!r} stands for the rules themselves: give the person's name")
    override = Override(
        by=given.by,
        why=given.why,
        at=desk.clock(),
        outcome=given.outcome,
        owner=given.owner,
        severity=given.severity,
        evidence=given.evidence,
    )
    return _decided(desk, case, (case.given or Context()).model_copy(update={"override": override}))


def skeleton(desk: Desk, given: shapes.SkeletonInput, _: Caller) -> shapes.Outline:
    """The outline of the brief."""
    from agent.render import render_skeleton

    case = desk.cases.get(given.case)
    decision, facts, context = _escalating(case)
    text, following = part(render_skeleton(decision, facts, case.ticket, context), given.offset)
    return shapes.Outline(
        case=case.handle,
        outline=text,
        offset=given.offset,
        next_offset=following,
        next=what_next("skeleton", more=following is not None),
    )


def validate_brief(desk: Desk, given: shapes.ValidateBriefInput, _: Caller) -> shapes.Validated:
    """Hold a brief against its case."""
    from agent.commands.open import complete
    from agent.commands.validate import brief_and_findings

    case = desk.cases.get(given.case)
    decision, facts, context = _escalating(case)
    if not given.brief.strip():
        raise BadInput("brief is empty: fill in the outline that skeleton returned, whole, and pass it as `brief`")
    brief, findings = brief_and_findings(
        given.brief.encode(errors="replace"),
        "brief",
        decision,
        facts,
        case.ticket,
        context,
        decision.decided_at,
        case.vault,
    )
    case = desk.cases.change(case, brief=brief, findings=findings, rounds=case.rounds + 1, run=None)
    valid = not any(finding.blocking for finding in findings)
    whole = complete(findings)
    return shapes.Validated(
        case=case.handle,
        valid=valid,
        complete=whole,
        round=case.rounds,
        findings=tuple(sorted(findings, key=lambda finding: not finding.blocking)),
        next=what_next(
            "validate_brief", valid=valid, complete=whole, round=case.rounds, keeps_ledger=desk.keeps_ledger
        ),
    )


def run_ticket(desk: Desk, given: shapes.RunTicketInput, _: Caller) -> shapes.RoadRun:
    """The whole road by the server's own backend."""
    from agent.backends.base import ModelError
    from agent.pipeline import escalate

    redacted, backend = desk.read(given.ticket, given.path), _backend(desk, given)
    context = redacted.vault.concealed(_context(given.context, given.tier))
    try:
        result = escalate(
            redacted.ticket,
            context=context,
            backend=backend,
            settings=desk.settings,
            now=desk.clock(),
            memory=desk.memory(),
            redact=desk.redact,
        )
    except ModelError as error:
        raise BadInput(_failure(error)) from error
    return _ran(desk, result, context, redacted.vault)


async def run_ticket_async(desk: Desk, given: shapes.RunTicketInput, caller: Caller) -> shapes.RoadRun:
    """The same, with progress, and without holding up the event loop."""
    from anyio import to_thread

    from agent.backends.base import ModelError
    from agent.pipeline import escalate_async

    redacted = await to_thread.run_sync(desk.read, given.ticket, given.path)
    context = redacted.vault.concealed(_context(given.context, given.tier))
    backend = _Watched(_backend(desk, given), caller)
    try:
        result = await escalate_async(
            redacted.ticket,
            context=context,
            backend=backend,
            settings=desk.settings,
            now=desk.clock(),
            memory=await to_thread.run_sync(desk.memory),
            redact=desk.redact,
        )
    except ModelError as error:
        raise BadInput(_failure(error)) from error
    await _tell(caller, "done")
    return await to_thread.run_sync(_ran, desk, result, context, redacted.vault)


def guide(_: Desk, given: shapes.GuideInput, __: Caller) -> shapes.GuideText:
    """How to report facts, or how to write the brief."""
    from agent import guides

    text, following = part(guides.guide(given.topic, "tools"), given.offset)
    return shapes.GuideText(topic=given.topic, text=text, offset=given.offset, next_offset=following)


@dataclass(frozen=True, slots=True)
class _Watched:
    """A backend that tells what is asked of it."""

    backend: "Backend"
    caller: Caller

    @property
    def name(self) -> "BackendName":
        return self.backend.name

    @property
    def model(self) -> str | None:
        return self.backend.model

    def answer(self, call: "Call") -> "Reply":
        return self.backend.answer(call)

    async def answer_async(self, call: "Call") -> "Reply":
        from agent.backends.base import CompareCall, ExtractCall

        what = "reading the ticket" if isinstance(call, ExtractCall) else "writing the brief"
        what = "comparing with earlier tickets" if isinstance(call, CompareCall) else what
        await _tell(self.caller, f"{what}{' again, mended' if call.fault is not None else ''}")
        return await self.backend.answer_async(call)


async def _tell(caller: Caller, what: str) -> None:
    if caller.tell is not None:
        await caller.tell(what)


def _backend(desk: Desk, given: shapes.RunTicketInput) -> "Backend":
    from agent.backends import pick_backend

    if desk.backend is None or given.backend == "offline":
        return pick_backend(given.backend, None if given.backend == "offline" else desk.model)
    if given.backend not in ("auto", desk.backend.name):
        raise BadInput(
            f"backend {given.backend!r}: this server was started with {desk.backend.name} only; leave it out"
        )
    return desk.backend


def _failure(error: "ModelError") -> str:
    """What failed, what was decided before that, and the way on."""
    made = error.decision
    decided = f"; decided before that: {made.outcome}, owner {made.owner}, severity {made.severity}" if made else ""
    return (
        f"{error}{decided}. Go on without the server's model: read_ticket, then check_facts with your own report, "
        "or run_ticket with backend offline"
    )


def _ran(desk: Desk, result: "Escalation", given: Context, vault: "Vault") -> shapes.RoadRun:
    from agent.render import render_brief

    decision, brief = result.decision, result.brief
    case = desk.cases.begin(
        result.ticket,
        vault,
        facts=result.facts,
        given=given,
        context=result.context,
        decision=decision,
        similar=result.similar,
        brief=brief,
        findings=result.findings,
        run=result,
    )
    text = None
    if brief is not None:
        text = render_brief(brief, decision, result.ticket, result.context, decision.decided_at, "text")
    assert result.backend != "host"
    return shapes.RoadRun(
        case=case.handle,
        summary=_summary(decision, result.facts),
        backend=result.backend,
        model=result.model,
        warnings=result.warnings,
        brief=text,
        brief_status=result.brief_status,
        findings=tuple(sorted(result.findings, key=lambda finding: not finding.blocking)),
        customer_message=result.customer_message,
        decision=decision,
        next_steps=result.next_steps,
        similar=result.similar,
        instructions=_instructions(result.facts),
        usage=result.usage,
        next=what_next(
            "run_ticket",
            outcome=decision.outcome,
            incomplete=result.brief_status == "incomplete",
            keeps_ledger=desk.keeps_ledger,
        ),
    )


def _decided(desk: Desk, case: Case, given: Context) -> shapes.Decided:
    """As the road does it: what the ledger knows counts in the decision."""
    from agent.caveats import warnings
    from agent.policy.decide import decide as by_policy
    from agent.policy.nextsteps import next_steps

    facts, report = case.facts, case.report
    if facts is None:
        raise BadInput(f"{case.handle} has no facts yet: call check_facts with it and your report first")
    now, context, similar = desk.clock(), given, case.similar
    memory = desk.memory()
    if memory is not None:
        context, similar = memory.conclude(memory.recall(case.ticket, facts, given, now), None)
    decision = by_policy(facts, context, desk.settings, now)
    case = desk.cases.change(
        case,
        given=given,
        context=context,
        decision=decision,
        similar=similar,
        brief=None,
        findings=(),
        rounds=0,
        run=None,
    )
    return shapes.Decided(
        case=case.handle,
        summary=_summary(decision, facts),
        warnings=() if report is None else warnings(case.ticket, report, facts, decision, "host"),
        decision=decision,
        next_steps=next_steps(decision),
        similar=similar,
        next=what_next(
            "decide",
            outcome=decision.outcome,
            override=decision.override is not None,
            unjudged=sum(one.same is None for one in similar),
            keeps_ledger=desk.keeps_ledger,
        ),
    )


def _escalating(case: Case) -> "tuple[Decision, Facts, Context]":
    """What a brief is written from. Raises BadInput where there is no brief to write, yet or at all."""
    if case.facts is None:
        raise BadInput(f"{case.handle} has no facts yet: call check_facts with it and your report, then decide")
    if case.decision is None:
        raise BadInput(f"{case.handle} is not decided yet: call decide first")
    if case.decision.outcome == "handle":
        raise BadInput(
            f"{case.handle} stays in support, so there is no brief to write: tell the user why, and help answer"
        )
    if case.decision.outcome == "needs_info":
        raise BadInput(
            f"{case.handle} needs answers first, so there is no brief to write: put the decision's questions"
        )
    return case.decision, case.facts, case.context or Context()


def _context(known: shapes.Known | None, tier: Tier | None) -> Context:
    values = {} if known is None else {name: getattr(known, name) for name in type(known).model_fields}
    return Context.model_validate({**values, "tier": tier})


def _seen(ticket: "Ticket") -> shapes.TicketSeen:
    from agent.redaction import told

    replaced = (f"Replaced before reading: {told(ticket.redacted)}",) if ticket.redacted else ()
    return shapes.TicketSeen(
        id=ticket.id,
        subject=ticket.subject,
        reporter=ticket.reporter,
        format=ticket.format,
        opened=ticket.opened,
        messages=len(ticket.messages),
        characters=len(ticket.text),
        notes=(*ticket.notes, *replaced),
    )


def _claims(claims: "Sequence[Claim]") -> tuple[shapes.ClaimSeen, ...]:
    names = tuple(shapes.ClaimSeen.model_fields)
    return tuple(shapes.ClaimSeen(**{name: getattr(claim, name) for name in names}) for claim in claims)


def _instructions(facts: "Facts") -> tuple[shapes.InstructionSeen, ...]:
    return tuple(shapes.InstructionSeen(text=found.text, why=found.why) for found in facts.instructions)


def _summary(decision: "Decision", facts: "Facts") -> str:
    from agent.render.report import glance

    seen = glance(decision, facts)
    parts = [seen.outcome, seen.severity, f"by {decision.deciding_rule}" if decision.deciding_rule else ""]
    if decision.deadline is not None:
        parts.append(f"deadline {decision.deadline:%a %Y-%m-%d %H:%M %Z}")
    return ", ".join(part for part in parts if part)


def what_next(after: str, **values: object) -> str:
    """What to do now, in words for the model."""
    from prompts import load

    return " ".join(load(f"tools/next/{after}.md.j2", **values).split())
