"""No promise that nobody made: the customer is told what happens next, not what will be fixed by when (policy 5)."""

import re

from agent.grounding.fold import fold_text
from agent.notation.scan import small_letters
from agent.validate.prose import split_sentences
from schemas.brief import Brief
from schemas.escalation import Finding
from schemas.ticket import Ticket

_DONE = (
    r"(?:fixed|resolved|solved|restored|repaired|corrected|shipped|released|deployed|refunded|credited|back to normal)"
)
_VENDOR = r"(?:we|i|they|engineering|the team|our (?:\w+ )?team|our engineers|developers)"
_DO = r"(?:fix|resolve|solve|restore|repair|correct|ship|release|deploy|deliver|refund|credit|compensate|reimburse)"
_PROMISES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_VENDOR}(?:['’]ll| will| shall| are going to| is going to)(?: \w+ly| also| then)? {_DO}\b",
        rf"\b(?:will|shall|['’]ll)(?: all| then| \w+ly)? be(?: \w+ly| fully)? {_DONE}\b",
        rf"\b(?:will|['’]ll) have (?:it|this|that|the \w+) {_DONE}\b",
        r"\b(?:a |the )?(?:fix|patch|hotfix|solution|correction|update with the fix)(?:['’]ll| will| is going to) "
        r"(?:\w+ )?(?:be |ship|land|go|arrive|follow|come|reach|roll)",
        rf"\b(?:is|are|get|be) {_DONE} (?:by|before|within|until|no later than|tomorrow|today|tonight|next|this|in \d)",
        r"\bwe(?: can| do| hereby)? (?:guarantee|promise|commit to)\b|\byou have (?:our|my) (?:word|guarantee)\b",
        r"\bwe(?:['’]ll| will) (?:waive|extend your|give you a)\b",
        # German
        r"\b(?:wird|werden|ist|sind)(?: \w+){0,6} (?:behoben|gelöst|repariert|wiederhergestellt|korrigiert)\b",
        r"\bwir (?:garantieren|versprechen|beheben|reparieren|erstatten)\b",
        r"\bwir werden(?: \w+){1,6} (?:beheben|lösen|reparieren|wiederherstellen|korrigieren|erstatten)\b",
        # Spanish
        r"\b(?:será|estará|quedará)n? (?:\w+mente )?(?:resuelt|solucionad|corregid|arreglad|restaurad|list)[oa]s?\b"
        r"|\bse (?:resolverá|solucionará|corregirá|arreglará)n?\b"
        r"|\b(?:garantizamos|prometemos|resolveremos|solucionaremos|arreglaremos|corregiremos)\b",
        # French
        r"\b(?:sera|seront) (?:\w+ment )?(?:résolu|corrigé|réparé|rétabli|remboursé)e?s?\b"
        r"|\bnous (?:garantissons|promettons|corrigerons|résoudrons|réparerons|rembourserons)\b",
        # Portuguese
        r"\b(?:será|serão|estará|estarão) (?:\w+mente )?(?:resolvid|corrigid|solucionad|consertad|restaurad)[oa]s?\b"
        r"|\b(?:garantimos|prometemos|resolveremos|corrigiremos|solucionaremos|consertaremos)\b",
    )
)
_WILL = ("ll ", "going to")
_MENDED = (
    "fixed", "resolved", "solved", "restored", "repaired", "corrected", "shipped", "released", "deployed", "refunded",
    "credited", "back to normal",
)  # fmt: skip
# Of each pattern above what every match of it holds: one word of each group. Looked for first, since most lines hold
# no promise and the patterns are slow.
_NEEDED: tuple[tuple[tuple[str, ...], ...], ...] = (
    (_WILL, ("fix", "resolve", "solve", "restore", "repair", "correct", "ship", "release", "deploy", "deliver",
             "refund", "credit", "compensate", "reimburse")),
    (("ll ",), _MENDED),
    (("ll have ",), _MENDED),
    (_WILL, ("fix", "patch", "solution", "correction")),
    (_MENDED,),
    (("guarantee", "promise", "commit to", "you have "),),
    (("ll waive", "ll extend your", "ll give you a"),),
    (("behoben", "gelöst", "repariert", "wiederhergestellt", "korrigiert"),),
    (("wir ",), ("garantieren", "versprechen", "beheben", "reparieren", "erstatten")),
    (("wir werden ",), ("beheben", "lösen", "reparieren", "wiederherstellen", "korrigieren", "erstatten")),
    (("será", "estará", "quedará", "resolverá", "solucionará", "corregirá", "arreglará", "garantizamos", "prometemos",
      "resolveremos", "solucionaremos", "arreglaremos", "corregiremos"),),
    (("sera ", "seront ", "nous "),),
    (("será", "serão", "estará", "estarão", "garantimos", "prometemos", "resolveremos", "corrigiremos",
      "solucionaremos", "consertaremos"),),
)  # fmt: skip
_DENIED = re.compile(
    r"\b(?:not|never|no|cannot|(?:can|won)['’]t|without|nicht|kein\w*|ohne|sin|ne|pas|não|sem|once|when|soon as|until"
    r"|if|whether|sobald|wenn|ob|cuando|si|quand|dès que|quando)\b[^.,!?;:–—]{0,60}$",
    re.IGNORECASE,
)
_EXPECTED = re.compile(
    r"\b(?:expects?|expected|expecting|wants?|wanted|asks?|asked|asking|requests?|requested|demands?|demanded|needs?|hopes?|"
    r"would like|insists?|requires?|erwartet|möchte|espera|attend|souhaite|quer)\b",
    re.IGNORECASE,
)


def check_promises(brief: Brief, ticket: Ticket) -> list[Finding]:
    """A promise in the message to the customer or in the customer's lines that staff did not make in the ticket."""
    lines = (
        ("CUSTOMER MESSAGE", brief.customer_message, False),
        ("CUSTOMER COMMUNICATION: Last update", brief.last_update, True),
        ("CUSTOMER COMMUNICATION: Customer expectation", brief.customer_expectation, True),
    )
    found = []
    said: str | None = None
    patterns = _possible("\n".join(text for _, text, _ in lines))
    for place, text, reports in lines if patterns else ():
        for sentence in split_sentences(text):
            words = _promise(sentence, patterns)
            if words is None or (reports and _EXPECTED.search(sentence)):
                continue
            said = _said(ticket) if said is None else said
            if fold_text(words) in said:
                continue
            found.append(
                Finding(
                    code="promise",
                    place=place,
                    found=sentence[:200],
                    expected="no fix and no date that nobody promised: say what is done now and when you write again",
                )
            )
    return found


def _said(ticket: Ticket) -> str:
    written = ticket.without_asked()
    return fold_text("\n".join(written[m.start : m.end] for m in ticket.messages if m.speaker == "support"))


def _possible(text: str) -> list[re.Pattern[str]]:
    """The patterns of a promise that may match in the text or in a part of it."""
    small = small_letters(text)
    if small is None:
        return list(_PROMISES)
    return [
        pattern
        for pattern, needed in zip(_PROMISES, _NEEDED, strict=True)
        if all(any(word in small for word in words) for words in needed)
    ]


def _promise(sentence: str, patterns: list[re.Pattern[str]]) -> str | None:
    for pattern in patterns:
        for match in pattern.finditer(sentence):
            if not _DENIED.search(sentence[max(0, match.start() - 80) : match.start()]) and not re.search(
                r"\b(?:not|n['’]t|nicht|never|no)\b", match.group(), re.IGNORECASE
            ):
                return match.group()
    return None
