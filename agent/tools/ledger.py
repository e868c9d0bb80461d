"""The ledger as tools (policy section 7). Each write is the event that the command line's verb makes."""

import argparse
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from agent.errors import BadInput
from agent.tools.bounds import LONGEST_BODY, fitting
from agent.tools.cases import Case
from agent.tools.desk import Caller, Desk
from agent.tools.road import what_next
from schemas import ledger_tools as shapes
from schemas.context import Context

if TYPE_CHECKING:
    from agent.ledger import store
    from schemas.ledger import Record

# Tool's step: the verb, what it needs besides `id`, and what else it may say.
STEPS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "acknowledge": ("ack", (), ()),
    "reject": ("reject", ("reason",), ("way_on",)),
    "chase": ("chase", ("whom",), ("ladder_step",)),
    "hand_over": ("handover", ("to",), ("to_team", "note")),
    "monitor": ("monitor", ("text",), ()),
    "pause": ("pause", (), ()),
    "resume": ("resume", (), ()),
    "resolve": ("resolve", (), ("resolution", "root_cause")),
    "reopen": ("reopen", (), ("severity", "owner")),
    "attach": ("attach", ("ticket",), ("account", "same")),
}
DUTIES = ("team_notified", "ticket_updated", "customer_informed", "learned")
PERSONS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "severity": ("severity", ("severity",), ("evidence",)),
    "deescalate": ("deescalate", ("reason",), ("evidence", "severity", "code_fix", "root_cause", *DUTIES)),
    "return": ("return", (), ("root_cause", *DUTIES)),
    "close": ("close", (), ("root_cause", *DUTIES)),
    "override": ("override", (), ("outcome", "owner", "severity", "evidence")),
    "term": ("term", ("every", "source"), ()),
}
# What the verbs take a flag for that nobody gave.
UNSAID: dict[str, Any] = {
    "way_on": "",
    "note": "",
    "resolution": "",
    "root_cause": "",
    "evidence": "",
    "learned": "",
    "code_fix": "unknown",
    "outcome": "escalate",
    "same": "symptoms",
    **dict.fromkeys(("team_notified", "ticket_updated", "customer_informed"), False),
}
COMMON = frozenset(shapes.Writing.model_fields)
FLAG_OF = {"ladder_step": "step"}
BREACHES_SHOWN = 20
NO_LEDGER = "There is no ledger yet: nothing was opened, so nothing is due."


def find_similar(desk: Desk, given: shapes.FindSimilarInput, _: Caller) -> shapes.FoundSimilar:
    """Earlier tickets that are, or may be, the same."""
    from agent.commands.similar import plain
    from agent.ledger.fingerprint import fingerprint
    from agent.ledger.memory import Memory

    case = desk.cases.get(given.case)
    if case.facts is None:
        raise BadInput(f"{case.handle} has no facts yet: call check_facts with it and your report first")
    given_context, now = case.given or Context(), desk.clock()
    if not desk.has_ledger():
        new = fingerprint(case.ticket, case.facts, given_context, now)
        return shapes.FoundSimilar(
            case=case.handle,
            ticket=new.ticket,
            codes=tuple(new.codes),
            symptoms=tuple(new.symptoms),
            open_escalation=None,
            override=None,
            similar=(),
            next=what_next("find_similar", unjudged=0),
        )
    memory = Memory(desk.open_ledger(), desk.settings)
    recall = memory.recall(case.ticket, case.facts, given_context, now)
    context, _similar = memory.conclude(recall, None)
    found = [plain(candidate) for candidate in (*recall.sure, *recall.earlier)]
    return shapes.FoundSimilar(
        case=case.handle,
        ticket=recall.new.ticket,
        codes=tuple(recall.new.codes),
        symptoms=tuple(recall.new.symptoms),
        open_escalation=context.open_escalation,
        override=context.override,
        similar=tuple(shapes.Compared(**candidate) for candidate in found),
        next=what_next("find_similar", unjudged=sum(candidate["same"] is None for candidate in found)),
    )


def judge_same(desk: Desk, given: shapes.JudgeSameInput, caller: Caller) -> shapes.JudgedSame:
    """Write a verdict down."""
    from agent.commands.same import judged

    ledger = desk.open_ledger()
    this, case = _ticket_named(desk, given.this)
    other = given.other.strip()
    if not this or not other or this == other:
        raise BadInput(f"this {this[:40]!r} and other {other[:40]!r}: expected two different tickets")
    judge: Literal["support", "model"] = "support" if given.by else "model"
    group, accounts = judged(
        ledger,
        this,
        other,
        same=given.same,
        by=desk.author(given.by or caller.through, caller).by,
        judge=judge,
        why=given.why,
        at=desk.clock(),
    )
    return shapes.JudgedSame(
        this=this,
        other=other,
        same=given.same,
        group=tuple(group),
        accounts=tuple(accounts),
        next=what_next(
            "judge_same", case=case.handle if case else "", decided=case is not None and case.decision is not None
        ),
    )


def open_escalation(desk: Desk, given: shapes.OpenEscalationInput, caller: Caller) -> shapes.OpenedEscalation:
    """Hand a case over, or give its open escalation the news."""
    from agent.commands.open import assembled, briefed, recorded, told
    from agent.ledger.memory import Memory

    case = desk.cases.get(given.case)
    if case.facts is None or case.decision is None:
        raise BadInput(f"{case.handle} is not decided yet: call decide first")
    ledger, now, context = desk.open_ledger(make=True), desk.clock(), case.context or Context()
    made = case.run
    if made is None:
        memory = Memory(ledger, desk.settings)
        recall = memory.recall(case.ticket, case.facts, context, case.decision.decided_at)
        _, similar = memory.conclude(recall, None)
        made = assembled(case.ticket, case.facts, context, case.decision, similar)
        made = made if case.brief is None else briefed(made, case.brief, case.findings)
    taken = recorded(
        ledger,
        made,
        desk.settings,
        desk.author(given.by, caller),
        now,
        customer_zone=given.customer_zone,
        despite=given.despite,
        key=given.key,
    )
    record = taken.record
    return shapes.OpenedEscalation(
        became=taken.became,
        id=None if record is None else record.id,
        version=None if record is None else record.version,
        state=None if record is None else record.state,
        repeated=taken.repeated,
        line=told(taken),
        notes=taken.notes,
        due=() if record is None else _owed(ledger, record),
        next=what_next("open_escalation", became=taken.became),
    )


def due(desk: Desk, given: shapes.DueInput, _: Caller) -> shapes.DueList:
    """What is owed, with ready words."""
    from agent.commands.due import as_json
    from agent.ledger.queries import due as due_until

    now = desk.clock()
    if not desk.has_ledger():
        return shapes.DueList(now=now, total=0, due=(), next_after=None, note=NO_LEDGER)
    found, total = due_until(
        desk.open_ledger().database,
        now + timedelta(hours=given.ahead),
        owner=given.owner,
        holder=given.holder,
        limit=given.limit,
        after=given.after,
    )
    rows = fitting([shapes.DueItem.model_validate(as_json(row, now, drafts=given.drafts)) for row in found])
    return shapes.DueList(now=now, total=total, due=rows, next_after=_after(given.after, len(rows), total))


def list_escalations(desk: Desk, given: shapes.ListEscalationsInput, _: Caller) -> shapes.EscalationList:
    """Escalations, the most severe first."""
    from agent.ledger.queries import LIVE, listing

    if not desk.has_ledger():
        return shapes.EscalationList(total=0, escalations=(), next_after=None, note=NO_LEDGER)
    lines, total = listing(
        desk.open_ledger().database,
        states=given.state or LIVE,
        owner=given.owner,
        severity=given.severity,
        account=given.account,
        holder=given.holder,
        limit=given.limit,
        after=given.after,
    )
    rows = fitting([shapes.EscalationLine.model_validate(asdict(line)) for line in lines])
    return shapes.EscalationList(total=total, escalations=rows, next_after=_after(given.after, len(rows), total))


def show_escalation(desk: Desk, given: shapes.ShowEscalationInput, _: Caller) -> shapes.EscalationShown:
    """An escalation as it stands."""
    from agent.ledger import pages
    from agent.ledger.timers import timers

    ledger = desk.open_ledger()
    record = ledger.record(given.id)
    settings = ledger.settings_of(record)
    told, cut = None, []
    if given.timeline:
        told = pages.timeline(ledger.events(given.id), settings, "text", width=0, colour=False).strip()
        if len(told) > LONGEST_BODY // 2:
            told = f"…{told[-LONGEST_BODY // 2 :]}"
            cut.append("timeline: its newest part; the whole is `escalation timeline` on the command line")
    if len(record.breaches) > BREACHES_SHOWN:
        cut.append(f"breaches: the last {BREACHES_SHOWN} of {len(record.breaches)}")
    return shapes.EscalationShown(
        cut=tuple(cut),
        line=pages.record_line(record, settings),
        record=record.model_copy(update={"breaches": record.breaches[-BREACHES_SHOWN:]}),
        timers=timers(record, settings, explain=given.why_due),
        timeline=told,
    )


def log_update(desk: Desk, given: shapes.LogUpdateInput, caller: Caller) -> shapes.Written:
    """Write down what was heard or told."""
    return _written(desk, "update", vars(given), caller)


def record_step(desk: Desk, given: shapes.RecordStepInput, caller: Caller) -> shapes.Written:
    """Write down a step that was taken."""
    return _step(desk, given, given.step, STEPS, caller)


def record_person_decision(desk: Desk, given: shapes.RecordPersonDecisionInput, caller: Caller) -> shapes.Written:
    """Write down what a person decided."""
    return _step(desk, given, given.kind, PERSONS, caller)


def _step(
    desk: Desk,
    given: shapes.RecordStepInput | shapes.RecordPersonDecisionInput,
    name: str,
    table: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]],
    caller: Caller,
) -> shapes.Written:
    """The verb's flags from this step's fields. Raises BadInput for one that is missing or belongs to another step."""
    verb, needed, optional = table[name]
    said = {field: value for field, value in vars(given).items() if value is not None and field not in ("step", "kind")}
    own = {field: value for field, value in said.items() if field not in COMMON}
    missing = [field for field in needed if field not in own]
    strange = [field for field in own if field not in (*needed, *optional)]
    if missing:
        raise BadInput(f"{name} needs {' and '.join(missing)}: add {'it' if len(missing) == 1 else 'them'}")
    if strange:
        belongs = f"it takes {', '.join((*needed, *optional))}" if needed or optional else "it takes nothing of its own"
        raise BadInput(
            f"{name} does not take {', '.join(strange)}: leave {'it' if len(strange) == 1 else 'them'} out; {belongs}"
        )
    flags = (
        {field: UNSAID.get(field) for field in (*needed, *optional)}
        | own
        | {field: getattr(given, field) for field in COMMON}
    )
    return _written(desk, verb, {FLAG_OF.get(field, field): value for field, value in flags.items()}, caller)


def _written(desk: Desk, verb: str, flags: dict[str, Any], caller: Caller) -> shapes.Written:
    from agent.commands.life import VERBS
    from agent.ledger.pages import record_line
    from schemas.ledger import HandedOver

    makes = VERBS[verb].by_ticket
    named = _ticket_named(desk, flags["id"])[0] if makes else flags["id"]
    ledger = desk.open_ledger(make=makes)
    written = VERBS[verb].write(argparse.Namespace(**{**flags, "id": named, "through": caller.through}), ledger)
    record = written.record
    return shapes.Written(
        id=record.id,
        version=record.version,
        state=record.state,
        severity=record.severity,
        repeated=written.repeated,
        line=record_line(record, ledger.settings_of(record)),
        note="\n\n".join(event.data.note for event in written.events if isinstance(event.data, HandedOver)),
        due=_owed(ledger, record),
    )


def _ticket_named(desk: Desk, name: str) -> tuple[str, Case | None]:
    """A ticket's id as the ledger knows it, from a case or as it is."""
    from agent.ledger.naming import ticket_of

    name = name.strip()
    if not name.startswith("case-"):
        return name, None
    case = desk.cases.get(name)
    if case.facts is None:
        raise BadInput(f"{case.handle} has no facts yet: call check_facts with it and your report first")
    return ticket_of(case.ticket, case.facts, case.context or case.given or Context()), case


def _owed(ledger: "store.Ledger", record: "Record") -> tuple[shapes.Owed, ...]:
    from agent.ledger.timers import timers

    running = timers(record, ledger.settings_of(record))
    names = tuple(shapes.Owed.model_fields)
    return tuple(shapes.Owed(**{name: getattr(timer, name) for name in names}) for timer in running)


def _after(after: int, shown: int, total: int) -> int | None:
    return after + shown if after + shown < total else None
