"""Whether the numbers of a reported value stand in its own quote, in any usual notation (policy 2.3)."""

import re

from agent.grounding.fold import fold_text, stands_in

# The number of a step belongs to the list, not to the fact.
_ENUMERATION = re.compile(r"\s*(?:\(?\d{1,2}[.):]|(?:step|schritt|étape|paso|passo) \d{1,2}\b[.):]?)\s+", re.IGNORECASE)
_DIGIT = re.compile("[0-9]")
_NAME = re.compile(r"\S+")
_INNER = re.compile(r"[^\W_](?:.*[^\W_])?", re.DOTALL)


def missing_number(value: str, quote: str) -> str | None:
    """The first number or numbered name of `value` that does not stand in `quote`, or None.

    `three` is 3, `1.265 M` is 1,265,000, `25/03` is 25 March. A year or a digit that the quote lacks is missing.
    """
    listed = _ENUMERATION.match(value)
    if listed:
        value = value[listed.end() :]
    if not value.strip():
        return None
    if fold_text(value) in fold_text(quote) and stands_in(value, quote):
        return None
    from agent.notation import numbers, same_number

    in_value = numbers(value)
    # "one of them" counts nothing
    counted = [n for n in in_value if not (n.word and n.value == 1)]
    in_quote = numbers(quote) if counted else ()
    wanted = [n for n in counted if not any(same_number(n, other) for other in in_quote)]
    read = [(n.start, n.end) for n in in_value]
    names = () if value.isascii() and not _DIGIT.search(value) else _NAME.finditer(value)
    loose = [
        (m.start(), m.end(), m.group())
        for m in names
        if any(map(str.isdigit, m.group()))
        and not any(start < m.end() and m.start() < end for start, end in read)
        and not stands_in(_inner(m.group()), quote)
    ]
    if not wanted and not loose:
        return None
    told = _told(value, quote)
    for number in wanted:
        if not any(start <= number.start and number.end <= end for start, end in told):
            return number.text
    for start, end, token in loose:
        if not any(first < end and start < last for first, last in told):
            return token
    return None


def _inner(token: str) -> str:
    """A token without the signs around it: `4411` of `(#4411),`."""
    match = _INNER.search(token)
    return match.group() if match else token


def _told(value: str, quote: str) -> list[tuple[int, int]]:
    """Spans of dates and clock times in `value` that the quote gives in another notation."""
    from agent.notation import dates, times, times_agree

    quoted_days = [day for mention in dates(quote) for day in mention.candidates]
    quoted_times = times(quote)
    told = [
        (mention.start, mention.end)
        for mention in dates(value)
        if any(
            (mine.month, mine.day) == (other.month, other.day) and mine.year in (None, other.year)
            for mine in mention.candidates
            for other in quoted_days
        )
    ]
    told += [
        (mention.start, mention.end)
        for mention in times(value)
        if any(
            times_agree(mention, other) and (mention.second is None or other.second is not None)
            for other in quoted_times
        )
    ]
    return told
