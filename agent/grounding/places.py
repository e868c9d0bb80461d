"""Where a quote stands in the ticket: all places, the best of them, and why there is none (policy 2.1, 2.6)."""

import re
from bisect import bisect_right
from typing import NamedTuple

from agent.grounding.denial import denied
from agent.grounding.fold import Folded, fold_text, needles
from agent.grounding.intervals import Intervals
from agent.grounding.sentences import sentence_around
from schemas.facts import Evidence, Instruction
from schemas.ticket import Message, Speaker, Ticket
from schemas.vocabulary import Asserter

_RANKED = 200  # places compared for the best one; all are counted
_TIES = 20  # equally good places looked through for one that its sentence does not deny
# Lines of a ticket's head that the reporter typed, whoever prints them.
_TYPED = re.compile(
    r"(?:subject|betreff|objet|asunto|assunto|summary|title|件名|environment|umgebung|environnement|entorno|ambiente|"
    r"description|steps(?: to reproduce)?|product version)\s*:",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^[^\W\d_][\w /-]{0,24}:", re.MULTILINE)
_WORD = re.compile(r"\w{4,}")
_HINT_PLACES = 6


class Place(NamedTuple):
    """One place of a quote. Offsets are code points of the ticket's text."""

    start: int
    end: int
    message: int | None
    speaker: Speaker
    in_head: bool
    by_reporter: bool
    quoted: bool
    machine: bool
    hidden: bool
    instructs: bool
    occurrences: int = 1
    denied: bool = False


class Finder:
    """Finds quotes in one ticket. Keeps the sentences that it has already worked out."""

    def __init__(self, ticket: Ticket, folded: Folded, instructions: tuple[Instruction, ...]) -> None:
        self.text, self._ticket, self._folded = ticket.text, ticket, folded
        self._sentences: dict[tuple[int, int], tuple[int, int]] = {}
        self._starts = [message.start for message in ticket.messages]
        self._instructions = Intervals((i.start, i.end) for i in instructions)
        self._spans = {
            kind: Intervals((s.start, s.end) for s in ticket.spans if s.kind == kind)
            for kind in ("quoted", "machine", "hidden")
        }
        self._has_spans = bool(ticket.spans)
        self._asked = tuple(span for span in ticket.spans if span.kind == "asked")

    def place(self, quote: str, asserter: Asserter | None, disarm: bool = True, kind: str | None = None) -> Place | str:
        """The best place of the quote, or in one line why it has none.

        Best: outside instructions, hidden text and pasted text (for what `quoted` asserts: inside it), in a message of
        the asserter, not denied by its sentence, the first of equals. `kind`: see `denied`; None skips that check.
        """
        found: Place | None = None
        for needle in needles(quote):
            spots = list(self._folded.occurrences(needle))
            if not spots and not disarm:  # an order may be a piece of a file's name; it is evidence for nothing else
                spots = list(self._folded.occurrences(needle, inside_tokens=True))
            if self._asked:
                spots = [spot for spot in spots if not self._is_asked(*spot)]
            if not spots:
                continue
            best = self._best(spots, asserter, disarm, kind) if len(spots) > 1 else self._only(spots[0], kind)
            if found is None or not (best.instructs or best.hidden):
                found = best
            if not (disarm and (found.instructs or found.hidden)):
                break  # else a form without quotation marks may stand elsewhere too
        return self._absent(quote) if found is None else found

    def _only(self, spot: tuple[int, int], kind: str | None) -> Place:
        place = self._at(spot)
        return place._replace(denied=True) if kind is not None and self._is_denied(place, kind) else place

    def _best(self, spots: list[tuple[int, int]], asserter: Asserter | None, disarm: bool, kind: str | None) -> Place:
        ranked = sorted(
            ((self._rank(place, asserter, disarm), place) for place in map(self._at, spots[:_RANKED])),
            key=lambda pair: pair[0],
        )
        best_rank, best = ranked[0]
        if kind is not None:
            ties = [place for rank, place in ranked[:_TIES] if rank == best_rank]
            open_place = next((place for place in ties if not self._is_denied(place, kind)), None)
            best = best._replace(denied=True) if open_place is None else open_place
        return best._replace(occurrences=len(spots))

    def _typed_by_reporter(self, start: int) -> bool:
        """Whether the head line of this offset, or the field that it continues, is one that the reporter fills in."""
        end_of_line = self.text.find("\n", start)
        labels = list(_LABEL.finditer(self.text, 0, len(self.text) if end_of_line < 0 else end_of_line))
        return bool(labels) and _TYPED.match(labels[-1].group().strip()) is not None

    def bounds(self, message: int | None) -> tuple[int, int]:
        """Offsets that a sentence of this message (None: of the head) cannot leave."""
        if message is not None:
            return self._ticket.messages[message].start, self._ticket.messages[message].end
        return 0, len(self.text)

    def evidence(self, place: Place) -> Evidence:
        """The place as evidence, with its whole sentence."""
        first, last = self._sentence(place)
        message = self._message(place.message)
        return Evidence.made_of(
            start=place.start,
            end=place.end,
            sentence_start=first,
            sentence_end=last,
            sentence=self.text[first:last],
            message=place.message,
            speaker=place.speaker,
            time=message.time if message else None,
            occurrences=place.occurrences,
        )

    def _message(self, index: int | None) -> Message | None:
        return None if index is None else self._ticket.messages[index]

    def _sentence(self, place: Place) -> tuple[int, int]:
        known = self._sentences.get((place.start, place.end))
        if known is None:
            low, high = self.bounds(place.message)
            if self._asked:
                low = max([low, *(span.end for span in self._asked if low <= span.end <= place.start)])
            if place.in_head and self._starts:
                high = self._starts[0]
            known = sentence_around(self.text, place.start, place.end, low, max(high, place.end))
            self._sentences[place.start, place.end] = known
        return known

    def _at(self, spot: tuple[int, int]) -> Place:
        start, end = spot
        index = bisect_right(self._starts, start) - 1
        inside = index >= 0 and start < self._ticket.messages[index].end
        in_head = index < 0 and bool(self._starts)
        by_reporter = in_head and self._typed_by_reporter(start)
        speaker: Speaker = "unknown"
        if inside:
            speaker = self._ticket.messages[index].speaker
        elif in_head and not by_reporter:
            speaker = "system"
        message = index if inside else None
        instructs = self._instructions.half(start, end)
        quoted = machine = hidden = False
        if self._has_spans:
            quoted = self._spans["quoted"].half(start, end)
            machine = self._spans["machine"].half(start, end)
            hidden = self._spans["hidden"].touch(start, end)
        return Place(start, end, message, speaker, in_head, by_reporter, quoted, machine, hidden, instructs)

    def _rank(self, place: Place, asserter: Asserter | None, disarm: bool) -> tuple[bool, bool, bool, bool]:
        pasted = place.quoted or place.machine
        if asserter == "quoted":
            pasted = not pasted
        other = asserter is not None and asserter != "quoted" and place.speaker != asserter
        return disarm and place.instructs, disarm and place.hidden, pasted, other

    def _is_asked(self, start: int, end: int) -> bool:
        """Whether the words are a question of the program's and nothing more: nobody said them there."""
        return any(span.start <= start and end <= span.end for span in self._asked)

    def _is_denied(self, place: Place, kind: str) -> bool:
        first, last = self._sentence(place)
        position = self._folded.position_of
        a, b, c, d = position(first), position(place.start), position(place.end), position(last)
        text = self._folded.text
        return denied(text[a:b], text[b:c], text[c:d], kind)

    def _absent(self, quote: str) -> str:
        wanted = fold_text(quote)
        if not wanted or not needles(quote)[-1]:
            return "the quote is empty"
        if "..." in wanted.strip(". "):
            return "the quote joins fragments with an ellipsis: it must be one unbroken stretch of the ticket"
        if any(next(self._folded.occurrences(needle), None) for needle in needles(quote)):
            return "the quote stands only in a question that the program asked: nobody said it"
        closest = self._closest(wanted)
        return f"the quote is not in the ticket{closest}"

    def _closest(self, wanted: str) -> str:
        """Wording for a repair message only: similarity never accepts a quote (policy 2.1)."""
        words = sorted(set(_WORD.findall(wanted[:400])), key=lambda w: (-len(w), w))[:3]
        seen: set[tuple[int, int]] = set()
        text = self._folded.text
        for word in words:
            position = text.find(word)
            while position >= 0 and len(seen) < _HINT_PLACES:
                spot = self._folded.nearest_start(position)
                seen.add(sentence_around(self.text, spot, spot + 1))
                position = text.find(word, position + len(wanted))
        if not seen:
            return ""
        from difflib import SequenceMatcher

        matcher = SequenceMatcher(b=wanted[:400], autojunk=False)
        scored = []
        for first, last in sorted(seen):
            matcher.set_seq1(fold_text(self.text[first:last])[:400])
            scored.append((-matcher.quick_ratio(), first, last))
        _, first, last = min(scored)
        sentence = " ".join(self.text[first:last].split())
        return f"; closest: “{sentence if len(sentence) <= 160 else sentence[:157] + '...'}”"
