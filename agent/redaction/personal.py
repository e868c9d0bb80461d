"""Personal data (`--redact pii`): Presidio's recognizers for numbers, and the names that the ticket's structure tells.

Presidio finds phone numbers, bank accounts, IP addresses and identity numbers by pattern and check digit; its parts
that need a language model are not used. Names are those of the people whom the ticket names as such: authors,
reporter, the mail's addressees, who is greeted and who signs. Where spaCy has a model installed, its persons are added.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from typing import Any

from agent.errors import BadInput
from agent.readers.wordlist import words
from agent.redaction.found import Found
from agent.redaction.vault import Finder
from schemas.redaction import Kind
from schemas.ticket import Ticket

EXTRA = "pii"
_KINDS: dict[str, Kind] = {"PHONE_NUMBER": "phone", "IBAN_CODE": "iban", "IP_ADDRESS": "ip_address"}
_IDENTITY = (
    "UsSsnRecognizer",
    "UkNinoRecognizer",
    "NhsRecognizer",
    "EsNifRecognizer",
    "EsNieRecognizer",
    "ItFiscalCodeRecognizer",
    "PlPeselRecognizer",
    "FiPersonalIdentityCodeRecognizer",
    "DeTaxIdRecognizer",
    "InAadhaarRecognizer",
)
_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "BR", "JP", "IN")
_SURE = 0.4  # Presidio's score: below, a pattern without context or check digit
_STRICT = 2  # leniency of phone numbers: grouped as in their country, not just possible
_DIALLED = re.compile(r"[+(]|\d[ ./-]\d")  # digits alone are an id, more often than a phone
# Presidio's own asks the network which domains there are.
_EMAIL = re.compile(r"[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")

_WORD = r"[^\W\d_][\w’'.-]{1,40}"
_FULL = rf"{_WORD}(?:[ ](?:(?:de|da|von|van|der|den|di|la|le|bin|al)[ ])?{_WORD}){{0,3}}"
_HEAD = re.compile(
    r"^(?:From|To|Cc|Bcc|Reply-To|Sender|Von|An|De|Para|À)\s*:\s*(?P<people>[^\n]{2,1000})$", re.MULTILINE
)
_ONE_OF_HEAD = re.compile(rf"\"?(?P<name>{_FULL})\"?\s*(?:<|\[mailto:|,|;|$)")
_GREETING = re.compile(
    r"^[> ]*(?i:hi|hello|hey|dear|hallo|liebe[rs]?|lieber|sehr geehrte[rs]?|guten (?:tag|morgen)|hola|"
    r"estimad[oa]s?|bonjour|chère?|"
    r"olá|prezad[oa]|caro|cara|ciao)\s+(?:(?i:mr|mrs|ms|dr|prof|herr|frau|señora?|monsieur|madame|sr|sra)\.?\s+)?"
    r"(?P<name>[^\W\d_a-zà-ÿ][\w’'-]{1,30}(?:[ ][^\W\d_a-zà-ÿ][\w’'-]{1,30}){0,2})\s*[,!.:]?[ ]*$",
    re.MULTILINE,
)
_CLOSING = re.compile(
    r"^[> ]*(?i:(?:(?:best|kind|warm|many) )?(?:regards|thanks|wishes)|thank you|thx|cheers|sincerely(?: yours)?|"
    r"yours(?: sincerely| truly)?|"
    r"(?:mit )?(?:freundlichen|besten|vielen|viele|beste|liebe)[a-zü ]{0,12} grüßen?|gruß|viele grüße|mfg|lg|vg|"
    r"danke|saludos(?: cordiales)?|"
    r"gracias|cordialement|merci|bien à vous|atenciosamente|obrigad[oa])[,.!]?[ ]*\n(?:[> ]*\n)?"
    r"[> ]*(?P<name>[^\W\d_a-zà-ÿ][\w’'.-]{1,30}(?:[ ][^\W\d_][\w’'.-]{1,30}){0,3})[ ]*$",
    re.MULTILINE,
)
_NOBODY = words(
    """
    support team customer service services help desk helpdesk admin administrator info sales system unknown user users
    noreply no-reply reply all everyone everybody there colleagues together zusammen kollegen damen herren und and the
    sir madam agent bot mailer daemon postmaster it technical account customers kunde kundenservice client
    """
)
_SHORTEST_PART = 3


def require_extra() -> None:
    """Raises BadInput where Presidio is not installed."""
    if find_spec("presidio_analyzer") is None:
        raise BadInput(
            f"--redact pii needs the package presidio-analyzer: install this program with its extra `{EXTRA}` "
            f"(`python3 -m pip install '.[{EXTRA}]'` in its folder)"
        )


def finder(ticket: Ticket) -> Finder:
    """What finds personal data in this ticket's texts. Raises BadInput where Presidio is not installed."""
    require_extra()
    names = _pattern(people(ticket))

    def find(text: str) -> Iterator[Found]:
        for match in _EMAIL.finditer(text):
            yield Found(*match.span(), "email")
        for recognizer, entity in _recognizers():
            for result in recognizer.analyze(text, [entity], None):
                if result.score >= _SURE and _fits(entity, text, result.start, result.end):
                    yield Found(result.start, result.end, _KINDS.get(entity, "id_number"))
        yield from _persons(text)
        if names is not None:
            for match in names.finditer(text):
                yield Found(*match.span(), "person")

    return find


def people(ticket: Ticket) -> tuple[str, ...]:
    """The names that the ticket tells as such, whole and in parts, the longest first."""
    said: list[str] = [ticket.reporter or "", *(message.author or "" for message in ticket.messages)]
    for head in _HEAD.finditer(ticket.text):
        said += [match["name"] for match in _ONE_OF_HEAD.finditer(head["people"])]
    said += [match["name"] for pattern in (_GREETING, _CLOSING) for match in pattern.finditer(ticket.text)]
    found: dict[str, None] = {}
    for name in said:
        whole = " ".join(re.sub(r"<[^>]*>|\([^)]*\)|[\"]", " ", name).split()).strip(" ,.;:")
        if "@" in whole or not whole or any(word.casefold() in _NOBODY for word in whole.split()):
            continue
        for part in (whole, *re.split(r"[ ]", whole)):
            if len(part.strip(".")) >= _SHORTEST_PART and any(c.isalpha() for c in part) and part[0].isupper():
                found.setdefault(part)
    return tuple(sorted(found, key=lambda part: (-len(part), part)))


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    whole = "|".join(re.escape(name) for name in names)
    return re.compile(rf"(?<!\w)(?:{whole})(?!\w)") if whole else None


def _fits(entity: str, text: str, start: int, end: int) -> bool:
    if text[start - 1 : start].isalnum() or text[end : end + 1].isalnum():
        return False  # part of a longer number
    return entity != "PHONE_NUMBER" or _DIALLED.search(text, start, end) is not None


@cache
def _recognizers() -> tuple[tuple[Any, str], ...]:
    """Those of Presidio that need no language model, each with what it finds."""
    # It writes what it looks at into its log where something fails.
    logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL + 1)
    from presidio_analyzer import predefined_recognizers as known

    made = [
        known.PhoneRecognizer(supported_regions=_REGIONS, leniency=_STRICT),
        known.IbanRecognizer(),
        known.IpRecognizer(),
        *(getattr(known, name)() for name in _IDENTITY if hasattr(known, name)),
    ]
    return tuple((one, one.supported_entities[0]) for one in made)


@cache
def _language_model() -> Any:
    """An installed model of spaCy, or None."""
    import spacy

    installed = sorted(spacy.util.get_installed_models())
    return spacy.load(installed[0], enable=["tok2vec", "transformer", "ner"]) if installed else None


def _persons(text: str) -> Iterator[Found]:
    model = _language_model()
    if model is None or not text.strip():
        return
    for entity in model(text[: model.max_length]).ents:
        if entity.label_ in ("PERSON", "PER") and "\n" not in entity.text and len(entity.text) >= _SHORTEST_PART:
            yield Found(entity.start_char, entity.end_char, "person")
