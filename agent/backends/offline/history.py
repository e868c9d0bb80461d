"""What was tried, and how to reproduce: attempts and the sections of a report, in the ticket's words."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from agent.backends.offline.lexicon import lists
from agent.backends.offline.passages import Passage
from agent.backends.offline.quoting import MAX_QUOTE, Quotes
from agent.backends.offline.sections import Placed
from agent.grounding.traced import missing_number
from schemas.report import AttemptReport, ReproductionReport
from schemas.vocabulary import ReproductionPart

MAX_ATTEMPTS = 12
MAX_STEPS = 20
_CLAUSE_RESULT = re.compile(
    r"(?:,|;|\s-|\.|(?<!\s))\s+(?:but|without|however|and (?:it|that|this|the|still|now|got)|with (?:no|the same)|"
    r"only to|yet|pero|aber|mais|mas)\s|(?:(?<!\s)\s+)?(?:->|→|=>)\s"
)
_SAME = re.compile(  # "…, same error at the same place", "…: is not showing anything"
    r"(?:[,;]|\s-|(?<!\s)\.)\s+(?=(?:(?:with )?(?:the )?same (?:error|result|problem|issue|thing|behaviou?r|message)|"
    r"no (?:luck|change|difference|effect|success|improvement)|nothing (?:changed|happen\w*|helped|works?)|"
    r"(?:it |this |that )?(?:still|did not|didn't|does not|doesn't|worked|works|helped|failed|fails)\b|"
    r"all (?:the same|fail\w*|in vain)))|:\s+(?=(?:is|it|no|nothing|still|same|gets?|shows?)\b)",
    re.IGNORECASE,
)
_PREDICATE = re.compile(  # the result is the sentence's verb: "Restarting the worker made no difference"
    r"\s(?=(?:(?:still |also |only )?(?:did|does|do|has|have|had)(?: not|n't) "
    r"(?:help|work|chang|solv|fix|mak|improv|resolv)|"
    r"(?:made|makes|brought|had|has) (?:no|little|any)\b|changed nothing|seems? to (?:work|help|fix|solve)|"
    r"(?:only )?(?:helped|worked|works|fixed|fixes|solved|solves|resolved|resolves|failed|fails)\b))",
    re.IGNORECASE,
)
_DOING = re.compile(
    r"(?:\W*(?:after|by|even|also|just|simply|only) )?\W*[a-z][a-z-]*ing\b|after\b|once\b", re.IGNORECASE
)
NOT_SEEN = re.compile(
    r"\b(?:can(?:no| no|')?t|could(?:n't| not)|unable to|not able to|did(?:n't| not)) "
    r"(?:reproduce|replicate|recreate|see|run into|find) (?:this|the|that|it|any|such|your)\b|"
    r"\bnot seeing (?:this|the|that|it|any|such|your)\b",
)
_AFTERWARDS = re.compile(r"after (?:this|that|these|those)\b")
_TRIED = re.compile(r"\b(?:i|we)(?: have|'ve)?(?: also| already| even| then)? tried\b")
_BUT = re.compile(r"[,;]?\s(?:but|however|instead|yet)\b", re.IGNORECASE)  # what is, behind what should be
_BETWEEN = re.compile(r"[ \t]*\n[ \t]*")
_SHOULD = re.compile(
    r"\b(?:should|ought to) (?!we\b|i\b|you\b|try|also try|please)\w+|\b(?:is|are|was|were|it|we)?\s?suppos\w* to \w+|"
    r"\b(?:sollte|müsste|debería|tendría que|devrait|deveria)(?:n|t|st)?\b|はずです|"
    r"\b(?:i|we) (?:would )?expect(?:ed)? (?:that |it |the |to |a |an )"
)
TELLS_RESULT = re.compile(
    r"(?:n't|\bcant\b|\bcannot\b|\bnot\b|\bno\b|\bstill|\bsame|works?|worked|fixed|solved|helps?|helped|allows?|seems?|"
    r"made|gave|as expected|errors?|fails?|failed)\b"
)
_ACTION = re.compile(
    r"(?:then |and |now |next,? |first,? |finally,? |please )?(?:(?:i|we|you|user) )?(?:open|go|click|press|tap|"
    r"select|choose|create|add|"
    r"set|run|start|launch|install|download|upload|import|export|log|sign|enter|type|navigate|switch|save|copy|"
    r"paste|use|call|send|"
    r"build|deploy|delete|remove|edit|change|drag|drop|scroll|enable|disable|turn|wait|connect|attach|import|"
    r"close|reload|refresh|"
    r"öffne|klick|wähle|abre|haga|clique|ouvr|cliqu)\w*\b"
)
_FAILURE = (
    r"(?:\bcannot|can't|n't|not able|unable|will not|is not|does not|error|crash|freez|fail|throws|disappears|hangs)\b"
)
FAILS = re.compile(_FAILURE)
_FAILS_SOON = re.compile(rf".{{0,200}}?{_FAILURE}")
_REPRODUCED = re.compile(r"\b(?:reproduce[ds]? (?:it|this|the)|steps)\b[^\n]{0,120}:\s*$")
_NUMBERED = re.compile(r"[ \t]*\(?\d{1,2}[.)]")
_CONDITION = re.compile(r"^(?:if|when|whenever|unless)\b")


def attempts(quotes: Quotes, placed: Sequence[Placed]) -> Iterable[AttemptReport]:
    """Each thing that was done, with what came of it if the same or the next sentence says so."""
    cues = lists()
    count = 0
    results: list[str] = []
    for index, item in enumerate(placed):
        passage = item.passage
        if passage.kind not in {"prose"} or item.is_heading or item.section in {"expected", "environment"}:
            continue
        if item.section == "step" and not _TRIED.match(passage.low):
            continue  # a step is what leads to it, an attempt what was done against it
        if passage.asserter not in {"customer", "support"} or count >= MAX_ATTEMPTS:
            continue
        joined = _from_its_beginning(quotes, placed, index)
        found = cues["tried"].search(passage.low) or (
            NOT_SEEN.search(passage.low) if passage.asserter == "support" else None
        )
        done = found is not None and _is_done(passage, found.start(), found[0])
        done = done or (joined != "" and cues["tried"].match(joined.lower()) is not None)
        if item.section != "tried" and not done:
            continue
        start = found.start() if found else 0
        words = joined or quotes.of(passage, start, found.end() if found else len(passage.low))
        if NOT_SEEN.search(passage.low) and any(words == told for told in results):
            continue  # told as the result of the attempt before
        action, result = _split(words)
        if not result:
            result = _result_after(placed, index)
            results.append(result)
        if missing_number(result, words) is not None:
            # A number of it stands in the next sentence: both are quoted, or the result is not told.
            both = quotes.between(passage.start, placed[index + 1].passage.end) if index + 1 < len(placed) else ""
            fits = result in both and len(both) <= MAX_QUOTE
            words, result = (both, result) if fits else (words, "")
        if len(action.split()) > 2 and not words.endswith(":"):
            count += 1
            yield AttemptReport(action=action, result=result, asserted_by=passage.asserter, quote=words)


def _from_its_beginning(quotes: Quotes, placed: Sequence[Placed], index: int) -> str:
    """A sentence around a line of code, from where it begins: "After removing", the line, "from my file fixed it"."""
    passage = placed[index].passage
    if not passage.text[:1].islower():
        return ""
    start = passage
    for item in reversed(placed[max(0, index - 3) : index]):
        before = item.passage
        if item.is_heading or _BETWEEN.fullmatch(quotes.text[before.end : start.start]) is None:
            return ""
        start = before
        if before.kind == "prose":
            whole = (
                before.text[:1].isupper() and not before.text.endswith((".", "!", "?")) and before.end < passage.start
            )
            return (
                quotes.between(before.start, passage.end) if whole and passage.end - before.start <= MAX_QUOTE else ""
            )
        if before.kind != "machine":
            return ""
    return ""


def _is_done(passage: Passage, start: int, cue: str) -> bool:
    if passage.is_question or _CONDITION.match(passage.low):
        return False
    if cue.split()[0].endswith("ing") and not TELLS_RESULT.search(passage.low):
        return False  # "using version 4.7" is a setting, "using another browser did not help" an attempt
    before = passage.low[max(0, start - 30) : start]
    asked = lists()["question_of_support"].search(before) is not None
    if passage.asserter == "support" and lists()["question_of_support"].match(passage.low):
        return False
    return not asked and "n't" not in before[-5:] and "not " not in before[-5:]


def _split(words: str) -> tuple[str, str]:
    cuts = [cut for cut in (_CLAUSE_RESULT.search(words, 12), _SAME.search(words, 8)) if cut is not None]
    if not cuts and _DOING.match(words) and (verb := _PREDICATE.search(words, 8)) is not None:
        cuts = [verb]
    if not cuts:
        return words, ""
    cut = min(cuts, key=lambda found: found.start())
    result = words[cut.start() :].lstrip(" ,;.:-→>=").strip()
    return (words[: cut.start()].strip(), result) if len(result) > 4 else (words, "")


def _result_after(placed: Sequence[Placed], index: int) -> str:
    """The next sentence of the same message, where it begins as a result does."""
    passage = placed[index].passage
    for item in placed[index + 1 : index + 2]:
        after = item.passage
        same = after.message == passage.message and after.kind == "prose"
        tells = lists()["outcome"].match(after.low) or NOT_SEEN.search(after.low) or _AFTERWARDS.match(after.low)
        if same and tells and len(after.text) < 200:
            return after.text
    return ""


def reproduction(quotes: Quotes, placed: Sequence[Placed]) -> Iterable[ReproductionReport]:
    """The parts that the ticket heads as such. Steps are never made out of prose that is not one."""
    text = quotes.text
    placed = _with_bare_lists(text, placed)
    listed = {item.passage.message for item in placed if item.section == "step" and _is_item(text, item.passage)}
    steps = 0
    seen: set[tuple[str, str]] = set()
    have: set[ReproductionPart] = set()
    for item in placed:
        part = _part(item)
        passage = item.passage
        if part is None or item.is_heading or passage.kind == "machine" or passage.asserter == "system":
            continue
        start = item.text_start - passage.start
        words = quotes.of(passage, start, min(len(passage.low), start + 200))
        if start and words.startswith(passage.text[:start]):
            words = words[start:].strip()
        if (
            len(words) < 3
            or (part, words) in seen
            or not quotes.stands(words)
            or lists()["greeting"].match(passage.low)
        ):
            continue
        if part == "step" and not _is_step(text, passage, words, in_list=passage.message in listed):
            if not FAILS.search(passage.low):
                continue
            part = "actual"
        steps += part == "step"
        if part == "step" and steps > MAX_STEPS:
            continue
        seen.add((part, words))
        have.add(part)
        yield ReproductionReport(part=part, text=words, quote=words)
    yield from _loose_parts(quotes, placed, have)


def _with_bare_lists(text: str, placed: Sequence[Placed]) -> Sequence[Placed]:
    """Numbered items that a customer writes without a heading are steps if most of them begin with an action."""
    if any(item.section == "step" for item in placed):
        return placed
    # Support's lists are mostly questions and advice; the steps of a reproduction say that they are.
    reproduced = {i.passage.message for i in placed if _REPRODUCED.search(i.passage.low)}
    items = [
        i
        for i in placed
        if i.section == ""
        and (i.passage.asserter == "customer" or i.passage.message in reproduced)
        and _NUMBERED.match(_line_head(text, i.passage))
    ]
    acting = [item for item in items if _ACTION.match(item.passage.low)]
    if len(items) < 2 or len(acting) * 3 < len(items) * 2:
        return placed
    chosen = {id(item) for item in items}
    return [replace(item, section="step") if id(item) in chosen else item for item in placed]


def _line_head(text: str, passage: Passage) -> str:
    return text[text.rfind("\n", 0, passage.start) + 1 : passage.start]


def _is_item(text: str, passage: Passage) -> bool:
    return bool(_line_head(text, passage).strip())


def _is_step(text: str, passage: Passage, words: str, *, in_list: bool) -> bool:
    """Under "steps to reproduce" many write a complaint. Items of a list are steps; else what begins with an action."""
    if words.endswith(":") and len(words.split()) < 4:
        return False
    if in_list:
        return _is_item(text, passage)
    return _ACTION.match(passage.low) is not None and not _FAILS_SOON.match(passage.low)


def _part(item: Placed) -> ReproductionPart | None:
    section = item.section
    if section == "" or section == "other" or section == "tried" or section == "evidence":
        return None
    return section


def _loose_parts(quotes: Quotes, placed: Sequence[Placed], have: set[ReproductionPart]) -> Iterable[ReproductionReport]:
    """Frequency, what was ruled out and what should be stand in prose as often as under a heading."""
    wanted: tuple[ReproductionPart, ...] = ("frequency", "ruled_out", "expected")
    for part in wanted:
        if part in have:
            continue
        for item in placed:
            passage = item.passage
            if passage.kind != "prose" or passage.asserter not in {"customer", "support"} or passage.is_question:
                continue
            found = _SHOULD.search(passage.low) if part == "expected" else lists()[part].search(passage.low)
            if part == "expected" and (passage.asserter != "customer" or item.section != ""):
                continue
            if found is not None and part != "expected" and re.search(r"\bnot\b|n't", passage.low[: found.start()]):
                continue  # "will not build consistently" names no frequency
            if found is None or item.section == "expected" or (part == "frequency" and _polite(passage.low)):
                continue
            words = quotes.of(passage, found.start(), found.end())
            if words:
                told = _BUT.split(words)[0] if part == "expected" else words
                yield ReproductionReport(part=part, text=told, quote=words)
                break


def _polite(low: str) -> bool:
    return "as always" in low or "always happy" in low or "please" in low
