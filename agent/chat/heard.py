"""What a session becomes through the person's words. Pure: a session in, a session out."""

import re
from datetime import UTC, datetime
from typing import get_args

from agent.chat.edits import DEADLINE, edited, places, survives
from agent.errors import BadInput
from agent.grounding.fold import fold_text
from agent.readers.canonical import Body, Entry, extend, plain
from schemas.brief import Brief
from schemas.chat import Action, Correction, Edit, Said, Session
from schemas.context import Context
from schemas.decision import Question
from schemas.escalation import Escalation
from schemas.ticket import Span, Ticket
from schemas.vocabulary import Outcome, Owner, Severity, Tier

LONGEST_WHY = 500
LONGEST_NUMBER = 9  # digits
_WEEKDAY = re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? $")


def ticket_of(session: Session) -> Ticket | None:
    """The ticket with all that was said; None before one was read."""
    return None if session.original is None else _extended(session.original, session.said)


def with_words(ticket: Ticket, words: str, by: str, at: datetime) -> Ticket:
    """The ticket as if the person had just said this in it: what an answer to these words may refer to."""
    return _extended(ticket, (Said(speaker="support", author=by, time=at, text=words, internal=True),))


def _extended(ticket: Ticket, said: tuple[Said, ...]) -> Ticket:
    if not said:
        return ticket
    return extend(ticket, [Entry(s.speaker, s.author or None, s.time, _body(s), s.internal) for s in said])


def _body(said: Said) -> Body:
    """The words, behind the question that they answer: it gives them their sense, and nobody said it."""
    words, question = plain(said.text), plain(said.asked).text.strip()
    if not question:
        return words
    asked = Span(start=0, end=len(question), kind="asked")
    return Body(f"{question}\n{words.text}" if words.text else question, (asked,), words.notes)


def after(session: Session, action: Action, *, by: str, at: datetime) -> Session:
    """The session after something was said, withdrawn, or learned about who holds the ticket. Raises BadInput."""
    if action.kind == "tier":
        if action.target not in get_args(Tier):
            raise BadInput(f"tier {action.target[:30]!r}: expected one of {', '.join(get_args(Tier))}")
        return session.model_copy(update={"context": session.context.model_copy(update={"tier": action.target})})
    if not fold_text(action.text):
        raise BadInput("nothing was said: give the words")
    if action.kind == "withdraw":
        correction = _correction(session, action, by, at)
        return session.model_copy(update={"corrections": (*session.corrections, correction)})
    added = session.model_copy(update={"said": (*session.said, *_said(session, action, by, at))})
    ticket_of(added)  # raises where it grows too long
    return added


def note(action: Action, by: str) -> str:
    """What is told of an addition: whose words it is now."""
    if action.kind == "customer_said":
        return "In the ticket now, as the customer's words."
    return f"In the ticket now, as said by support ({by})." if action.kind == "support_said" else ""


def another(context: Context) -> Context:
    """What holds for the next ticket, too: the office's hours. Account, SLA, tier, override are the former one's."""
    return Context(calendar=context.calendar)


def _said(session: Session, action: Action, by: str, at: datetime) -> tuple[Said, ...]:
    """The words as messages of the ticket. An answer stands behind its question: alone, "yes" says nothing."""
    words, question = action.text.strip(), _question(session, action.target)
    if action.kind == "customer_said":
        # The question is the program's, and when the customer was asked it in which words is not known.
        note = Said(
            speaker="support", author=by, time=at, text="", asked=question.text if question else "", internal=True
        )
        return (*((note,) if question else ()), Said(speaker="customer", time=at, text=words))
    asked = question.text if question else ""
    return (Said(speaker="support", author=by, time=at, text=words, asked=asked, internal=True),)


def _question(session: Session, number: str) -> Question | None:
    if not number:
        return None
    open_ = session.result.decision.questions if session.result else ()
    if not (number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER and 1 <= int(number) <= len(open_)):
        expected = f"a number from 1 to {len(open_)}" if open_ else "no answer, since nothing is asked"
        raise BadInput(f"question {number[:20]!r}: expected {expected}; see /questions")
    return open_[int(number) - 1]


def answer(session: Session, action: Action) -> Action:
    """An answer by number, as said by whoever the question was put to."""
    question = _question(session, action.target)
    by_customer = question is not None and question.ask == "customer"
    return action.model_copy(update={"kind": "customer_said"}) if by_customer else action


def _correction(session: Session, action: Action, by: str, at: datetime) -> Correction:
    facts = None if session.result is None else session.result.facts
    claim = next((c for c in facts.claims() if c.id == action.target), None) if facts else None
    if claim is None or claim.evidence is None:
        raise BadInput(f"no fact {action.target[:40]!r}: expected an id from /facts, such as signal-1")
    if claim.status not in ("counts", "reported"):
        raise BadInput(f"{claim.id} counts for nothing already ({claim.status}): nothing to correct")
    return Correction(
        group=claim.group,
        kind=claim.kind,
        quote=claim.quote,
        start=claim.evidence.start,
        end=claim.evidence.end,
        value=claim.value,
        subject=claim.subject,
        issue=claim.issue,
        why=" ".join(action.text.split())[:LONGEST_WHY],
        by=by,
        at=at,
    )


def brief_of(result: Escalation) -> Brief:
    """The brief. Raises BadInput where there is none."""
    if result.brief is None:
        raise BadInput("there is no brief to change: nothing is escalated")
    return result.brief


def edit_of(action: Action, result: Escalation) -> tuple[Edit, ...]:
    """The edits that an action asks for: of one line, or of the deadline wherever it stands. Raises BadInput."""
    brief_of(result)
    if action.kind == "edit_line":
        return (Edit(place=action.target, text=action.text),)
    return _deadline(action.text, result)


def _deadline(text: str, result: Escalation) -> tuple[Edit, ...]:
    """The new time in the deadline line, and in each ask that names the old one in the same words."""
    from agent.validate.deadline import check_deadline, limit_of, read_deadline

    decision, brief = result.decision, result.brief
    now = decision.decided_at
    limit = limit_of(decision, result.facts, result.context, now)
    for finding in check_deadline(_spelled(text), decision, limit, now):
        basis = f" ({decision.deadline_basis})" if decision.deadline_basis and finding.code == "deadline_late" else ""
        raise BadInput(f"deadline {text[:60]!r}: expected {finding.expected}{basis}; only other facts move that")
    moment = min(moment for moment in read_deadline(_spelled(text), now) if moment > now)
    new = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    line = brief.deadline if brief else ""
    old = _time_in(line)
    edits = [Edit(place=DEADLINE, text=line.replace(old, new, 1) if old else f"{new}: {line}")]
    for number, ask in enumerate(brief.asks if brief else (), 1):
        if old and old in ask.text:
            edits.append(Edit(place=f"WHAT'S NEEDED: {number}", text=ask.text.replace(old, new)))
    return tuple(edits)


def _time_in(line: str) -> str:
    """The stretch of the line that names its first day and hour, with a day of the week before it."""
    from agent.notation import dates, times

    spans = [(mention.start, mention.end) for found in (dates(line), times(line)) for mention in found[:1]]
    if not spans:
        return ""
    start, end = min(start for start, _ in spans), max(end for _, end in spans)
    weekday = _WEEKDAY.search(line[:start])
    return line[weekday.start() if weekday else start : end]


def _spelled(text: str) -> str:
    """ISO 8601 as a deadline line writes it."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return text if moment.tzinfo is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):  # no ISO time, or one at the end of all times
        return text


def replaced(edits: tuple[Edit, ...], new: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """All edits, with the new ones in the place of older ones for the same line."""
    places = {edit.place for edit in new}
    return (*(edit for edit in edits if edit.place not in places), *new)


def carried(edits: tuple[Edit, ...], result: Escalation) -> tuple[tuple[Edit, ...], tuple[Edit, ...]]:
    """Which edits go into a brief that was written anew, and which do not: a numbered line may be another one there,
    and a time may be too late by now."""
    kept: list[Edit] = []
    lost: list[Edit] = []
    for edit in edits:
        late = edit.place == DEADLINE and _is_late(edit.text, result)
        there = result.brief is not None and edit.place in places(result.brief)
        (kept if there and survives(edit.place) and not late else lost).append(edit)
    return tuple(kept), tuple(lost)


def _is_late(line: str, result: Escalation) -> bool:
    from agent.validate.deadline import check_deadline, limit_of

    now = result.decision.decided_at
    limit = limit_of(result.decision, result.facts, result.context, now)
    return bool(check_deadline(line, result.decision, limit, now))


def with_edits(result: Escalation, edits: tuple[Edit, ...]) -> Escalation:
    """The result with these words in its brief, and the brief checked again.

    Raises BadInput for an unknown place, and where there is no brief.
    """
    if not edits:
        return result
    brief = brief_of(result)
    from agent.validate import validate_brief
    from schemas.vocabulary import REPRODUCTION_GAP

    for edit in edits:
        brief = edited(brief, edit.place, edit.text)
    decision = result.decision
    found = validate_brief(brief, decision, result.facts, result.ticket, result.context, decision.decided_at)
    complete = not any(finding.blocking or finding.code == REPRODUCTION_GAP for finding in found)
    changes = {
        "brief": brief,
        "findings": found,
        "brief_status": "valid" if complete else "incomplete",
        "customer_message": brief.customer_message or None,
    }
    return result.model_copy(update=changes)


def override_of(argument: str) -> tuple[Outcome, Owner | None, Severity | None, str]:
    """`OUTCOME [TEAM] [SEVERITY]: WHY`, as the person typed it. Raises BadInput."""
    head, colon, why = argument.partition(":")
    words = head.casefold().split()
    outcome = next((value for value in get_args(Outcome) if words[:1] == [value]), None)
    owner = next((value for value in get_args(Owner) if {value, value.partition("_")[0]} & set(words[1:])), None)
    severity = next((value for value in get_args(Severity) if value in words[1:]), None)
    known = 1 + (owner is not None) + (severity is not None)
    if outcome is None or len(words) != known or (known > 1 and outcome != "escalate"):
        teams, levels = ", ".join(get_args(Owner)), ", ".join(get_args(Severity))
        raise BadInput(
            f"/override {head[:40]!r}: expected escalate with a team ({teams}) and a severity ({levels}) if you "
            "name them, or handle, or needs_info; then a colon and why"
        )
    if not colon or len(why.split()) < 2:
        raise BadInput("/override: say why behind a colon, in a few words; the reason is kept with the decision")
    return outcome, owner, severity, " ".join(why.split())[:LONGEST_WHY]
