"""Times as ticket headers and exports write them. Aware where the zone is written, else naive."""

import re
from datetime import UTC, datetime, timedelta, timezone

from schemas.base import in_calendar

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero",
            "feb february februar février febrero",
            "mar march märz mars marzo mär",
            "apr april avril abril",
            "may mai mayo",
            "jun june juni juin junio",
            "jul july juli juillet julio",
            "aug august août agosto",
            "sep sept september septembre septiembre",
            "oct october oktober octobre octubre okt",
            "nov november novembre noviembre",
            "dec december dezember décembre diciembre dez",
        ),
        start=1,
    )
    for name in names.split()
}
CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?"
ZONE = r"(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))"
DATE = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
    r"|\d{1,2}[./]\d{1,2}[./]\d{4}"
    r"|\d{1,2}\.? [^\W\d_]{3,10}\.?,? \d{4}"
    r"|[^\W\d_]{3,10}\.? \d{1,2},? \d{4})"
)
DATETIME = rf"{DATE}(?:(?:T|,? (?:at |um |à )?){CLOCK}{ZONE}?)?"
TIME = rf"(?:{DATETIME}|{CLOCK})"
"""One date, date with time, or clock time. Every repetition is bounded."""

_PARTS = re.compile(rf"(?P<date>{DATE})(?:(?:T|,? (?:at |um |à )?)(?P<clock>{CLOCK})(?P<zone>{ZONE})?)?$")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?: ?([AaPp])\.?[Mm]\.?)?$")


def parse_time(value: object) -> datetime | None:
    """A datetime, or None where the value holds no unambiguous date. Numbers are Unix seconds or milliseconds.

    A date that no ticket can have (`schemas.base.in_calendar`) is none. A zone abbreviation other than UTC and GMT
    says too little, so such a time stays naive. `03/04/2026` may be March or April: None.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return _from_epoch(value)
    if not isinstance(value, str):
        return None
    text = value.strip().strip("[]()").strip()
    if not text or len(text) > 80:
        return None
    moment = _from_words(text) or _from_mail(text)
    try:
        return None if moment is None else in_calendar(moment)
    except ValueError:
        return None


def _from_epoch(seconds: float) -> datetime | None:
    if not 0 < seconds < 4e12:  # also a whole number of JSON that no float can hold
        return None
    if seconds > 1e11:  # milliseconds: 1e11 seconds is the year 5138
        seconds /= 1000
    if not seconds < 4e9:
        return None
    return datetime.fromtimestamp(seconds, tz=UTC)


def _from_mail(text: str) -> datetime | None:
    if "," not in text or ":" not in text:
        return None
    from email.utils import parsedate_to_datetime  # not at the top: plain text seldom needs it

    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _from_words(text: str) -> datetime | None:
    # "Monday, 2 March 2026 10:14" : the weekday says nothing that the date does not.
    weekday = re.match(r"([^\W\d_]{2,10})\.?,? (?=\d|[^\W\d_]{3,10}\.? \d)", text)
    if weekday is not None and weekday[1].casefold() not in _MONTHS:
        text = text[weekday.end() :]
    match = _PARTS.match(text)
    if match is None:
        return None
    day = _date(match["date"])
    if day is None:
        return None
    clock = _clock(match["clock"]) if match["clock"] else (0, 0, 0, 0)
    if clock is None:
        return None
    try:
        return datetime(*day, *clock, tzinfo=_zone(match["zone"]))
    except ValueError:
        return None


def _date(text: str) -> tuple[int, int, int] | None:
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    if len(numbers) == 3:
        if numbers[0] > 31:
            return numbers[0], numbers[1], numbers[2]
        if "." in text or numbers[0] > 12:
            return numbers[2], numbers[1], numbers[0]
        if numbers[1] > 12 or numbers[0] == numbers[1]:
            return numbers[2], numbers[0], numbers[1]
        return None
    word = re.search(r"[^\W\d_]+", text)
    month = _MONTHS.get(word[0].casefold()) if word else None
    if month is None or len(numbers) != 2:
        return None
    return numbers[1], month, numbers[0]


def _clock(text: str) -> tuple[int, int, int, int] | None:
    match = _CLOCK.match(text)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[5]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[5] in "pP" else 0)
    return hour, minute, second, int((match[4] or "0")[:6].ljust(6, "0"))


def _zone(text: str | None) -> timezone | None:
    zone = (text or "").strip()
    if not zone:
        return None
    if zone in ("Z", "UTC", "GMT"):
        return UTC
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(sign * offset) if offset < timedelta(hours=24) else None
