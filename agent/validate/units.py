"""What a number measures: time units with their length, and the things that a small number word may count."""

import re
from decimal import Decimal

_MINUTES: dict[str, Decimal] = {}
for _names, _length in (
    ("ms millisecond milliseconds", Decimal(1) / 60_000),
    ("s sec secs second seconds sekunde sekunden segundo segundos seconde secondes", Decimal(1) / 60),
    ("m min mins minute minutes minuten minuto minutos", Decimal(1)),
    ("h hr hrs hour hours stunde stunden std hora horas heure heures", Decimal(60)),
    ("d day days tag tage tagen día días dia dias jour jours", Decimal(1440)),
    ("w wk wks week weeks woche wochen semana semanas semaine semaines", Decimal(10080)),
    ("month months monat monate monaten mes meses mois mês", Decimal(43830)),
    ("y yr yrs year years jahr jahre jahren año años ano anos an ans année années", Decimal(525960)),
):
    _MINUTES.update(dict.fromkeys(_names.split(), _length))

# `140 a month` is a rate, `3 times in two days` a count: what follows these words is not what the number measures.
_NOT_MEASURED_TABLE = (
    "a an per each every in within for of at on since over from by and pro je por par times is are was were users "
    "customers after before until"
)
_NOT_MEASURED = frozenset(_NOT_MEASURED_TABLE.split())
# Japanese glues the unit to the digits and the next word to the unit. Left out is what may be something else: `3日` and
# `3年` a date, `5分の1` a share, `3週目` the third.
_UNSPACED = re.compile(
    r"\s?(?:(?P<seconds>秒)|(?P<minutes>分(?!の\s?\d|の[一二三四五六七八九十]|[割類化岐野社]))|(?P<hours>時間)|(?P<days>日[間前後](?!半))"
    r"|(?P<weeks>週間)|(?P<months>[かカヶケヵ箇個]月)|(?P<years>年[間前後](?!半)))(?!目)"
)
_CLAUSE_END = re.compile(r"[.;:!?()\d]|, |\n\s*\n")
_NEXT_WORDS = re.compile(r"[^\W\d_]+")
_RANGE = re.compile(r"\s?(?:-|–|—|to|or|bis|oder|a|à|and|/)\s?(?:about |~)?\d+(?:[.,]\d+)?[ -]?", re.IGNORECASE)

_COUNTED_TABLE = """
account accounts agent agents attempt bank batch batches branch branches business businesses case
cases charge charges client clients clinic clinics colleague colleagues company companies complaint
complaints contact contacts country countries customer customers deal deals device devices document
documents driver drivers dollar dollars employee employees euro euros export exports file files firm
firms hospital hospitals invoice invoices item job jobs license licenses licence licences location
locations machine machines merchant merchants node nodes office offices operator operators order
orders organisation organisations organization organizations partner partners patient patients
payment payments people percent person persons pound pounds record records region regions release
releases row rows school schools seat seats server servers shipment shipments shop shops site sites
staff store stores student students subscriber subscribers team teams tenant tenants ticket tickets
time times transaction transactions user users vendor vendors warehouse warehouses worker workers
workspace workspaces kunde kunden benutzer nutzer konten konto usuarios usuario clientes cliente
utilisateurs usuários contas
"""
_COUNTED = frozenset(_COUNTED_TABLE.split())
_OWN_THINGS_TABLE = """
step steps attempt attempts request requests question questions message messages reply replies point
points option options issue issues problem problems error errors thing things way ways reason
reasons condition conditions check checks symptom symptoms signal signals action actions quote
quotes line lines item items part parts side sides statement statements fact facts change changes
approach approaches theory theories hypotheses occurrence occurrences screenshot screenshots log
logs link links attachment attachments sentence sentences decision decisions choice choices
workaround workarounds update updates gap gaps asks ask rounds round
"""
_OWN_THINGS = frozenset(_OWN_THINGS_TABLE.split())


def words_after(text: str, end: int, most: int = 4) -> list[str]:
    """The next words of the same clause, small."""
    clause = _CLAUSE_END.split(text[end : end + 80], maxsplit=1)[0]
    return [word.casefold() for word in _NEXT_WORDS.findall(clause)[:most]]


def minutes_of(unit: str) -> Decimal | None:
    """Length of a time unit in minutes, or None if the word is none. Months and years are averages."""
    return _MINUTES.get(unit.casefold())


def names_of(length: Decimal) -> list[str]:
    """The words for a time unit of this length in minutes, in all languages."""
    return [name for name, minutes in _MINUTES.items() if minutes == length and len(name) > 1]


def time_unit(text: str, end: int, glued: str, reach: int = 2) -> str | None:
    """The time unit that a number measures: glued to it, or among the next `reach` words, also behind a range.

    For Japanese the English name of the unit.
    """
    if glued in _MINUTES and glued != "m":
        return glued
    unspaced = None if text.isascii() else _UNSPACED.match(text, end)
    if unspaced:
        return unspaced.lastgroup
    stretch = _RANGE.match(text, end)
    for place, word in enumerate(words_after(text, stretch.end() if stretch else end, reach)):
        if word in _NOT_MEASURED:
            return None
        # A single letter right behind the number only: `one wholesaler's` measures no seconds.
        if word in _MINUTES and (len(word) > 1 or (place == 0 and word in ("h", "s", "d"))):
            return word
    return None


def counts_something(text: str, end: int) -> bool:
    """True if a number word measures customers, users, records, time and the like."""
    return any(word in _COUNTED or (word in _MINUTES and len(word) > 2) for word in words_after(text, end, 3))


def counts_own_things(text: str, end: int) -> bool:
    """True if a number counts what the brief itself lists: steps, attempts, questions."""
    return any(word in _OWN_THINGS for word in words_after(text, end, 2))
