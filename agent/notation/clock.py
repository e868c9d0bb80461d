"""Clock times as people write them: `14:05`, `2pm`, `14h30`, `14 Uhr`, `09:30 UTC`, `14:05:33+02:00`."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimeMention:
    """A clock time. `zone` as written, or None. `maybe_duration`: `14h` may also be fourteen hours."""

    start: int
    end: int
    text: str
    hour: int
    minute: int
    second: int | None = None
    zone: str | None = None
    maybe_duration: bool = False


_ZONE = (
    r"(?:[ \u00a0]?\(?(?P<zone>Z(?!\w)|(?:UTC|GMT)(?:[ ]?[+−-]\d{1,2}(?::?\d\d)?)?(?!\w)|[+−-]\d\d:?\d\d(?!\d)|"
    r"(?:[ECMP][SD]?T|CES?T|EES?T|WES?T|MES?Z|BST|IST|JST|KST|SGT|AE[SD]?T|AKST|HST|BRT|MSK)(?!\w)|"
    r"(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z_]{2,30}(?:/[A-Za-z_]{2,30})?)\)?)?"
)
_HALF = r"[ap]\.?m\b\.?"


def _compiled() -> re.Pattern[str]:
    forms = (
        rf"(?:(?<![\w:.,/-])|(?<=\d[Tt]))(?P<hour1>[01]?\d|2[0-4]):(?P<minute1>[0-5]\d)"
        rf"(?::(?P<second1>[0-5]\d)(?:[.,]\d{{1,9}})?)?(?!\d|:\d|[.,]\d|/\d)"
        rf"(?:[ \u00a0]?(?P<half1>{_HALF})|[ ]?Uhr\b|[ ]?h\b)?",
        rf"(?<![\w:.,/-])(?P<hour2>[01]?\d|2[0-4])(?:[.](?P<minute2>[0-5]\d))?[ \u00a0]?"
        rf"(?:(?P<half2>{_HALF})|Uhr\b|o'clock\b)",
        r"(?<![\w:.,/-])(?P<hour3>[01]?\d|2[0-4])[ ]?h(?P<minute3>[0-5]\d)?(?!\w)",
        r"(?<!\d)(?P<hour4>[01]?\d|2[0-4])時(?:\s?(?P<minute4>[0-5]?\d)分)?",
        r"(?<!\w)(?P<word>noon|midnight)(?!\w)",
    )
    return re.compile("(?:" + "|".join(forms) + ")" + _ZONE, re.IGNORECASE)


_CLOCK = _compiled()


def times(text: str) -> list[TimeMention]:
    """All clock times in `text`, in order. Hours are 0 to 23; 24:00 reads as 0:00."""
    found = []
    for match in _CLOCK.finditer(text):
        form = next(n for n in ("1", "2", "3", "4", "word") if match["word" if n == "word" else f"hour{n}"])
        if form == "word":
            hour, minute, second, half = (12 if match["word"].lower() == "noon" else 0), 0, None, None
        else:
            hour = int(match[f"hour{form}"])
            minute = int(match[f"minute{form}"] or 0)
            second = int(match["second1"]) if form == "1" and match["second1"] else None
            half = None if form in "34" else match[f"half{form}"]
        if half:
            if not 1 <= hour <= 12:
                continue
            hour = hour % 12 + (12 if half.lower().startswith("p") else 0)
        duration = form == "3" and match["minute3"] is None
        found.append(
            TimeMention(match.start(), match.end(), match.group(), hour % 24, minute, second, match["zone"], duration)
        )
    return found


def times_agree(a: TimeMention, b: TimeMention) -> bool:
    """True if hour and minute are the same, and the second where both have one. Zones are not compared."""
    seconds = a.second is None or b.second is None or a.second == b.second
    return a.hour == b.hour and a.minute == b.minute and seconds
