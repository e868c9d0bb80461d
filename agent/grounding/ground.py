"""Ground a report: find each quote in the ticket, check it, and say which claims count (policy section 2).

Pure: no clock, no network, no files. Never raises for a valid `Ticket` and `FactsReport`: what cannot be used is
listed in `Facts.removed` with its reason.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from agent.grounding.attribution import attribute, gate, own_asserter
from agent.grounding.corrected import corrected
from agent.grounding.extents import order_extent
from agent.grounding.fold import Folded, fold, fold_text, needles, stands_in
from agent.grounding.injection import find_instructions
from agent.grounding.newest import Order, supersede, withdraw
from agent.grounding.places import Finder, Place
from agent.grounding.traced import missing_number
from schemas.facts import Claim, Facts, Group, Instruction, Status
from schemas.report import (
    AccountReport,
    AttemptReport,
    FactsReport,
    MeasureReport,
    PersonReport,
    ReferenceReport,
    ReproductionReport,
)
from schemas.ticket import Ticket
from schemas.vocabulary import Asserter

if TYPE_CHECKING:
    from schemas.chat import Correction

_REMOVED: frozenset[Status] = frozenset({"ungrounded", "instruction"})
_MEASURED: frozenset[Group] = frozenset({"measure", "account", "attempt", "reproduction"})
_WORDS: frozenset[Group] = frozenset({"issue", "signal", "workaround", "scope"})  # their values are no words of a quote
_DENIABLE_WORKAROUNDS = frozenset({"partial", "verified"})  # the other values are denials themselves


class _Draft(NamedTuple):
    """A report's entry on its way to a claim."""

    group: Group
    kind: str
    quote: str
    value: str = ""
    subject: str = ""
    issue: int = 1
    asserted_by: Asserter | None = None  # None: the schema does not ask, the place tells
    withdraws: bool = False


def ground(ticket: Ticket, report: FactsReport, corrections: "Sequence[Correction]" = ()) -> Facts:
    """Facts of the report with place, speaker, status and reason; `removed` names what did not hold.

    `corrections`: claims that a person took back. They are, before one statement is weighed against another: what was
    never so replaces nothing.
    """
    folded = fold(ticket.text)
    instructions = _instructions(ticket, folded)
    finder = Finder(ticket, folded, instructions)
    reported = _reported_instructions(finder, report)
    if reported:
        instructions = _with_reported(ticket.text, instructions, reported)
        finder = Finder(ticket, folded, instructions)
    grounder = _Grounder(ticket, folded, finder, corrections)

    issues = grounder.claims(
        _Draft("issue", entry.kind, entry.quote, value=entry.title, issue=entry.issue) for entry in report.issues
    )
    signal_drafts = [
        _Draft("signal", s.signal, s.quote, "", "", s.issue, s.asserted_by, s.state == "withdrawn")
        for s in report.signals
    ]
    signals = grounder.claims(signal_drafts)
    workarounds = grounder.claims(
        _Draft("workaround", "workaround", w.quote, w.value, "", w.issue, w.asserted_by) for w in report.workarounds
    )
    scopes = grounder.claims(
        _Draft("scope", "scope", s.quote, s.value, "", s.issue, s.asserted_by) for s in report.scopes
    )
    measures = grounder.claims(map(_measure, report.measures))
    accounts = grounder.claims(map(_account, report.accounts))

    order = Order(ticket)
    takes_back = {claim.id for claim, draft in zip(signals, signal_drafts, strict=True) if draft.withdraws}
    signals = withdraw(signals, takes_back, order)
    measures = supersede(measures, order)
    workarounds = supersede(workarounds, order)
    scopes = supersede(scopes, order)
    accounts = supersede(accounts, order)
    groups: dict[str, Sequence[Claim]] = {
        "issues": issues,
        "signals": signals,
        "workarounds": workarounds,
        "scopes": scopes,
        "measures": measures,
        "accounts": accounts,
        "people": grounder.claims(map(_person, report.people)),
        "attempts": grounder.claims(map(_attempt, report.attempts)),
        "reproduction": grounder.claims(map(_reproduction, report.reproduction)),
        "references": grounder.claims(map(_reference, report.references)),
    }
    kept = {name: tuple(c for c in claims if c.status not in _REMOVED) for name, claims in groups.items()}
    removed = tuple(c for claims in groups.values() for c in claims if c.status in _REMOVED)
    answered = {
        entry.issue for entry, claim in zip(report.issues, issues, strict=True) if _holds(entry.answered, claim)
    }
    return Facts(
        ticket_sha256=ticket.sha256,
        language=report.language,
        understandable=report.understandable,
        **kept,
        removed=removed,
        instructions=instructions,
        answered_issues=tuple(sorted(answered)),
        ticket_id=ticket.id,
        opened=ticket.opened,
    )


def _instructions(ticket: Ticket, folded: Folded) -> tuple[Instruction, ...]:
    """The orders in the ticket. The program's own questions give none, and none to the answer behind them."""
    said = ticket.without_asked()
    if said == ticket.text:
        return find_instructions(ticket, folded)
    return find_instructions(ticket.model_copy(update={"text": said}))


def _holds(answered: bool, claim: Claim) -> bool:
    return answered and claim.status not in _REMOVED


def _measure(entry: MeasureReport) -> _Draft:
    return _Draft("measure", entry.kind, entry.quote, value=entry.value, asserted_by=entry.asserted_by)


def _account(entry: AccountReport) -> _Draft:
    return _Draft("account", entry.fact, entry.quote, entry.value, entry.account, asserted_by=entry.asserted_by)


def _person(entry: PersonReport) -> _Draft:
    return _Draft("person", entry.side, entry.quote, value=entry.role, subject=entry.name)


def _attempt(entry: AttemptReport) -> _Draft:
    return _Draft("attempt", "attempt", entry.quote, entry.result, entry.action, asserted_by=entry.asserted_by)


def _reproduction(entry: ReproductionReport) -> _Draft:
    return _Draft("reproduction", entry.part, entry.quote, value=entry.text)


def _reference(entry: ReferenceReport) -> _Draft:
    return _Draft("reference", entry.kind, entry.quote, value=entry.value)


def _reported_instructions(finder: Finder, report: FactsReport) -> list[tuple[int, int]]:
    """Clauses that the reader of the ticket recognised as instructions (policy 2.6)."""
    found = []
    for entry in report.signals:
        if entry.signal == "instruction_in_ticket" and entry.state == "stated":
            place = finder.place(entry.quote, entry.asserted_by, disarm=False)
            if isinstance(place, Place):
                found.append(order_extent(finder.text, place.start, place.end, *finder.bounds(place.message)))
    return found


def _with_reported(
    text: str, instructions: tuple[Instruction, ...], reported: list[tuple[int, int]]
) -> tuple[Instruction, ...]:
    kept = list(instructions)
    for start, end in reported:
        if any(i.start <= start and end <= i.end for i in kept):
            continue
        within = [i for i in kept if start <= i.start and i.end <= end and i.found_by == "model"]
        beside = [i for i in kept if i.start < end and start < i.end and i not in within]
        # What code found keeps its bounds: its reason is for these words.
        start = max([start, *(i.end for i in beside if i.start <= start)])
        end = min([end, *(i.start for i in beside if i.start > start)])
        if not text[start:end].strip():
            continue
        why = "recognised as an instruction by the reader of the ticket"
        new = Instruction(start=start, end=end, text=text[start:end], found_by="model", why=why)
        kept = [i for i in kept if i not in within] + [new]
    return tuple(sorted(kept, key=lambda i: (i.start, i.end)))


class _Grounder:
    """Turns drafts into claims for one ticket."""

    def __init__(self, ticket: Ticket, folded: Folded, finder: Finder, corrections: "Sequence[Correction]") -> None:
        self._ticket, self._folded, self._finder, self._corrections = ticket, folded, finder, corrections

    def claims(self, drafts: Iterable[_Draft]) -> list[Claim]:
        claims = [self._claim(draft, position) for position, draft in enumerate(drafts, 1)]
        return corrected(claims, self._corrections)

    def _claim(self, draft: _Draft, position: int) -> Claim:
        disarms = not (draft.group == "signal" and draft.kind == "instruction_in_ticket")
        place = self._finder.place(draft.quote, draft.asserted_by, disarms, self._deniable(draft))
        if isinstance(place, str):
            return self._made(draft, position, draft.asserted_by or "customer", "ungrounded", place, None)
        asserter, lowered = (
            attribute(self._ticket, place, draft.asserted_by) if draft.asserted_by else (own_asserter(place), "")
        )
        status, reason = self._verdict(draft, place, asserter, disarms)
        return self._made(draft, position, asserter, status, "; ".join(filter(None, (reason, lowered))), place)

    def _deniable(self, draft: _Draft) -> str | None:
        """The kind under which the quote may be denied by its sentence, None if it may not (policy 2.2)."""
        if draft.group == "signal":
            counter = draft.kind in ("instruction_in_ticket", "secret_in_ticket")
            return None if draft.withdraws or counter else draft.kind
        if draft.group == "workaround":
            return "workaround" if draft.value in _DENIABLE_WORKAROUNDS else None
        return "scope" if draft.group == "scope" else None

    def _verdict(self, draft: _Draft, place: Place, asserter: Asserter, disarms: bool) -> tuple[Status, str]:
        if disarms and place.hidden:
            return "instruction", "its quote stands in text that a reader of the ticket would not see"
        if disarms and place.instructs:
            return "instruction", "its quote stands in text that instructs whoever processes the ticket"
        missing = _missing(draft, self._folded)
        if missing:
            return "ungrounded", missing
        if draft.withdraws:
            return "withdrawn", f"takes back {draft.kind}"
        if place.denied:
            return "disputed", "cut out of its own sentence's denial"
        return gate(draft.group, draft.kind, asserter)

    def _made(
        self, draft: _Draft, position: int, asserter: Asserter, status: Status, reason: str, place: Place | None
    ) -> Claim:
        return Claim.made_of(
            id=f"{draft.group}-{position}",
            group=draft.group,
            kind=draft.kind,
            value=draft.value,
            subject=draft.subject,
            issue=draft.issue,
            quote=draft.quote,
            asserted_by=asserter,
            status=status,
            reason=reason,
            evidence=None if place is None else self._finder.evidence(place),
        )


def _missing(draft: _Draft, folded: Folded) -> str:
    """Why a value is not supported by its own quote (policy 2.3), or an empty string.

    A name of an account need not be in the same quote ("Plan: Enterprise" stands below it in a panel), but must be
    in the ticket.
    """
    if draft.group in _WORDS:
        return ""
    if draft.group == "reference" or draft.kind == "error_code":
        if not stands_in(draft.value, draft.quote):
            return f"the {draft.kind.replace('_', ' ')} {_short(draft.value)} is not in its quote"
        return ""
    if draft.group == "person":
        return "" if stands_in(draft.subject, draft.quote) else f"the name {_short(draft.subject)} is not in its quote"
    if draft.group == "account" and fold_text(draft.subject) not in ("", "reporter"):
        named = any(next(folded.occurrences(needle), None) for needle in needles(draft.subject))
        if not named:
            return f"the account {_short(draft.subject)} is not named in the ticket"
    if draft.group not in _MEASURED or draft.kind == "current_tier":
        return ""
    for text in (draft.value, draft.subject if draft.group == "attempt" else ""):
        number = missing_number(text, draft.quote)
        if number:
            return f"a number of its text, {_short(number)}, is not in its quote"
    return ""


def _short(text: str) -> str:
    """A value in one line, quoted, at most 60 code points."""
    line = " ".join(text.split())
    return repr(line if len(line) <= 60 else line[:57] + "...")
