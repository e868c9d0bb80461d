"""The result's warnings: what a reader must know that no rule, question or finding says.

Each is one line, without control characters: ticket text is shown shortened and in quotes. A secret is never shown.
"""

from collections.abc import Iterator

from agent.age import last_word, silence
from agent.backends.base import BackendName
from schemas.decision import Decision
from schemas.facts import Claim, Facts
from schemas.report import FactsReport
from schemas.ticket import Ticket
from schemas.vocabulary import OWNER_LABEL, Asserter

NO_MODEL = (
    "No model read this ticket: the facts were found by word rules and the brief is a filled-in template. "
    "Read it against the ticket before you send it on."
)
NOTHING_FOUND = (
    "The word rules found nothing to decide by. That is not the same as nothing being wrong: read the ticket."
)
_WHOSE = {"customer": "the customer's", "support": "support's", "system": "a system's", "quoted": "quoted"}
_SHOWN = 120  # characters of ticket text in one warning
_MANY = 3  # warnings of one kind before the rest is counted only


def warnings(
    ticket: Ticket, report: FactsReport, facts: Facts, decision: Decision, backend: BackendName
) -> tuple[str, ...]:
    """All warnings of a run but those about the brief itself, in the order of their weight."""
    found = [NO_MODEL] if backend == "offline" else []
    if backend == "offline" and decision.outcome == "handle" and decision.deciding_rule is None:
        found.append(NOTHING_FOUND)
    found += _instructions(facts)
    found += _secrets(ticket, facts)
    found += _override(decision)
    found += _split(decision)
    found += _age(ticket, decision)
    found += _attribution(report, facts)
    found += [f"Reading the ticket: {_line(note, 300)}" for note in ticket.notes]
    return tuple(found)


def _instructions(facts: Facts) -> Iterator[str]:
    for instruction in facts.instructions[:_MANY]:
        yield (
            f"The ticket tries to instruct whoever processes it: “{_line(instruction.text)}”. "
            "It was read as data and changed nothing."
        )
    if (more := len(facts.instructions) - _MANY) > 0:
        yield f"{more} more passages of the ticket try to instruct whoever processes it; they changed nothing."


def _secrets(ticket: Ticket, facts: Facts) -> Iterator[str]:
    if ticket.redacted:
        from agent.redaction import told

        yield f"Replaced before the ticket was read: {told(ticket.redacted)}."
    places = [c for c in facts.signals if c.kind == "secret_in_ticket" and c.status != "withdrawn"]
    lines = sorted({ticket.text.count("\n", 0, c.evidence.start) + 1 for c in places if c.evidence})
    if places:
        where = f" (line {', '.join(map(str, lines))})" if lines else ""
        yield f"A password, key or card number stands in the ticket{where}: remove it there and replace it."


def _override(decision: Decision) -> Iterator[str]:
    if decision.override is None:
        return
    text = f"The decision of {_line(decision.override.by, 60)} stands: “{_line(decision.override.why)}”."
    if (own := decision.own_view) is not None:
        parts = [own.outcome, OWNER_LABEL[own.owner] if own.owner else None, own.severity]
        text += f" The rules by themselves: {', '.join(part for part in parts if part)}."
    yield text


def _split(decision: Decision) -> Iterator[str]:
    if len(decision.issues) > 1:
        titles = "; ".join(f"{issue.issue}. {_line(issue.title, 80)}" for issue in decision.issues)
        yield f"The ticket holds {len(decision.issues)} unrelated issues: split it ({titles})."


def _age(ticket: Ticket, decision: Decision) -> Iterator[str]:
    last = last_word(ticket)
    if last is not None and (past := silence(last, decision.decided_at)):
        yield (
            f"The last word in this ticket is of {last:%Y-%m-%d}, {past} before this decision: every time here counts "
            "from the decision. Ask whether it still holds."
        )


def _attribution(report: FactsReport, facts: Facts) -> Iterator[str]:
    """Claims that the ticket's structure gives to somebody else than the report did (policy 2.5, 2.6)."""
    entries: list[tuple[str, str, Asserter]] = [
        *((entry.quote, entry.signal, entry.asserted_by) for entry in report.signals),
        *((entry.quote, entry.kind, entry.asserted_by) for entry in report.measures),
        *((entry.quote, entry.fact, entry.asserted_by) for entry in report.accounts),
        *((entry.quote, entry.value, entry.asserted_by) for entry in report.workarounds),
        *((entry.quote, entry.value, entry.asserted_by) for entry in report.scopes),
    ]
    reported = {(quote, kind): asserter for quote, kind, asserter in entries}
    changed: list[tuple[Claim, str]] = []
    for claim in facts.claims():
        if claim.group == "measure" and claim.status != "reported":
            continue  # who says a date or an error code changes nothing
        said = reported.get((claim.quote, claim.kind)) or reported.get((claim.quote, claim.value))
        if said is not None and said != claim.asserted_by:
            changed.append((claim, said))
    for claim, by in changed[:_MANY]:
        yield (
            f"{claim.kind} “{_line(claim.quote, 80)}” was reported as {_WHOSE[by]} words, "
            f"but the ticket shows {_WHOSE[claim.asserted_by]}."
        )
    if (more := len(changed) - _MANY) > 0:
        yield f"{more} more statements were given to who says them in the ticket, not to whom the report named."


def _line(text: str, length: int = _SHOWN) -> str:
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"
