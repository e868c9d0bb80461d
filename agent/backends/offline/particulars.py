"""Numbers, dates and particulars that the ticket states, each as written (policy 1, measures and dates)."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

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

LONGEST_FIELD = 600  # code points of a field with its further lines
_PARAGRAPH = re.compile(r"[^\n]+(?:\n[ \t]*[^\s][^\n]*)*")
# `Version = 10.0`, "Node.js", "8.1.0.GA": a short line that is no sentence and no field of the help desk.
_SETTING = re.compile(
    r"[^\n:]{1,60}=[^\n]{0,80}$|(?![A-Z][\w /-]{1,38}:)[ \t]*(?:[^\s,!?:]{1,40}[ \t]*){1,3}(?<![,!?:])(?<!\D\.)$"
)
MOST = 3  # entries of one measure
_TOLD = frozenset(("prose", "subject", "heading", "quoted"))  # kinds of passages
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
    r"(?i)error|message|says|dialog|warning|popup|pop-up|displays|alert|exception|reads|fehlermeldung|mensaje|erreur|"
    r"\bgets?\b|\bgetting\b|\bshow|stops? with|ends? (?:in|with)"
)
_FAILS = re.compile(r"(?i)error|exception|fail|crash|fehlermeldung|mensaje de error|erreur")
_SETTLED = re.compile(
    r"(?i)to (?:fix|solve|resolve) (?:this|that|the) (?:issue|problem|warning|error)|(?:was|been) (?:fixed|solved)"
)
_NEAR = 60  # code points between the word for an error and the quotation
_MARKUP = re.compile(r"\{[a-z]{4,10}(?::[^}\n]*)?\}|```")
_KEYED = re.compile(r"""\s*message\s*[=:]\s*["'](?P<words>[^\n]{4,160}?)["'][;,]?\s*$""")
_APOLOGY = re.compile(
    r"(?:(?:i am|i'm|we are|we're|very|so) )*(?:sorry|apolog)|thank|es tut (?:mir|uns)|entschuldig|lo siento|lamento|"
    r"disculpe|désolé|nous sommes désolé|desculp|pedimos desculpa|申し訳|ご連絡"
)
_TO_A_COLLEAGUE = re.compile(r"\s*\[~[^\]\n]{1,40}\]")
_NAME_BEFORE = re.compile(r"(?:(?<!\w)[A-Z][\w.]{0,20} ){1,2}$")
_DEVICE_VERSION = re.compile(r"(?i)\b(?:android|ios|os) version [^\n.,;?]{0,50}?\d+\.\d[\w.]*")


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
    yield from _fields(ticket, quotes, placed)
    for index, item in enumerate(placed):
        passage = item.passage
        announced = index > 0 and _announces_error(placed[index - 1].passage, passage)
        if passage.kind == "machine":
            found = tuple(_machine_errors(quotes, passage))
            yield from found or (_announced(quotes, passage, placed[index + 1 : index + 3]) if announced else ())
        elif passage.kind in _TOLD and item.section != "expected" and not item.is_heading:
            if announced and passage.kind == "prose" and not passage.text.endswith((".", "!", "?", ":")):
                yield from _announced(quotes, passage)
            for kind, start, end in _sentence(passage, signals):
                if counts[kind] < MOST:
                    yield kind, passage.text[start:end], passage.asserter, quotes.of(passage, start, end)
            for kind, start, end in _whole_sentences(passage, signals):
                if counts[kind] < MOST:
                    words = quotes.of(passage, start, end)
                    yield kind, words, passage.asserter, words
    yield from _last_update(ticket, quotes, placed)
    for item in placed:  # after a log's own words and all else
        passage = item.passage
        if passage.kind in _TOLD and item.section != "expected" and not item.is_heading:
            for kind, start, end in _errors_in_prose(passage):
                if counts[kind] < MOST:
                    yield kind, passage.text[start:end], passage.asserter, quotes.of(passage, start, end)


def _fields(ticket: Ticket, quotes: Quotes, placed: Sequence[Placed]) -> _Found:
    head_end = ticket.messages[0].start if ticket.messages else 0
    for item in placed:
        passage = item.passage
        if passage.kind != "field":
            continue
        value = passage.text.partition(":")[2].strip()
        if passage.key == "environment":
            value = _field_lines(quotes, passage.end - len(value), head_end)
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


def _field_lines(quotes: Quotes, start: int, head_end: int) -> str:
    """A field of the head with its further lines, also behind blank ones where they are settings still.

    At most `LONGEST_FIELD` code points, cut between lines. `head_end`: where the first message begins, 0 if none does.
    """
    text = quotes.text
    end = start
    for found in _PARAGRAPH.finditer(text, start, max(head_end, start)) if head_end > start else ():
        lines = found[0].splitlines()
        if end > start and not all(_SETTING.match(row) for row in lines if row.strip()):
            break
        end = found.end()
    if end == start:
        stop = text.find("\n\n", start)
        end = len(text) if stop < 0 else stop
    if end - start > LONGEST_FIELD:
        end = max(text.rfind("\n", start, start + LONGEST_FIELD), min(end, start + 60))
    return quotes.between(start, end)


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
    tier = _TIER_HELD.search(passage.text)
    if tier and passage.asserter in {"support", "system"}:
        named = _TIER.search(passage.text, tier.start())
        if named:
            yield "current_tier", named.start(), named.end()
    if passage.asserter == "customer":
        device = _DEVICE_VERSION.search(passage.text)
        if device:
            yield "environment", device.start(), device.end()
        for place in cues["environment"].finditer(low):
            if device is None or not device.start() <= place.start() < device.end():
                named = _NAME_BEFORE.search(passage.text, max(0, place.start() - 44), place.start())
                yield "environment", named.start() if named else place.start(), place.end()


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
            near = passage.text[max(0, said.start() - _NEAR) : said.start()] + passage.text[said.end() :][: _NEAR // 2]
            # Support quotes the names of buttons and dialogs when it advises; only an error is one there.
            word = (_FAILS if passage.asserter == "support" else _SAYS).search(near)
            if len(said[group].split()) > 1 and word and not _SETTLED.search(passage.text):
                yield "error_message", said.start(group), said.end(group)


def _machine_errors(quotes: Quotes, passage: Passage) -> _Found:
    found = _THROWN.search(passage.text)
    words = found[1] if found else None
    keyed = _KEYED.search(passage.text) if words is None else None
    words = keyed["words"] if keyed else words
    if words is None:
        logged = _LOGGED.match(passage.text)
        words = logged["words"] if logged else None
    if words is None or words.rstrip().endswith(("{", "(", "[")) or _INNER.match(words):
        return
    at = passage.start + passage.text.index(words)
    safe = quotes.between(at, at + len(words))
    yield "error_message", safe, "quoted", safe


def _announces_error(before: Passage, passage: Passage) -> bool:
    """Whether the sentence before ends in a colon and speaks of an error: what follows is its text."""
    same = before.message == passage.message and before.kind == "prose" and before.asserter in {"customer", "support"}
    return same and before.low.endswith(":") and _FAILS.search(before.text) is not None


def _announced(quotes: Quotes, passage: Passage, further: Sequence[Placed] = ()) -> _Found:
    """The longest run of the passage between marks of a wiki, where it is words at all; a place with its next lines."""
    runs = [run for run in _MARKUP.split(passage.text) if run.strip()]
    longest = max(runs, key=len, default="").strip()
    for item in further:
        if len(longest.split()) < 3 and item.passage.kind == "machine" and longest == passage.text:
            longest = quotes.text[passage.start : item.passage.end]
            passage = replace(passage, end=item.passage.end, text=longest)
    if len(longest.split()) < 3 or len(longest) > MAX_QUOTE or longest.endswith(("{", "(", "[")):
        return
    at = passage.start + passage.text.index(longest)
    safe = quotes.between(at, at + len(longest))
    if safe:
        yield "error_message", safe, "quoted" if passage.kind == "machine" else passage.asserter, safe


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
    """What support told the customer last: the telling sentences of its last public message."""
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
        telling = [p for p in telling if not _APOLOGY.match(_bare(p.low))] or telling
        if not telling or _TO_A_COLLEAGUE.match(quotes.text[message.start : message.end].rpartition(":\n")[2]):
            continue
        if _TO_A_COLLEAGUE.match(telling[0].text):
            continue
        words = quotes.between(telling[0].start, _last_end(quotes.text, telling))
        if words:
            yield "last_customer_update", words, "support", words
        return


def _bare(low: str) -> str:
    return re.sub(r"^(?:hi|hello|hey|dear|hallo|hola|bonjour|olá)[^,\n]{0,30},\s+", "", low)


def _last_end(text: str, telling: Sequence[Passage]) -> int:
    """Where the last sentence ends that belongs to the first: nothing but blanks between, and not too long in all."""
    end = min(telling[0].end, telling[0].start + MAX_QUOTE)
    for passage in telling[1:]:
        if passage.end - telling[0].start > MAX_QUOTE or text[end : passage.start].strip(" \n\t-*#0123456789.)"):
            break
        end = passage.end
    return end
