"""Secrets that are known by the word before them: `Passwort: …`, `"api_key": "…"`, `the password for jana is …`.

A word is looked for first, by plain search; only there the pattern of what may follow is tried, so that the cost is
linear in the text. What follows counts by how firmly it is joined to the word: an equals sign or a colon, "is", or
nothing but a blank.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from agent.readers.wordlist import words
from agent.redaction.found import Found
from schemas.redaction import Kind

_PASSWORD = (
    r"pass[ _-]?words?|pass[ _-]?phrases?|pass[ _-]?codes?|passwd|pswd|pwd|pw|passwort|passwörter|kennwort|"
    r"zugangsdaten|contrase[ñn]as?|clave de acceso|mots? de passe|mdp|senhas?|palavra[ -]passe|wachtwoord|hasło|"
    r"haslo|"
    r"lösenord|adgangskode|parola|пароль|密码|密碼|パスワード|비밀번호|credentials?|creds|pass|psk|"
    r"(?:wlan|wi-?fi|wpa[23]?|netzwerk|network)[ -]?(?:schlüssel|key)"
)
_TOKEN = (
    r"(?:api|access|secret|private|shared|signing|encryption|master|auth|account|client|service|app|deploy|master|"
    r"storage|subscription|consumer|webhook signing|aws secret access)[ _.-]?keys?|(?:secret|"
    r"access)[ _-]access[ _-]key|"
    r"(?:client|app|consumer|shared|signing|webhook|jwt|webhook signing|api)[ _.-]?secrets?|"
    r"(?:[a-z]{2,12}[ _-])?tokens?|secrets?|bearer|api[ _-]?schlüssel|zugriffsschlüssel|clé (?:d['’])?api|"
    r"clave (?:de )?api|chave (?:de |da )?api|api[ _-]?キー|apiキー"
)
_PIN = r"pin(?:[ -]?(?:code|nummer|number))?|geheimzahl"
_CVV = (
    r"cvv2?|cvc2?|cvn|cid|security code|card verification(?: code| value)?|prüfziffer|kartenprüfnummer|"
    r"código de segur(?:idad|ança)|code de sécurité|cryptogramme"
)
_CODE = (
    r"otp|totp|one[ -]time (?:pass)?(?:code|word|pin)|(?:verification|confirmation|security|login|2fa|mfa|sms|"
    r"backup|recovery|"
    r"authentication) codes?|bestätigungscode|einmalcode|einmalpasswort|sicherheitscode|code de (?:vérification|"
    r"confirmation)|"
    r"código de (?:verificación|verificação|confirmación)|mtan|tan"
)
# How the words above begin. `pw` alone stands at the end of a word only.
_STEM_TABLE = """
    pass pswd pwd kennwort zugangsdaten contrase clave mot mdp senha palavra wachtwoord haslo hasło lösenord
    adgangskode parola пароль 密 パス 비밀 cred psk wlan wi-fi wifi wpa netzwerk network api access secret private
    shared signing encryption master auth account client service app deploy storage subscription consumer webhook
    token bearer zugriff clé chave jwt csrf refresh session id_token pin geheim cvv cvc cvn cid security card prüf
    karten código code crypto otp totp one verif confirm login 2fa mfa sms backup recovery bestät einmal sicher mtan
    tan
"""


def _any_of(parts: Iterable[str]) -> str:
    """A pattern of all parts, first letters first: it is searched for three times faster than a plain choice."""
    rest: dict[str, list[str]] = {}
    for part in parts:
        rest.setdefault(part[:1], []).append(part[1:])
    ends = rest.pop("", None) is not None
    inner = "|".join(re.escape(first) + _any_of(others) for first, others in rest.items())
    return f"(?:{inner}){'?' if ends else ''}" if inner else ""


_STEMS = re.compile(_any_of(_STEM_TABLE.split()) + r"|pw\b")


@dataclass(frozen=True, slots=True)
class _Family:
    """Words of one kind, in the order in which they are tried."""

    kind: Kind
    words: re.Pattern[str]


_FAMILIES = (
    _Family("security_code", re.compile(_CVV)),
    _Family("one_time_code", re.compile(_CODE)),
    _Family("pin", re.compile(_PIN)),
    _Family("password", re.compile(_PASSWORD)),
    _Family("token", re.compile(_TOKEN)),
)
_KEY = re.compile(r"key|secret|schlüssel|clé|clave|chave|キー")
_SUFFIX = re.compile(
    r"(?:[_-](?:base|value|text|string|plain|prod(?:uction)?|dev|test|live|staging|old|new|default|primary|"
    r"secondary|\d{1,2}))"
    r"{1,2}|\d{1,2}"
)

# What may stand between the word and its value. Groups tell how firm it is.
_FIRM = (
    r"(?P<firm>[ \t]{0,3}(?:=>|->|→|:=|={1,3}|:|：|＝|\|)[*`_]{0,2}[ \t]{0,8}(?:\n[ \t>|]{0,8})?|\t+|>(?=[^\s<>])|"
    r"[ ]?\n[ \t-]{0,12}value[ ]?:[ ]{1,3}"
    r"|[\"']?[ ,]{1,3}[\"']?value[\"']?[ ]?[:=][ ]?)"
)
_SAYS = (
    r"(?P<says>[ ]+(?:is|are|was|ist|sind|lautet|war|es|est|era|é|è|jest|to|är|er|now|jetzt|heißt|from|auf)"
    r"(?:[ ]+(?:now|still|jetzt|noch))?(?:[ ]*[:=])?[ ]+|[はが은는이가][ ]?|是)"
)
_CLOSE = r"(?P<close>[\"'\\*_`\])]{0,6})(?:[ ]?\([^()\n]{1,40}\))?\*{0,2}"
_JOINT = re.compile(rf"{_CLOSE}(?:{_FIRM}|{_SAYS}|(?P<loose>[ ]?[–-][ ]|[ ]{{1,2}}))")
_JOINT_FAR = re.compile(  # "password for the test account: …"
    r"[ ](?:for|of|to|on|für|von|zu|zum|beim|del?|de la|du|des|pour|para|do|da|voor|van|di)[ ][^\n:=.;?!\"“«]{1,50}?"
    rf"(?:{_FIRM}|{_SAYS})"
)
_PREFIX = re.compile(r"(?i)(?:bearer|basic|token|str|b|r|u|f)(?:[ ]+|(?=[\"']))")
_QUOTED = re.compile(
    r"\\?(?P<q>[\"'`])(?P<a>[^\n]{1,300}?)\\?(?P=q)|[“„«‹「『»]\s?(?P<b>[^\n“”„«»‹›「」『』]{1,300}?)\s?[”“»›」』«]"
)
_BARE = re.compile(r"[^\s\"'`<>,;|「」『』“”„«»。、]{3,500}")
_PAIR = re.compile(
    r"(?P<user>[^\s/:]{2,80})(?:[ ]/[ ]|[ ]?[:|][ ]|[ ]//[ ]|[/:](?=\S))(?P<value>[^\s\"'`<>,;|]{3,200})"
)
_PAIRED = re.compile(
    r"(?:\A|[^\w])(?:login|user(?:name)?|benutzer(?:name)?|usuario|utilisateur|usuário|e-?mail|account|"
    r"id)[ ]?(?:/|&|\+|and|und|y|et|e)[ ]?\Z"
)

_NEXT_PARAMETER = re.compile(r"&[\w.\[\]-]{1,40}=")
_MASKED = re.compile(
    r"(?i)^(?:x{3,}|\*+|•+|·+|\.{2,}|_+|-+|<|\[|\{|\(|\$[\w{(]|%\w*%?$|&lt|\?+|(?:your|my|the)(?:[_ -]|$)|"
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


def by_label(text: str, low: str) -> Iterator[Found]:
    """What the words give away. `low`: the text in lower case, of the same length."""
    at = 0
    while (stem := _STEMS.search(low, at)) is not None:
        at = stem.end()
        best: tuple[int, _Family] | None = None
        for family in _FAMILIES:
            word = family.words.match(low, stem.start())
            if word is None:
                continue
            whole = _SUFFIX.match(low, word.end())
            end = whole.end() if whole is not None and _ends(text, whole.end()) else word.end()
            if (best is None or end > best[0]) and _ends(text, end):
                best = end, family
        if best is None or not (_begins(text, stem.start()) or _glued(text, stem.start(), best[0])):
            continue
        end, family = best
        key = family.kind == "token" and _KEY.search(low, stem.start(), end) is not None
        found = _value(text, low, stem.start(), end, "access_key" if key else family.kind)
        if found is not None:
            yield found
            at = max(at, found.end)
        else:
            at = max(at, end)


def _unspaced(text: str, at: int) -> bool:
    """Whether the letter is of a script that writes words without blanks between them."""
    return "\u3040" <= text[at : at + 1] <= "\u9fff" or "\uac00" <= text[at : at + 1] <= "\ud7af"


def _begins(text: str, start: int) -> bool:
    if start == 0 or _unspaced(text, start):
        return True
    before = text[start - 1]
    return not before.isalnum() or _unspaced(before, 0) or (before.islower() and text[start].isupper())


def _glued(text: str, start: int, end: int) -> bool:
    """`PGPASSWORD=`: in capitals, a name may run into the word, if a value is assigned."""
    return text[start - 1].isupper() and text[start:end].isupper() and text[end : end + 1] == "="


def _ends(text: str, end: int) -> bool:
    return end >= len(text) or not (text[end].isalnum() or text[end] == "_") or _unspaced(text, end)


def _value(text: str, low: str, start: int, end: int, kind: Kind) -> Found | None:
    near = _JOINT.match(text, end)
    joint = near if near is None or near["loose"] is None else _JOINT_FAR.match(text, end) or near
    if joint is None or joint.end() >= len(text):
        return None
    firm, says = joint["firm"] is not None, joint["says"] is not None
    if not firm and not says:
        firm = text[max(0, start - 2) : start] == "--"  # an option of a command
        if not firm and low[start:end] == "pass":  # a verb, too
            return None
    at = joint.end()
    if (prefix := _PREFIX.match(text, at)) is not None and kind in ("token", "access_key"):
        at = prefix.end()
    together = low[start:end].startswith(("cred", "zugang")) or _PAIRED.search(low, max(0, start - 20), start)
    if kind == "password" and together and (firm or says):
        pair = _PAIR.match(text, at)
        if pair is not None:
            return _checked(text, *pair.span("value"), "password", (True, True), quoted=False)
    quoted = _QUOTED.match(text, at)
    if quoted is not None:
        span = quoted.span("a") if quoted["a"] is not None else quoted.span("b")
        return _checked(text, *span, kind, (firm, says), quoted=True)
    bare = _BARE.match(text, at)
    if bare is None:
        return None
    return _checked(text, *_trimmed(text, *bare.span()), kind, (firm, says), quoted=False)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without what belongs to the sentence or the markup around it."""
    parameter = _NEXT_PARAMETER.search(text, start, end)
    if parameter is not None:
        end = parameter.start()
    for escape in ("\\n", "\\r", '\\"'):
        cut = text.find(escape, start, end)
        if cut >= 0:
            end = cut
    marks = ".,:?\\*" if text[start - 1 : start] == "*" else ".,:?\\"
    while end > start and (text[end - 1] in marks or (text[end - 1] in ")]}" and not _balanced(text[start:end]))):
        end -= 1
    while start < end and text[start] in "*`(":
        start += 1
    return start, end


def _balanced(value: str) -> bool:
    return all(value.count(a) >= value.count(b) for a, b in ("()", "[]", "{}"))


@dataclass(frozen=True, slots=True)
class _Value:
    """A value and how it is joined to its word. `alone`: nothing but an ending stands behind it on its line."""

    text: str
    firm: bool
    says: bool
    quoted: bool
    alone: bool

    @property
    def joined(self) -> bool:
        return self.firm or self.says


def _checked(text: str, start: int, end: int, kind: Kind, joint: tuple[bool, bool], *, quoted: bool) -> Found | None:
    alone = text[end : end + 3].strip(" \t.)*|\"'`")[:1] in ("", "\n", "<")
    value = _Value(text[start:end], *joint, quoted, alone)
    return Found(start, end, kind) if _possible(value.text) and _TESTS[kind](value) else None


def _possible(value: str) -> bool:
    return len(value) >= 3 and not (_MASKED.match(value) or _CODE_LIKE.match(value) or _NOT_SECRET.match(value))


def looks_secret(token: str) -> bool:
    """Whether a single word looks like a secret where its sentence speaks of one: a digit among letters, or signs."""
    value = _Value(token, firm=False, says=True, quoted=False, alone=False)
    return " " not in token and _possible(token) and _is_password(value)


def _mixed(value: str) -> bool:
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _is_password(value: _Value) -> bool:
    word = value.text
    if len(word) < 4 or word.casefold().strip("!.,") in _STOP or _PATH.match(word):
        return False
    strong = _mixed(word) or _INNER_SIGN.search(word) is not None
    if " " in word:
        return value.quoted and value.joined and strong and len(word) <= 60
    if not value.joined:
        enough = len(word) >= 8 or value.quoted or _SIGNS.search(word) is not None
        return _mixed(word) and enough and not _NAME.match(word)
    if strong:
        return len(word) >= 6 or value.firm or value.quoted
    if word.isdigit():
        return value.firm and value.alone and len(word) <= 20
    # A plain word: only where nothing but the password can stand.
    return len(word) >= 6 and (value.quoted or (value.firm and value.alone and word.isalpha()))


def _is_token(value: _Value) -> bool:
    word = value.text
    if _NAME.match(word) or _PATH.match(word) or not _TOKEN_SIGNS.fullmatch(word):
        return False
    if not _mixed(word):
        both_cases = word.isalpha() and not word.islower() and not word.isupper()
        return both_cases and len(word) >= 20 and value.joined
    if all(part.isalpha() or (part.isdigit() and len(part) <= 4) for part in re.split(r"[-_./:]", word)):
        return False  # export-2026-11-16
    return len(word) >= (8 if value.joined or value.quoted else 16)


def _is_pin(value: _Value) -> bool:
    return value.joined and value.text.isdigit() and 4 <= len(value.text) <= 8


def _is_security_code(value: _Value) -> bool:
    return value.text.isdigit() and 3 <= len(value.text) <= 4


def _is_one_time_code(value: _Value) -> bool:
    plain = value.text.replace("-", "")
    return value.joined and plain.isalnum() and any(c.isdigit() for c in plain) and 4 <= len(plain) <= 12


_TESTS: dict[Kind, Callable[[_Value], bool]] = {
    "password": _is_password,
    "token": _is_token,
    "access_key": _is_token,
    "pin": _is_pin,
    "security_code": _is_security_code,
    "one_time_code": _is_one_time_code,
}
