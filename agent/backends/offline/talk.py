"""A turn of a chat without a model: plain requests by their words, and what reads as a statement goes on as support's.

The words are data (lexicon/talk.toml). A question, an order, an opinion about the decision and a courtesy are no
statements: where no rule knows them they move nothing and are answered with how to ask. Nothing is guessed.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from agent.backends.offline.lexicon import alternatives
from agent.grounding.intervals import Intervals
from agent.notation import quoted_strings
from schemas.chat import Action, ActionKind, Turn
from schemas.escalation import Escalation
from schemas.ticket import Ticket

NOT_UNDERSTOOD = (
    "No model takes part, so only plain requests are understood, such as “why?”, “show brief”, "
    "“customer says: …” or a statement about the case; /help lists them all."
)
_PAGES = ("questions", "findings", "steps", "facts", "message", "decision", "brief", "ticket")
_COPIED = ("brief", "message", "decision", "questions")
_TIERS = (("l1", "L1"), ("l2", "L2"), ("manager", "manager"))
_LONGEST_LEAD = 90
_LONGEST_QUOTE = 4_000  # characters; `quoted_strings` finds none as long
_MARK = re.compile(r"[\"“„«`'‘]")
_LONGEST_WISH = 5  # words that still belong to the message asked for before them
_LEAST_REASON = 4  # words behind "is wrong" that say something of their own
_LONGEST_TAIL = 2
_SHORT, _LONGEST_REQUEST = 8, 12  # words: a longer sentence is a note, whatever words it holds
_NUMBERED = re.compile(r"\d(?<!\b[lp]\d)")

_RULE = re.compile(r"\b[A-Z]{3}-\d{1,2}\b", re.IGNORECASE)
_CLAIM = re.compile(
    r"\b(?:issue|signal|workaround|scope|measure|account|person|attempt|reproduction|reference)-\d{1,3}\b"
)
_FILE = re.compile(r"(?<!\S)\S+\.(?:txt|md|html|json)\b", re.IGNORECASE)
_STOP = re.compile(
    r"(?<=[.?!])(?!(?<=\d\.)\s+\d)\s+(?=\S)|\n+|(?:,|(?<!\s))\s+(?:and|und|y|et|e)\s+(?:then\s+)?(?=(?:cop|save|show|kopier|speicher)\w*\b)"
)
_COLON = re.compile(r"(?<!\d):(?!\d)|(?<=\d):(?=\s)")
_EDIT = re.compile(
    r"(?:in the brief,? )?(?:(?:please )?(?:change|set|make) )?(?:the |in der zeile |die zeile )?"
    r"(?P<place>[\w' ]{3,40}?)(?: line)? "
    r"(?:to|(?:should|shall|must) (?:read|say|be)|soll(?:te)? (?:stehen|heißen|lauten))\s*:\s*(?P<text>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_OWN = re.compile(r"(?:(?:i|we)\b(?! (?:need|want)\b)|(?:she|he|they|it|the|this|that|customer|client)\b)")
_TOKEN = re.compile(r"[^\s,;:.!?¿¡&]+")
_NEAR = 4  # words between a subject and what it does


def turn(words: str, result: Escalation) -> Turn:
    """What follows from these words, part by part. Statements that follow one another are one."""
    words = words.strip()
    talk = _Talk(words, result)
    actions = tuple(talk.actions())
    return Turn(actions=actions, say=NOT_UNDERSTOOD if talk.unclear or not actions else "")


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    text = files(__package__).joinpath("lexicon", "talk.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    """All phrases of that name, in every language."""
    return alternatives([phrase for phrases in _tables()[name].values() for phrase in phrases], {})


def _has(name: str, low: str) -> bool:
    return _pattern(name).search(low) is not None


def _begins(name: str, low: str) -> bool:
    return _pattern(name).match(low) is not None


def _do(kind: ActionKind, target: str = "", text: str = "") -> Action:
    return Action(kind=kind, target=target, text=text)


Found = tuple[Action, ...] | None


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of the words. `low`: in small letters, without what only leads up to it."""

    start: int
    end: int
    text: str
    low: str

    @property
    def asks(self) -> bool:
        return self.text.endswith("?") or _begins("question", self.low.lstrip("¿ "))

    @property
    def is_short(self) -> bool:
        """Whether it may be a request; a longer sentence is told, not asked."""
        return len(self.low.split()) <= _LONGEST_REQUEST


class _Talk:
    """One contribution of the person."""

    def __init__(self, words: str, result: Escalation) -> None:
        self.unclear = False
        self._words, self._low, self._result = words, _small(words), result
        self._names = _names(result.ticket)

    def actions(self) -> Iterator[Action]:
        """What each part asks for, in order. What stands between two statements is handed on with them."""
        at, start, end, dark = 0, -1, -1, False
        last: Action | None = None
        for part in self._parts():
            if part.start < at:
                continue
            relayed = self._relayed(part)
            found = (relayed[0],) if relayed else self._known(part)
            if found is None:
                if not self._is_beside(part, last) and self._is_statement(part):
                    self.unclear = self.unclear or (dark and start < 0)
                    start, end, dark = part.start if start < 0 else start, part.end, False
                elif not self._is_beside(part, last):
                    dark = True
                continue
            if start >= 0:
                yield self._statement(start, end)
                start = -1
            yield from found
            last = found[-1]
            at = relayed[1] if relayed else at
        if start >= 0:
            yield self._statement(start, end)
        self.unclear = self.unclear or dark

    def _statement(self, start: int, end: int) -> Action:
        return _do("support_said", text=self._words[start:end].strip())

    def _parts(self) -> Iterator[_Part]:
        quotes = Intervals((quote.start + 1, quote.end) for quote in quoted_strings(self._words))
        begin = 0
        for match in (*_STOP.finditer(self._words), None):
            end = len(self._words) if match is None else match.start()
            if match is not None and quotes.at(match.start()):
                continue
            text = self._words[begin:end]
            if any(char.isalnum() for char in text):
                yield _Part(begin, end, text.strip(" ,\n"), _bare(self._low[begin:end]))
            begin = end if match is None else match.end()

    def _is_statement(self, part: _Part) -> bool:
        """Whether a part that no rule knows is said about the case: for certain, and as no order."""
        if len(part.low.split()) < 2 or part.asks or _is_unsure(part.low):
            return False
        return not _begins("order", part.low) or _begins("noted", part.low) or self._is_more_than_undo(part)

    def _is_more_than_undo(self, part: _Part) -> bool:
        """Whether words that begin like `undo` go on about the case: `revert to 8.4.0 fixed it`."""
        return _begins("undo", part.low) and not _is_undo(part.low)

    def _is_beside(self, part: _Part, last: Action | None) -> bool:
        """Whether it needs no answer: a courtesy, or a few words on how the message asked for is to be."""
        wish = last is not None and last.kind == "customer_message" and len(part.low.split()) <= _LONGEST_WISH
        return wish or _pattern("courtesy").fullmatch(part.low.strip(" .!,")) is not None

    def _known(self, part: _Part) -> Found:
        for rule in (
            self._undone, self._withdrawn, self._held, self._kept, self._edited, self._written, self._asked_why,
            self._another_time, self._shown, self._opined,
        ):  # fmt: skip
            if (done := rule(part)) is not None:
                return done
        return None

    def _relayed(self, part: _Part) -> tuple[Action, int] | None:
        """The customer's own words behind a lead-in, and where they end: a quotation, or all that follows a colon."""
        # No further than a quotation can reach: a pasted text may have thousands of parts.
        ahead = part.start + _LONGEST_LEAD
        low = self._low[part.start : ahead]
        colon = _COLON.search(low.split("\n")[0])
        near = quoted_strings(self._words[part.start : ahead + _LONGEST_QUOTE]) if _MARK.search(low) else []
        quote = next((q for q in near if q.start < _LONGEST_LEAD), None)
        if quote is not None and ((colon and quote.start > colon.end() + 2) or not self._ends(part, quote.end)):
            quote = None
        if quote is None and colon is None:
            return None
        lead = _bare(low[: quote.start if quote else colon.start() if colon else 0])
        subject = _pattern("customer").match(lead) or (self._names and self._names.match(lead))
        if not subject or "\n" in lead or _has("unsaid", lead[subject.end() :]):
            return None
        relays = _pattern("relays").search(lead, subject.end())
        close = relays is not None and len(lead[subject.end() : relays.start()].split()) <= _NEAR
        if not close and not (quote and colon):
            return None
        if quote is not None:
            return _do("customer_said", text=quote.text.strip()), part.start + quote.end
        text = self._words[part.start + (colon.end() if colon else 0) :].strip()
        return (_do("customer_said", text=text), len(self._words)) if text else None

    def _ends(self, part: _Part, at: int) -> bool:
        """Whether a quotation that ends there is the end of the part, a word or two apart: else it is a name in it."""
        return len(self._words[part.start + at : part.end].split()) <= _LONGEST_TAIL

    def _undone(self, part: _Part) -> Found:
        return (_do("undo"),) if _is_undo(part.low) else None

    def _withdrawn(self, part: _Part) -> Found:
        claim, wrong = _CLAIM.search(part.low), _pattern("wrong").search(part.low)
        if (
            not claim
            or not wrong
            or part.asks
            or _is_unsure(part.low)
            or _has("disbelieved", part.low[: wrong.start()])
        ):
            return None
        taken = _do("withdraw", claim.group(), part.text)
        behind = part.text[len(part.text) - len(part.low) + wrong.end() :].lstrip(" ,;:–-")
        return (taken, _do("support_said", text=behind)) if len(behind.split()) >= _LEAST_REASON else (taken,)

    def _held(self, part: _Part) -> Found:
        low = part.low.rstrip(" .!")
        for name, tier in _TIERS:
            for level in _pattern(name).finditer(low):
                before, behind = low[: level.start()].rstrip(), low[level.end() :].strip(" ,")
                holds = _pattern("holds").fullmatch(before) and len(behind.split()) <= 2
                if not part.asks and (holds or (not before and _pattern("taken").fullmatch(behind))):
                    return (_do("tier", tier),)
        return None

    def _kept(self, part: _Part) -> Found:
        if (saved := _pattern("save").match(part.low)) and _is_slight(part.low[saved.end() :]):
            name = _FILE.search(part.text)
            return (_do("save", text=name.group() if name else ""),)
        copied = _pattern("copy").match(part.low)
        if (copied and _is_slight(part.low[copied.end() :])) or self._to_clipboard(part):
            return tuple(_do("copy", what) for what in self._pages(part.low, _COPIED)) or (_do("copy", "brief"),)
        recorded = _pattern("record").match(part.low)
        return (_do("record"),) if recorded and _is_slight(part.low[recorded.end() :]) else None

    def _to_clipboard(self, part: _Part) -> bool:
        return _has("clipboard", part.low) and not part.asks and not _has("noted", part.low)

    def _edited(self, part: _Part) -> Found:
        match = _EDIT.fullmatch(part.text)
        if not match or self._result.brief is None:
            return None
        from agent.chat.edits import places

        wanted = match["place"].strip().casefold()
        known = [p for p in places(self._result.brief) if wanted in (p.casefold(), p.rpartition(": ")[2].casefold())]
        return (_do("edit_line", known[0], match["text"].strip()),) if len(known) == 1 else None

    def _written(self, part: _Part) -> Found:
        if _begins("why", part.low) or (part.asks and _begins("question", part.low)):
            return None
        addressed = _pattern("addresses").match(part.low)
        named = addressed and self._names and self._names.match(part.low[addressed.end() :].lstrip())
        letter = _has("letter", part.low) and _has("worded", part.low) and not _OWN.match(part.low)
        return (_do("customer_message"),) if named or letter or _begins("to_customer", part.low) else None

    def _asked_why(self, part: _Part) -> Found:
        low = part.low.lstrip("¿ ")
        if _begins("changes", low):
            return (_do("explain", "changes"),)
        named = _RULE.search(part.text) or _CLAIM.search(low)
        why = _begins("why", low)
        if named and (why or part.asks) and (_CLAIM.search(low) or self._fired(named.group())):
            return (_do("explain", named.group()),)
        if why:
            return (_do("explain", self._topic(low)),)
        return (_do("explain", "deadline"),) if part.asks and part.is_short and _has("deadline", low) else None

    def _fired(self, rule: str) -> bool:
        return any(known.id == rule.upper() for known in self._result.decision.rules)

    def _topic(self, low: str) -> str:
        topics = (("deadline", "deadline"), ("asked", "questions"), ("severity", "severity"), ("team", "target"))
        return next((topic for name, topic in topics if _has(name, low)), "decision")

    def _another_time(self, part: _Part) -> Found:
        match = _pattern("until").match(part.low)
        timed = match is not None and any(char.isdigit() for char in part.low[match.end() :])
        return (_do("deadline", text=part.text),) if timed and not part.asks else None

    def _shown(self, part: _Part) -> Found:
        low = part.low.strip(" .!?¿")
        if not part.is_short or (not _begins("show", low) and len(low.split()) > 2):
            return None
        shown = _pattern("display").match(low)
        if shown and not _is_slight(low[shown.end() :]):
            return None  # something is said with a word of showing: `print queue stuck, brief outage`
        pages = self._pages(low, _PAGES)
        return tuple(_do("show", page) for page in pages) or None

    def _pages(self, low: str, known: tuple[str, ...]) -> list[str]:
        found = {name: match.start() for name in known if (match := _pattern(name).search(low))}
        return sorted(found, key=lambda name: found[name])

    def _opined(self, part: _Part) -> Found:
        """An opinion or an order about the decision moves nothing: it is answered with why it is as it is."""
        if not part.is_short or not (_begins("opinion", part.low) or _begins("order", part.low)):
            return None
        if _NUMBERED.search(part.low):
            return None  # an id, a time, a count: something is said about the case
        if _has("severity", part.low):
            return (_do("explain", "severity"),)
        return (_do("explain", "target"),) if _has("team", part.low) else None


def _is_undo(low: str) -> bool:
    """Whether the whole is a wish to take the last thing back, said once or twice over."""
    if len(low.split()) > _SHORT:
        return False
    rest = low
    while match := _pattern("undo").match(rest):
        rest = rest[match.end() :].lstrip(" ,.!;")
    return rest != low and _is_slight(rest)


def _is_slight(rest: str) -> bool:
    """Whether what follows a request adds nothing but pages, a file and its purpose: then the request is whole."""
    rest = _FILE.sub(" ", rest)
    for name in (*_PAGES, "clipboard", "ledger"):
        rest = _pattern(name).sub(" ", rest)
    for token in _TOKEN.findall(rest):
        if _pattern("purpose").fullmatch(token):
            return True
        if _pattern("slight").fullmatch(token) is None:
            return False
    return True


def _is_unsure(low: str) -> bool:
    """Whether somebody wonders, or wants to know: no statement."""
    return _begins("unsure", low) or (len(low.split()) <= _SHORT and _has("perhaps", low))


def _small(text: str) -> str:
    """In small letters, each character still one character."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _bare(low: str) -> str:
    """Without the words that only lead up to what is meant."""
    low = low.strip(" ,\n")
    while (match := _pattern("filler").match(low)) and match.end() < len(low):
        low = low[match.end() :].lstrip(" ,")
    return low


def _names(ticket: Ticket) -> re.Pattern[str] | None:
    """First and last names of those who wrote as the customer: as their messages are headed, and as they sign."""
    theirs = [m for m in ticket.messages if m.speaker == "customer"]
    lines = [_last_line(ticket.text[m.start : m.end]) for m in theirs] + [m.author or "" for m in theirs]
    ours = {token for m in ticket.messages if m.speaker == "support" for token in _small(m.author or "").split()}
    tokens = {token for line in lines for token in _small(line).split() if len(token) > 2 and token.isalpha()} - ours
    return re.compile(rf"(?:{'|'.join(map(re.escape, sorted(tokens)))})(?!\w)") if tokens else None


def _last_line(text: str) -> str:
    """A signature: a last line of one to three words, each with a capital."""
    last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
    words = last.split()
    return last if 0 < len(words) <= 3 and all(word[0].isupper() and word.isalpha() for word in words) else ""
