"""The ticket cut into pieces at the edges of every quote, and what each line of the brief has in common with claims."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

from agent.grounding.fold import fold_text
from agent.render.outline import Outline
from schemas.facts import Claim, Facts
from schemas.ticket import Ticket
from schemas.vocabulary import GROUP_OF

T = TypeVar("T")

# Where quotes overlap, the piece takes the look of the first of these.
_WEIGHT = {
    name: rank
    for rank, name in enumerate(
        (
            "security",
            "technical",
            "business",
            "time",
            "pattern",
            "complexity",
            "product",
            "solvable",
            "counter",
            "detail",
        )
    )
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the ticket between two edges. `ends` are the claims whose quote ends here, in order."""

    text: str
    claims: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    group: str = ""
    doubtful: bool = False
    instruction: int | None = None
    instruction_starts: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A message of the ticket, or what stands outside of messages (`message` None)."""

    message: int | None
    pieces: tuple[Piece, ...]


def group_of(claim: Claim) -> str:
    """The group that colours a claim: its signal's, or `detail` for everything that is not a signal."""
    return GROUP_OF.get(claim.kind, "detail") if claim.group == "signal" else "detail"


def passages(ticket: Ticket, facts: Facts) -> tuple[Passage, ...]:
    """The whole text of the ticket, in order and without gaps. Offsets outside of the text are cut to it."""
    size = len(ticket.text)

    def cut(start: int, end: int) -> tuple[int, int]:
        return max(0, min(start, size)), max(0, min(end, size))

    claims = [(*cut(c.evidence.start, c.evidence.end), c) for c in facts.claims() if c.evidence is not None]
    orders = [(*cut(order.start, order.end), number) for number, order in enumerate(facts.instructions)]
    spans = [(*cut(span.start, span.end), span.kind) for span in ticket.spans]
    messages: list[tuple[int, int, int]] = []
    for number, message in enumerate(ticket.messages):
        start, end = cut(message.start, message.end)
        messages.append((max(start, messages[-1][1] if messages else 0), end, number))
    edges = {0, size}
    for start, end, _ in [*claims, *orders, *spans, *messages]:
        if start < end:
            edges |= {start, end}
    return tuple(
        _passages(
            ticket.text,
            sorted(edges),
            _Sweep(found for found in claims if found[0] < found[1]),
            _Sweep(found for found in orders if found[0] < found[1]),
            _Sweep(found for found in spans if found[0] < found[1]),
            _Sweep(found for found in messages if found[0] < found[1]),
        )
    )


class _Sweep(Generic[T]):
    """Which of many stretches hold a point, for points that only go forward. Linear, however many there are."""

    def __init__(self, stretches: Iterable[tuple[int, int, T]]) -> None:
        self._waiting = sorted(stretches, key=lambda stretch: (-stretch[0], stretch[1]))
        self._active: list[tuple[int, int, T]] = []

    def at(self, point: int) -> list[tuple[int, int, T]]:
        """Start, end and value of the stretches around `point`, the earlier and longer first."""
        self._active = [stretch for stretch in self._active if stretch[1] > point]
        while self._waiting and self._waiting[-1][0] <= point:
            self._active.append(self._waiting.pop())
        return self._active


def _passages(
    text: str,
    edges: list[int],
    claims: _Sweep[Claim],
    orders: _Sweep[int],
    spans: _Sweep[str],
    messages: _Sweep[int],
) -> Iterable[Passage]:
    pieces: list[Piece] = []
    current: int | None = None
    for left, right in pairwise(edges):
        message = next((number for _, _, number in messages.at(left)), None)
        if message != current and pieces:
            yield Passage(current, tuple(pieces))
            pieces = []
        current = message
        active, order = claims.at(left), next(iter(orders.at(left)), None)
        pieces.append(
            Piece(
                text=text[left:right],
                claims=tuple(claim.id for _, _, claim in active),
                anchors=tuple(claim.id for start, _, claim in active if start == left),
                ends=tuple(claim.id for _, end, claim in active if end == right),
                group=min((group_of(claim) for _, _, claim in active), key=_WEIGHT.__getitem__, default=""),
                doubtful=bool(active) and all(claim.status != "counts" for _, _, claim in active),
                instruction=order[2] if order is not None else None,
                instruction_starts=order is not None and order[0] == left,
                kind=next((kind for _, _, kind in spans.at(left)), ""),
            )
        )
    if pieces:
        yield Passage(current, tuple(pieces))


_DIGIT_GROUP = re.compile(r"(?<=\d)[,'](?=\d{3}(?!\d))")
_TOKEN = re.compile(r"[^\W_](?:[\w.:/@#+-]*[\w])?")
_SHORTEST_VALUE = 4  # characters; a shorter word stands in any line by chance
_LONGEST_QUOTE = 2_000  # characters looked at; no line of a brief repeats more


def _folded(text: str) -> str:
    return _DIGIT_GROUP.sub("", fold_text(text).strip())


def _marks(folded: str) -> frozenset[str]:
    """Numbers and ids: what a line can share with a quote only if it speaks of the same thing."""
    return frozenset(
        token
        for token in _TOKEN.findall(folded)
        if any(c.isdigit() for c in token) and (len(token) > 1 or not token.isdigit())
    )


def mentions(brief: Outline, claims: Sequence[Claim]) -> dict[str, tuple[str, ...]]:
    """Line id to the claims it mentions: a shared number or id, or the claim's value or quote word for word.

    It shows what a line has in common with the ticket, not that the line is right; that is validation's work.
    """
    known = []
    for claim in claims:
        if claim.evidence is not None:
            quote, value, subject = (_folded(t[:_LONGEST_QUOTE]) for t in (claim.quote, claim.value, claim.subject))
            phrases = [p for p in {quote, value, subject} if len(p) >= _SHORTEST_VALUE]
            patterns = [re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)") for phrase in sorted(phrases)]
            known.append((claim.id, _marks(quote) | _marks(value), patterns))
    lines = [(line.id, line.words()) for section in brief.sections for line in section.lines]
    found: dict[str, tuple[str, ...]] = {}
    for line_id, said in [("b-headline", brief.headline), *lines]:
        words = _folded(said)
        marks = _marks(words)
        found[line_id] = tuple(
            claim for claim, own, patterns in known if own & marks or any(p.search(words) for p in patterns)
        )
    return found
