"""Which words of a passage to quote: the whole sentence where it is short, else the clause, never a secret."""

import re

from agent.backends.offline.passages import Passage
from agent.backends.offline.secrets import Secret, whole_words

MAX_QUOTE = 280  # code points
_CUT = re.compile(r"[;:()]\s|,\s|\s-\s|\.\s|\n")


def quote(text: str, passage: Passage, start: int, end: int, secrets: tuple[Secret, ...] = ()) -> str:
    """Verbatim words of the ticket around `low[start:end]` of the passage.

    The sentence is the safest quote: nothing that denies or limits the words is cut off. Of a long sentence the
    clause is taken, and of a long clause what stands around the words.
    """
    low, high = passage.start, passage.end
    if high - low > MAX_QUOTE:
        low, high = _clause(passage, start, end)
    return without_secret(text, low, high, passage.start + start, secrets)


def without_secret(text: str, low: int, high: int, at: int, secrets: tuple[Secret, ...]) -> str:
    """`text[low:high]`, cut before or after each secret, on the side where the place `at` lies."""
    for secret in secrets:
        if secret.start < high and low < secret.end:
            if at < secret.start:
                low, high = whole_words(text, low, secret.start)
            else:
                low, high = whole_words(text, secret.end, high)
    return text[low:high].strip().strip("\"'`:=,; ") if secrets else text[low:high].strip()


def _clause(passage: Passage, start: int, end: int) -> tuple[int, int]:
    cuts = [m.end() for m in _CUT.finditer(passage.text)]
    low = max((cut for cut in cuts if cut <= start), default=0)
    high = min((cut for cut in cuts if cut >= end), default=len(passage.text))
    if high - low > MAX_QUOTE:
        low = max(low, _blank_before(passage.text, start - 90))
        high = min(high, _blank_after(passage.text, max(end, start) + 90))
        within = whole_words(passage.text, low, high)  # a cut inside a word is no quote
        low, high = within if within[0] < within[1] else (low, high)
    return passage.start + low, passage.start + high


def _blank_before(text: str, at: int) -> int:
    return 0 if at <= 0 else text.find(" ", at) + 1 or at


def _blank_after(text: str, at: int) -> int:
    if at >= len(text):
        return len(text)
    found = text.rfind(" ", 0, at)
    return at if found < 0 else found
