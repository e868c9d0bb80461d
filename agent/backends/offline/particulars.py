"""Numbers, dates and particulars that the ticket states, each as written (policy 1, measures and dates)."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from agent.backends.offline.amounts import MONEY, counted, date_after
from agent.backends.offline.lexicon import lists
from agent.backends.offline.passages import Passage
from agent.backends.offline.quoting import MAX_QUOTE, Quotes
from agent.backends.offline.sections import Placed
from agent.grounding.fold import stands_in
from agent.grounding.traced import missing_number
from schemas.report import MeasureReport
from schemas.ticket import Ticket
from schemas.vocabulary import Asserter, Measure

MOST = 3  # entries of one measure
_AREA_KEYS = frozenset(
    ("product", "component", "components", "area", "module", "category", "application", "product area", "feature")
)
_TIER_KEYS = frozenset(
    ("tier", "level", "queue", "support tier", "support level", "group", "assigned to", "assignee", "team", "assigned")
)
_TIER = re.compile(
    r"(?i)(?<!\w)(?:(L[12])|(?:tier|level|line)[ -]?([12])|(first|second)[- ](?:level|line)(?: support)?)(?!\w)"
)
_TIER_HELD = re.compile(
    r"(?i)(?:now with|currently with|handled by|assigned to|escalated to|handed to|passed to|in the|i am|i'm|"
    r"we are|this is|here is|from) "
    r"(?:the |our |an? )?(?:L[12]|(?:tier|level)[ -]?[12]|(?:first|second)[- ]level)(?!\w)"
)
_RISK = re.compile(
    r"(?i)at risk|los(?:t|e|ing)|deal|worth|cost(?:s|ing)? (?:us|them)|revenue|turnover|pipeline|opportunit|"
    r"expansion|damage|penalt"
)
_NO_RISK = re.compile(
    r"(?i)invoice|charged|price|refund|overcharg|credit note|arr\b|annual|contract value|per (?:user|seat)|payment of"
)
_RENEWAL = re.compile(
    r"(?i)renew(?:al|s|ing)?|contract (?:ends|expires|is up|runs out)|(?:subscription|agreement|"
    r"licen[sc]e) (?:ends|expires)"
)
_GO_LIVE = re.compile(
    r"(?i)go(?:es|ing)?[- ]live|launch(?:es|ing)?|cut-?over|roll-?out|release date|opening day|kick-?off"
)
_CODE = re.compile(
    r"(?<![\w.])(?:HTTP(?:/\d\.\d)?[ ]?(?P<http>[45]\d\d)|(?i:error|status|code|exit (?:value|code)|"
    r"return code)(?i:[ ](?:code|number|no\.?|was|is|of)){0,4}[ ]?[:#=]?[ ]?"
    r"(?P<code>0x[0-9a-fA-F]{2,16}|[A-Z]{1,10}[-_]?\d{2,7}|-?\d{1,7})|(?P<status>[45]\d\d)(?=[ ](?:error|errors|"
    r"bad gateway|internal|forbidden|"
    r"not found|unauthori|response|service unavailable|gateway))|(?P<name>ERR_[A-Z_]{3,40}|"
    r"[A-Z]{3,12}_\d{2,6}|ORA-\d{5}|"
    r"EXC_[A-Z_]{3,30}|E[A-Z]{6,14}(?=[ :])|"
    r"[A-Z]{2,6}-(?:E|ERR)-?\d{2,6}))(?!\w)"
)
_THROWN = re.compile(
    r"(?<![\w.])((?:[\w$]{1,40}\.){0,8}[A-Z][A-Za-z]{0,40}(?:Error|Exception|Fault)(?::[ ][^\n]{3,160}|(?= )))"
)
_LOGGED = re.compile(r"\[?(?:ERROR|FATAL|SEVERE)\]?[ \t]*+[:|\]]?[ \t:]*+(?P<words>[A-Za-z'\"<][^\n]{11,170})")
_INNER = re.compile(r"\s*(?:backtrace|line|name|sourceId|sourceURL|source|at)\b ?[=:(]")
_SAID = re.compile(r"[\"“]([^\"”\n]{6,160})[\"”]|'([^'\n]{10,160})'(?=[\s.,]|$)")
_SAYS = re.compile(
    r"(?i)error|message|says|dialog|warning|popup|pop-up|displays|alert|exception|reads|fehlermeldung|mensaje|erreur"
)


def measures(
    ticket: Ticket, quotes: Quotes, placed: Sequence[Placed], signals: frozenset[str]
) -> Iterable[MeasureReport]:
    """Every measure, at most `MOST` of a kind. `signals` are those found: some measures mean nothing without them."""
    seen: set[tuple[Measure, str]] = set()
    counts: Counter[Measure] = Counter()
    for kind, value, asserter, words in _all(ticket, quotes, placed, signals, counts):
        value = value.strip(" ,;").removesuffix(".")
        if not value or (kind, value) in seen or counts[kind] >= MOST or not _supported(kind, value, words):
            continue
        seen.add((kind, value))
        counts[kind] += 1
        yield MeasureReport(kind=kind, value=value, asserted_by=asserter, quote=words)


def _supported(kind: Measure, value: str, words: str) -> bool:
    """Whether the grounding would find the value in its quote (policy 2.3)."""
    if value not in words:
        return False
    if kind == "error_code":
        return stands_in(value, words)
    return kind == "current_tier" or missing_number(value, words) is None


_Found = Iterable[tuple[Measure, str, Asserter, str]]


def _all(
    ticket: Ticket, quotes: Quotes, placed: Sequence[Placed], signals: frozenset[str], counts: "Counter[Measure]"
) -> _Found:
    """`counts`: entries that each measure has by now. To quote for more than `MOST` would be work for nothing."""
    yield from _fields(quotes, placed)
    for item in placed:
        passage = item.passage
        if passage.kind == "machine":
            yield from _machine_errors(quotes, passage)
        elif (
            passage.kind in {"prose", "subject", "heading", "quoted"}
            and item.section != "expected"
            and not item.is_heading
        ):
            for kind, start, end in _sentence(passage, signals):
                if counts[kind] < MOST:
                    yield kind, passage.text[start:end], passage.asserter, quotes.of(passage, start, end)
            for kind, start, end in _whole_sentences(passage, signals):
                if counts[kind] < MOST:
                    words = quotes.of(passage, start, end)
                    yield kind, words, passage.asserter, words
    yield from _last_update(ticket, quotes, placed)


def _fields(quotes: Quotes, placed: Sequence[Placed]) -> _Found:
    for item in placed:
        passage = item.passage
        if passage.kind != "field":
            continue
        value = passage.text.partition(":")[2].strip()
        if passage.key == "environment":
            value = _field_lines(quotes, passage.end - len(value))
            yield "environment", value, "customer", value
        elif passage.key in _AREA_KEYS:
            yield "product_area", value, "system", quotes.between(passage.start, passage.end)
        elif passage.key in {"opened", "created", "date", "created at", "opened at", "submitted"}:
            yield "opened", value, "system", quotes.between(passage.start, passage.end)
        elif passage.key in {"renewal", "renewal date", "contract end", "renews"}:
            yield "renewal_date", value, "system", quotes.between(passage.start, passage.end)
        elif passage.key in _TIER_KEYS:
            tier = _TIER.search(value)
            if tier or value.strip().casefold() in {"manager", "management"}:
                words = quotes.between(passage.start, passage.end)
                yield "current_tier", tier[0] if tier else value, "system", words


def _field_lines(quotes: Quotes, start: int) -> str:
    """A field of the head with its further lines, as far as the next blank line, at most 240 code points."""
    text = quotes.text
    stop = text.find("\n\n", start)
    stop = len(text) if stop < 0 else stop
    if stop - start > 240:
        stop = max(text.rfind("\n", start, start + 240), min(stop, start + 60))
    return quotes.between(start, stop)


def _sentence(passage: Passage, signals: frozenset[str]) -> Iterable[tuple[Measure, int, int]]:
    low, cues = passage.low, lists()
    affected = cues["affected"].search(low) is not None and not passage.is_question
    if affected:
        users = counted(low, "people_affected")
        if users:
            yield "users_affected", users.start(1), users.end(1)
        customers = counted(low, "customers_affected")
        if customers:
            yield _customers_kind(passage, customers), customers.start(1), customers.end(1)
        things = counted(low, "things_affected")
        if things and signals & {
            "data_loss",
            "data_integrity_risk",
            "data_exposure",
            "major_function_broken",
            "work_blocked",
        }:
            yield "records_affected", things.start(1), things.end(1)
    for money in MONEY.finditer(passage.text):
        near = passage.text[max(0, money.start() - 60) : money.end() + 60]
        if _RISK.search(near) and not _NO_RISK.search(near) and re.search(r"[$€£¥A-Za-z]", money[0]):
            yield "revenue_at_risk", money.start(), money.end()
    for kind, pattern in (("renewal_date", _RENEWAL), ("go_live_date", _GO_LIVE)):
        named = pattern.search(passage.text)
        date = named and date_after(low, named.end())
        if date:
            yield ("renewal_date" if kind == "renewal_date" else "go_live_date"), date.start(), date.end()
    if passage.asserter != "quoted" and not passage.is_question:
        started = next((d for m in cues["started"].finditer(low) if (d := date_after(low, m.end(), 2))), None)
        if started:
            yield "started", started.start(), started.end()
        wanted = next((d for m in cues["deadline"].finditer(low) if (d := date_after(low, m.end(), 12))), None)
        if wanted and passage.asserter == "customer":
            yield "deadline_wanted", wanted.start(), wanted.end()
    for code in _CODE.finditer(passage.text):
        group = code.lastgroup or "code"
        if group != "code" or not passage.text[code.end() : code.end() + 3].strip().startswith(("%", "user", "/")):
            yield "error_code", code.start(group), code.end(group)
    yield from _errors_in_prose(passage)
    tier = _TIER_HELD.search(passage.text)
    if tier and passage.asserter in {"support", "system"}:
        named = _TIER.search(passage.text, tier.start())
        if named:
            yield "current_tier", named.start(), named.end()
    for place in cues["environment"].finditer(low):
        if passage.asserter == "customer":
            yield "environment", place.start(), place.end()


def _customers_kind(passage: Passage, found: "re.Match[str]") -> Measure:
    others = (
        re.search(r"other|more|further|additional|another", passage.low[found.start() : found.end() + 30]) is not None
    )
    if re.search(r"same (?:root )?cause", passage.low) and passage.asserter == "support":
        return "other_customers_same_cause" if others else "customers_same_cause"
    return "other_customers_affected" if others else "customers_affected"


def _errors_in_prose(passage: Passage) -> Iterable[tuple[Measure, int, int]]:
    thrown = _THROWN.search(passage.text)
    if thrown and passage.kind in {"prose", "subject"}:
        yield "error_message", thrown.start(1), thrown.end(1)
    if _SAYS.search(passage.text):
        for said in _SAID.finditer(passage.text):
            group = 1 if said[1] else 2
            if len(said[group].split()) > 1:
                yield "error_message", said.start(group), said.end(group)


def _machine_errors(quotes: Quotes, passage: Passage) -> _Found:
    found = _THROWN.search(passage.text)
    words = found[1] if found else None
    if words is None:
        logged = _LOGGED.match(passage.text)
        words = logged["words"] if logged else None
    if words is None or words.rstrip().endswith(("{", "(", "[")) or _INNER.match(words):
        return
    at = passage.start + passage.text.index(words)
    safe = quotes.between(at, at + len(words))
    yield "error_message", safe, "quoted", safe


def _whole_sentences(passage: Passage, signals: frozenset[str]) -> Iterable[tuple[Measure, int, int]]:
    """Particulars that are a statement rather than a value."""
    cues, low = lists(), passage.low
    security = signals & {"data_exposure", "unauthorized_access", "vulnerability_report", "secret_in_ticket"}
    product = signals & {"feature_gap", "design_decision_needed", "workflow_mismatch", "competing_needs"}
    wanted: list[tuple[Measure, str, bool]] = [
        ("customer_expectation", "expectation", passage.asserter == "customer"),
        ("containment_step", "containment", bool(security) and passage.asserter in {"customer", "support"}),
        ("use_case", "use_case", bool(product) and passage.asserter == "customer"),
        ("request_frequency", "frequency_of_request", bool(product)),
        ("competitive_pressure", "competitor", bool(product) or "churn_threat" in signals),
    ]
    for kind, cue, applies in wanted:
        found = cues[cue].search(low) if applies and passage.kind == "prose" else None
        if found:
            yield kind, found.start(), found.end()


def _last_update(ticket: Ticket, quotes: Quotes, placed: Sequence[Placed]) -> _Found:
    """What support told the customer last: the first telling sentence of its last public message."""
    for index in range(len(ticket.messages) - 1, -1, -1):
        message = ticket.messages[index]
        if message.speaker != "support" or message.internal:
            continue
        said = [
            item.passage
            for item in placed
            if item.passage.message == index and item.passage.kind == "prose" and item.passage.asserter == "support"
        ]
        telling = [p for p in said if not lists()["greeting"].match(p.low) and len(p.text.split()) > 3]
        if telling:
            first = telling[0]
            words = quotes.between(first.start, min(first.end, first.start + MAX_QUOTE))
            yield "last_customer_update", words, "support", words
        return
