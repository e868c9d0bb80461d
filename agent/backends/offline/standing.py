"""What the ticket says about a workaround, and who is hit."""

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


def workarounds(quotes: Quotes, placed: Sequence[Placed]) -> Iterable[WorkaroundReport]:
    """One entry for each sentence that speaks of a workaround, the strongest reading of the sentence."""
    count = 0
    offered = False  # support named a workaround before
    for item in placed:
        passage = item.passage
        if passage.kind != "prose" or item.section == "expected" or passage.asserter in {"system", "quoted"}:
            continue
        found = _workaround(passage, offered)
        if found is None or count >= MOST:
            continue
        value, start, end = found
        words = quotes.of(passage, start, end)
        if not words:
            continue
        offered = offered or (passage.asserter == "support" and value != "none")
        count += 1
        yield WorkaroundReport(value=value, issue=1, asserted_by=passage.asserter, quote=words)


def _workaround(passage: Passage, offered: bool) -> tuple[Workaround, int, int] | None:
    for value, cue in _WORKAROUNDS:
        found = lists()[cue].search(passage.low)
        if found is None:
            continue
        said = attitude(passage, found.start(), found.end(), "en")
        if value in {"verified", "documented_untried"} and said in {"denied", "conditional", "asked"}:
            continue
        if passage.is_question:
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
        for value, cue in _SCOPES:
            found = lists()[cue].search(passage.low)
            if found is None and value == "whole_account" and passage.asserter == "customer":
                found = lists()["everyone_here"].search(passage.low)
            if found is None or value in seen or attitude(passage, found.start(), found.end(), "en") == "denied":
                continue
            words = quotes.of(passage, found.start(), found.end())
            if not words:
                continue
            seen.add(value)
            yield ScopeReport(value=value, issue=1, asserted_by=passage.asserter, quote=words)
            break
