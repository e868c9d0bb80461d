"""Money, counts and dates as people write them. Values are handed on as written: code elsewhere reads them."""

import re
from functools import cache

from agent.backends.offline.lexicon import lists

_OTHER_UNIT = re.compile(r"\b(?:per|and|to|minutes?|hours?|days?|weeks?|months?|years?|am|pm|times|euros?|dollars?)\b")
# A word count that states no count ("several") is none.
COUNT = (
    r"(?<![\w.,])(\d{1,3}(?:[.,' ]\d{3})+|\d{1,9}|"
    r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty)"
)
MONEY = re.compile(
    r"(?i)(?:(?:US|CA|A)?[$€£¥]|(?:USD|EUR|GBP|CHF|JPY|CAD|AUD|INR|BRL)[ ]?)[ ]?\d[\d.,' ]{0,15}\d?(?:[ ]?(?:k|"
    r"m|mn|million|thousand|tsd|mio))?(?!\w)|"
    r"\d[\d.,']{0,15}(?:[ ]?(?:k|m|mn|million|thousand|mio))?[ ]?(?:US\$|[$€£¥]|(?:USD|EUR|GBP|CHF|JPY|CAD|AUD|"
    r"INR|BRL|dollars?|euros?|pounds?)(?!\w))|"
    r"\d[\d.,']{0,15}[ ]?(?:k|m)(?!\w)"
)


@cache
def _counted(things: str) -> "re.Pattern[str]":
    named = lists()[things].pattern
    return re.compile(COUNT + rf"(?:\+|[ ]?%)?(?P<between>(?:[ ][a-z'-]{{2,14}}){{0,3}}?)[ ](?={named})")


def counted(low: str, things: str) -> "re.Match[str] | None":
    """A count followed, within three words, by one of the things of that list: group 1 is the count."""
    for found in _counted(things).finditer(low):
        if not _OTHER_UNIT.search(found["between"]):
            return found
    return None


def date_after(low: str, at: int, within: int = 30) -> "re.Match[str] | None":
    """The first date, time or term that begins at most `within` code points after `at`."""
    found = lists()["date"].search(low, at, min(len(low), at + within + 40))
    return found if found is not None and found.start() - at <= within else None
