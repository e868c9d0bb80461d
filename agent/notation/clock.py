"""Clock times as people write them: `14:05`, `2pm`, `14h30`, `à 14 h 40`, `14 Uhr`, `午後2時30分`, `09:30 UTC`."""

import re
from collections.abc import Iterator
from typing import NamedTuple, Self

from agent.notation.scan import begins, remembered, runs_of_digits, spots, starts_with


class TimeMention(NamedTuple):
    """A clock time. `zone` as written, or None.

    `maybe_duration`: `14 h` may also be fourteen hours. `told`: it is a clock time for certain, either because it can
    be nothing else or because a word before it or a zone behind it says so: `à 14 h`, `14 h UTC`.
    """

    start: int
    end: int
    text: str
    hour: int
    minute: int
    second: int | None = None
    zone: str | None = None
    maybe_duration: bool = False
    told: bool = True

    def moved(self, by: int) -> Self:
        """The same, so many characters further on."""
        return type(self)._make((self.start + by, self.end + by, *self[2:]))


_UNSPACED = "\u3040-\u30ff\u4e00-\u9fff"  # no space around a time: `3月12日10:30 UTCまでに`
_BEGIN = rf"(?:(?<![\w:.,/-])|(?<=[{_UNSPACED}]))"
_END = rf"(?![^\W{_UNSPACED}])"
_ZONE = (
    rf"(?:[ \u00a0]?\(?(?P<zone>Z{_END}|(?:UTC|GMT)(?:[ ]?[+−-]\d{{1,2}}(?::?\d\d)?)?{_END}|[+−-]\d\d:?\d\d(?!\d)|"
    rf"(?:[ECMP][SD]?T|CES?T|EES?T|WES?T|MES?Z|BST|IST|JST|KST|SGT|AE[SD]?T|AKST|HST|BRT|MSK){_END}|"
    r"(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z_]{2,30}(?:/[A-Za-z_]{2,30})?)\)?)?"
)
_HALF = r"[ap]\.?m\b\.?"
_GAP = "[ \u00a0\u202f]"


def _compiled() -> re.Pattern[str]:
    forms = (
        rf"(?:{_BEGIN}|(?<=\d[Tt]))(?P<hour1>[01]?\d|2[0-4]):(?P<minute1>[0-5]\d)"
        rf"(?::(?P<second1>[0-5]\d)(?:[.,]\d{{1,9}})?)?(?!\d|:\d|[.,]\d|/\d)"
        rf"(?:[ \u00a0]?(?P<half1>{_HALF})|[ ]?Uhr\b|[ ]?h\b)?",
        rf"(?<![\w:.,/-])(?P<hour2>[01]?\d|2[0-4])(?:[.](?P<minute2>[0-5]\d))?[ \u00a0]?"
        rf"(?:(?P<half2>{_HALF})|Uhr\b|o'clock\b)",
        # `14h05`, `14 h 05`, `14 heures 05`; `14 h 05 min` is a duration and keeps its minutes for itself
        rf"(?<![\w:.,/-])(?P<hour3>[01]?\d|2[0-4]){_GAP}?(?:h|(?P<long>heures?|horas?|hs))"
        rf"(?:(?P<gap>{_GAP}?)(?P<minute3>[0-5]\d)(?!\w|{_GAP}?(?:mn?|min\w*|s|sec\w*)\b))?(?!\w)",
        r"(?<!\d)(?:(?P<half4>午[前後])\s?)?(?P<hour4>[01]?\d|2[0-4])時(?!間)(?:\s?(?P<minute4>[0-5]?\d)分|(?P<thirty>半))?",
        r"(?<!\w)(?P<word>noon|midnight)(?!\w)",
    )
    return re.compile("(?:" + "|".join(forms) + ")" + _ZONE, re.IGNORECASE)


_CLOCK = _compiled()
_HALF_DAY = re.compile("午")
_WORDS = frozenset(("noon", "midnight"))
# Words before an hour that is a time of day. `2 à 3 h` is a range of durations, and `um 3 h` may be an extension.
_AT = re.compile(rf"(?<!\w)(?<!\d{_GAP})(?:à|às|a las?|vers|dès|avant|at){_GAP}\Z", re.IGNORECASE)
# Words behind it that make it a span all the same: `à 3 h de route`, `jusqu'à 14 h par jour`.
_SPAN = re.compile(rf"{_GAP}(?:d['’]|(?:de|par|per|por|pro)\b)", re.IGNORECASE)


@remembered
def times(text: str) -> list[TimeMention]:
    """All clock times in `text`, in order. Hours are 0 to 23; 24:00 reads as 0:00."""
    found = []
    for match in _matches(text):
        form = next(n for n in ("1", "2", "3", "4", "word") if match["word" if n == "word" else f"hour{n}"])
        if form == "word":
            hour, minute, second, half = (12 if match["word"].lower() == "noon" else 0), 0, None, None
        else:
            hour = int(match[f"hour{form}"])
            minute = int(match[f"minute{form}"] or (30 if match["thirty"] else 0))
            second = int(match["second1"]) if form == "1" and match["second1"] else None
            half = None if form == "3" else match[f"half{form}"]
        if half:
            if not (1 <= hour <= 12 or (form == "4" and hour == 0)):
                continue
            hour = hour % 12 + (12 if half.lower().startswith(("p", "午後")) else 0)
        told = form != "3" or _is_told(text, match)
        if match["long"] and not told:
            continue  # `14 heures` without a word that makes it a time of day is a duration
        duration = form == "3" and (match["minute3"] is None or (bool(match["gap"]) and not told))
        found.append(
            TimeMention(
                *(match.start(), match.end(), match.group(), hour % 24, minute, second, match["zone"]), duration, told
            )
        )
    return found


def _matches(text: str) -> Iterator[re.Match[str]]:
    """All of `_CLOCK`: each begins with a digit, with the half of a Japanese day, or is a word."""
    words = starts_with(text, _WORDS)
    if words is None:
        return _CLOCK.finditer(text)
    runs = runs_of_digits(text)
    if "時" in text:
        return begins(_CLOCK, text, sorted((*words, *(start for start, _ in runs), *spots(_HALF_DAY, text))))
    # Before an hour no such sign stands, and none has three digits.
    hours = [s for s, end in runs if end - s < 3 and not (s and text[s - 1] in "-:.,/")]
    return begins(_CLOCK, text, sorted(words + hours) if words else hours)


def _is_told(text: str, match: re.Match[str]) -> bool:
    """Whether `14 h` or `14 h 40` is certainly a time of day."""
    if match["zone"] or (match["minute3"] and not match["gap"] and not match["long"]):
        return True
    return bool(_AT.search(text[max(0, match.start() - 12) : match.start()])) and not _SPAN.match(text, match.end())


def times_agree(a: TimeMention, b: TimeMention) -> bool:
    """True if hour and minute are the same, and the second where both have one. Zones are not compared."""
    seconds = a.second is None or b.second is None or a.second == b.second
    return a.hour == b.hour and a.minute == b.minute and seconds
