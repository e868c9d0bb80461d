"""What a model says, sentence by sentence: nothing that code did not decide, nothing that stands nowhere.

A sentence is withheld that names a severity, a team or an outcome other than the decided one; a number, date, time, id,
name or quote that neither the ticket nor the decision holds; a deed that no action of the turn does; or that is in a
language whose words are not known here.

It is a check of words, and errs towards withholding; the decision itself is always printed by code. What it sees:
capitals or none, letters that only look alike, invisible signs, seven languages. What it cannot see: a paraphrase with
none of the words in `named.py` ("the people upstairs know"), a false account of the ticket in the ticket's own words,
and a short sentence in a language that shares its words with a known one.
"""

import re
from datetime import datetime
from functools import cached_property

from agent.chat import named
from agent.chat.commands import COMMANDS
from agent.notation import quoted_strings
from agent.validate.derive import Proven
from agent.validate.fields import Field
from agent.validate.grounds import Check
from agent.validate.prose import split_sentences
from agent.validate.sources import Sources, sources
from agent.validate.trace import check_trace
from schemas.escalation import Escalation, Finding
from schemas.ticket import Ticket

PLACE = "answer"
TEAM, SEVERITY, OUTCOME, NOWHERE = "a team", "a severity", "an outcome", "something that stands nowhere"
DEED, TIME, LANGUAGE = "a deed that was not done", "a time", "a language that is not checked"

_TRACED = (
    "untraceable_number",
    "untraceable_date",
    "untraceable_time",
    "untraceable_quote",
    "untraceable_id",
    "untraceable_link",
    "weekday_wrong",
)
_NAME, _QUOTE = "untraceable_name", "untraceable_quote"
_RULE = re.compile(r"\b[A-Z]{3}-\d{1,2}\b")
_SHORT_QUOTE = 3  # words: so few of the ticket's words may be quoted to say something else with them
_SAYS_NOT = re.compile(
    r"\b(?:ticket|nobody|nothing|tiquet|chamado)\b.*\b(?:not|nicht|no|pas|não|nowhere)\b(?! (?:only|just|but|nur))|"
    r"\b(?:ticket|nobody)\b.*n['’]t\b|\b(?:not|no) (?:\w+ )?in the ticket\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W_]+")
_COMMAND = re.compile(rf"(?<![\w/])/(?:{'|'.join(COMMANDS)})\b")


class Listener:
    """Hears a model's answer for one turn.

    `heard`: the ticket with the words just typed. `moves`: facts change in this turn, so that the decision is not to be
    named, and the words just typed count as the ticket's. `kinds`: the turn's actions; None: not known.
    """

    def __init__(self, result: Escalation, heard: Ticket, *, moves: bool, kinds: frozenset[str] | None = None) -> None:
        self._result, self._decision, self._heard = result, result.decision, heard
        self._moves, self._kinds = moves, kinds

    def objection(self, sentence: str) -> str:
        """What a sentence states that is not for the model to state; empty if it may be said."""
        bare = self._without_quotes(sentence)
        if not named.is_known_language(bare, self._is_word_of_ticket):
            return LANGUAGE
        text, decision = named.plain(bare), self._decision
        said = named.severities(text, denied=None if self._moves else decision.severity or "none")
        if decision.severity and not self._moves and named.denies(text, decision.severity):
            return SEVERITY
        said -= {"urgent"} if self._ticket_is_urgent(text) else set()
        if said and (self._moves or said != {decision.severity}):
            return SEVERITY
        teams = named.teams(text, self._is_word_of_ticket)
        if teams and (self._moves or not teams <= self._teams):
            return TEAM
        if any(self._moves or not self._is_decided(outcome) for outcome in named.outcomes(text)):
            return OUTCOME
        if named.undone(text, self._kinds):
            return DEED
        return TIME if self._is_loose_time(text) else self._untraced(sentence)

    @cached_property
    def _ticket(self) -> Sources:
        """What a model may repeat. A value that only stands in a question of the person is no fact."""
        return self._sources(self._heard if self._moves else self._result.ticket)

    @cached_property
    def _typed_too(self) -> Sources:
        return self._sources(self._heard)

    def _sources(self, ticket: Ticket) -> Sources:
        result = self._result
        return sources(ticket, result.context, result.decision, result.facts, result.decision.decided_at, "")

    @cached_property
    def _heard_words(self) -> frozenset[str]:
        return frozenset(word.casefold() for word in _WORDS.findall(self._heard.text))

    @cached_property
    def _teams(self) -> set[str]:
        found: set[str] = {team for team in (self._decision.owner, self._decision.next_hop) if team is not None}
        return found | {"leadership"} if self._decision.leadership else found

    def _is_word_of_ticket(self, word: str) -> bool:
        return word.casefold() in self._ticket.words

    def _ticket_is_urgent(self, text: str) -> bool:
        """Whether the ticket calls itself urgent, in the same word: to repeat that is no severity."""
        return any(word in self._ticket.words for word in re.findall(r"urg\w+|emerg\w+|dringend|notfall", text.lower()))

    def _is_decided(self, outcome: str) -> bool:
        decided = self._decision.outcome
        return decided != "escalate" if outcome == "not escalate" else outcome == decided

    def _without_quotes(self, sentence: str) -> str:
        """Words that are quoted from the ticket are the ticket's, not the model's. A word or three may be anything."""
        for quote in reversed(quoted_strings(sentence)):
            if len(quote.text.split()) > _SHORT_QUOTE and self._ticket.holds(quote.text):
                sentence = sentence[: quote.start] + "…" + sentence[quote.end :]
        return sentence

    def _is_loose_time(self, text: str) -> bool:
        """Whether a time in words stands there that is neither the ticket's nor a decided one."""
        promised = named.PROMISED.search(text) is not None
        for match in named.WEEKDAY.finditer(text):
            ahead = promised or " " in match[0]
            if named.weekday(match[0]) not in self._weekdays and (ahead or not self._ticket.holds(match[0])):
                return True
        return any(promised or not self._ticket.holds(match[0]) for match in named.SOON.finditer(text))

    @cached_property
    def _weekdays(self) -> set[int]:
        decision = self._decision
        moments = [decision.decided_at, decision.deadline, decision.acknowledge_by]
        if decision.cadence is not None:
            moments += [value for _, value in decision.cadence if isinstance(value, datetime)]
        return {moment.weekday() for moment in moments if moment is not None}

    def _untraced(self, sentence: str) -> str:
        sentence = _COMMAND.sub("", sentence)
        fired = {rule.id for rule in self._decision.rules}
        if any(rule not in fired and not self._ticket.holds(rule) for rule in _RULE.findall(sentence)):
            return NOWHERE
        found = self._traced(sentence, self._ticket)
        if found and not self._moves and _SAYS_NOT.search(sentence):
            found = self._traced(sentence, self._typed_too)
        return NOWHERE if found else ""

    def _traced(self, sentence: str, known: Sources) -> list[Finding]:
        check = Check(known, Proven(), limit=None, translated=True)
        found = check_trace((Field(PLACE, sentence, "fact"),), check)
        found = [f for f in found if f.code != _QUOTE or f.found not in self._page]
        named_too = not named.is_german(sentence)
        return [
            f for f in found if f.code in _TRACED or (named_too and f.code == _NAME and not self._is_named(f.found))
        ]

    @cached_property
    def _page(self) -> str:
        """The decision as the person sees it: its labels may be quoted."""
        from agent.render import render_decision

        return render_decision(self._decision, self._result.facts, "text", width=0)

    def _is_named(self, name: str) -> bool:
        """Whether a name stands in the ticket or in the person's words, or is a team's."""
        if named.teams(named.plain(name)):
            return True
        return all(word.casefold() in self._heard_words for word in _WORDS.findall(name) if word[:1].isupper())


def objections(text: str, result: Escalation, ticket: Ticket, moves: bool = False) -> list[tuple[str, str]]:
    """The sentences of a text that a model wrote which may not be said, each with what is wrong in it.

    `ticket`: with the words just typed. `moves`: as for `Listener`.
    """
    listener = Listener(result, ticket, moves=moves)
    found = [(sentence, listener.objection(sentence)) for sentence in sentences(text, whole=True)]
    return [(sentence, what) for sentence, what in found if what]


def internal_words(text: str) -> list[tuple[str, str]]:
    """The sentences that name a severity or an internal team: no words for a customer, whoever wrote them."""
    found = []
    for sentence in split_sentences(text):
        plain = named.plain(sentence)
        if named.severities(plain, urgent=False):
            found.append((sentence, SEVERITY))
        elif named.teams(plain):
            found.append((sentence, TEAM))
    return found


def sentences(text: str, *, whole: bool) -> list[str]:
    """The sentences that are complete. `whole`: no more will come, so the last one is complete too."""
    found = split_sentences(text)
    return found if whole else found[:-1]
