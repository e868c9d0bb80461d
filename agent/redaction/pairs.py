"""Passwords that no word for one stands before: beside a user's name, `log in with admin / …`; "I changed it to …"."""

import re
from collections.abc import Iterator

from agent.notation.scan import begins, places_of
from agent.readers.wordlist import words
from agent.redaction.found import Found
from agent.redaction.plain import can_be_password
from agent.redaction.values import is_mixed, is_unmistakable, looks_secret

_HINTS = (
    "log",
    "sign",
    "anmeld",
    "einlog",
    "connect",
    "connexion",
    "entra",
    "acced",
    "inici",
    "access",
    "zugang",
    "user",
)
_SPOKEN = re.compile(
    r"(?:log(?:ged|ging)?[ -]?(?:in|on)|login|sign(?:ed)?[ -]?in|anmeld\w{0,6}|einlog\w{0,6}|connectez[ -]vous|"
    r"connexion|entra[rd]?|accede[rz]?|inicia[rd]? sesi[oó]n|access|zugang|user/pass(?:word)?)\b[^\n/]{0,30}?[ :(]"
    r"(?P<user>[\w.+-]{2,40}(?:@[\w.-]{3,60})?)(?:[ ]/[ ]|[/:])(?P<value>[^\s/\"'`<>,;|()]{4,60})"
)
# "I changed it to …", where the ticket speaks of a password.
_CHANGED_TO = re.compile(
    r"(?:(?:changed|reset|set|updated)[ ](?:it|this|that)[ ](?:back[ ])?to|it[ ]is|it's|"
    r"(?:new|old|other|current)[ ]one[ ](?:is|was)|es[ ]lautet)[ ][\"'`]?(?P<value>[^\s\"'`<>,;()]{8,60})"
)
_ACCOUNTS = words(
    "admin administrator root test tester demo guest gast user sa superuser support sysadmin postgres oracle pi ubuntu"
)
_PLACES = re.compile(
    r"(?i)(?:android|ios|windows|office|oauth|saml|version|v|sso|ldap|chrome|firefox|http|ipv|tls|api)\d"
)
_SAID = (
    "changed ",
    "reset ",
    "set ",
    "updated ",
    "it is ",
    "it's ",
    "new one",
    "old one",
    "other one",
    "current one",
    "es laut",
)
_REACH = 150  # characters around, in which the ticket must speak of a password
_SHORTEST = 5


def pairs(text: str, low: str) -> Iterator[Found]:
    """Passwords behind a user's name. `low`: the text in lower case, of the same length."""
    for match in begins(_CHANGED_TO, low, places_of(low, _SAID)) if "passw" in low else ():
        start, end = match.span("value")
        while end > start and text[end - 1] in ".?":
            end -= 1
        spoken_of = low.find("passw", max(0, match.start() - _REACH), end + _REACH) >= 0
        if spoken_of and is_unmistakable(text[start:end]):
            yield Found(start, end, "password")
    for match in begins(_SPOKEN, low, places_of(low, _HINTS)):
        start, end = match.span("value")
        while end > start and text[end - 1] in ".!?":
            end -= 1
        user, value = match["user"], text[start:end]
        known = user in _ACCOUNTS or "@" in user
        spaced = low[match.end("user")] == " "
        if len(value) < _SHORTEST or _PLACES.match(value) or not (known or spaced):
            continue
        if looks_secret(value) if is_mixed(value) else known and can_be_password(value) and _closed(text, end):
            yield Found(start, end, "password")


def _closed(text: str, end: int) -> bool:
    """Whether the clause ends behind a plain word."""
    return text[end : end + 3].strip(" .,;!?)\"'`")[:1] in ("", "\n")
