"""Which words of a passage to quote: the whole sentence where it is short, else the clause, never a secret.

Where a token begins and ends is the grounding's to say (policy 2.1): what it would not find is not quoted.
"""

import re

from agent.backends.offline.passages import Passage
from agent.backends.offline.secrets import find_secrets
from agent.grounding.fold import fold, needles
from agent.grounding.injection import find_instructions
from schemas.ticket import Ticket

MAX_QUOTE = 280  # code points
_REACH = 90  # code points on each side of the words, of a clause that is too long
_LOOSE = " \t\n,;:-–—"  # what is left between a fact and an order beside it
_CUT = re.compile(r"[;:()]\s|,\s|\s-\s|\.\s|\n")


class Quotes:
    """The quotes of one ticket. Each stands in it as the grounding looks for it, or is empty: then it is no claim."""

    def __init__(self, ticket: Ticket) -> None:
        self.text = ticket.without_asked()  # a question of the program is nobody's statement
        self._folded = fold(ticket.text)
        self._asked = tuple(span for span in ticket.spans if span.kind == "asked")
        self._known: dict[str, bool] = {}
        said = ticket if self.text == ticket.text else ticket.model_copy(update={"text": self.text})
        self._orders = find_instructions(said)
        self.secrets = find_secrets(self.text, self._folded)

    def of(self, passage: Passage, start: int, end: int) -> str:
        """Verbatim words of the ticket around `low[start:end]` of the passage.

        The sentence is the safest quote: nothing that denies or limits the words is cut off. Of a long sentence the
        clause is taken, and of a long clause what stands around the words. Words that order something ("we cannot log
        in, please mark this Critical") are left out, since the grounding takes nothing from them. Empty where a word
        without an end, such as hundreds of digits, leaves nothing of them.
        """
        low, high = passage.start, passage.end
        if high - low > MAX_QUOTE:
            low, high = _clause(passage, start, end)
        low, high = self._beside_orders(low, high, passage.start + start, passage.start + end)
        low, high = self._folded.whole(low, high)
        if high <= passage.start + start or passage.start + end <= low:
            return ""
        return self.between(low, high, passage.start + start)

    def _beside_orders(self, low: int, high: int, start: int, end: int) -> tuple[int, int]:
        """`text[low:high]` without orders before `start` and behind `end`; as it is where the words are the order."""
        if any(order.start < end and start < order.end for order in self._orders):
            return low, high
        left = max((order.end for order in self._orders if low < order.end <= start), default=low)
        right = min((order.start for order in self._orders if end <= order.start < high), default=high)
        while left > low and left < start and self.text[left] in _LOOSE:
            left += 1
        while right < high and right > end and self.text[right - 1] in _LOOSE:
            right -= 1
        return left, right

    def between(self, low: int, high: int, at: int | None = None) -> str:
        """The whole words of `text[low:high]`, cut before or after each secret, on the side of `at` (`low`)."""
        at = low if at is None else at
        for secret in self.secrets:
            if secret.start < high and low < secret.end:
                low, high = (low, secret.start) if at < secret.start else (secret.end, high)
        low, high = self._folded.whole(low, high)
        words = self.text[low:high]
        if self.secrets:
            words = words.strip("\"'`:=,; ")
        return words if self.stands(words) else ""

    def stands(self, words: str) -> bool:
        """Whether the grounding would find these words in the ticket."""
        if words not in self._known:
            self._known[words] = any(
                not any(asked.start <= start and end <= asked.end for asked in self._asked)
                for needle in needles(words)
                for start, end in self._folded.occurrences(needle)
            )
        return self._known[words]

    def shows_secret(self, low: int, high: int) -> bool:
        """Whether a part of a secret stands in `text[low:high]`."""
        return any(secret.start < high and low < secret.end for secret in self.secrets)


def _clause(passage: Passage, start: int, end: int) -> tuple[int, int]:
    cuts = [m.end() for m in _CUT.finditer(passage.text)]
    low = max((cut for cut in cuts if cut <= start), default=0)
    high = min((cut for cut in cuts if cut >= end), default=len(passage.text))
    if high - low > MAX_QUOTE:
        low = max(low, _blank_before(passage.text, start))
        high = min(high, _blank_after(passage.text, max(end, start)))
    return passage.start + low, passage.start + high


def _blank_before(text: str, start: int) -> int:
    at = start - _REACH
    return 0 if at <= 0 else text.find(" ", at, start) + 1 or at


def _blank_after(text: str, end: int) -> int:
    at = end + _REACH
    if at >= len(text):
        return len(text)
    found = text.rfind(" ", end, at)
    return at if found < 0 else found
