"""Numbers and money: `1,265,000`, `1.265.000`, `1.265 M`, `€1.2m`, `12 %`, `three`, `a dozen`, `zweihundert`."""

import re
from decimal import Decimal
from typing import NamedTuple, Self

from agent.notation.scan import is_short, remembered, runs_of_digits
from agent.notation.words import word_runs


class Number(NamedTuple):
    """One number as written. `candidates` holds every usual reading of it, `value` the likeliest first.

    `currency` is an ISO 4217 code (`$` reads as USD, since the bare sign does not say which dollar).
    `unit` is what is glued to the digits (`500ms`: `ms`, `3rd`: `rd`), lower case.
    """

    start: int
    end: int
    text: str
    value: Decimal
    candidates: tuple[Decimal, ...]
    percent: bool = False
    currency: str | None = None
    unit: str = ""
    word: bool = False

    def moved(self, by: int) -> Self:
        """The same, so many characters further on."""
        return type(self)._make((self.start + by, self.end + by, *self[2:]))


_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "R$": "BRL"}
_CODE_TABLE = (
    "USD EUR GBP CHF JPY CNY INR BRL AUD CAD NZD SEK NOK DKK PLN CZK HUF RON TRY ZAR MXN SGD HKD KRW ILS AED SAR"
)
_CODES = frozenset(_CODE_TABLE.split())
_CURRENCY_WORDS = {
    "euro": "EUR",
    "euros": "EUR",
    "dollar": "USD",
    "dollars": "USD",
    "dólares": "USD",
    "pounds": "GBP",
    "francs": "CHF",
    "franken": "CHF",
    "reais": "BRL",
    "rupees": "INR",
}
_SCALES = {
    "k": 10**3,
    "tsd": 10**3,
    "thousand": 10**3,
    "tausend": 10**3,
    "mil": 10**3,
    "mille": 10**3,
    "m": 10**6,
    "mm": 10**6,
    "mn": 10**6,
    "mln": 10**6,
    "mio": 10**6,
    "million": 10**6,
    "millions": 10**6,
    "millionen": 10**6,
    "millón": 10**6,
    "millon": 10**6,
    "millones": 10**6,
    "milhão": 10**6,
    "milhões": 10**6,
    "b": 10**9,
    "bn": 10**9,
    "mrd": 10**9,
    "billion": 10**9,
    "milliarden": 10**9,
    "milliards": 10**9,
    "hundred": 100,
    "dozen": 12,
    "lakh": 10**5,
    "crore": 10**7,
}
# After these letters the number may also be a plain one with a unit: 5 m (metres, minutes), 3 B (bytes), 12 mm.
_DOUBTFUL_SCALES = {"m", "mm", "b"}
_UNIT_TABLE = (
    "ms s sec secs min mins h hr hrs hour hours d day days w wk y yr yrs bit bits byte bytes kb mb gb tb pb kib mib "
    "gib tib kbps mbps gbps hz khz mhz ghz px pt x pp bps st nd rd th er ère ª º c f kg g km cm ppm rpm fps rps qps"
)
_UNITS = frozenset(_UNIT_TABLE.split())

_TOKEN = re.compile(
    r"\d{1,3}(?:[ \u00a0\u202f\u2009]\d{3})++(?![\d])(?:[.,]\d+)?"  # 1 265 000
    r"|\d{1,3}(?:['’]\d{3})++(?!\d)(?:[.,]\d+)?"  # 1'265'000
    r"|\d++(?:[.,]\d++)*+"
)
_BEHIND_DATES = frozenset("-:+TZ")  # none of them goes on with a number
_AFTER = re.compile(r"(?P<gap>[ \n\u00a0\u202f-]?)(?P<word>[^\W\d_]{1,10}|[%€£$¥₹]|°[CF]?)(?P<dot>\.?)", re.UNICODE)
_CURRENCY_AFTER = re.compile(
    r"\.?[ \n\u00a0\u202f]?(?:(?P<sign>R\$|US\$|[€£$¥₹₽₩₺])|(?P<code>[^\W\d_]{3,8})(?![^\W\d_]))"
)
_BLANKS = " \n\u00a0"
_CURRENCY_BEFORE = re.compile(
    r"(?:(?P<sign>(?:US|R|A|C|AU|CA|NZ|S|HK)?\$|[€£¥₹₽₩₺])|(?<![^\W_])(?P<code>[A-Z]{3}))[ \n\u00a0]?\Z"
)
_DOLLARS = {"R$": "BRL", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "S$": "SGD", "HK$": "HKD"}
_PERCENT = re.compile(
    r"[ \u00a0\u202f-]?(?:%|percent\b|per cent\b|pct\b|prozent\b|por ?ciento\b|por cento\b|pour ?cent\b)", re.IGNORECASE
)


def _currency_of_sign(sign: str) -> str:
    return _DOLLARS.get(sign) or _SIGNS.get(sign) or "USD"


_GROUPING = re.compile(r"[ \u00a0\u202f\u2009'’]")
_UNSPACED = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
_BEFORE_PERCENT, _PERCENT_BEGINS = frozenset(" \u00a0\u202f-"), frozenset("%pP")
# With what a currency behind a number begins: a sign, the first letter of a code, or that of a word for one.
_CURRENCY_BEGINS = frozenset("$€£¥₹₽₩₺") | {
    sign for word in (*_CODES, *_CURRENCY_WORDS) for sign in (word[0], word[0].upper())
}
_BEFORE_CURRENCY = frozenset(". \n\u00a0\u202f")
_MAX_DIGITS = 40  # longer runs of digits are ids or noise, never amounts


def _readings(written: str) -> tuple[Decimal, ...]:
    """Every usual reading of digits with separators; empty if they are no number (a version, an address)."""
    if len(written) > _MAX_DIGITS:
        return ()
    if written.isdecimal():
        return (Decimal(written),)
    text = _GROUPING.sub("", written)
    dots, commas = text.count("."), text.count(",")
    if dots and commas:
        decimal_sign = "." if text.rfind(".") > text.rfind(",") else ","
        group = "," if decimal_sign == "." else "."
        if text.count(decimal_sign) > 1 or not _grouped(text.split(decimal_sign)[0].split(group)):
            return ()
        return (Decimal(text.replace(group, "").replace(decimal_sign, ".")),)
    sign = "." if dots else ","
    parts = text.split(sign)
    if len(parts) == 1:
        return (Decimal(text),)
    plain = Decimal("".join(parts))
    if len(parts) > 2:
        return (plain,) if _grouped(parts) else ()
    decimal = Decimal(f"{parts[0]}.{parts[1]}")
    if text != written or not _grouped(parts) or parts[0].startswith("0"):
        return (decimal,)
    return (plain, decimal) if sign == "," else (decimal, plain)


def _grouped(parts: list[str]) -> bool:
    """Thousands in groups of three, or the Indian way in twos with a last group of three."""
    if len(parts) == 1:
        return True
    head, middle, last = parts[0], parts[1:-1], parts[-1]
    return (
        len(head) <= 3
        and len(last) == 3
        and len({len(part) for part in middle} | {3}) <= 2
        and all(len(part) in (2, 3) for part in middle)
    )


def _glued_before(text: str, start: int) -> bool:
    """True if the digits are the tail of a word, an id or another number: `v4`, `ERR-5031`, `#4411`."""
    if start == 0:
        return False
    before = text[start - 1]
    if before == "#" or before == "_":
        return True
    if before.isalpha():
        code = _CURRENCY_BEFORE.search(text[max(0, start - 4) : start])
        return not (code and code["code"] in _CODES)
    if before in "-–.:/\\@" and start > 1 and (text[start - 2].isalpha() or text[start - 2] == "_"):
        return True
    return before in ".," and start > 1 and text[start - 2].isdigit()


@remembered
def numbers(text: str) -> list[Number]:
    """All numbers in `text`, in digits or words, in order. Digits inside ids, versions and words are not numbers."""
    return _numbers(text, None)


def numbers_outside(text: str, masked: bytearray, *, once: bool = False) -> list[Number]:
    """Those of `numbers` that neither begin nor end where `masked`, one byte for each character, is set.

    `once`: nobody asks for this text again, so that it need not be remembered though it is short.
    """
    found = _numbers(text, masked) if once or not is_short(text) else numbers(text)
    return [number for number in found if not masked[number.start] and not masked[number.end - 1]]


def _numbers(text: str, masked: bytearray | None) -> list[Number]:
    """As `numbers`; what begins where `masked` is set may be left out."""
    # Chinese and Japanese put no space around a number; a space for each such character keeps the offsets.
    written_text = text
    if not text.isascii():
        text = _UNSPACED.sub(" ", text)
    found: list[Number] = []
    end = 0
    for start, stop in runs_of_digits(written_text):
        if start < end:
            continue
        if masked is not None and masked[start] and text[stop : stop + 1] in _BEHIND_DATES:
            continue  # most of a ticket's digits are those of its timestamps
        end = stop
        if text[stop + 1 : stop + 2].isdigit():  # else the digits stand alone, as most do
            match = _TOKEN.match(text, start)
            end = match.end() if match else stop
        written = text[start:end]
        if (masked is not None and masked[start] and "," not in written) or _glued_before(text, start):
            continue
        readings = _readings(written)
        if not readings and written.count(",") and "." not in written and " " not in written:
            offset = start  # 8,9,10 is a list
            for part in written.split(","):
                found.extend(_finished(text, offset, offset + len(part), (Decimal(part),)) if len(part) <= 40 else [])
                offset += len(part) + 1
            continue
        if readings:
            found.extend(_finished(text, start, end, readings))
    found.extend(
        Number(start, end, text[start:end], value, (value,), word=True, percent=_is_percent(text, end))
        for start, end, value in word_runs(text)
    )
    found.sort(key=lambda number: number.start)
    if text == written_text:
        return found
    return [number._replace(text=written_text[number.start : number.end]) for number in found]


def _finished(text: str, start: int, end: int, readings: tuple[Decimal, ...]) -> list[Number]:
    """The number with what stands around it: scale, percent, currency, unit. Empty if letters make it an id."""
    if end < len(text) and text[end] == "_":
        return []
    unit, stop = "", end
    values = readings
    after = _AFTER.match(text, end)
    if after:
        word, glued = after["word"].lower(), not after["gap"]
        whole = not (after.end("word") < len(text) and text[after.end("word")].isalnum())
        scale = _SCALES.get(word) if whole else None
        if scale and (glued or after["gap"] != "-" or len(word) > 2):
            scaled = tuple(value * scale for value in readings)
            doubtful = word in _DOUBTFUL_SCALES and not (after["word"] == "M" and word == "m")
            values = readings + scaled if doubtful and _before(text, start) is None else scaled
            stop = after.end("word")
        elif glued and word.isalpha():
            if not whole or word not in _UNITS:
                # 2FA, 64bitOS, 5xx, 7f3a: letters that are no unit make it an id.
                return []
            unit, stop = word, after.end("word")
    percent = _is_percent(text, stop)
    currency = _before(text, start) or _behind(text, stop)
    return [Number(start, stop, text[start:stop], values[0], values, percent, currency, unit)]


def _is_percent(text: str, end: int) -> bool:
    first = end + 1 if text[end : end + 1] in _BEFORE_PERCENT else end
    return text[first : first + 1] in _PERCENT_BEGINS and _PERCENT.match(text, end) is not None


def _before(text: str, start: int) -> str | None:
    last = start - 2 if start and text[start - 1] in _BLANKS else start - 1
    if last < 0 or not ("A" <= text[last] <= "Z" or text[last] in _SIGNS):
        return None
    match = _CURRENCY_BEFORE.search(text[max(0, start - 5) : start])
    if not match:
        return None
    if match["sign"]:
        return _currency_of_sign(match["sign"])
    return match["code"] if match["code"] in _CODES else None


def _behind(text: str, end: int) -> str | None:
    first = end
    while first < len(text) and first < end + 2 and text[first] in _BEFORE_CURRENCY:
        first += 1
    if text[first : first + 1] not in _CURRENCY_BEGINS:
        return None  # of most numbers
    match = _CURRENCY_AFTER.match(text, end)
    if not match:
        return None
    if match["sign"]:
        return _currency_of_sign(match["sign"])
    code = match["code"]
    return code if code in _CODES else _CURRENCY_WORDS.get(code.lower())


def same_number(a: Number, b: Number) -> bool:
    """True if any reading of one is any reading of the other. Units and currencies are not compared."""
    return not set(a.candidates).isdisjoint(b.candidates)
