"""Traceability: every number, date, time, id, name, quote and link of the brief stands in the sources (policy 5)."""

import re
from decimal import Decimal
from typing import Literal

from agent.notation import DateMention, Day, Identifier, Number, TimeMention, quoted_strings
from agent.notation.scan import GAP
from agent.redaction.placeholders import placeholders
from agent.validate.amounts import check_number
from agent.validate.fields import Field
from agent.validate.grounds import STANDS, Check, finding
from agent.validate.moments import same_clock
from agent.validate.names import unknown_names, unknown_words
from agent.validate.sources import Reading, Sources, read_all, squash
from agent.validate.weekdays import weekday_named
from agent.validate.zones import zone_named
from schemas.escalation import Finding

_QUARTER = re.compile(r"Q([1-4])", re.IGNORECASE)
_WORD_BEFORE = re.compile(r"(\w+),? (?:the )?\Z")
_FREE_CODES = re.compile(
    r"(?:F(?:[1-9]|1[0-2])|L[1-3]|P[0-4]|S[1-4]|SEV-?[1-4]|2FA|Q[1-4]|B2B|B2C|\d+[xX]|\d{1,2}h\d\d|[1-9]st)", re.I
)


def check_trace(parts: tuple[Field, ...], check: Check) -> list[Finding]:
    """Findings of all fields, each value once for each place."""
    found: list[Finding] = []
    lines = [(part, *_quotes(part, check)) for part in parts if part.text.strip()]
    readings = read_all([text for _, text, _ in lines])
    named = [
        _nameable(reading) if part.kind != "question" else ""
        for (part, _, _), reading in zip(lines, readings, strict=True)
    ]
    unknown = unknown_words(GAP.join(named), check.sources)
    for (part, _, quoted), reading, text in zip(lines, readings, named, strict=True):
        found += _check_field(part, reading, quoted, unknown_names(text, unknown, check.sources), check)
    return found


def _quotes(part: Field, check: Check) -> tuple[str, list[Finding]]:
    """The text of a field with blanks for the quotes that are judged, and the findings against them."""
    quotes = quoted_strings(part.text)
    found: list[Finding] = []
    settled: list[tuple[int, int]] = []
    for quote in quotes:
        verdict = _quote(quote.text, part, check)
        if verdict is True:
            settled.append((quote.start, quote.end))
        elif verdict is not None:
            found.append(verdict)
            settled.append((quote.start, quote.end))
    for one in placeholders(part.text):
        settled.append((one.start, one.end))
        if one.number not in check.sources.secrets:
            found.append(finding("untraceable_id", part, part.text[one.start : one.end], STANDS))
    return _blanked(part.text, settled), found


def _check_field(part: Field, reading: Reading, quoted: list[Finding], names: list[str], check: Check) -> list[Finding]:
    found = quoted
    text = reading.text
    if not (reading.identifiers or reading.figures or reading.dates or reading.times or names or quoted):
        return []
    found += _identifiers(reading, part, check)
    found += [
        f
        for number, unit in _unsettled(reading, check.sources)
        if not _first_of_days(number, reading, check) and (f := check_number(number, unit, text, part, check))
    ]
    found += [f for mention in reading.dates if (f := _date(mention, reading, part, check))]
    found += [f for mention in reading.times if (f := _time(mention, part, check))]
    found += [finding("untraceable_name", part, name, STANDS, not check.translated) for name in names]
    return list({(f.code, f.found): f for f in found}.values())


def _unsettled(reading: Reading, sources: Sources) -> list[tuple[Number, str | None]]:
    """The figures but those of `15 h 05`, which may be a duration, where the sources know that clock time."""
    if not reading.times:
        return reading.figures
    clocks = [m for m in reading.times if m.maybe_duration and m.minute and _clock_known(m, sources)]
    inside = {place for mention in clocks for place in range(mention.start, mention.end)}
    return [(number, unit) for number, unit in reading.figures if number.start not in inside]


# What joins the first day of `17 and 18 March` to the second.
_AND_DAY = re.compile(r"(?:st|nd|rd|th|\.|º)?(?:,? (?:and|or|to|und|oder|bis|et|y|e|a) | ?[–-] ?)\Z")


def _first_of_days(number: Number, reading: Reading, check: Check) -> bool:
    """`17` in `17 and 18 March`, where 17 March is known: the month is said once for both."""
    if not reading.dates or not re.fullmatch(r"[0-3]?\d", number.text):
        return False
    for mention in reading.dates:
        if number.end < mention.start <= number.end + 10 and _AND_DAY.match(reading.text[number.end : mention.start]):
            days = [Day(day.year, day.month, int(number.value)) for day in mention.candidates if day.day and day.month]
            return any(_day_known(day, check) for day in days)
    return False


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text.replace("\x00", " ")


def _timed(reading: Reading) -> list[tuple[int, int]]:
    """Where dates and clock times stand."""
    return [(mention.start, mention.end) for mention in reading.dates] + [(m.start, m.end) for m in reading.times]


def _nameable(reading: Reading) -> str:
    """The text with blanks for what is judged otherwise."""
    text = reading.text
    if not (reading.identifiers or reading.dates or reading.times):
        return text
    spans = [(token.start, token.end) for token in reading.identifiers]
    # Without its closing stop, which may end the sentence: `on 1 Dec. Then …`
    spans += [(start, start + len(text[start:end].rstrip("."))) for start, end in _timed(reading)]
    return _blanked(text, spans)


def _quote(text: str, part: Field, check: Check) -> Finding | Literal[True] | None:
    """True: stands in a source. A finding: it does not. None: no quotation, read the words as prose."""
    sources = check.sources
    pieces = [piece.strip(" .,;:!?") for piece in re.split(r"\.{3}|…|\[[^\]]{0,40}\]", text)]
    if not squash(text) or (any(pieces) and all(sources.holds(piece) for piece in pieces if piece)):
        return True
    if part.kind in ("question", "message") or (re.fullmatch(r"[\w-]+", text.strip()) and text.strip().islower()):
        return None
    if squash(text) and len(squash(text)) >= 12 and squash(text) in sources.squashed:
        return True
    return finding("untraceable_quote", part, text, f"a verbatim quote: it {STANDS}")


def _identifiers(reading: Reading, part: Field, check: Check) -> list[Finding]:
    if not reading.identifiers:
        return []
    judged = _blanked(reading.text, _timed(reading))
    return [
        finding(_code_of(token), part, token.text, STANDS)
        for token in reading.identifiers
        # What is left of a timestamp besides its date and time is no id; what is left of `2026.06.01-3` is.
        if judged[token.start : token.end].strip(" Tt:Zz.") and not _id_known(token, check)
    ]


def _code_of(token: Identifier) -> str:
    return "untraceable_link" if token.kind in ("url", "email") else "untraceable_id"


def _id_known(token: Identifier, check: Check) -> bool:
    sources = check.sources
    if sources.holds(token.text) or squash(token.text) in sources.tokens or _FREE_CODES.fullmatch(token.text):
        return _quarter_known(token.text, sources)
    if token.kind == "version":
        bare = token.text.lower().removeprefix("v")
        return sources.holds(bare) or sources.holds("v" + bare)
    if token.kind == "ticket" and token.text.startswith("#"):
        return token.text[1:] in sources.digits
    if token.kind in ("path", "symbol", "code", "ticket"):
        words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", token.text))
        # UI paths (Reports/Export) and compounds are words; a digit or an underscore makes it one thing.
        plain = not re.search(r"[\d_\\]", token.text) and not token.text.startswith(("/", "~", "."))
        if plain and words and all(word.casefold() in sources.words for word in words):
            return True
        return len(squash(token.text)) >= 5 and squash(token.text) in sources.squashed and token.kind != "path"
    return False


def _quarter_known(text: str, sources: Sources) -> bool:
    """Q3 is a date: it stands in a source, or a known date lies in it."""
    match = _QUARTER.fullmatch(text)
    if not match or sources.holds(text):
        return True
    return any(day.month and (day.month - 1) // 3 + 1 == int(match[1]) for day in sources.days)


def _date(mention: DateMention, reading: Reading, part: Field, check: Check) -> Finding | None:
    if part.kind == "question":
        return None
    wrong = _wrong_weekday(mention, reading.text, check.sources)
    if wrong is not None:
        return finding("weekday_wrong", part, wrong[0], wrong[1])
    if any(_day_known(day, check) for day in mention.candidates):
        return None
    if re.fullmatch(r"\d{1,2}/\d{1,2}", mention.text) and _fraction_known(mention.text, check.sources):
        return None
    if part.kind in ("plan", "message") and any(_day_free(day, check) for day in mention.candidates):
        return None
    return finding(
        "untraceable_date",
        part,
        mention.text,
        f"a date that {STANDS}; the date behind words such as 'last Monday' must be declared as a derivation",
    )


def _day_known(day: Day, check: Check) -> bool:
    if day in check.sources.days or day in check.proven.days:
        return True
    known = check.sources.days | check.proven.days
    if any(_covers(other, day, check.sources.years) for other in known):
        return True
    full = day.as_date()
    if full is not None:
        return full in check.sources.turned
    return (
        any((day.month in (None, d.month)) and (day.day in (None, d.day)) for d in check.sources.turned)
        and not day.year
    )


def _covers(source: Day, day: Day, years: frozenset[int]) -> bool:
    """The source says at least what the brief says; a year that the source leaves out may be any year in play."""
    if day.month is not None and source.month != day.month:
        return False
    if day.day is not None and source.day != day.day:
        return False
    if day.year is None or source.year is None:
        return day.year is None or day.year in years
    return day.year == source.year


def _day_free(day: Day, check: Check) -> bool:
    """Between now and the limit, that day included."""
    today = check.sources.now.date()
    for year in (day.year,) if day.year else (today.year, today.year + 1):
        full = Day(year, day.month, day.day).as_date()
        if full is None:
            continue
        last = (
            max((check.limit.astimezone(zone).date() for zone in check.sources.zones), default=None)
            if check.limit
            else None
        )
        if full >= today and (last is None or full <= last):
            return True
    return False


def _fraction_known(text: str, sources: Sources) -> bool:
    """`3/4 of them` is no date: both numbers stand in the sources."""
    return all(Decimal(part) in sources.numbers for part in text.split("/"))


def _wrong_weekday(mention: DateMention, text: str, sources: Sources) -> tuple[str, str] | None:
    before = text[max(0, mention.start - 14) : mention.start]
    match = _WORD_BEFORE.search(before)
    stated = weekday_named(match[1]) if match else None
    if stated is None or match is None or len(mention.candidates) != 1:
        return None
    day = mention.candidates[0]
    years = (day.year,) if day.year else tuple(sources.years)
    full = [value for year in years if (value := Day(year, day.month, day.day).as_date())]
    if not full or any(value.weekday() == stated for value in full):
        return None
    return (
        f"{match[1]} {mention.text}",
        f"the weekday of {mention.text}: {full[0]:%A}" if day.year else "the right weekday",
    )


def _time(mention: TimeMention, part: Field, check: Check) -> Finding | None:
    if part.kind in ("plan", "message", "question"):
        return None
    if (mention.hour, mention.minute) in check.proven.clocks or _clock_known(mention, check.sources):
        return None
    if mention.maybe_duration or mention.text.casefold() in ("noon", "midnight"):
        return None  # `4h` was judged as a number
    return finding("untraceable_time", part, mention.text, f"a clock time that {STANDS}, also converted between zones")


def _clock_known(mention: TimeMention, sources: Sources) -> bool:
    """In the sources in some zone in play; a time with its zone must be that time in that zone."""
    clock = (mention.hour, mention.minute)
    if clock not in sources.clocks:
        return False
    zone = zone_named(mention.zone) if mention.zone else None
    if zone is None:
        return True
    years = tuple(sources.years)
    return any(same_clock(moment, clock, zone, sources.zones, years) for moment in sources.moments)
