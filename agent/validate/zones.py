"""Time zones as people write them: `UTC`, `CET`, `+01:00`, `GMT+2`, `Europe/Berlin`, `Berlin time`."""

import re
from collections.abc import Iterator
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache

from agent.notation.scan import begins, spots

# Hours east of UTC. Abbreviations are read as most support teams mean them: IST is India, BST is Britain's summer.
_FIXED = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "mez": 1, "cest": 2, "mesz": 2, "eet": 2,
    "eest": 3, "msk": 3, "ist": 5.5, "sgt": 8, "hkt": 8, "jst": 9, "kst": 9, "aest": 10, "aedt": 11, "est": -5,
    "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "akst": -9, "hst": -10, "brt": -3,
    "sast": 2,
}  # fmt: skip
_REGIONS = {"et": "America/New_York", "ct": "America/Chicago", "mt": "America/Denver", "pt": "America/Los_Angeles"}
_NAMED = re.compile(
    r"(?<![\w/])(?P<iana>(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z_]{2,30}"
    r"(?:/[A-Za-z_]{2,30})?)"
    r"|(?<![\w/])(?:UTC|GMT) ?(?P<hours>[+−-]\d{1,2})(?::?(?P<minutes>[0-5]\d))?(?!\d)"
    r"|(?<=\d)[ ]?(?P<offset>[+−-]\d\d:?[0-5]\d)(?![\d:])"
    r"|(?<=\d)(?P<zulu>Z)(?!\w)"
    r"|(?<![\w/])(?P<short>UTC|GMT|WES?T|BST|CES?T|MES?Z|EES?T|MSK|IST|SGT|HKT|JST|KST|AE[SD]T|[ECMP][SD]T|AKST|HST|BRT|SAST)"
    r"(?![^\W\u3040-\u30ff\u4e00-\u9fff])|(?<=\d )(?P<region>[ECMP]T)(?!\w)|(?<=[ap]m )(?P<region2>[ECMP]T)(?!\w)"
    r"|(?P<city>[A-Z][a-z]+(?: [A-Z][a-z]+)?) (?:local )?time\b"
)


# Every zone begins with two capitals, with a `Z` or an offset behind digits; a place only where its sign stands.
_CAPITALS = re.compile(r"[A-Z](?:(?=[A-Z])|(?<=\dZ))")
_AREAS = tuple(
    f"{area}/"
    for area in ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
)
_CAPITAL = re.compile(r"[A-Z]")
_BEFORE_OFFSET = re.compile(r"\d(?= ?[+−-]\d\d:?[0-5])")


def _matches(text: str) -> Iterator[re.Match[str]]:
    starts = spots(_CAPITAL if _may_name_place(text) else _CAPITALS, text)
    offsets: dict[str, int] = {}  # each once, with what stands behind it: a log says its zone on each line
    for digit in _BEFORE_OFFSET.finditer(text):
        offsets.setdefault(text[digit.end() : digit.end() + 8], digit.end())
    starts += offsets.values()
    return begins(_NAMED, text, sorted(starts))


def _may_name_place(text: str) -> bool:
    """Whether `Berlin time` or `Europe/Berlin` may stand in the text: a capital in the word before the sign of it."""
    if "/" in text and any(area in text for area in _AREAS):
        return True
    place = text.find(" time")
    while place >= 0:
        before = text[max(0, place - 80) : place].removesuffix(" local").rpartition(" ")[2]
        if len(before) > 60 or not before.islower():
            return True
        place = text.find(" time", place + 1)
    return False


def zones_in(text: str) -> list[tzinfo]:
    """Every zone that the text names, in order, each once."""
    found: dict[str, tzinfo] = {}
    seen: set[str] = set()
    for match in _matches(text):
        written = match.group()
        if written in seen:
            continue  # a log says its zone on each line
        seen.add(written)
        zone = _zone(match)
        if zone is not None:
            found.setdefault(str(zone), zone)
    return list(found.values())


@lru_cache(maxsize=256)
def zone_named(text: str) -> tzinfo | None:
    """The zone that stands behind a clock time, as `TimeMention.zone` gives it."""
    plain = text.strip()
    found = zones_in(f"0 {plain}") or zones_in(f"0{plain}")
    if found:
        return found[0]
    hours = _FIXED.get(plain.casefold())
    return None if hours is None else timezone(timedelta(hours=hours))


def _zone(match: re.Match[str]) -> tzinfo | None:
    groups = match.groupdict()
    if groups["iana"]:
        return iana(groups["iana"])
    if groups["hours"]:
        return _offset(groups["hours"], groups["minutes"] or "0")
    if groups["offset"]:
        written = groups["offset"].replace(":", "")
        return _offset(written[:3], written[3:])
    if groups["city"]:
        return _city(groups["city"])
    region = groups["region"] or groups["region2"]
    if region:
        return iana(_REGIONS[region.casefold()])
    hours = _FIXED[(groups["short"] or "z").casefold()]
    return UTC if hours == 0 else timezone(timedelta(hours=hours))


def _offset(hours: str, minutes: str) -> tzinfo | None:
    value = int(hours.replace("−", "-"))
    shift = timedelta(hours=abs(value), minutes=int(minutes))
    if shift >= timedelta(hours=24):
        return None
    return timezone(-shift if hours[0] in "-−" else shift)


@lru_cache(maxsize=64)
def iana(name: str) -> tzinfo | None:
    """The zone of this IANA name, or None."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=64)
def _city(name: str) -> tzinfo | None:
    from zoneinfo import available_timezones

    wanted = name.replace(" ", "_").casefold()
    hit = next((zone for zone in sorted(available_timezones()) if zone.rsplit("/", 1)[-1].casefold() == wanted), None)
    return iana(hit) if hit else None
