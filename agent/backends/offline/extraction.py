"""A ticket to a `FactsReport` by word rules, without a model."""

import re
from collections.abc import Iterator, Sequence

from agent.backends.offline.attitude import attitude
from agent.backends.offline.history import attempts, reproduction
from agent.backends.offline.language import detect_language, filler
from agent.backends.offline.lexicon import LANGUAGES, lists
from agent.backends.offline.particulars import measures
from agent.backends.offline.passages import Passage, passages
from agent.backends.offline.people import accounts, people
from agent.backends.offline.quoting import Quotes
from agent.backends.offline.references import references
from agent.backends.offline.sections import Placed, place
from agent.backends.offline.signals import FAULTS, Mention, find_signals
from agent.backends.offline.standing import cue, scopes, workarounds
from schemas.report import FactsReport, IssueReport, ReproductionReport, SignalReport
from schemas.ticket import Ticket
from schemas.vocabulary import GROUPS

MAX_TITLE_WORDS = 12
_PREFIX = re.compile(
    r"(?i)^(?:(?:re|fw|fwd|aw|wg|urgent|asap|help|important|critical|bug|issue|problem|ticket)[ ]?[:!-]+[ ]*|"
    r"\[[^\]\n]{1,40}\][ ]*)+"
)
_REQUESTS = frozenset((*GROUPS["product"], "security_questionnaire", "exception_requested", "executive_request"))
# What a title alone does not prove: a template's title, or the name of an error, is no report.
SUSPICIONS = frozenset(("bug_suspected", "major_function_broken"))
_TOKEN = re.compile(r"\d+|[^\W\d_]+(?:'[a-z]+)?")


def extract(ticket: Ticket) -> FactsReport:
    """The facts that the rules see. Every quote is a substring of `ticket.text`; what is not said has no entry."""
    quotes = Quotes(ticket)
    ticket = ticket.model_copy(update={"text": quotes.text})
    found = passages(ticket)
    placed = place(found)
    language = detect_language(found)
    tongues = (
        LANGUAGES if language == "und" else tuple(dict.fromkeys(("en", language if language in LANGUAGES else "en")))
    )
    mentions = find_signals(placed, tongues)
    parts = tuple(reproduction(quotes, placed))
    mentions = _with_implied_bug(mentions, placed, parts)
    if not _has_body(placed):
        mentions = tuple(m for m in mentions if not (m.passage.kind == "subject" and m.signal in SUSPICIONS))
    names = frozenset(m.signal for m in mentions if m.state == "stated") | (
        {"secret_in_ticket"} if quotes.secrets else frozenset()
    )
    understandable = _understandable(placed, names)
    issues = (_issue(quotes, placed, names),) if understandable else ()
    return FactsReport(
        language=language,
        understandable=understandable,
        issues=tuple(issue for issue in issues if issue is not None),
        signals=tuple(_signals(quotes, mentions, found)),
        workarounds=tuple(workarounds(quotes, placed, tongues)),
        scopes=tuple(scopes(quotes, placed)) if names & FAULTS else (),
        measures=tuple(measures(ticket, quotes, placed, names)),
        accounts=tuple(accounts(quotes, found)),
        people=tuple(people(ticket, quotes, found)),
        attempts=tuple(attempts(quotes, placed)),
        reproduction=parts,
        references=tuple(references(ticket, quotes, found)),
    )


def _with_implied_bug(
    mentions: tuple[Mention, ...], placed: Sequence[Placed], parts: Sequence[ReproductionReport]
) -> tuple[Mention, ...]:
    """Who sets "expected" against "actual" reports misbehaviour, whatever the words."""
    headed = {part.part for part in parts}
    if not {"expected", "actual"} <= headed or any(m.signal in FAULTS | frozenset(GROUPS["product"]) for m in mentions):
        return mentions
    found = next(
        (i for i in placed if i.section == "actual" and not i.is_heading and i.passage.asserter == "customer"), None
    )
    if found is None:
        return mentions
    start = found.text_start - found.passage.start
    return (*mentions, Mention("bug_suspected", "stated", found.passage, start, len(found.passage.low)))


def _signals(quotes: Quotes, mentions: Sequence[Mention], found: Sequence[Passage]) -> list[SignalReport]:
    reports: list[SignalReport] = []
    for mention in mentions:
        words = quotes.of(mention.passage, mention.start, mention.end)
        if words:
            state = "withdrawn" if mention.state == "withdrawn" else "stated"
            reports.append(
                SignalReport.model_validate(
                    {
                        "signal": mention.signal,
                        "issue": 1,
                        "state": state,
                        "asserted_by": mention.passage.asserter,
                        "quote": words,
                    }
                )
            )
    for secret in quotes.secrets[:3]:
        words = quotes.between(secret.label_start, secret.label_end)
        holder = next((p for p in found if p.start <= secret.start < p.end), None)
        if words:
            asserter = holder.asserter if holder else "customer"
            reports.append(
                SignalReport(signal="secret_in_ticket", issue=1, state="stated", asserted_by=asserter, quote=words)
            )
    return reports


def _issue(quotes: Quotes, placed: Sequence[Placed], names: frozenset[str]) -> IssueReport | None:
    words = next(filter(None, (_title_words(quotes, source) for source in _title_passages(placed))), "")
    if not words:
        return None
    kind = "problem"
    problems = names & (FAULTS | frozenset(GROUPS["security"]) - {"security_questionnaire"})
    if not problems:
        kind = "request" if names & _REQUESTS else "question" if "guidance_needed" in names else "problem"
    return IssueReport.model_validate(
        {"issue": 1, "title": title(words), "kind": kind, "answered": _answered(placed, names), "quote": words}
    )


def _title_words(quotes: Quotes, source: Passage) -> str:
    """The beginning of the passage; where that is a word without an end, what stands at its end."""
    size = len(source.low)
    return quotes.of(source, 0, min(size, 120)) or quotes.of(source, size - 1, size)


def _title_passages(placed: Sequence[Placed]) -> Iterator[Passage]:
    """The subject, if it says something; then the sentences that do, the customer's first; at last any subject."""
    subject = next((item.passage for item in placed if item.passage.kind == "subject"), None)
    if subject is not None and not _says_nothing(subject.low):
        yield subject
    prose = [
        item.passage
        for item in placed
        if item.passage.kind == "prose"
        and not item.is_heading
        and item.passage.asserter in {"customer", "support"}
        and not lists()["greeting"].match(item.passage.low)
        and not _says_nothing(item.passage.low)
        and len(item.passage.low.split()) > 2
    ]
    yield from sorted(prose, key=lambda passage: passage.asserter != "customer")
    if subject is not None:
        yield subject


def title(words: str) -> str:
    """A subject or sentence as a title: prefixes gone, one line, at most twelve words, no shouting."""
    clean = _PREFIX.sub("", " ".join(words.split())).strip(" .!?-:;,\"'")
    clean = clean or " ".join(words.split())
    if clean.count('"') % 2:
        clean = clean + '"' if clean.rindex('"') < len(clean) - 1 else clean[:-1]
    letters = [c for c in clean if c.isalpha()]
    if len(letters) > 8 and sum(c.isupper() for c in letters) > 0.8 * len(letters):
        clean = clean.capitalize()
    parts = clean.split()
    if len(parts) <= MAX_TITLE_WORDS:
        return clean
    return " ".join(parts[:MAX_TITLE_WORDS]).rstrip(" ,;:.-") + " …"


def _says_nothing(low: str) -> bool:
    """Whether the words would fit any ticket: "urgent, please help, it does not work"."""
    return all(token in filler() for token in _TOKEN.findall(low))


def _has_body(placed: Sequence[Placed]) -> bool:
    """Whether the customer wrote anything below the title that is about the matter."""
    return any(
        item.passage.kind in {"prose", "machine", "quoted"}
        and item.passage.asserter in {"customer", "quoted"}
        and not item.is_heading
        and not lists()["greeting"].match(item.passage.low)
        and not cue("administrative", item.passage.low, LANGUAGES)
        for item in placed
    )


def _understandable(placed: Sequence[Placed], names: frozenset[str]) -> bool:
    """False for a ticket in which nobody says what is wrong or wanted ("doesn't work!!!").

    A bare title names a matter and tells nothing of it: only a harm or a request that it states can be decided upon.
    """
    telling = [
        item.passage
        for item in placed
        if item.passage.kind in {"prose", "subject", "machine", "quoted"}
        and item.passage.asserter in {"customer", "quoted", "support"}
        and not item.is_heading
        and not lists()["greeting"].match(item.passage.low)
        and not _says_nothing(item.passage.low)
    ]
    own = [p for p in telling if p.asserter != "support"]
    if not _has_body(placed):
        return bool(telling and names)
    words = sum(len(p.text.split()) for p in own)
    cjk = sum(1 for p in own for c in p.text if ord(c) > 0x2E7F)
    return words >= 3 or cjk >= 6 or bool(telling and not own and names)


def _answered(placed: Sequence[Placed], names: frozenset[str]) -> bool:
    return "resolved_itself" in names and any(
        item.passage.asserter in {"customer", "support"}
        and (m := lists()["closed"].search(item.passage.low)) is not None
        and attitude(item.passage, m.start(), m.end(), "en") == "stated"
        for item in placed[-12:]
    )
