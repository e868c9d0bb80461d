"""A case as its page shows it: plain values for the templates. What the HTML report shows comes from where it comes."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from agent.chat.letters import standing
from agent.ledger.moments import span
from agent.render import page_values, words
from agent.render.evidence import Piece
from agent.render.page import Fact, Shown, shown
from agent.web.cases import Case
from agent.web.copies import FILES, FORMS
from schemas.decision import Decision
from schemas.escalation import Escalation
from schemas.facts import Facts
from schemas.ticket import Ticket

LONGEST_BLOCK = 12_000
"""Characters of a message laid out as one. A browser skips what is out of sight block by block."""
LENGTHY = 60_000
"""Characters of a ticket from which on a browser lays out only what is near; find and print work all the same."""
DOUBTFUL = ("reported", "disputed", "withdrawn", "superseded", "ungrounded", "instruction")
FIRST = 3
"""How many of a list are shown in the glance at the top; the rest stands below."""
MANY = 6
"""A list of more facts than these is folded, as far as nothing uses them."""


@dataclass(frozen=True, slots=True)
class Term:
    """A time of the decision. `left`: how long it is from now, in words; `late`: it has passed."""

    label: str
    at: datetime
    said: str
    left: str
    late: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of the ticket that is laid out on its own. `first`: of the passage, whose heading it carries."""

    passage: Shown
    pieces: tuple[Piece, ...]
    first: bool
    last: bool

    @property
    def long(self) -> bool:
        """Whether it takes more than a screen."""
        return sum(len(piece.text) for piece in self.pieces) > LONGEST_BLOCK // 3


def view(case: Case) -> dict[str, Any]:
    """What prompts/web/case.html.j2 and case_part.html.j2 show."""
    session = case.chat.session
    result, now = session.result, case.now()
    ticket = case.chat.ticket if result is None else result.ticket
    shared = {
        "case": case,
        "session": session,
        "result": result,
        "ticket": ticket,
        "steps": case.steps,
        "stopping": case.stopping,
        "now": now,
        "forms": FORMS,
        "downloads": FILES,
        "lengthy": ticket is not None and len(ticket.text) > LENGTHY,
    }
    if result is None:
        return shared | {"blocks": () if ticket is None else tuple(_unread(ticket)), "groups": (), "instructions": ()}
    values = page_values(result)
    every = tuple(values["facts"])
    return (
        shared
        | values
        | {
            "blocks": tuple(blocks(values["passages"])),
            "terms": tuple(_terms(result.decision, result, now)),
            "standing_terms": _standing(values["glance"].clock),
            "found": tuple(fact for status, _, facts in every if status == "counts" for fact in facts),
            "doubted": tuple((status, title, facts) for status, title, facts in every if status in DOUBTFUL),
            "folded": {status: folded(status, facts) for status, _, facts in every},
            "claims": {claim.id: claim for claim in result.facts.claims()},
            "of_rule": _of_rules(fact for _, _, facts in every for fact in facts),
            "hop": _hop(result.decision),
            "message": standing(session),
            # `steps` of the report are those that follow; on the page the name is the turn's.
            "next_list": values["steps"],
            "steps": case.steps,
            "first": FIRST,
        }
    )


@dataclass(frozen=True, slots=True)
class Folded:
    """A list of facts of which a part is folded. `kinds`: what is in that part, such as `person (5), opened`."""

    shown: tuple[Fact, ...]
    rest: tuple[Fact, ...]
    kinds: str


def folded(status: str, facts: tuple[Fact, ...]) -> Folded:
    """A short list whole; of a long one, what no rule and no line of the brief uses is folded.

    A signal that counts is shown all the same: why it led to nothing is what one may ask.
    """
    counts = status == "counts"
    used = (fact for fact in facts if fact.rules or fact.lines or (counts and fact.group != "detail"))
    shown = tuple(used) or facts[:FIRST]
    if len(facts) <= MANY or len(facts) - len(shown) < FIRST:
        return Folded(facts, (), "")
    rest = tuple(fact for fact in facts if fact not in shown)
    count = Counter(fact.label.partition(":")[0] for fact in rest)
    return Folded(shown, rest, ", ".join(f"{kind} ({n})" if n > 1 else kind for kind, n in count.items()))


def _unread(ticket: Ticket) -> Iterator[Block]:
    """The ticket before anybody read it."""
    return blocks(shown(ticket, Facts(ticket_sha256=ticket.sha256), None))


def _of_rules(facts: Iterable[Fact]) -> dict[int, tuple[int, ...]]:
    """The numbers of the facts behind each rule."""
    found: dict[int, list[int]] = {}
    for fact in facts:
        for number, _ in fact.rules:
            found.setdefault(number, []).append(fact.number)
    return {number: tuple(behind) for number, behind in found.items()}


def _hop(decision: Decision) -> str:
    """Who gets it now, and who in the end."""
    if decision.next_hop is None:
        return ""
    hop = words.owner_label(decision.next_hop)
    return hop if decision.next_hop == decision.owner else f"{hop}, for {words.owner_label(decision.owner)}"


def _terms(decision: Decision, result: Escalation, now: datetime) -> Iterator[Term]:
    zone = words.zone_of(result.context)

    def term(label: str, at: datetime, note: str = "") -> Term:
        late = at < now
        left = f"{span(now - at)} ago" if late else f"in {span(at - now)}"
        return Term(label, at, words.when(at, zone), left, late, note)

    # One time is one line: its note says that it is the acknowledgement's.
    if decision.acknowledge_by is not None and decision.acknowledge_by != decision.deadline:
        yield term("Acknowledge by", decision.acknowledge_by)
    if decision.deadline is not None:
        yield term("Deadline", decision.deadline, decision.deadline_basis)
    if decision.cadence is not None:
        for label, due, overdue in (
            ("Internal update", decision.cadence.internal_due, decision.cadence.internal_overdue),
            ("Customer update", decision.cadence.customer_due, decision.cadence.customer_overdue),
        ):
            yield term(label, due, f"overdue {words.when(overdue, zone)}" if overdue > due else "")


_TIMED = ("Acknowledge by", "Deadline", "Internal update", "Customer update")


def _standing(clock: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """What the decision's table says besides its times."""
    return tuple((label, value) for label, value in clock if label not in _TIMED)


def blocks(passages: Iterable[Shown]) -> Iterator[Block]:
    """The passages in stretches of bounded length, cut at line ends outside of quotes. Nothing is lost or added."""
    for passage in passages:
        parts: list[list[Piece]] = [[]]
        size = 0
        for piece in passage.pieces:
            for bit in _bits(piece):
                if size >= LONGEST_BLOCK and parts[-1][-1].text.endswith("\n"):
                    parts.append([])
                    size = 0
                parts[-1].append(bit)
                size += len(bit.text)
        for number, part in enumerate(parts):
            yield Block(passage, tuple(part), number == 0, number == len(parts) - 1)


_LINES = re.compile(rf"(?s).{{1,{LONGEST_BLOCK}}}(?:\n|\Z)|[^\n]*\n|[^\n]+\Z")


def _bits(piece: Piece) -> Iterator[Piece]:
    """A piece that no quote marks, in bits that end with a line."""
    if piece.claims or piece.instruction is not None or len(piece.text) <= LONGEST_BLOCK:
        yield piece
        return
    for match in _LINES.finditer(piece.text):
        yield replace(piece, text=match.group())
