"""What the ticket says about a workaround, and who is hit."""

import re
from collections.abc import Iterable, Sequence

from agent.backends.offline.attitude import attitude
from agent.backends.offline.lexicon import lists
from agent.backends.offline.passages import Passage
from agent.backends.offline.quoting import Quotes
from agent.backends.offline.sections import Placed
from schemas.report import ScopeReport, WorkaroundReport
from schemas.vocabulary import Scope, Workaround

MOST = 4
_WORKAROUNDS: tuple[tuple[Workaround, str], ...] = (
    ("none", "workaround_none"),
    ("tried_failed", "workaround_failed"),
    ("verified", "workaround_verified"),
    ("documented_untried", "workaround_untried"),
    ("partial", "workaround_partial"),
)
_SCOPES: tuple[tuple[Scope, str], ...] = (
    ("all_users", "scope_all_users"),
    ("whole_account", "scope_whole_account"),
    ("one_user", "scope_one_user"),
    ("some_users", "scope_some_users"),
)


def workarounds(quotes: Quotes, placed: Sequence[Placed], tongues: Sequence[str]) -> Iterable[WorkaroundReport]:
    """One entry for each sentence that speaks of a workaround, the strongest reading of the sentence."""
    count = 0
    offered = False  # support named a workaround before
    thanked = {id(passage): (start, end) for passage, start, end in worked_advice(placed, tongues)}
    for item in placed:
        passage = item.passage
        if not _may_speak(item):
            continue
        found = _workaround(passage, offered)
        if offered and id(passage) in thanked:
            found = ("verified", *thanked[id(passage)])
        if found is None or count >= MOST:
            continue
        value, start, end = found
        words = quotes.of(passage, start, end)
        if not words:
            continue
        offered = offered or _offers(passage, value)
        count += 1
        yield WorkaroundReport(value=value, issue=1, asserted_by=passage.asserter, quote=words)


def offers(placed: Sequence[Placed]) -> tuple[Passage, ...]:
    """The passages in which support names a workaround."""
    return tuple(
        item.passage
        for item in placed
        if item.passage.asserter == "support"
        and _may_speak(item)
        and (found := _workaround(item.passage, offered=False)) is not None
        and _offers(item.passage, found[0])
    )


def worked_advice(placed: Sequence[Placed], tongues: Sequence[str]) -> Iterable[tuple[Passage, int, int]]:
    """Where the customer says that support's advice worked: behind a message of support, or with thanks."""
    advised = next((item.passage.start for item in placed if item.passage.asserter == "support"), None)
    grateful = {
        item.passage.message
        for item in placed
        if item.passage.asserter == "customer" and cue("thanks", item.passage.low, tongues)
    }
    for item in placed:
        passage = item.passage
        if passage.asserter != "customer" or not _may_speak(item) or passage.is_question:
            continue
        if passage.message not in grateful and (advised is None or passage.start < advised):
            continue
        found = cue("advice_worked", passage.low, tongues)
        if found is None or cue("advice_limited", passage.low, tongues):
            continue
        if attitude(passage, found.start(), found.end(), tongues[-1]) == "stated":
            yield passage, found.start(), found.end()


def _may_speak(item: Placed) -> bool:
    return (
        item.passage.kind == "prose"
        and item.section != "expected"
        and item.passage.asserter not in {"system", "quoted"}
    )


def _offers(passage: Passage, value: Workaround) -> bool:
    return passage.asserter == "support" and value not in {"none", "tried_failed"}


def cue(name: str, low: str, tongues: Sequence[str]) -> "re.Match[str] | None":
    """The first match of that list of `cues.toml`, in any of these languages."""
    lists_of_it = (lists(tongue).get(name) for tongue in tongues)
    return next((found for words in lists_of_it if words is not None and (found := words.search(low))), None)


def _workaround(passage: Passage, offered: bool) -> tuple[Workaround, int, int] | None:
    for value, name in _WORKAROUNDS:
        found = lists()[name].search(passage.low)
        if found is None:
            continue
        said = attitude(passage, found.start(), found.end(), "en")
        if value in {"verified", "documented_untried"} and said in {"denied", "conditional", "asked"}:
            continue
        if passage.is_question or (
            value not in {"none", "tried_failed"} and lists()["workaround_wanted"].search(passage.low)
        ):
            continue
        if value == "verified" and passage.asserter == "customer" and not offered:
            value = "partial"  # the customer's own trick (policy 4, HND-1)
        if value == "partial" and passage.asserter == "support":
            value = "partial" if "partial" in passage.low or "but" in passage.low else "documented_untried"
        if value == "documented_untried" and passage.asserter == "customer":
            value = "partial"
        return value, found.start(), found.end()
    return None


def scopes(quotes: Quotes, placed: Sequence[Placed]) -> Iterable[ScopeReport]:
    """Who is hit, from sentences that also say by what. The widest reading of a sentence, each value once."""
    seen: set[Scope] = set()
    for item in placed:
        passage = item.passage
        if passage.kind not in {"prose", "subject"} or item.section == "expected" or passage.is_question:
            continue
        brief = len(passage.low.split()) <= 14  # "all of us", in answer to a question
        if passage.asserter == "quoted" or not (brief or lists()["affected"].search(passage.low)):
            continue
        for value, name in _SCOPES:
            found = lists()[name].search(passage.low)
            if found is None and value == "whole_account" and passage.asserter == "customer":
                found = lists()["everyone_here"].search(passage.low)
            if found is None or attitude(passage, found.start(), found.end(), "en") == "denied":
                continue
            if value in seen:
                break  # said again: a narrower reading of the same words ("all of our 340 users") would replace it
            words = quotes.of(passage, found.start(), found.end())
            if not words:
                continue
            seen.add(value)
            yield ScopeReport(value=value, issue=1, asserted_by=passage.asserter, quote=words)
            break
