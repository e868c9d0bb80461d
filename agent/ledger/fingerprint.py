"""What a ticket looks like, for comparing it with others: error codes, product area, symptoms in words, their stems.

Made from grounded facts, so that a signature, a greeting or quoted boilerplate does not make two tickets alike. Pure.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from agent.ledger.naming import account_of, area_of, subject_of, ticket_of
from schemas.context import Context
from schemas.facts import Claim, Facts
from schemas.ticket import Ticket
from schemas.vocabulary import GROUP_OF

# Signals that say what is wrong; the others say how bad it is, who is angry, or how it is going.
SYMPTOM_GROUPS = frozenset(("technical", "security", "product", "solvable"))
SYMPTOM_MEASURES = frozenset(("error_message", "error_code", "use_case"))
SYMPTOM_STEPS = frozenset(("step", "actual"))
STANDING = frozenset(("counts", "reported"))
MOST_SYMPTOMS, LONGEST_SYMPTOM = 12, 300
MOST_TERMS = 120

# Labels of a ticket's head, which stand in its first sentences.
_LABELS = frozenset(
    ("subject", "betreff", "sujet", "objet", "asunto", "assunto", "ticket", "re", "fw", "fwd", "aw", "wg")
)
_WORD = re.compile(r"[^\W_]+(?:[._:/-][^\W_]+)*")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
# Letters and digits that belong together: EXP-2207, ORA-00942, 0x80070005, ERR_SSL_PROTOCOL, EXPORT_5031.
_CODE = re.compile(r"(?<![\w.])(?:0x[0-9A-Fa-f]{4,}|[A-Za-z]{2,}[A-Za-z0-9]*(?:[-_.:][A-Za-z0-9]+)*)(?![\w])")
# Says only that something failed, not what: no bridge between two tickets.
_GENERIC = re.compile(
    r"^(?:https?|http[-_ ]?\d{3}|error|err|exception|warning|fatal|timeout|null|none|[a-z]*exception|[a-z]*error"
    r"|status[-_ ]?\d+|v?\d+(?:\.\d+)*|e?\d{1,3}|utf-?\d+|iso-?\d+(?:-\d+)*|sha-?\d+|tls-?\d.*|ipv[46])$"
)
_STEMMER_OF = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "pt": "portuguese",
    "it": "italian",
    "nl": "dutch",
    "sv": "swedish",
    "da": "danish",
    "no": "norwegian",
    "fi": "finnish",
    "ru": "russian",
    "tr": "turkish",
    "pl": "polish",
    "cs": "czech",
}


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A ticket as the ledger's look-up sees it."""

    ticket: str
    ticket_sha256: str
    account: str | None
    reported_at: datetime
    title: str
    product_area: str | None
    codes: tuple[str, ...]
    symptoms: tuple[str, ...]
    terms: tuple[str, ...]
    blocked: bool | None = None


def fingerprint(ticket: Ticket, facts: Facts, context: Context, now: datetime) -> Fingerprint:
    """The fingerprint of a ticket that was read."""
    claims = list(_telling(facts))
    symptoms = tuple(dict.fromkeys(_short(_sentence(claim)) for claim in claims))[:MOST_SYMPTOMS]
    codes = tuple(dict.fromkeys(code for claim in claims for code in _codes_of(claim)))
    title, area = subject_of(ticket, facts), area_of(facts)
    return Fingerprint(
        ticket=ticket_of(ticket, facts, context),
        ticket_sha256=ticket.sha256,
        account=account_of(facts, context),
        reported_at=_reported(ticket, facts, context, now),
        title=title,
        product_area=area,
        codes=codes,
        symptoms=symptoms,
        terms=terms([title, area or "", *symptoms], facts.language)[:MOST_TERMS],
        blocked=any(claim.kind == "work_blocked" and claim.status == "counts" for claim in facts.signals) or None,
    )


def _telling(facts: Facts) -> Iterator[Claim]:
    """The claims that say what is wrong."""
    for claim in facts.issues:
        yield claim
    for claim in facts.signals:
        if GROUP_OF.get(claim.kind) in SYMPTOM_GROUPS and claim.status in STANDING:
            yield claim
    for claim in facts.measures:
        if claim.kind in SYMPTOM_MEASURES and claim.status in STANDING:
            yield claim
    for claim in facts.reproduction:
        if claim.kind in SYMPTOM_STEPS and claim.status in STANDING:
            yield claim


def _sentence(claim: Claim) -> str:
    if claim.group == "issue":
        return claim.value or claim.quote
    if claim.group in ("measure", "reproduction"):
        return claim.quote if len(claim.quote) >= len(claim.value) else claim.value
    return claim.evidence.sentence if claim.evidence is not None else claim.quote


def _short(text: str) -> str:
    return " ".join(text.split())[:LONGEST_SYMPTOM]


def _codes_of(claim: Claim) -> Iterator[str]:
    """Codes from what was reported as an error, not from any word of the ticket: "not EXP-2207" is no EXP-2207."""
    if claim.kind not in ("error_code", "error_message"):
        return
    for text in (claim.value, claim.quote):
        if claim.kind == "error_code" and claim.value and " " not in claim.value.strip():
            found = [claim.value]
        else:
            found = [match.group() for match in _CODE.finditer(text)]
        yield from (code for raw in found if (code := _code(raw)))


def _code(raw: str) -> str:
    """A code in one writing; empty if it is not specific enough to tell one fault from another."""
    code = unicodedata.normalize("NFKC", raw).strip(" .,:;()[]'\"").casefold()
    has_digit = any(char.isdigit() for char in code)
    has_letter = any(char.isalpha() for char in code)
    if len(code) < 4 or not has_letter or not (has_digit or code.count("_") >= 1) or _GENERIC.match(code):
        return ""
    return code[:80]


def terms(texts: Iterable[str], language: str) -> tuple[str, ...]:
    """The words that say something, as stems, each once, in a fixed order. Languages without spaces: pairs of signs."""
    base = language.partition("-")[0].lower()
    found: dict[str, None] = {}
    for text in texts:
        folded = unicodedata.normalize("NFKC", text).casefold()
        for run in _CJK.findall(folded):
            for place in range(len(run) - 1):
                found[run[place : place + 2]] = None
        words = [word for word in _WORD.findall(_CJK.sub(" ", folded)) if len(word) > 1]
        kept = [word for word in words if word not in _stop_words(base) and not word.isdigit()]
        for stem in _stems(kept, base):
            found[stem] = None
    return tuple(found)


@lru_cache(maxsize=32)
def _stop_words(language: str) -> frozenset[str]:
    from stopwordsiso import has_lang, stopwords

    own = stopwords(language) if has_lang(language) else set()
    return frozenset(own | stopwords("en") | _LABELS)


def _stems(words: list[str], language: str) -> list[str]:
    stemmer = _stemmer(_STEMMER_OF.get(language, "english"))
    stems: list[str] = stemmer.stemWords(words)
    return [stem for stem in stems if len(stem) > 1]


@lru_cache(maxsize=32)
def _stemmer(name: str) -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer(name)


def _reported(ticket: Ticket, facts: Facts, context: Context, now: datetime) -> datetime:
    """When the ticket was opened, as far as that is known with its zone; else when it was read."""
    opened = context.opened or ticket.opened or facts.opened
    return now if opened is None or opened.tzinfo is None or opened > now else opened
