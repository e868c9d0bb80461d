"""The arithmetic behind a declared value, with the rounding that its digits show."""

import re
from collections.abc import Iterable
from decimal import Decimal

from agent.notation import Number, numbers
from agent.validate.units import minutes_of, time_unit

_ABOUT = re.compile(
    r"\b(?:about|around|roughly|approximately|approx|some|circa|ca|nearly|almost|etwa|rund|knapp|unos|environ|cerca)\b|[~≈]",
    re.I,
)
_OVER = re.compile(r"\b(?:over|more than|at least|mehr als|über|más de|plus de|mais de)\b|>", re.IGNORECASE)
_UNDER = re.compile(
    r"\b(?:under|less than|nearly|almost|just short of|up to|weniger als|fast|knapp|casi|presque|quase)\b|<", re.I
)
_SHARES = {
    "three quarters": (3, 4), "two thirds": (2, 3), "two-thirds": (2, 3), "a third": (1, 3), "one third": (1, 3),
    "a quarter": (1, 4), "one quarter": (1, 4), "a fifth": (1, 5), "a tenth": (1, 10), "half": (1, 2),
}  # fmt: skip


def readings(number: Number) -> tuple[Decimal, ...]:
    """The readings that arithmetic uses. A comma before three digits groups thousands; a point may do either."""
    return number.candidates[:1] if "," in number.text else number.candidates


def step_of(number: Number, rough: bool, value: Decimal | None = None) -> Decimal:
    """Value of the last digit written: 0.1 for `2.5`, 1000 for `1.265 M`; with `about`, also of round zeros.

    `value` is the reading of the number that is meant, the likeliest if left out.
    """
    value = number.value if value is None else value
    digits = re.sub(r"\D", "", number.text)
    step = value / int(digits) if digits.isdecimal() and int(digits) else Decimal(1)
    if rough and value:
        while value % (step * 10) == 0:
            step *= 10
    return step


def _time_step(number: Number) -> Decimal:
    """People round spans of time to halves and quarters: 9.5 hours may stand for 9 h 35 min."""
    step, part = step_of(number, False), number.value % 1
    if part == Decimal("0.5"):
        return max(step, Decimal("0.5"))
    return max(step, Decimal("0.25")) if part in (Decimal("0.25"), Decimal("0.75")) else step


def close(number: Number, exact: Decimal, context: str) -> bool:
    """True if the number is the exact value, rounded to the digits that it shows."""
    rough = bool(_ABOUT.search(context))
    return any(_close(value, exact, step_of(number, rough, value), context) for value in readings(number))


def _close(value: Decimal, exact: Decimal, step: Decimal, context: str) -> bool:
    if _OVER.search(context) and Decimal(0) <= exact - value < step:
        return True
    if _UNDER.search(context) and Decimal(0) <= value - exact < step:
        return True
    return abs(value - exact) * 2 <= step


def compute(operation: str, values: list[Decimal]) -> Decimal | None:
    """Sum, difference (either way round), product, or percent (first of second). None if it cannot be computed."""
    if not values:
        return None
    result = values[0]
    if operation == "percent":
        return values[0] / values[1] * 100 if len(values) == 2 and values[1] else None
    for value in values[1:]:
        result = {"sum": result + value, "difference": result - value, "product": result * value}[operation]
    return abs(result)


def share(text: str) -> Decimal | None:
    """A share in words, in percent: `two thirds`, `half`."""
    plain = text.casefold()
    hit = next((parts for words, parts in _SHARES.items() if words in plain), None)
    return Decimal(hit[0] * 100) / hit[1] if hit else None


def lasting(text: str) -> tuple[Decimal, Decimal, str] | None:
    """A duration as written: minutes, the tolerance in minutes, its smallest unit. `2 h 15 min`, `about 3 hours`."""
    total, finest, name = Decimal(0), None, ""
    for number in numbers(text):
        unit = time_unit(text, number.end, number.unit)
        length = minutes_of(unit) if unit else None
        if unit is None or length is None:
            continue
        total += number.value * length
        finest, name = _time_step(number) * length, unit
    if finest is None:
        single = re.search(r"\b(?:an?|half an?|one)\s+(minute|hour|day|week|month|year)\b", text, re.IGNORECASE)
        length = minutes_of(single[1]) if single else None
        if single is None or length is None:
            return None
        half = single.group().casefold().startswith("half")
        return (length / 2, length / 2, single[1]) if half else (length, length, single[1])
    return total, finest, name


def same_duration(written: str, exact: Iterable[Decimal], slack: Decimal) -> bool:
    """True if one of the exact durations (minutes) is the written one, rounded as it is written."""
    read = lasting(written)
    if read is None:
        return False
    total, finest, _ = read
    return any(_close(total, value, finest + 2 * slack, written) for value in exact)


def spell(minutes: Decimal, like: str) -> str:
    """A duration for a person, in the unit that the draft used."""
    read = lasting(like)
    unit = read[2] if read else "hours"
    length = minutes_of(unit) or Decimal(60)
    return f"{(minutes / length).quantize(Decimal('0.1')).normalize():f} {unit}"
