"""Whether what stands behind a word for a secret is one: how firmly it is joined, and what it looks like."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.readers.wordlist import words
from agent.redaction.plain import can_be_password, can_be_phrase, is_sentence
from schemas.redaction import Kind

_MASKED = re.compile(
    r"(?i)^(?:x{3,}|\*+|•+|·+|\.{2,}|_+|-+|<|\[|\{|\(|\$[\w{(]|%\w*%?$|&(?:lt|#x3c|(?:gt|quot|apos|amp|nbsp|#x?[0-9a-f]{1,6});?$)|\?+|"
    r"(?:your|my|the)(?:[_ -]|$)|"
    r"(?:redacted|removed|hidden|"
    r"null|nil|none|true|false|undefined|example|changeme|masked|n/?a|tbd)(?![a-z0-9]))"
)
_CODE_LIKE = re.compile(
    r"^(?:[A-Za-z_][\w.]*\(.*|(?:self|this|os|process|config|env|settings|secrets?|vars?|params?|args|request|req|"
    r"ctx|app|"
    r"credentials?|data|user|System|Environment)\.[\w.\[\]]+|[A-Za-z_]\w*\[.*|@\w+|[A-Z][A-Z0-9_]{3,}_[A-Z0-9_]+)$"
)
_NOT_SECRET = re.compile(
    r"(?i)^(?:https?://\S*|www\.\S*|v?\d+(?:\.\d+){1,4}[a-z0-9+-]{0,12}|[\w.+-]+@[\w-]+\.[\w.-]+|"
    r"\d{4}-\d\d-\d\d\S*|\d{1,2}[./]\d{1,2}[./]\d{2,4}|"
    r"\d{1,2}:\d\d\S*|(?:sha-?(?:1|256|512)|md5|bcrypt|argon2\w*|base-?64|utf-?8|oauth-?2(?:\.0)?|saml-?2(?:\.0)?|"
    r"http/?2|tls\S*|ipv[46]|"
    r"2fa|mfa|rs256|hs256|es256|aes\S*|rsa\S*|0x[0-9a-f]{1,8}|v\d+|\d+(?:ms|s|h|m|d|min|kb|mb|%|x|st|nd|rd|th)))$"
)
_PATH = re.compile(
    r"^(?:[A-Za-z]:)?[~.]{0,2}[/\\][\w.@%+~-]+(?:[/\\][\w.@%+~-]+)*[/\\]?$|^[\w.-]+(?:/[\w.-]+)+\.[a-z]{1,5}$"
)
# Words in a row with a short number behind them: the name of a secret, not a secret.
_NAME = re.compile(r"^[A-Za-z]{2,}(?:[-_./][A-Za-z]{2,})*(?:[-_./]?\d{1,3})?$")
_WORD_AND_NUMBER = re.compile(r"[^\W\d_]{4,20}\d{2,4}|[^\W\d_]{8,20}\d")
_PRODUCT = re.compile(
    r"(?i)(?:office|windows|win|sap|server|exchange|sql|oracle|ubuntu|version|line|step|page|field)\d+"
)
_STOP = words(
    """
    incorrect wrong reset expired changed required invalid forgotten hidden unchanged missing empty needed
    optional string secret password passwort unknown disabled enabled correct valid rejected accepted blank
    protected encrypted sent falsch richtig abgelaufen geändert ungültig leer vergessen erforderlich korrekt
    incorrecta correcta caducada invalide oublié expiré errada inválida expirada manager policy field page
    screen button link mail email please bitte same dieselbe siehe see above below oben unten unbekannt integer
    boolean object array text varchar default keychain vault prompt again before after failed fails error
    """
)
_SIGNS = re.compile(r"[^\w\s.,'’/:-]")
_INNER_SIGN = re.compile(r"\w[^\w\s.,'’/:()-]|[^\w\s.,'’/:()<-]\w")
_TOKEN_SIGNS = re.compile(r"[\w+/=.~:@%!#$&*?-]+")
_QUOTED_SIGNS = re.compile(r"[\w+/=.~:@%!#$&*?^()-]+")
_SHORTEST_PLAIN = 5  # letters of a plain word in a sentence
_SHORTEST_ASSIGNED = 4


@dataclass(frozen=True, slots=True)
class Joint:
    """How a value is joined to the word before it.

    `firm`: by a colon, an equals sign, a table's line; `says`: by "is", "to" and the like; `copula`: by "is" alone.
    `assigned`: by an equals sign without blanks, or as an option of a command. `used`: "with the password …" or beside
    a user's name. `led`: an article or "my" before the word. `phrase`: the word asks for several words. `constant`:
    the word is in capitals with an underscore. `code`: the word asks for digits. `lautet`: what follows can be nothing
    but the value. `gap`: an empty line stands between the word and what follows.
    """

    firm: bool = False
    says: bool = False
    copula: bool = False
    assigned: bool = False
    used: bool = False
    led: bool = False
    phrase: bool = False
    constant: bool = False
    code: bool = False
    lautet: bool = False
    gap: bool = False

    @property
    def joined(self) -> bool:
        """Whether more than a blank stands between the word and the value."""
        return self.firm or self.says


@dataclass(frozen=True, slots=True)
class Value:
    """What stands behind the word. `alone`: nothing but an ending stands behind it on its line; `ends`: its clause
    ends behind it; `listed`: another assignment or a comment stands behind it; `aside`: it stands in brackets or
    between commas behind the word; `verb`: a verb stands behind it.
    """

    text: str
    joint: Joint
    quoted: bool = False
    alone: bool = False
    ends: bool = False
    listed: bool = False
    aside: bool = False
    verb: bool = False


def is_secret(value: Value, kind: Kind) -> bool:
    """Whether the value is a secret of this kind."""
    return _possible(value.text) and _TESTS[kind](value)


def looks_secret(token: str) -> bool:
    """Whether a single word looks like a secret where its sentence speaks of one: a digit among letters, or signs."""
    return " " not in token and _possible(token) and _strong(token) and _password_in(token) and len(token) >= 6


def is_unmistakable(token: str) -> bool:
    """Whether a word of letters and digits, with or without signs, is no name of a product and no place."""
    return len(token) >= 8 and is_mixed(token) and looks_secret(token) and not _PRODUCT.match(token)


def is_mixed(value: str) -> bool:
    """Whether digits and letters stand in it."""
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def is_cell(cell: str, kind: Kind) -> bool:
    """Whether a cell of a column of secrets holds one."""
    return is_secret(Value(cell, Joint(firm=True), quoted=False, alone=True, ends=True), kind)


def _possible(value: str) -> bool:
    return len(value) >= 3 and not (_MASKED.match(value) or _CODE_LIKE.match(value) or _NOT_SECRET.match(value))


def _strong(word: str) -> bool:
    return is_mixed(word) or _INNER_SIGN.search(word) is not None


def _password_in(word: str) -> bool:
    return len(word) >= 4 and word.casefold().strip("!.,") not in _STOP and not _PATH.match(word)


def _is_password(value: Value) -> bool:
    word, joint = value.text, value.joint
    if not _password_in(word):
        return False
    strong = _strong(word)
    if " " in word:
        if value.quoted and joint.joined and strong and len(word) <= 60:
            return not is_sentence(word)
        told = (value.quoted and (joint.firm or joint.copula)) or (joint.phrase and joint.joined and value.alone)
        return told and can_be_phrase(word)
    if not joint.joined:
        return _is_loose_password(value)
    if strong:
        return len(word) >= 6 or joint.firm or value.quoted
    if word.isdigit():
        whole = value.alone or joint.assigned or (joint.copula and value.ends)
        return whole and (joint.firm or joint.copula) and len(word) <= 20
    # A plain word: only where nothing but the password can stand.
    sure = joint.lautet or joint.assigned or joint.constant or (value.quoted and joint.firm)
    if joint.gap or not can_be_password(word, endings=not sure, sentence=not joint.firm):
        return False
    if joint.constant and joint.firm and value.alone:
        return True
    if joint.assigned or (value.quoted and joint.firm):
        return len(word) >= _SHORTEST_ASSIGNED
    told = joint.firm and (value.alone or value.listed or value.ends)
    return len(word) >= _SHORTEST_PLAIN and (told or value.quoted or (joint.copula and value.ends))


def _is_loose_password(value: Value) -> bool:
    word, joint = value.text, value.joint
    if is_mixed(word):
        if value.aside:
            return len(word) >= 6 and not _PRODUCT.fullmatch(word)
        enough = len(word) >= 8 or value.quoted or _SIGNS.search(word) is not None
        if enough and not _NAME.match(word):
            return True
        # A word and a number is a name, too: only where the sentence names the password.
        named = joint.used or joint.led or value.alone or value.verb
        return named and _WORD_AND_NUMBER.fullmatch(word) is not None and not _PRODUCT.fullmatch(word)
    if value.aside:
        return False
    return joint.used and (value.quoted or value.ends) and len(word) >= _SHORTEST_PLAIN and can_be_password(word)


def _is_token(value: Value) -> bool:
    word, joint = value.text, value.joint
    if _PATH.match(word) or not (_QUOTED_SIGNS if value.quoted else _TOKEN_SIGNS).fullmatch(word):
        return False
    if _NAME.match(word):
        return joint.constant and joint.firm and is_mixed(word) and len(word) >= 8
    if not is_mixed(word):
        both_cases = word.isalpha() and not word.islower() and not word.isupper()
        return both_cases and len(word) >= 20 and joint.joined
    if all(part.isalpha() or (part.isdigit() and len(part) <= 4) for part in re.split(r"[-_./:]", word)):
        return False  # export-2026-11-16
    return len(word) >= (8 if joint.joined or value.quoted else 16)


def _is_pin(value: Value) -> bool:
    said = value.joint.joined or (value.joint.constant and value.ends) or (value.joint.code and value.ends)
    return said and value.text.isdigit() and 4 <= len(value.text) <= 8


def _is_security_code(value: Value) -> bool:
    return value.text.isdigit() and 3 <= len(value.text) <= 4


def _is_one_time_code(value: Value) -> bool:
    plain = value.text.replace("-", "").replace(" ", "")
    if not value.joint.joined:
        return plain.isdigit() and 6 <= len(plain) <= 8
    return plain.isalnum() and any(c.isdigit() for c in plain) and 4 <= len(plain) <= 12


_TESTS: dict[Kind, Callable[[Value], bool]] = {
    "password": _is_password,
    "token": _is_token,
    "access_key": _is_token,
    "pin": _is_pin,
    "security_code": _is_security_code,
    "one_time_code": _is_one_time_code,
}
