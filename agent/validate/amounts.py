"""Traceability of numbers: amounts, counts, shares and spans of time (policy 5)."""

import re
from bisect import bisect_right
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import islice

from agent.grounding.fold import fold_text
from agent.notation import Number, numbers, same_number
from agent.notation.scan import runs_of_digits, small_letters
from agent.validate.derive import Proven
from agent.validate.fields import Field
from agent.validate.grounds import STANDS, Check, finding
from agent.validate.sources import Figure, Sources
from agent.validate.units import counts_own_things, counts_something, minutes_of, names_of
from schemas.escalation import Finding

_IDIOMS = re.compile(
    r"\b24\s?[/x]\s?7(?:\s?[/x]\s?365)?\b|\b[1-9]-on-[1-9]\b|\b50[-/]50\b|\b(?:2|two)-factor\b|\bone[- ]by[- ]one\b"
    r"|\bone or two\b|\bon one day\b|\bone (?:[a-z]+ )?after (?:another|the (?:other|next))\b"
    r"|^[ \t]*\(?\d{1,2}[.)](?=\s)|(?<![\w(])\(?\d{1,2}\)(?=\s)"
    r"|\b(?:step|steps|point|option|part|item) ?\d{1,2}(?:\s?[-–]\s?\d{1,2})?\b",
    re.IGNORECASE | re.MULTILINE,
)
# What every idiom holds, looked for first: a list's number, or one of these words and signs.
_IDIOM_SIGN = re.compile(r"\d[.)]\s")
_IDIOM_WORDS = (
    "-on-", "50-50", "50/50", "-factor", "by one", "by-one", "one or two", "on one day", " after another",
    " after the other", " after the next",
)  # fmt: skip
_NUMBERED = ("step", "steps", "point", "option", "part", "item")
_ROUND_THE_CLOCK = re.compile(r"24\s?[/x]")
_FOLLOWING = re.compile(r"[ -]([^\W\d_]+)")
_BEHIND = re.compile(r"\s?%|[ -][^\W\d_]+")
_SIGN = re.compile(r"[€$£¥₹]\s?\Z")
_ORDINALS = {"st", "nd", "rd", "th"}
_ONE_OF = {
    "customer",
    "account",
    "user",
    "ticket",
    "report",
    "person",
    "company",
    "tenant",
    "organisation",
    "organization",
}
_DENIALS = frozenset(
    ("no", "none", "nobody", "zero", "0", "kein", "keine", "nobody", "without", "ninguno", "aucun", "nenhum")
)


def check_number(number: Number, unit: str | None, text: str, part: Field, check: Check) -> Finding | None:
    """The finding against one number of a field; `unit` is the time unit that it measures, if it does."""
    if number.value == 1 and part.place == "IMPACT: Customers affected":
        return None  # the reporting account
    if part.kind == "question" or number.unit in _ORDINALS or _exempt(number, unit, text):
        return None
    if unit is not None and _is_year(number, text, check.sources):
        unit = None
    if unit is not None and _free_span(number, unit, part, check):
        return None
    if _proven(number, unit, check.proven):
        return None
    if any(_fits(number, unit, one) and not _as_fraction(number, one) for one in check.sources.copied(number)):
        return _other_model(number, text, part, check.sources)
    held = [
        figure
        for value in number.candidates
        for figure in check.sources.figures(value)
        if not _as_fraction(number, figure)
    ]
    if any(_fits(number, unit, figure) for figure in held):
        return _other_model(number, text, part, check.sources)
    if unit is not None and _same_length(number, unit, check.sources):
        return None
    if unit is None and not number.percent and not number.currency and _elsewhere(number, check.sources):
        return None
    return finding("untraceable_number", part, _shown(number, text), _number_hint(number, unit, held, check.sources))


def _as_fraction(number: Number, figure: Figure) -> bool:
    """`10,000` read as ten point nought: nobody writes the ten of a ticket so, unless it stands there with a point."""
    fraction = len(number.candidates) > 1 and figure.value < max(number.candidates)
    return fraction and not re.search(r"\d[.,]\d", figure.text)


# What stands before a year that says which hours, days or weeks: `its 2025 course hours`. A count has no such word, or
# would be written with its thousands apart.
_YEAR = re.compile(r"(?:19|20)\d\d")
_WHICH = re.compile(r"(?:\b(?:the|its|their|his|her|our|your|my|this|these|those)|['’]s?) \Z", re.IGNORECASE)


def _is_year(number: Number, text: str, sources: Sources) -> bool:
    """`the 2025 hours`, where the sources know 2025 and not as a span of time: the hours of that year."""
    if not _YEAR.fullmatch(number.text) or not _WHICH.search(text[max(0, number.start - 8) : number.start]):
        return False
    held = sources.figures(number.value)
    return any(f.text == number.text and not (f.unit or f.currency or f.percent) for f in held)


def _exempt(number: Number, unit: str | None, text: str) -> bool:
    """Numbers that claim nothing: idioms, list numbers, what counts the brief's own items, one."""
    if _in_idiom(number, text):
        return True
    following = _FOLLOWING.match(text, number.end)
    noun = following[1].casefold() if following else ""
    if number.value == 1 and unit is None and (number.word or noun in _ONE_OF):
        return True
    if number.percent or number.currency or unit is not None:
        return False
    if number.value <= 12 and counts_own_things(text, number.end):
        return True
    return number.word and not counts_something(text, number.end)


@lru_cache(maxsize=4)
def _idioms(text: str) -> tuple[tuple[int, int], ...]:
    """The idioms of a text, in order: looked for once, since the text of a field is asked for each of its numbers."""
    small = small_letters(text)
    if small is not None and not (
        _IDIOM_SIGN.search(small)
        or ("24" in small and _ROUND_THE_CLOCK.search(small))
        or any(word in small for word in _IDIOM_WORDS)
        or (any(word in small for word in _NUMBERED) and _numbered(small, text))
    ):
        return ()
    return tuple(match.span() for match in _IDIOMS.finditer(text))


def _numbered(small: str, text: str) -> bool:
    """Whether a number stands behind one of the words that number things."""
    return any(small[max(0, start - 8) : start].rstrip(" ").endswith(_NUMBERED) for start, _ in runs_of_digits(text))


def _in_idiom(number: Number, text: str) -> bool:
    known = _idioms(text)
    place = bisect_right(known, (number.start, len(text))) - 1
    return place >= 0 and number.end <= known[place][1]


def _free_span(number: Number, unit: str, part: Field, check: Check) -> bool:
    """A span of time in a plan is free if it ends before the limit: `reply within 2 hours`."""
    if part.kind not in ("plan", "message"):
        return False
    length = minutes_of(unit)
    if length is None or number.value > 100_000:
        return False
    if check.limit is None:
        return True
    return check.sources.now + timedelta(minutes=float(number.value * length)) <= check.limit


def _proven(number: Number, unit: str | None, proven: Proven) -> bool:
    if not proven.values.isdisjoint(number.candidates):
        return True
    length = minutes_of(unit) if unit else None
    return length is not None and number.value * length in proven.minutes


def _fits(number: Number, unit: str | None, figure: Figure) -> bool:
    if number.percent != figure.percent and number.percent:
        return False
    if number.currency and figure.currency != number.currency and not _both_dollars(number.currency, figure.currency):
        return False
    if unit is None:
        return True
    return figure.unit is not None and minutes_of(unit) == minutes_of(figure.unit)


def _both_dollars(a: str, b: str | None) -> bool:
    """A bare `$` reads as USD; it may be any dollar."""
    return b is not None and a.endswith("D") and b.endswith("D") and "USD" in (a, b)


_NUMBERED_THINGS = frozenset(("ticket", "tickets", "case", "request", "report", "issue", "invoice", "order"))
_MODEL = re.compile(r"(?<![\w.])([A-Z]\w{2,20}) (?:v|version )?\Z")


def _other_model(number: Number, text: str, part: Field, sources: Sources) -> Finding | None:
    """`Nexus 5` where the sources only know `Nexus 6`: for a name that they number, the pair must stand there."""
    match = _MODEL.search(text[max(0, number.start - 34) : number.start])
    if match is None or number.word or number.currency:
        return None
    if match[1].casefold() in _NUMBERED_THINGS and number.text.strip() in sources.digits:
        return None  # a ticket that the sources give as `Kestrel Plant (71133)`
    name = fold_text(match[1])
    holding = [folded.text for folded in sources.folded if name in folded.text]
    if not holding:
        return None
    numbered = re.compile(rf"\b{re.escape(name)}[ /:-]{{0,2}}(?:v|version )?(\d[\d.,]*)")
    known = [held.rstrip(".,") for text in holding for held in numbered.findall(text)]
    written = number.text.strip()
    if not known or any(held == written or held.startswith(written + ".") for held in known):
        return None
    if any(same_number(number, other) for held in known for other in numbers(held)):
        return None  # no model but an amount in another notation: `Weighed: 2.418.360 kg`
    return finding("untraceable_number", part, f"{match[1]} {written}", f"the sources say {match[1]} {known[0]}")


_ONE = re.compile(r"(?<!\w)(?:an?|last|one|per|every|eine?[nmrs]?|una?|une|uma?)\Z")
_LETTER = re.compile(r"\w")


def _same_length(number: Number, unit: str, sources: Sources) -> bool:
    """48 h for 2 days, 1 week for 'a week' and for 'una semana'."""
    length = minutes_of(unit)
    if length is None:
        return False
    if number.value * length in sources.lengths:
        return True
    return number.value == 1 and any(_says_one(text.text, name) for text in sources.folded for name in names_of(length))


def _says_one(text: str, unit: str) -> bool:
    """`a week`, `una semana`."""
    place = text.find(" " + unit)
    while place >= 0:
        end = place + 1 + len(unit)
        if not _LETTER.match(text, end) and _ONE.search(text[max(0, place - 6) : place]):
            return True
        place = text.find(" " + unit, end)
    return False


def _elsewhere(number: Number, sources: Sources) -> bool:
    """A year of a known date, the digits of a known id, a zero where the ticket says that there is none."""
    digits = number.text.strip()
    if digits.isdigit():
        if len(digits) == 4 and any(day.year == int(digits) for day in sources.days):
            return True
        if len(digits) >= 4 and digits in sources.digits:
            return True
    return number.value == 0 and not sources.words.isdisjoint(_DENIALS)


def _shown(number: Number, text: str) -> str:
    """The number with the word behind it, so that a person finds it."""
    tail = _BEHIND.match(text, number.end)
    head = _SIGN.search(text[max(0, number.start - 2) : number.start])
    return (head.group() if head else "") + number.text + (tail.group() if tail else "")


def _number_hint(number: Number, unit: str | None, held: list[Figure], sources: Sources) -> str:
    if number.currency and held:
        return f"the sources give this amount as {held[0].text!r}" + (
            f" {held[0].currency}" if held[0].currency else ""
        )
    if number.percent and held:
        return "the sources do not give this number as a percentage"
    if unit is not None and held:
        return (
            f"the sources give {held[0].text!r} of something else; a computed duration must be declared as a derivation"
        )
    parts = _sum_of(number.value, sources)
    if parts:
        return f"it can be computed ({parts}): declare it as a derivation with its operands"
    if unit is not None:
        return f"a duration that {STANDS}; if it is computed from two times, declare it as a derivation"
    return f"a number that {STANDS}; if it is computed, declare it as a derivation"


_SMALL = 12


def _sum_of(value: Decimal, sources: Sources) -> str | None:
    """How the value comes of two numbers of the sources, if it does."""
    # Small numbers add up to anything: a hint there would invite to prove what nobody said.
    known = [figure for figure in islice(sources.numbers, 200) if figure > _SMALL]
    held = set(known)
    for left in known:
        if value - left in held and 2 * left != value:
            return f"{left:f} + {value - left:f}"
    for left in known:
        if left - value in held and left - value != value:
            return f"{left:f} - {left - value:f}"
    return None
