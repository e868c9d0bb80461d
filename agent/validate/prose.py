"""Sentences of written prose, counted as a reader counts them."""

import re

from agent.notation import quoted_strings
from agent.notation.days import MONTHS

_STOP = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s|$)|[。！？｡]+[」』）]*")
_SHORT = (
    "e.g i.e eg ie etc vs cf approx ca mr mrs ms dr prof st no nos art sec fig ver rev resp incl excl min max inc ltd "
    "co corp est dept jr sr z.b bzw d.h u.a ggf usw nr bspw p.ex m mme sra srta a.m p.m u.s u.k"
)
_ABBREVIATIONS = frozenset(_SHORT.split())
_MAY_END = frozenset({"etc", "inc", "ltd", "co", "corp", "usw", "a.m", "p.m", "u.s", "u.k", "no"})
_OPENERS_TABLE = """
A An The This That These Those It Its He She They We You His Her Their Our Your There Here Nobody Nothing Neither Both
All Each Every Some Any No Not Only Also And But So Or Yet If When While Since As After Before Until Because Although
In On At By For From With Without To Of First Second Then Now Support Customer Hypothesis What Which Who Where Why How
"""
_OPENERS = frozenset(_OPENERS_TABLE.split())
_LAST_WORD = re.compile(r"[\w.]{1,30}$")


def split_sentences(text: str) -> list[str]:
    """Sentences in order. Abbreviations, decimals, versions, links and text between quotation marks do not split."""
    quotes = [(quote.start + 1, quote.end - 1) for quote in quoted_strings(text)]
    found: list[str] = []
    begin = index = 0
    for match in _STOP.finditer(text):
        while index < len(quotes) and quotes[index][1] <= match.start():
            index += 1
        inside = index < len(quotes) and quotes[index][0] <= match.start() and match.end() <= quotes[index][1]
        if inside or not _ends(text, match):
            continue
        found.append(text[begin : match.end()])
        begin = match.end()
    found.append(text[begin:])
    return [sentence.strip() for sentence in found if any(char.isalnum() for char in sentence)]


def _ends(text: str, match: re.Match[str]) -> bool:
    rest = text[match.end() : match.end() + 40].lstrip()
    if not rest or match.group()[0] in "。！？｡":
        return True
    starts_small = rest[0].islower() and not re.match(r"[a-z]+[A-Z0-9_.]\w", rest)
    if match.group()[0] != ".":
        return not starts_small
    if match.group().startswith(".."):
        return not starts_small
    before = _LAST_WORD.search(text[max(0, match.start() - 30) : match.start()])
    word = before.group().casefold() if before else ""
    if word in ("a.m", "p.m") and re.match(r"[A-Z]{2,5}\b", rest):
        return False  # 3 p.m. CET
    if word in _ABBREVIATIONS:
        return word in _MAY_END and not starts_small and not rest[0].isdigit()
    if word.isdigit() and len(word) <= 2 and re.split(r"\W", rest, maxsplit=1)[0].casefold() in MONTHS:
        return False  # 11. März
    if len(word) == 1 and word.isalpha() and word != "i":
        # An initial (J. Smith), unless what follows begins a sentence and no name: `a Supplement D. Its price …`
        return re.split(r"[^\w]", rest, maxsplit=1)[0] in _OPENERS
    return not starts_small
