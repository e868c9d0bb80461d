"""Words that name a severity, a team or an outcome, and deeds: what a model's sentence is searched for.

The patterns are in plain letters, for text that went through `plain`. The lists know English, German, French, Spanish,
Portuguese, Italian and Dutch well, Polish a little, and no other language; `is_known_language` says which are not.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

from agent.backends.offline.language import common_words

_MARKS = str.maketrans({"ı": "i", "İ": "I", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "ß": "ss", "’": "'"})
_DRAWN = re.compile(r"[*_`~|]")
_SPACED = re.compile(r"\b(?:[^\W\d_][ .-]){3,}[^\W\d_]\b")
_DIGIT_AS_LETTER = re.compile(r"(?<=[a-z])[0134](?=[a-z])", re.IGNORECASE)
_LETTERS = {"0": "o", "1": "i", "3": "e", "4": "a"}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ELIDED = re.compile(r"(?:[ldscjnmt]|qu|dell|nell|all)['’]", re.IGNORECASE)
_UNKNOWN_LETTERS = frozenset("åøæğşıőűčřůěžšňťďýțșăłąęśćźżðþāēīūķļņģđ")
_WEAK = frozenset(
    [
        "er",
        "on",
        "je",
        "at",
        "en",
        "i",
        "se",
        "o",
        "e",
        "de",
        "da",
        "do",
        "den",
        "per",
        "una",
        "un",
        "la",
        "este",
        "con",
        "van",
    ]
)  # also of other languages
_FEW = 3  # words that are not the ticket's: fewer tell no language


def plain(text: str) -> str:
    """Without accents, invisible signs and marks of emphasis, spaced letters joined. Capitals stay; places shift."""
    flat = unicodedata.normalize("NFKD", text).translate(_MARKS)
    flat = "".join(_small_capital(char) for char in flat if unicodedata.category(char) not in ("Mn", "Cf"))
    flat = _SPACED.sub(lambda run: re.sub(r"[ .-]", "", run[0]), _DRAWN.sub("", flat))
    return _DIGIT_AS_LETTER.sub(lambda digit: _LETTERS[digit[0]], flat)


def _small_capital(char: str) -> str:
    name = unicodedata.name(char, "") if char > "\x7f" else ""
    return name[-1] if name.startswith("LATIN LETTER SMALL CAPITAL ") and name[-2] == " " else char


def is_known_language(text: str, in_ticket: Callable[[str], bool]) -> bool:
    """Whether the lists know the language of these words. Words of the ticket, such as names in it, tell nothing.

    No word may be in other letters than Latin ones, nor mix them. Where more than two words are left, one of them must
    be a common one of a language that the lists know, and none may have a letter that these languages do not use.
    """
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    left = [word for word in _WORD.findall(unicodedata.normalize("NFKC", visible)) if not in_ticket(word)]
    if any(_is_foreign(word) for word in left):
        return False
    return len(left) < _FEW or any(word.lower() in _common() or _ELIDED.match(word) for word in _WORD.findall(visible))


def is_german(text: str) -> bool:
    """Whether more of its common words are German than English: there every noun has a capital, and none is a name."""
    words = [word.lower() for word in _WORD.findall(text)]
    german, english = (sum(word in common_words()[language] for word in words) for language in ("de", "en"))
    return german >= english


def _is_foreign(word: str) -> bool:
    return any(char in _UNKNOWN_LETTERS or not _is_latin(char) for char in word.lower() if char > "\x7f")


def _is_latin(char: str) -> bool:
    name = unicodedata.name(char, "LATIN")
    return name.startswith(("LATIN", "COMBINING", "APOSTROPHE", "RIGHT SINGLE", "MODIFIER"))


@cache
def _common() -> frozenset[str]:
    return frozenset(word for words in common_words().values() for word in words) - _WEAK


def _any(*words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)


# Severities

_CRITICAL = r"crit|critical(?:ly|ity)?|kri+t+i[a-z]*|critiques?|critic[oaie]s?|kritiek|krytyczn\w+"
_NAMED = {
    "critical": _CRITICAL,
    "high": r"high|hoch|hohe[rsnm]?|elevee?s?|hautes?|haut|alt[oaie]s?|hoog|hoge|wysok\w+",
    "medium": r"medium|mittel|mittlere[rsnm]?|moyen(?:ne)?s?|medi[oae]s?|gemiddeld|middelmatig|sredni\w*",
    "low": r"low|niedrig(?:e[rsnm]?)?|gering\w*|basses?|faibles?|baj[oa]s?|baix[oa]s?|bass[oaie]|laag|lage|nisk\w+",
}
_URGENT = r"urgent(?:e|es|s|ly)?|emergency|dringend\w*|notfall|urgence|urgencia|emergencia|emergenza|spoed(?:geval)?"
_SCALE = (
    r"severity|severities|priority|urgency|grade|rating|schweregrad\w*|schwere|dringlichkeit\w*|prioritat\w*|prio|"
    r"stufe|einstufung|eingestuft|gravite|severite|priorite|niveau de gravite|gravedad|severidad|prioridad|gravidade|"
    r"severidade|prioridade|gravita|priorita|ernst|prioriteit|urgentie|priorytet\w*"
)
_ANY_GRADE = "|".join(_NAMED.values())
_SUBJECT = (
    r"(?:it|this|that|(?:the|this) (?:ticket|case|issue|incident|problem|one|matter)|es|das|dies|der fall|das ticket|"
    r"ce|c|ca|cela|le ticket|le cas|esto|eso|el caso|isto|isso|o caso|questo|il caso|dit|het|de zaak)"
)
_COPULA = (
    r"(?:'s| ?is| was| has been| will be| should be| must be| becomes?| stays?| remains?| counts as| ist| bleibt| wird|"
    r" gilt als|'?est| reste| es| sigue siendo| queda| e| fica| resta| rimane| blijft| wordt)"
)
_BETWEEN = r"(?: (?:now|only|just|still|really|very|clearly|simply|a|an|as|rated|set to|jetzt|nur|als|un|une|ya|de))*"
_STATED = (
    rf"(?:(?:^|\b){_SUBJECT}{_COPULA}{_BETWEEN}|\b(?:as|als|comme|como|come|to be|set to|raised? to|lowered? to|"
    rf"rated?|marked?|graded?|auf|a nivel)(?: (?:a|an))?) (?P<grade>{{words}})\b"
    r"(?!-| (?:as|on|enough|than|time|in)\b)"
)
_IS = {name: re.compile(_STATED.format(words=words), re.IGNORECASE) for name, words in _NAMED.items()}
_OF_A_KIND = {
    name: _any(rf"(?:{words}) (?:one|case|issue|ticket|incident|level|stufe|fall|geval|zaak)")
    for name, words in _NAMED.items()
}
_IS_URGENT = re.compile(_STATED.format(words=_URGENT), re.IGNORECASE)
_TREATED = re.compile(rf"\b(?:treat|handl|rat|rais|class|eingestuft|behandel)\w*[^.,;]{{0,30}}\b(?:{_URGENT})\b", re.I)
_GRADE = {name: _any(words) for name, words in _NAMED.items()}
_ON_SCALE = _any(_SCALE)
_CAPITAL = {
    "high": re.compile(r"\bHigh\b(?!-| [A-Z])"),
    "medium": re.compile(r"\bMedium\b"),
    "low": re.compile(r"\bLow\b(?!-)"),
}
_FIGURE = r"(?:[0-5]|zero|one|two|three|four|five|null|eins|zwei|drei|vier)"
_CODED = _any(
    r"P[0-5]",
    r"SEV(?:ERITY)?(?: level)?[- ]?[0-5]",
    rf"(?:sev|severity|priority|prio|prioritat)[- ](?:level )?{_FIGURE}",
)
_EXTREME = _any(
    r"(?:top|highest|maximum|max|utmost|lowest|minimum|minimal)(?: possible)? "
    r"(?:severity|level|priority|urgency|grade)",
    r"(?:severity|priority|urgency)(?: \w+)? (?:is|to|at|of) (?:the |its )?(?:highest|top|maximum|lowest|minimum)",
    r"(?:hochste|niedrigste|oberste)\w* (?:stufe|prioritat|dringlichkeit|schweregrad|einstufung)",
)
# A critical update is no grade; a critical case is one.
_NO_GRADE = re.compile(
    r"\bcritical (?:security )?(?:updates?|path|patch(?:es)?|fix(?:es)?|mass|reviews?|data|systems?|process(?:es)?|"
    r"files?|dates?|components?|services?|parts?|functions?|thinking|log)\b|"
    r"\bkritische[rsnm]? (?:updates?|pfad\w*|patch\w*|daten|systeme?\w*|prozesse?\w*)\b|\bhigh[- ]value\b"
)
_DENIED = (
    r"(?:\bnot|n't|\bnicht|\bkeine?[rsnm]?|\bpas|\bniet|\bgeen|\bno es|\bnao e|\bnon e)"
    r"(?: (?:a|an|yet|rated|set to|as|als|auf|de|een))? (?:{words})\b"
)
_NOT = {name: re.compile(_DENIED.format(words=words), re.IGNORECASE) for name, words in _NAMED.items()}


def severities(text: str, *, denied: str | None = None, urgent: bool = True) -> set[str]:
    """The severities that a plain text states: `critical` to `low`; `code` for P1 and its like, `urgent`.

    `denied`: the decided severity; that a case has another one than this is true, and not counted. None: all count.
    """
    if _CODED.search(text) or _EXTREME.search(text):
        return {"code"}
    text = _NO_GRADE.sub("…", text)
    found = set[str]()
    scaled = _ON_SCALE.search(text) is not None
    for name in _NAMED:
        rest = _NOT[name].sub("…", text) if denied is not None and name != denied else text
        if _GRADE[name].search(rest) and (
            name == "critical"
            or scaled
            or _CAPITAL[name].search(rest)
            or _IS[name].search(rest)
            or _OF_A_KIND[name].search(rest)
        ):
            found.add(name)
    if urgent and (_IS_URGENT.search(text) or _TREATED.search(text)):
        found.add("urgent")
    return found


def denies(text: str, severity: str) -> bool:
    """Whether a plain text says that this is not the severity."""
    return _NOT[severity].search(text) is not None


# Teams

_GROUP = (
    r"(?:teams?|people|folks|guys|group|department|dept|office|staff|colleagues|side|org(?:anisation|anization)?|"
    r"operations|ops|incident response|response|specialists|experts|engineers?|analysts?|officers?)"
)
_TO = r"(?:to|with|by|for|via|from|at|an|bei|durch|vers|chez|inform|involve|tell|ask|notify|loop in|bring in)"
_END = r"(?! ?[\w-])"
_TEAMS = {
    "l2_support": (
        _any(
            r"L[23]", r"(?:second|third|2nd|3rd|next)[- ](?:level|line)", r"tier[- ]?(?:[23]|two|three)",
            r"zweite\w* level",
            r"(?:second|deuxieme) niveau", r"segundo nivel", r"secondo livello", r"tweede lijn", r"senior support",
        ),
    ),
    "engineering": (
        _any(
            "engineering", r"engineers?", r"developers?", "devs", rf"dev(?:elopment)? {_GROUP}", r"R&D",
            r"programmers?",
            "coders", r"entwickl(?:er|ung)\w*", r"ingenieurs?", "ingenierie", r"developpeurs?", r"ingenieri?[ao]s?",
            r"desarrolladores", "equipo de desarrollo", "engenharia", r"engenheir[oa]s?", "desenvolvedores",
            r"ingegner\w+",
            "sviluppatori", r"ontwikkel(?:aars?|ing|team)", r"inzynier\w*", "SREs?", r"infrastructure team",
        ),
    ),
    "product": (
        re.compile(rf"\bProduct\b(?! (?!{_GROUP}\b|Managers?|Management|Owners?)[A-Z])(?!-)"),
        _any(rf"product {_GROUP}", r"product (?:management|managers?|owners?)", rf"{_TO} product{_END}", "PMs", "CPO"),
        _any(
            rf"roadmap (?:{_GROUP}|owners?)", r"produkt(?:abteilung|team|management|manager\w*|entwicklung)",
            r"equipe (?:de )?produ(?:it|to)", r"equipo de producto", r"equipa de produto", r"team (?:di )?prodotto",
            r"product(?:team|afdeling)",
        ),
    ),
    "security": (
        re.compile(rf"\bSecurity\b(?! (?!{_GROUP}\b|Team|Operations|Incident|Response|Department|Office)[A-Z])(?!-)"),
        _any(
            rf"security {_GROUP}", rf"{_TO} security{_END}", "secops", "infosec", r"(?:information|it|cyber) ?security",
            "CISO", "CSIRT", "PSIRT", "CERT", r"SOC team",
            r"(?:it-)?sicherheits(?:team|abteilung|leute|beauftragte\w*)",
        ),
        _any(
            r"equipe (?:de )?(?:la )?securite", r"equipo de seguridad", r"equip[ae] de seguranca",
            r"(?:team|squadra) (?:di |della )?sicurezza", r"beveiligings?(?:team|afdeling)",
        ),
        re.compile(r"(?<=\w )(?:Seguridad|Securite|Seguranca|Sicurezza|Sicherheit(?= ))\b"),
    ),
    "leadership": (
        _any(
            r"leadership", r"(?:senior|upper|top|higher|executive|our|to|by|inform|tell|with) management",
            r"executives?",
            r"execs?", r"C-(?:level|suite)", r"geschaftsfuhr\w+", r"geschaftsleitung", "vorstand", r"fuhrungsebene",
            r"direction generale", r"(?:la|notre) direction(?! (?:de|du|d))", r"la direccion(?! (?:de|ip|postal))",
            r"(?:a|da) direcao(?! d)", "direzione", "directie", "vice president", r"board of directors", "higher-ups",
        ),
        re.compile(r"^Management\b"),
    ),
}  # fmt: skip
# Titles: the customer's own may stand in the ticket.
_TITLES = _any(r"C[ETFIO]O", r"(?:S|E)?VPs?", r"head of \w+", r"directors?")


def teams(text: str, in_ticket: Callable[[str], bool] = lambda _: False) -> set[str]:
    """The teams that a plain text names, and `leadership`. A title that the ticket names is the customer's."""
    found = {team for team, known in _TEAMS.items() if any(pattern.search(text) for pattern in known)}
    if any(not in_ticket(title[0]) for title in _TITLES.finditer(text)):
        found.add("leadership")
    return found


# Outcomes

_ESCALATES = re.compile(r"\b(?:de-?)?(?:escal|eskal)\w+", re.IGNORECASE)
_NO = (
    r"(?:\b(?:not?|never|without|cannot|nicht|kein\w*|ohne|pas|aucune?|sans|ne|sin|nao|sem|non|senza|niet|geen)\b|n't)"
)
_DENIES_BEFORE = re.compile(rf"{_NO}((?: [\w']+){{0,3}}) $", re.IGNORECASE)
_TURNED = _any(
    "around", "but", "only", "just", "hesitate", "until", "unless", "avoid", "refuse", "other", "choice", "alternative",
    "doubt", "question", "nur", "zweifel", "seulement", "solo", "apenas", "workaround", "reason not",
)  # fmt: skip
_DENIES_AFTER = re.compile(
    rf"^ (?:(?:is|are|was|will be|would be|ist|war|wird|est|n'est|es|e) ?)?(?:{_NO}|unnecessary|unnotig|inutile)",
    re.IGNORECASE,
)
_NOTHING_BUT = re.compile(r"\b(?:nothing|nichts|rien|nada|niente) (?:but|als|que|autre)(?: \w+)? $", re.IGNORECASE)
_PASSED = re.compile(
    r"\b(?:(?:pass|hand|forward|sen|giv|tak|mov)\w*(?: (?:it|this|that|the (?:ticket|case)))? "
    r"(?:on(?: to)?|over|up|onwards?)\b(?! (?:the|a|an|our|your|their|all|to date)? ?(?:phone|page|screen|disk|server|"
    r"menu|button|network|again|side))|hand(?:ed)? (?:it|this) to\b|goes up\b|going up to\b|"
    r"geben (?:es|das|den fall) weiter\b|"
    r"(?:wird|wurde|ist) (?:\w+ )?weiterge(?:geben|leitet)\b|on le transmet\b|(?:est|ete) transmis\b|se (?:lo )?pasa\b|"
    r"lo pasamos\b|passamos (?:isso )?(?:para|a)\b|lo passiamo\b)",
    re.IGNORECASE,
)
_KEPT = re.compile(
    r"\b(?:(?:stays?|remains?|kept|keeps?|keep it|keep this|belongs?|bleibt|bleiben|behalten|reste|garde\w*|queda|fica|"
    r"rimane|resta|blijft)(?: [\w']+){0,2} (?:in|at|with|within|im|beim|bei|au|dans|en|no|nel|al|bij|in the|with the|"
    r"(?:o|a|ao)) ?(?:the |our |dem |le |el )?(?:first[- ]level |l1 )?support\w*|"
    r"support (?:keeps?|handles|retains|solves|behalt)|(?:handled|answered|solved|dealt with) (?:right )?here\b|"
    r"no hand-?over|not? hand(?:ed)? (?:it |this )?over|no other team|nobody else|"
    r"you can (?:answer|solve|handle) (?:it|this) (?:yourself|here))",
    re.IGNORECASE,
)
_CLOSED = re.compile(
    r"\b(?:(?:you|we|it|this|that) (?:can|may|should|could|must)(?: now| just| safely| be)? closed?\b|"
    r"(?:konnen|kannst|kann) (?:\w+ ){0,3}(?:schliessen|geschlossen)|pode[ms]?(?:os)? fechar|pued\w+ cerrar|"
    r"pouve[zs] (?:le )?fermer)",
    re.IGNORECASE,
)
_ASKED_FIRST = re.compile(
    r"\b(?:more (?:information|facts|details) (?:is|are) (?:needed|missing|required) before|"
    r"(?:first|we must|you must) ask (?:the customer|first))\b",
    re.IGNORECASE,
)


def outcomes(text: str) -> set[str]:
    """The outcomes that a plain text states. `other`: one that may be read in two ways, or that no decision has."""
    found = {_way(text, match) for match in _ESCALATES.finditer(text)}
    kept = _KEPT.search(text)
    if kept:
        found.add("handle")
    passed = _PASSED.search(text)
    if passed and not (kept and kept.start() <= passed.start() < kept.end()):
        denied = _DENIES_BEFORE.search(text[: passed.start()])
        found.add("not escalate" if denied and not _TURNED.search(denied[1]) else "escalate")
    if _CLOSED.search(text):
        found.add("other")
    if _ASKED_FIRST.search(text):
        found.add("needs_info")
    return found


def _way(text: str, match: re.Match[str]) -> str:
    if match[0].lower().startswith("de"):
        return "not escalate"
    before, after = _DENIES_BEFORE.search(text[: match.start()]), _DENIES_AFTER.search(text[match.end() :])
    if before and _TURNED.search(f"{before[1]} "):
        # "since no workaround: escalate" denies something else; "not hesitate to escalate" denies nothing.
        return "escalate" if "workaround" in before[1].lower() else "other"
    if re.search(
        r"\b(?:nothing|nichts|rien|nada|niente) (?:but|als|que|autre)(?: \w+)? $", text[: match.start()], re.I
    ):
        return "escalate"
    return "not escalate" if before or after else "escalate"


# Deeds

_I = (
    r"(?:\bI(?:'ve| have| had)?(?: just| already| now| also| will)?|\bj'ai|\b(?:have|has|had|was|were) (?:just )?been) "
)
_ICH = r"\bhabe (?:ich )?(?:[\w-]+ ){0,5}"
_DEEDS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (("record",), re.compile(
        r"\b(?:recorded|opened|entered|logged|put|written|stored|saved|kept|registered|eingetragen)\b[^.;]{0,30}"
        r"\b(?:ledger|register)\b", re.I)),
    (("withdraw",), re.compile(_I + r"(?:withdrawn|withdrew|retracted)\b", re.I)),
    (("deadline", "edit_line"), re.compile(
        r"\b(?:changed|moved|extended|shifted|adjusted|postponed|set|pushed) the (?:deadline|due date|answer time)\b|"
        r"\b(?:deadline|due date|frist)(?: (?:is|was|has been|ist|wurde))?(?: now| jetzt)? "
        r"(?:moved|changed|extended|postponed|shifted|verschoben|verlangert|geandert)\b", re.I)),
    (("undo",), re.compile(r"\bI(?:'ve| have)? (?:undone|undid|taken (?:it|that) back|reverted)\b", re.I)),
    (("save",), re.compile(r"\bI(?:'ve| have)?(?: now)? saved\b", re.I)),
    (("copy",), re.compile(r"\bI(?:'ve| have)?(?: now)? copied\b", re.I)),
    (("support_said", "customer_said", "withdraw", "tier"), re.compile(
        r"\bI(?:'ve| have)?(?: now| just)? (?:added|noted|recorded|entered|logged)\b"
        r"(?![^.;]*\b(?:ledger|register)\b)", re.I)),
    ((), re.compile(
        r"\bI(?:'ve| have|'ll| will)?(?: just| already| now| also)? (?:sent|send|emailed|mailed|posted|notif(?:ied|y)|"
        r"informed?|called|phoned|paged|contact(?:ed)?|told (?:the|our|them|her|him)|overrode|overrid(?:e|den)|"
        r"closed|assigned|reassigned|forwarded|handed|escalated|fixed|restarted|deployed|filed|raised|upgraded|downgraded|"
        r"lowered|increased|rated|tested|checked with|talked to|spoke to|asked (?:the|our|them|her|him))\b", re.I)),
    ((), re.compile(
        rf"{_ICH}(?:gesendet|geschickt|verschickt|informiert|benachrichtigt|angerufen|geandert|geschlossen|ubersteuert|"
        r"weitergeleitet|eskaliert)\b|\bj'ai (?:envoye|informe|prevenu|appele|ferme|modifie)\b|"
        r"\bhe (?:enviado|mandado|informado|avisado|llamado|cerrado|cambiado)\b|"
        r"\b(?:enviei|informei|avisei|fechei)\b", re.I)),
    ((), re.compile(
        r"\b(?:decision|severity|outcome|target)(?: (?:is|was|has been))(?: now)? (?:overridden|overruled|"
        r"changed|raised|lowered)\b|"
        r"\b(?:message|mail|email|reply|update) (?:has been|is|was) (?:now )?sent\b(?! (?:by|on|at|to) )", re.I)),
)  # fmt: skip


def undone(text: str, kinds: frozenset[str] | None) -> bool:
    """Whether a plain text claims a deed that none of these actions does. None: the actions are not known."""
    return any(
        pattern.search(text) and (not does or (kinds is not None and not kinds.intersection(does)))
        for does, pattern in _DEEDS
    )


# Times in words

_DAY = (
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|"
    r"lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miercoles|jueves|viernes|sabado|domingo"
)
_WEEKDAYS = {
    name: number
    for line in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "montag dienstag mittwoch donnerstag freitag samstag sonntag",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "lunes martes miercoles jueves viernes sabado domingo",
    )
    for number, name in enumerate(line.split())
}
WEEKDAY = _any(rf"(?:next |coming |kommenden |nachsten )?(?:{_DAY})")
SOON = _any(
    "tomorrow", "tonight", "noon", "midnight", r"next (?:week|month|quarter)", r"end of (?:the )?(?:day|week|month)",
    r"by (?:the )?end of \w+", r"within (?:the|an?|\w+) (?:minutes?|hours?|days?|weeks?)",
    r"in a (?:few )?\w+ ?(?:minutes|hours|days)",
    r"(?:by|until|at) (?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)(?! \w+s\b)", r"an hour",
    r"(?:you have|in) (?:a|an|one|two|three|four|five|six) (?:hours?|days?|weeks?)", r"morgen(?: \w+)?", "heute abend",
    "mittag", "mitternacht", r"nachste \w*woche", "demain", "ce soir", "midi", "minuit", "manana", "esta noche",
    "mediodia",
    "amanha", "hoje a noite", r"a few (?:minutes|hours|days)", r"(?:half )?an? (?:day|week)",
)  # fmt: skip
PROMISED = re.compile(
    r"\b(?:will|'ll|shall|fix(?:ed)?|resolved?|solved?|done|ready|deadline|due|moved|answers?|reply|wird|werden|behoben|"
    r"fertig|frist|sera|resolu|delai|plazo|prazo|sera|estara|vence)\b|'ll\b",
    re.IGNORECASE,
)


def weekday(words: str) -> int:
    """The number of the weekday that is named at the end of these plain words; Monday is 0."""
    return _WEEKDAYS[words.lower().split()[-1]]
