"""The facts as the brief uses them: claims that stand, in the order of their weight, quoted on one line.

Beside the claims stand the ticket's own telling sentences: what decides is often only half of what a reader needs.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.backends.offline.language import filler
from agent.backends.offline.lexicon import lists
from agent.backends.offline.passages import passages
from agent.backends.offline.quoting import Quotes
from agent.backends.offline.sections import place
from agent.backends.offline.wording import say, wording
from schemas.decision import Decision
from schemas.facts import Claim, Facts, Group
from schemas.ticket import Ticket
from schemas.vocabulary import Asserter

LONGEST = 220  # code points of one quote in the brief
_LEADS_ONLY = 7  # words
_TOKEN = re.compile(r"[^\W_]+(?:'[a-z]+)?")
_WORDLESS = re.compile(r"[\u2e80-\u9fff\uff66-\uff9f]{4}")  # a script without blanks: four signs say something
# A salutation before the sentence. It ends at a comma or a stop, or is a line of its own, so that what follows is a
# clause by itself: "Hello Mette, I see the same".
_GREETING = re.compile(
    r"(?:(?i:dear|hi|hello|hey|good (?:morning|afternoon|evening|day)|hallo|guten (?:tag|morgen|abend)|liebe[rs]?|moin|"
    r"sehr geehrte[rs]?|hola|buen[oa]s? (?:días|tardes|noches)|estimad[oa]s?|bonjour|bonsoir|madame|monsieur|olá|"
    r"bom dia|boa (?:tarde|noite)|prezad[oa]s?|car[oa]s?)(?![\w'’])"
    r"(?: (?:[A-ZÀ-Þ][^\s,.!:;?]{0,24}|(?i:all|there|team|support|everyone|guys|sir|madam|and|und|y|et|e|or|to|@\w+)))"
    r"{0,4}[ ]?(?:[,!.:]{1,3}\s+|\n\s*)|(?:お世話になっております|こんにちは)[。、\s]+)"
)
_TELLS_NOTHING = re.compile(  # says where something stands, or agrees, or asks without a mark
    r"[\s(*]*(?:\+1\b|me too\b|(?:please )?(?:see|find|refer to|check) (?:the |my |also )*"
    r"(?:\w+ (?:in|at) (?:the )?)?(?:attach|screen|below|above)|(?:please )?find attached|"
    r"attached (?:is|are|please|you)|"
    r"(?:i am |i'm )?not sure (?:if|whether|what|why)|any of the (?:above|below|two)|i have attached|"
    r"(?:do|does|can|could|will|would|shall|is there|are there|has anyone|any) (?:i|we|you|it|this|there|one|body|idea|"
    r"help|anyone|anybody|update|news)\b|"
    r"(?:to|cc|bcc|from|sent|date|subject|an|von|betreff|gesendet|de|para|asunto|assunto|fecha|data|objet|"
    r"envoyé|à|件名) ?:|"
    r"(?:siehe|s\.) (?:anhang|unten|oben)|(?:im|in der) anhang\b|adjunto\b|ver adjunto|ci-joint|(?:segue )?em anexo)",
    re.IGNORECASE,
)


# What is written for a machine: data, stamps in brackets, words to a program that reads along. The detector finds the
# orders among it; none of it tells a person what is wrong.
_FOR_A_MACHINE = re.compile(
    r"""\{\s*["']|["']\s*:\s*[\[{"'0-9]|^\s*\[[^\]\n]{0,200}\]?\s*$|\b(?:AI|LLM|GPT|KI|IA)\b|"""
    r"""(?i:\b(?:(?:system|your|whole) prompt|classifier|automated triage|chatbot|language model)\b|"""
    r"""\bdo not (?:re-?\w+|change)\b|"""
    r"""^\W*\d\d:\d\d\b)"""
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words of the ticket as the brief shows them, who says them, and where they begin (-1: unknown)."""

    words: str
    voice: Asserter
    start: int


_TELLING: frozenset[Group] = frozenset({"issue", "signal", "scope", "measure", "workaround", "attempt", "reproduction"})
_PARAGRAPH = re.compile(r"[^\n]+(?:\n[^\n]+)*")


def standing(claims: Iterable[Claim], *kinds: str) -> tuple[Claim, ...]:
    """Claims that count or are reported, of these kinds (all kinds if none is named)."""
    return tuple(c for c in claims if c.status in {"counts", "reported"} and (not kinds or c.kind in kinds))


def weighted(facts: Facts, decision: Decision) -> tuple[Claim, ...]:
    """The claims behind the decision first, the deciding rule's before the others', then what else describes it."""
    by_id = {claim.id: claim for claim in facts.claims()}
    order: list[Claim] = []
    rules = sorted(decision.rules, key=lambda rule: {"decides": 0, "fired": 1, "overridden": 2}[rule.state])
    for rule in rules:
        order += [by_id[name] for name in rule.claims if name in by_id]
    order += standing(facts.issues)
    order += standing(facts.reproduction, "actual")
    order += standing(facts.signals)
    order += standing(facts.scopes)
    order += standing(facts.measures, "started", "users_affected", "records_affected", "error_message")
    order += standing(facts.workarounds)
    seen: set[str] = set()
    kept: list[Claim] = []
    for claim in order:
        words = line(claim.quote)
        if claim.status not in {"counts", "reported"} or claim.kind == "instruction_in_ticket":
            continue  # an order to the reader is evidence of nothing
        if any(words in other or other in words for other in seen):
            continue
        seen.add(words)
        kept.append(claim)
    return tuple(kept)


def told(ticket: Ticket, facts: Facts) -> tuple[Sentence, ...]:
    """What the customer tells in prose, in the ticket's order, in the paragraphs that hold a fact: a brief is kept and
    handed on, and what has to do with nothing in it stays behind.

    Without orders to the reader, what was taken back or disputed, secrets, greetings, questions, and what the brief
    has a line of its own for: steps, the expected result, the environment, what was tried.
    """
    quotes = Quotes(ticket)
    apart = [(instruction.start, instruction.end) for instruction in facts.instructions]
    own = (*facts.attempts, *standing(facts.reproduction, "step", "start_state", "expected"))
    own += standing(facts.measures, "customer_expectation")
    own += tuple(c for c in standing(facts.measures, "environment", "error_message") if c.value == c.quote)
    gone = [c for c in (*facts.claims(), *facts.removed) if c.status not in {"counts", "reported"}]
    apart += [(c.evidence.start, c.evidence.end) for c in (*own, *gone) if c.evidence]
    results = {line(c.value) for c in facts.attempts if c.value}
    holding = [
        c.evidence.start
        for c in standing(facts.claims())
        if c.evidence and c.group in _TELLING and c.asserted_by != "system"
    ]
    paragraphs = [(p.start(), p.end()) for p in _PARAGRAPH.finditer(quotes.text)]
    about = [(low, high) for low, high in paragraphs if any(low <= start < high for start in holding)]
    found: list[Sentence] = []
    placed = place(passages(ticket.model_copy(update={"text": quotes.text})))
    for index, item in enumerate(placed):
        passage = item.passage
        leads = index + 1 < len(placed) and placed[index + 1].passage.kind == "machine"
        leads = leads or passage.text.endswith(":")
        after = index > 0 and any(
            c.evidence
            and c.evidence.start < placed[index - 1].passage.end
            and placed[index - 1].passage.start < c.evidence.end
            for c in facts.attempts
        )
        if after and lists()["outcome"].match(passage.low):
            continue  # what came of an attempt means nothing without it
        if leads and len(passage.text.split()) < _LEADS_ONLY:
            continue  # "For example, I am using" before a listing
        if passage.kind != "prose" or passage.asserter != "customer" or passage.is_question or item.is_heading:
            continue
        if item.section in {"step", "expected", "environment", "tried", "start_state"}:
            continue
        if any(start < passage.end and passage.start < end for start, end in apart):
            continue
        if not any(low <= passage.start < high for low, high in about):
            continue
        start = item.text_start - passage.start
        words = line(quotes.of(passage, start, len(passage.low))[start:])
        if says_something(words) and words not in results:
            found.append(Sentence(words, "customer", passage.start))
    return tuple(found)


def says_something(words: str) -> bool:
    """Whether a sentence tells something about this ticket, not only where it is told or that somebody agrees."""
    low = words.lower()
    if _FOR_A_MACHINE.search(words):
        return False
    if _GREETING.fullmatch(words + ", ") or _TELLS_NOTHING.match(low) or lists()["greeting"].match(low):
        return False
    tokens = _TOKEN.findall(low)
    return _WORDLESS.search(low) is not None or (
        len(tokens) > 2 and sum(token not in filler() and not token.isdigit() for token in tokens) > 1
    )


def of_claim(claim: Claim) -> Sentence:
    """The claim's quote as a sentence of the brief."""
    return Sentence(line(claim.quote), claim.asserted_by, claim.evidence.start if claim.evidence else -1)


def line(text: str, longest: int = LONGEST) -> str:
    """On one line, without the marks that would end the quotation, and without a greeting before the sentence.

    A question keeps its mark. What is longer than `longest` code points is cut between words, and shows it.
    """
    body = text.strip()
    greeting = _GREETING.match(body)
    if greeting is not None and greeting.end() < len(body):
        body = body[greeting.end() :]
    flat = " ".join(body.replace("“", '"').replace("”", '"').split())
    asks = flat.rstrip(" \"')").endswith(("?", "？"))
    flat = flat.rstrip(" .!:;,。！") if asks else flat.rstrip(" .!?:;,。！？")
    if len(flat) <= longest:
        return flat
    cut = flat.rfind(" ", 0, longest)
    return flat[: cut if cut > 0 else longest].rstrip(" ,;:") + " …"


def said(claim: Claim) -> str:
    """`The customer reports: “…”.`"""
    return say("said", claim.asserted_by, quote=line(claim.quote))


def retold(sentences: Sequence[Sentence]) -> list[str]:
    """Each as a sentence of the brief; a voice is named once, before the first of what it says in a row."""
    shown: list[str] = []
    before: Asserter | None = None
    for sentence in sentences:
        table = "said" if sentence.voice != before else "adds"
        shown.append(say(table, sentence.voice, quote=sentence.words))
        before = sentence.voice
    return shown


def voice(asserter: Asserter) -> str:
    """Who says it, as a noun: `the customer`."""
    return wording()["voice"][asserter]


def values(claims: Sequence[Claim], longest: int = LONGEST) -> str:
    """Values in a row, each once; what only somebody unentitled says is marked (policy 2.5)."""
    shown: list[str] = []
    for claim in claims:
        value = line(claim.value or claim.quote, longest)
        mark = " (reported, not confirmed)" if claim.status == "reported" else ""
        if value and value + mark not in shown:
            shown.append(value + mark)
    return "; ".join(shown)
