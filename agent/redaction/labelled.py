"""Secrets that are known by the word before them: `Passwort: …`, `"api_key": "…"`, `the password for jana is …`.

A word is looked for first, by plain search; only there the pattern of what may follow is tried, so that the cost is
linear in the text. What follows counts by how firmly it is joined to the word: an equals sign or a colon, "is", or
nothing but a blank.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from agent.redaction.columns import code_list, column
from agent.redaction.found import Found
from agent.redaction.plain import can_be_password
from agent.redaction.shapes import any_of
from agent.redaction.values import Joint, Value, is_mixed, is_secret, looks_secret
from schemas.redaction import Kind

_PASSWORD = (
    r"pass[ _-]?words?|pass[ _-]?phrases?|pass[ _-]?codes?|passwd|pswd|pwd|pw|passwort|passwörter|kennwort|"
    r"zugangsdaten|contrase[ñn]as?|clave de acceso|mots? de passe|mdp|senhas?|palavra[ -]passe|wachtwoord|hasło|"
    r"haslo|"
    r"lösenord|adgangskode|parola|пароль|密码|密碼|パスワード|비밀번호|credentials?|creds|logindaten|pass|psk|p/w|"
    r"(?:seed|recovery|mnemonic|wallet|secret)[ -]phrases?|storepass|keypass|(?<!palabra )clave(?=[ ]?[:=]|[ ]es[ ])|"
    r"(?:wlan|wi-?fi|wpa[23]?|netzwerk|network)[ -]?(?:schlüssel|key)"
)
_TOKEN = (
    r"(?:api|access|secret|private|shared|signing|encryption|master|auth|account|client|service|app|deploy|master|"
    r"storage|subscription|consumer|webhook signing|aws secret access)[ _.-]?keys?|(?:secret|"
    r"access)[ _-]access[ _-]key|"
    r"(?:client|app|consumer|shared|signing|webhook|jwt|webhook signing|api)[ _.-]?secrets?|"
    r"(?:[a-z]{2,12}[ _-])?tokens?|secrets?|bearer|api[ _-]?schlüssel|zugriffsschlüssel|clé (?:d['’])?api|"
    r"clave (?:de )?api|chave (?:de |da )?api|api[ _-]?キー|apiキー|"
    r"(?:application|functions?|setup|pre-?shared)[ _-]?key|session[ _-]?(?:cookie|id)"
)
_PIN = (
    r"pin(?:[ -]?(?:code|nummer|number))?|geheimzahl|"
    r"(?:door|gate|alarm|entry|access|unlock|zugangs|tür|entsperr)[ -]?code"
)
_CVV = (
    r"cvv2?|cvc2?|cvn|cid|security code|card verification(?: code| value)?|prüf(?:ziffer|nummer|zahl)|kartenprüfnummer|"
    r"código de segur(?:idad|ança)|code de sécurité|cryptogramme"
)
_CODE = (
    r"otp|totp|one[ -]time (?:pass)?(?:code|word|pin)|(?:verification|confirmation|security|login|2fa|mfa|sms|"
    r"backup|recovery|emergency|scratch|wiederherstellungs|"
    r"authentication)[ -]?codes?|bestätigungscode|einmalcode|einmalpasswort|sicherheitscode|code de (?:vérification|"
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
    tan p/w storepass keypass application function setup pre door gate alarm entry zugang tür emergency scratch wieder
    unlock entsperr
    seed mnemonic wallet
"""


_STEMS = re.compile(any_of(_STEM_TABLE.split()) + r"|pw\b")


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
    r"(?P<firm>[ \t]{0,3}(?P<sign>=>|->|→|:=|={1,3}|:|：|＝|\|)[*`_]{0,2}[ \t]{0,8}(?:\n[ \t>|]{0,8}){0,2}"
    r"(?:</?[a-zA-Z][^<>\n]{0,80}>[ ]?){0,4}|\t+|>(?=[^\s<>])|"
    r"</[a-zA-Z][^<>\n]{0,20}>\s{0,8}(?:</?[a-zA-Z][^<>\n]{0,80}>\s{0,8}){0,3}(?=[^\s<>])|"
    r"(?:[ ][\w:.-]{1,40}=\"[^\"<>\n]{0,120}\"){1,4}>(?=[^\s<>])"
    r"|[ ]?\n[ \t-]{0,12}value[ ]?:[ ]{1,3}"
    r"|[\"']?[ ,]{1,3}[\"']?value[\"']?[ ]?[:=][ ]?)"
)
_SAYS = (
    r"(?P<says>[ ]+(?:(?:is|was|has been|have been)[ ]+)?(?:re)?(?P<made>set|changed|updated|back)[ ]+"
    r"(?:back[ ]+)?to[ ]+|"
    r"(?:[ ](?:actual|nueva|vieja|anterior|atual|nova|antiga|actuel|temporal|temporária))?"
    r"(?P<copula>[ ]+(?:is|used to be|was|ist|lautet|war|es|est|c['’]est|era|é|è|would be)|['’]s)"
    r"(?:[ ]+(?:still|literally|simply|just|noch|einfach|toujours))?(?:[ ]*[:=])?(?:\n{1,2}|[ ]+)|"
    r"[ ]+(?:are|is|was|sind|ist|jest|to|är|er|now|jetzt|heißt|from|auf|(?P<romance>en|a|para))"
    r"(?:[ ]+(?:now|still|jetzt|noch))?(?:[ ]*[:=])?[ ]+|[はが은는이가][ ]?|是)"
)
_CLOSE = r"(?P<close>[\"'\\*_`\])]{0,6})(?:[ ]?\([^()\n]{1,40}\))?\*{0,2}"
_JOINT = re.compile(rf"{_CLOSE}(?:{_FIRM}|{_SAYS}|(?P<loose>[ ]?[–-][ ]|[ ]{{1,2}}))")
_JOINT_FAR = re.compile(  # "password for the test account: …"
    r"[ ](?:for|of|to|on|für|von|zu|zum|beim|del?|de la|du|des|pour|para|do|da|voor|van|di|from|I|we|you)[ ]"
    r"[^\n:=.;?!\"“«(<]{1,50}?"
    rf"(?:{_FIRM}|{_SAYS}|(?P<aside>[ ]\())"
)
_ASIDE = re.compile(r"(?P<said>[ ]?\((?:it is|it's|is|es ist|c'est|es|é)[ ])|[ ]\(|,[ ]")  # "password (it is …)"
_PREFIX = re.compile(r"(?i)(?:bearer|basic|token|str|b|r|u|f)(?:[ ]+|(?=[\"']))")
_QUOTED = re.compile(
    r"\\?(?P<q>[\"'`])(?P<a>[^\n]{1,300}?)\\?(?P=q)|[“„«‹「『»]\s?(?P<b>[^\n“”„«»‹›「」『』]{1,300}?)\s?[”“»›」』«]"
)
_PLAIN = r"[^\s\"'`<>,;|「」『』“”„«»。、]"
_BARE = re.compile(rf"{_PLAIN}{{2,500}}(?:(?<=[^\W\d_]{{2}})\"(?=[^\W\d_]{{2}}){_PLAIN}{{2,200}})?")
_PAIR = re.compile(
    r"(?P<user>[^\s/:]{2,80})(?:[ ]/[ ]|[ ]?[:|][ ]|[ ]//[ ]|[/:](?=\S))(?P<value>[^\s\"'`<>,;|]{3,200})"
)
_PAIRED = re.compile(
    r"(?:\A|[^\w])(?:login|user(?:name)?|benutzer(?:name)?|usuario|utilisateur|usuário|e-?mail|account|"
    r"id)[ ]?(?:/|&|\+|and|und|y|et|e)[ ]?\Z"
)

_NEXT_PARAMETER = re.compile(r"&[\w.\[\]-]{1,40}=")
_ROMANCE = ("contrase", "mot", "mdp", "senha", "clave", "palavra")
_SEVERAL = ("cred", "zugangsdaten", "logindaten", "pass phrases")  # not said to be one word
_SET_TO = re.compile(r"[^\s,.;]{4,60}[ ](?:um|zurück)?(?:geändert|gesetzt|gestellt)\b")
_FOLLOWING = re.compile(r"[ ]?(?:,|,?[ ](?:and|or|und|oder|et|ou|y|o|e))[ ](?=[^\s,;]{0,40}\d)")
_TOGETHER = ("cred", "zugangsdaten", "logindaten")  # words for a user's name and a password
_LISTED_CODES = ("backup", "recovery", "emergency", "scratch", "wiederher")
_OPTIONS = frozenset(("storepass", "keypass"))
_GROUPED = re.compile(r"[A-Za-z2-7]{4}(?:[ ][A-Za-z2-7]{4}){3,15}(?![A-Za-z0-9])")
_GROUPED_DIGITS = re.compile(r"\d{2,4}(?:[ ]\d{2,4}){1,3}(?![\w.,:]\w|\w)")
_PHRASE = re.compile(r"[^\W\d_]{2,20}(?:[ ][^\W\d_]{2,20}){1,23}")
_CODE_DIGITS = 6
_MNEMONIC = 12  # words of the shortest phrase that stands for a key
_REACH = 60  # characters before a word for a password that say how it is spoken of
_SHORTEST_TYPED = 5
# What ends a clause behind a plain word: a sign, the line, or a word that begins the next one.
_CLAUSE = re.compile(
    r"[*_`\"'”»“]{0,3}(?:[ \t]*(?:[.,;!?)]+(?=[\s<)\"'”»“*]|\Z)|\n|\Z|<)|"
    r"[ ]{1,2}(?:[-–—(]|(?:and|but|so|by the way|btw|which|for|if|und|aber|oder|bitte|et|mais|y|pero|e|mas|this|since|"
    r"(?:um|zurück)?(?:geändert|gesetzt|gestellt))\b))"
)
_LISTED = re.compile(
    r"[ ]?[,;][ ]{0,2}[\"']?[\w. -]{1,24}[\"']?[ ]?[:=]|[ ]{1,3}[\w.]{1,24}=|[ \t]+[;#][ ]|;(?=\S)|[&)\]}]|[ ]\("
)
_VERB = re.compile(
    r"[\"'”]?[ ](?:does|is|was|no|isn|doesn|didn|did|has|gets|works|worked|ist|wird|geht|est|ne|no|ya|é|foi|não)\b"
)
_LED = re.compile(
    r"(?:\A|[^\w])(?:the|my|our|your|this|that|her|his|their|das|dem|mein|meinem|unser|ihr|le|mon|votre|notre|la|mi|su|"
    r"nuestra|a|minha|nossa|sua)[ ]"
    r"(?:(?:new|old|temp|temporary|same|current|neue[ns]?|alte[ns]?|nouveau|nueva|nova)[ ])?\Z"
)
_USED = re.compile(
    r"(?:\A|[^\w])(?:(?:with|using|use|used|mit|avec|con|com)[ ](?:(?:the|my|a|our|dem|le|la|mi|a|minha)[ ])?"
    r"(?:(?:new|old)[ ])?|"
    r"(?:user(?:[ _-]?name)?|login|un|usuario|benutzer(?:name)?|utilisateur|identifiant|usuário)"
    r"[ :=-]{1,3}[\w.@+-]{1,40}"
    r"(?:[ ]?[,;/]|[ ](?:and|und|y|et|e))[ ](?:(?:the|my)[ ])?)\Z"
)
_TYPED = re.compile(
    r"(?i)\b(?:use[sd]?|using|typ(?:e|ed|ing)|enter(?:ed|ing)?|tr(?:y|ied)|put|chose|verwende|benutze|nehme|utilis[eé]|"
    r"uso|usé|usei)[ ](?:in[ ])?[\"'`“„«]?(?P<value>[^\s\"'`“”„«»,;()<>]{4,60})[\"'`”“»]?[ ]"
    r"(?:as|for|als|für|comme|pour|como|de)[ ](?:(?:the|my|a|our|mein|das|mon|le|la|minha|mi|new|old)[ ]){0,2}\Z"
)


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
        if best is None:
            at = stem.start() + 1
            continue
        if not (_begins(text, stem.start()) or _glued(text, stem.start(), best[0])):
            continue
        end, family = best
        key = family.kind == "token" and _KEY.search(low, stem.start(), end) is not None
        found = _value(text, low, stem.start(), end, "access_key" if key else family.kind)
        if found is None and family.kind == "password":
            found = _before(text, stem.start())
        if family.kind == "one_time_code":
            yield from code_list(text, end) if low.startswith(_LISTED_CODES, stem.start()) else ()
        elif family.kind in ("password", "token"):
            yield from column(text, low, stem.start(), end, family.kind)
        while found is not None:
            yield found
            at = max(at, found.end)
            more = _FOLLOWING.match(text, at) if low[end - 1] == "s" and family.kind == "password" else None
            found = more and _behind(text, more.end(), "password", Joint(says=True), aside=False)
        at = max(at, end)


def _unspaced(text: str, at: int) -> bool:
    """Whether the letter is of a script that writes words without blanks between them."""
    return "\u3040" <= text[at : at + 1] <= "\u9fff" or "\uac00" <= text[at : at + 1] <= "\ud7af"


def _begins(text: str, start: int) -> bool:
    if start == 0 or _unspaced(text, start):
        return True
    before = text[start - 1]
    if text[max(0, start - 2) : start] == "-D":  # -Dpassword=… of Java
        return True
    return not before.isalnum() or _unspaced(before, 0) or (before.islower() and text[start].isupper())


def _glued(text: str, start: int, end: int) -> bool:
    """`PGPASSWORD=`: in capitals, a name may run into the word, if a value is assigned."""
    return text[start - 1].isupper() and text[start:end].isupper() and text[end : end + 1] == "="


def _ends(text: str, end: int) -> bool:
    return end >= len(text) or not (text[end].isalnum() or text[end] == "_") or _unspaced(text, end)


def _value(text: str, low: str, start: int, end: int, kind: Kind) -> Found | None:
    if kind in ("password", "token", "access_key") and (beside := _ASIDE.match(text, end)) is not None:
        said = beside["said"] is not None
        found = _behind(text, beside.end(), kind, Joint(says=said, copula=said), aside=True)
        if found is not None:
            return found
    near = _JOINT.match(text, end)
    if near is None or near["loose"] is not None or near[0].strip() == "from":
        far = _JOINT_FAR.match(text, end)
    else:
        far = None
    joint = far or near
    if joint is None or joint.end() >= len(text):
        return None
    at, aside = joint.end(), far is not None and far["aside"] is not None
    how = _joint(text, low, (start, end), joint)
    if not how.firm and not how.copula and low[start:end] == "pass":  # a verb, too
        return None
    if (prefix := _PREFIX.match(text, at)) is not None and kind in ("token", "access_key"):
        at = prefix.end()
    together = low[start:end].startswith(_TOGETHER) or _PAIRED.search(low, max(0, start - 20), start)
    if kind == "password" and together and how.joined:
        pair = _PAIR.match(text, at)
        if pair is not None:
            return _checked(text, *pair.span("value"), kind, replace(how, firm=True, says=True))
    if kind in ("token", "access_key", "one_time_code"):
        grouped = _GROUPED.match(text, at) or _GROUPED_DIGITS.match(text, at)
        if (
            grouped
            and (how.joined or sum(map(str.isdigit, grouped[0])) >= _CODE_DIGITS)
            and (kind == "one_time_code" or sum(map(is_mixed, grouped[0].split())) > 1)
        ):
            return Found(*grouped.span(), kind)
    if how.phrase and (how.firm or how.copula) and (phrase := _PHRASE.match(text, at)) is not None:
        if len(phrase[0].split()) >= _MNEMONIC:
            return Found(*phrase.span(), kind)
        if is_secret(Value(phrase[0], how, alone=_alone(text, phrase.end())), kind):
            return Found(*phrase.span(), kind)
    return _behind(text, at, kind, how, aside=aside)


def _behind(text: str, at: int, kind: Kind, how: Joint, *, aside: bool) -> Found | None:
    quoted = _QUOTED.match(text, at)
    if quoted is not None:
        span = quoted.span("a") if quoted["a"] is not None else quoted.span("b")
        return _checked(text, *span, kind, how, quoted=True, aside=aside)
    bare = _BARE.match(text, at)
    if bare is None:
        return None
    return _checked(text, *_trimmed(text, *bare.span()), kind, how, aside=aside)


def _joint(text: str, low: str, word: tuple[int, int], joint: re.Match[str]) -> Joint:
    start, end = word
    option = text[max(0, start - 2) : start] in ("--", "-D") or low[start:end] in _OPTIONS
    before = low[max(0, start - _REACH) : start]
    firm, says = joint["firm"] is not None, joint["says"] is not None
    made = joint["made"] is not None or _SET_TO.match(text, joint.end()) is not None
    if joint["romance"] is not None:
        says = low[start:end].startswith(_ROMANCE)
    loose = not (firm or says)  # otherwise what stands before the word does not matter
    several = low[start:end].startswith(_SEVERAL)
    return Joint(
        firm=firm or (option and not says),
        says=says,
        copula=(joint["copula"] is not None or made) and not several,
        gap=joint[0].count("\n") > 1 and joint["copula"] is None,
        lautet=(joint["copula"] or "").strip() == "lautet",
        assigned=(firm and text[joint.end() - 1] == "=" and text[joint.end() - 2] not in " =") or (option and not says),
        used=loose and not several and _USED.search(before) is not None,
        led=loose and _LED.search(before) is not None,
        phrase=low[start:end].rstrip("s").endswith("phrase"),
        constant=text[start:end].isupper() and (text[start:end] == "PIN" or "_" in text[max(0, start - 1) : end]),
        code=low[start:end].endswith("code"),
    )


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


def _alone(text: str, end: int) -> bool:
    return text[end : end + 3].strip(" \t.)*|\"'`")[:1] in ("", "\n", "<")


def _checked(
    text: str, start: int, end: int, kind: Kind, how: Joint, *, quoted: bool = False, aside: bool = False
) -> Found | None:
    if aside and not how.joined and text[end : end + 1] not in (")", ","):
        return None
    value = Value(
        text[start:end],
        how,
        quoted=quoted,
        alone=_alone(text, end),
        ends=_CLAUSE.match(text, end) is not None,
        verb=_VERB.match(text, end) is not None,
        listed=_LISTED.match(text, end) is not None,
        aside=aside and not how.joined,
    )
    return Found(start, end, kind) if is_secret(value, kind) else None


def _before(text: str, start: int) -> Found | None:
    """`I typed sunshine as the password`."""
    match = _TYPED.search(text, max(0, start - _REACH), start)
    if match is None:
        return None
    value = match["value"]
    good = can_be_password(value) if value.isalpha() else looks_secret(value)
    return Found(*match.span("value"), "password") if good and len(value) >= _SHORTEST_TYPED else None
