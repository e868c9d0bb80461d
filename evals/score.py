"""One answer against one case's labels. Pure; None stands for 'does not apply', and is counted nowhere."""

import re
import unicodedata
from collections.abc import Iterable

from agent.backends.base import tokens
from agent.grounding.fold import fold_text
from agent.notation import dates, dates_agree
from agent.redaction import redact
from evals.answers import Answer
from evals.cases import Case
from schemas.base import Model
from schemas.vocabulary import SEVERITY_RANK

STANDS = ("counts", "reported")
"""Statuses under which a claim is put before the reader as said; others are shown as denied, withdrawn or doubted."""


class SignalScore(Model):
    """One signal of one ticket."""

    signal: str
    labelled: bool
    seen: bool
    forbidden: bool


class Scored(Model):
    """What an answer got right and wrong."""

    case: str
    system: str
    epoch: int
    error: str | None = None
    outcome: bool
    owner: bool | None
    """As are the next three: None for tickets that are not to be escalated, where there is nobody to name."""
    leadership: bool | None
    severity: bool | None
    next_hop: bool | None
    decision: bool
    """Outcome, owner, leadership and severity as labelled: what every system can be asked for."""
    routed: bool | None
    """`decision` and the next hop too; None for a system that names none."""
    deciding_rule: bool | None
    near_miss: bool | None
    """None of the rules fired that the ticket nearly fires."""
    under: bool | None
    """Labelled to escalate, and not escalated. None for tickets that are not to be escalated."""
    over: bool | None
    """Escalated, and not labelled to. None for tickets that are to be escalated."""
    too_low: bool | None
    """Escalated as labelled, with a lower severity."""
    too_high: bool | None
    signals: tuple[SignalScore, ...] = ()
    asserters: tuple[bool, ...] = ()
    """For each labelled signal that was seen: whether it was put down to the labelled side."""
    claims: int = 0
    quotes_found: int = 0
    brief: str | None = None
    """valid_first, valid_repaired, gap (only the reproduction is incomplete) or never; None where none is due, and for
    a system that does not validate."""
    must_carry: tuple[bool, ...] = ()
    must_not_say: tuple[bool, ...] = ()
    """For each forbidden phrase: whether the brief or the customer message kept clear of it."""
    untraceable: int | None = None
    brief_due: bool = False
    """To be escalated, and escalated: then a brief belongs to the answer."""
    calls: int = 0
    """Of the model; 0 where none was asked, or where the run was to end before the brief: that is no whole cost."""
    tokens: int = 0
    fresh_tokens: int = 0
    """Tokens read without the cache, or written."""


def score(case: Case, answer: Answer) -> Scored:
    """Everything at once. An answer that is an error got nothing right, and escalated nothing."""
    right = case.labels
    ok = answer.error is None
    names_hop = answer.next_hop is not None or answer.reads
    outcome = ok and answer.outcome == right.outcome
    # Who names a single target may mean the one who owns it or the one who gets it first: both are right then.
    targets = {right.owner} if names_hop else {right.owner, right.next_hop}
    owner = outcome and answer.owner in targets
    leadership = outcome and bool(answer.leadership) == right.leadership
    severity = outcome and answer.severity == right.severity
    next_hop = (outcome and answer.next_hop == right.next_hop) if names_hop else None
    decision = owner and leadership and severity
    due = right.outcome == "escalate"
    escalated = ok and answer.outcome == "escalate"
    both = due and escalated
    used = answer.usage
    return Scored(
        case=case.id,
        system=answer.system,
        epoch=answer.epoch,
        error=answer.error,
        outcome=outcome,
        owner=owner if due else None,
        leadership=leadership if due else None,
        severity=severity if due else None,
        next_hop=next_hop if due else None,
        decision=decision,
        routed=decision and next_hop if next_hop is not None else None,
        deciding_rule=outcome and answer.deciding_rule == right.deciding_rule if answer.reads else None,
        near_miss=not set(right.near_miss) & set(answer.fired) if answer.reads and right.near_miss and ok else None,
        under=not escalated if due else None,
        over=None if due else escalated,
        too_low=SEVERITY_RANK[answer.severity] < SEVERITY_RANK[right.severity] if both else None,
        too_high=SEVERITY_RANK[answer.severity] > SEVERITY_RANK[right.severity] if both else None,
        signals=_signals(case, answer) if answer.reads else (),
        asserters=_asserters(case, answer) if answer.reads and ok else (),
        claims=len(answer.quotes),
        quotes_found=sum(_quoted(case, answer.quotes)),
        brief=_brief(answer) if both and answer.reads and not answer.not_asked else None,
        must_carry=_carried(case, answer) if due and not answer.not_asked else (),
        must_not_say=_kept_clear(case, answer) if ok and answer.brief else (),
        untraceable=_untraceable(answer),
        brief_due=both,
        calls=0 if answer.not_asked else used.calls,
        tokens=tokens(used),
        fresh_tokens=tokens(used) - used.cache_read_tokens,
    )


def _signals(case: Case, answer: Answer) -> tuple[SignalScore, ...]:
    """Each signal that is labelled, seen or forbidden. A signal that was taken back still was seen."""
    labelled = {entry.signal for entry in case.labels.signals}
    seen = {entry.signal for entry in answer.signals}
    standing = {entry.signal for entry in answer.signals if entry.status in STANDS}
    forbidden = set(case.labels.must_not)
    return tuple(
        SignalScore(
            signal=name,
            labelled=name in labelled,
            seen=name in (standing if name in forbidden else seen),
            forbidden=name in forbidden,
        )
        for name in sorted(labelled | seen | forbidden)
    )


def _asserters(case: Case, answer: Answer) -> tuple[bool, ...]:
    by = {(entry.signal, entry.asserted_by) for entry in answer.signals}
    seen = {entry.signal for entry in answer.signals}
    return tuple((entry.signal, entry.asserted_by) in by for entry in case.labels.signals if entry.signal in seen)


_MARKS = str.maketrans("‘’‚‛“”„‟«»‐‑‒–—−", "'" * 4 + '"' * 6 + "-" * 6)


def _quoted(case: Case, quotes: Iterable[str]) -> list[bool]:
    """Whether each quote stands in the ticket. By its own hand, not by the grounding that is under test.

    The program's model reads placeholders where the ticket has secrets, a prompt alone the ticket as it is.
    """
    ticket = case.ticket()
    texts = [_plain(ticket.text), _plain(redact(ticket).ticket.text)]
    return [any(_plain(quote) in text for text in texts) for quote in quotes]


def _plain(text: str) -> str:
    """Without what the policy forgives in a quote: case, blanks, forms of a letter, typographic marks, invisibles."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_MARKS)
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in ("Cf", "Mn"))


def _brief(answer: Answer) -> str:
    if answer.brief is None:
        return "never"
    if answer.brief.status == "valid":
        return "valid_repaired" if answer.brief.repairs else "valid_first"
    return "gap" if answer.brief.status == "gap" else "never"


def _carried(case: Case, answer: Answer) -> tuple[bool, ...]:
    text = answer.brief.text if answer.brief else ""
    return tuple(holds(text, wanted) for wanted in case.labels.must_carry)


def _kept_clear(case: Case, answer: Answer) -> tuple[bool, ...]:
    said = f"{answer.brief.text}\n{answer.brief.message}" if answer.brief else ""
    return tuple(not holds(said, forbidden) for forbidden in case.labels.must_not_say)


def holds(text: str, wanted: str) -> bool:
    """Whether the words stand in the text as whole words, or the same date in another notation."""
    pattern = r"\s+".join(re.escape(word) for word in fold_text(wanted).split())
    # `37` is neither in `37.5` nor in `10:37`, and `8.0.2` is not in `8.0.2.1`.
    if re.search(rf"(?<![0-9a-z])(?<!\d[.,:]){pattern}(?![0-9a-z])(?![.,:]\d)", fold_text(text)):
        return True
    days = dates(wanted)
    return len(days) == 1 and any(dates_agree(days[0], other) for other in dates(text))


def _untraceable(answer: Answer) -> int | None:
    if answer.brief is None:
        return None
    return sum(code.startswith("untraceable_") for code in answer.brief.findings)
