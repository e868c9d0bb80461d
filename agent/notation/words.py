"""Numbers written as words. English is read here; other languages are recognised here and read by text2num."""

import re
from collections.abc import Iterator
from decimal import Decimal

from agent.notation.scan import begins_with, lacks, words_of

_UNDER_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_UNITS = {word: value for value, word in enumerate(_UNDER_TWENTY.split())}
_TENS = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_BIG = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "dozen": 12}

_ENGLISH_WORD = "(?:" + "|".join(sorted([*_UNITS, *_TENS, *_BIG], key=len, reverse=True)) + ")"
_ENGLISH = re.compile(
    rf"(?<![\w])(?:(?:half )?an? (?=(?:dozen|hundred|thousand|million|billion)\b)|(?:a )?(?P<couple>couple)\b|"
    rf"(?={_ENGLISH_WORD}\b))"
    rf"(?(couple)|{_ENGLISH_WORD}\b(?:(?:[ -]| and ){_ENGLISH_WORD}\b){{0,9}}+)",
    re.IGNORECASE,
)

# Morphemes by language. Words that are ordinary words elsewhere (once, seize, cent, mil, six, un) stand only
# inside a longer run or are left out: a missed number word is cheaper than an invented one.
_FOREIGN: dict[str, str] = {
    "de": r"(?:(?:ein|zwei|drei|vier|fünf|fuenf|sechs|sieben|acht|neun|zehn|elf|zwölf|zwoelf|"
    r"(?:drei|vier|fünf|sech|sieb|acht|neun)zehn|zwanzig|dreißig|dreissig|vierzig|fünfzig|sechzig|siebzig|achtzig|neunzig|hundert|tausend|und){1,9})",
    "es": r"(?:dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|doce|trece|catorce|quince|dieciséis|veinte|"
    r"veinti\w{2,6}|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|cien|ciento|doscient[oa]s|trescient[oa]s|"
    r"cuatrocient[oa]s|quinient[oa]s|seiscient[oa]s|setecient[oa]s|ochocient[oa]s|novecient[oa]s|mil)",
    "fr": r"(?:deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|vingts?|trente|quarante|"
    r"cinquante|soixante|cent|cents|mille)",
    "pt": r"(?:dois|duas|três|quatro|cinco|seis|sete|oito|nove|dez|onze|doze|treze|catorze|quinze|dezesseis|dezasseis|"
    r"dezessete|dezoito|dezenove|vinte|trinta|quarenta|cinquenta|sessenta|setenta|oitenta|noventa|cem|cento|duzent[oa]s|"
    r"trezent[oa]s|quatrocent[oa]s|quinhent[oa]s|seiscent[oa]s|mil)",
}
_JOINTS = {"de": " ", "es": r" | y ", "fr": r" |-| et |-et-", "pt": r" | e "}
_TAILS = {"de": "", "es": "(?: y un[oa]?)?", "fr": "(?:[ -]et[ -]une?)?", "pt": "(?: e uma?)?"}
_RUNS = {
    language: re.compile(
        rf"(?<!\w){word}(?!\w)(?:(?:{_JOINTS[language]}){word}(?!\w)){{0,7}}(?:{_TAILS[language]}(?!\w))?",
        re.IGNORECASE,
    )
    for language, word in _FOREIGN.items()
}
# `une dizaine de jours`: about ten. Left out are words that are as often a fortnight (quinzaine, quincena).
_ROUND = {
    "dizaine": 10, "douzaine": 12, "vingtaine": 20, "trentaine": 30, "quarantaine": 40, "cinquantaine": 50,
    "soixantaine": 60, "centaine": 100, "decena": 10, "docena": 12, "veintena": 20, "centenar": 100, "dezena": 10,
    "dúzia": 12, "centena": 100, "dutzend": 12,
}  # fmt: skip
_ROUND_RUN = re.compile(rf"(?<!\w)(?:une|una|uma|um|un|ein)\s(?P<word>{'|'.join(_ROUND)})(?!\w)", re.IGNORECASE)
_NOT_ALONE = frozenset({"six", "cent", "cents", "mille", "mil", "dos", "ein", "und", "elf"})


_ROUND_WORDS = frozenset(_ROUND)
_ENGLISH_FIRST = frozenset((*_UNITS, *_TENS, *_BIG, "couple"))
_LED = frozenset((*_BIG, "couple"))
_ARTICLES = ("a ", "an ", "half a ", "half an ")
_ONE_WORD = {language: re.compile(word) for language, word in _FOREIGN.items()}
# The first letters of every word above: a set tells the rest of a text apart faster than the expressions do.
_BEGINNINGS = frozenset(run[:3] for word in _FOREIGN.values() for run in re.findall(r"[^\W\d_]+", word))


_OTHER_FIRST = _ENGLISH_FIRST | _ROUND_WORDS


def number_words(text: str) -> list[str] | None:
    """The words of a text with which a number may begin; None where any may stand there."""
    held = words_of(text)
    if held is None:
        return None
    return [*(word for word in held if word[:3] in _BEGINNINGS), *(held & _OTHER_FIRST)]


def _foreign(text: str, words: list[str] | None) -> Iterator[tuple[str, re.Match[str]]]:
    """The runs of other languages that are no ordinary word elsewhere. Each begins with a word of its numbers."""
    likely = None if words is None else [word for word in words if word[:3] in _BEGINNINGS]
    if likely == []:
        return
    for language, pattern in _RUNS.items():
        if likely is None:
            matches = pattern.finditer(text)
        else:
            one = _ONE_WORD[language]
            firsts = frozenset(word for word in likely if one.match(word + "__"))  # `veinti` may go on with any sign
            matches = begins_with(pattern, text, firsts) if firsts else iter(())
        for match in matches:
            if match.group().lower() not in _NOT_ALONE:
                yield language, match


def _english(run: str) -> list[Decimal]:
    """Values of one run of English number words: several when the words do not make one number."""
    words = re.findall(r"[a-z]+", run.lower())
    if "couple" in words:
        return [Decimal(2)]
    half = words[:2] == ["half", "a"]
    total, current, last = 0, 0, ""
    values: list[int] = []
    for word in words:
        if word in ("a", "an", "and", "half"):
            continue
        if word in _UNITS or word in _TENS:
            value = _UNITS.get(word, _TENS.get(word, 0))
            joins = not last or last in _BIG or (last in _TENS and word in _UNITS and 0 < value < 10)
            if not joins:
                values.append(total + current)
                total = current = 0
            current += value
        elif word in ("hundred", "dozen"):
            current = (current or 1) * _BIG[word]
        else:
            total += (current or 1) * _BIG[word]
            current = 0
        last = word
    values.append(total + current)
    if half:
        values[0] //= 2
    return [Decimal(value) for value in values]


_ALONE = {word: _english(word) for word in _ENGLISH_FIRST}  # most runs are one word


def word_runs(text: str) -> Iterator[tuple[int, int, Decimal]]:
    """Start, end and value of each number in words, in order. Of overlapping readings the longest stands."""
    words = number_words(text)
    if words == []:
        return
    runs: list[tuple[int, int, str]] = []
    for match in () if lacks(text, _ENGLISH_FIRST) else begins_with(_ENGLISH, text, _ENGLISH_FIRST, _LED, _ARTICLES):
        if not match.group().isascii():
            continue  # `ſix`: matched by its long s, and nobody's number
        before = text[max(0, match.start() - 2) : match.start()]
        if before[-1:] in (" ", "-", "\n") and before[:1].isdigit() and _scale_first(match.group()):
            continue  # `2 million`: the digits own the scale
        runs.append((*match.span(), "en"))
    runs.extend((*match.span(), language) for language, match in _foreign(text, words))
    if not lacks(text, _ROUND_WORDS):
        runs.extend((*m.span("word"), "round") for m in _ROUND_RUN.finditer(text))
    runs.sort(key=lambda run: (run[0], -run[1]))
    last = 0
    for start, end, language in runs:
        if start < last:
            continue
        written = text[start:end]
        if language == "round":
            values = [Decimal(_ROUND[word])] if (word := written.lower()) in _ROUND else []
        else:
            small = written.lower()
            values = (_ALONE.get(small) or _english(small)) if language == "en" else _read(small, language)
        for value in values:
            yield start, end, value
        if values:
            last = end


def _scale_first(run: str) -> bool:
    return re.split(r"[ -]", run.lower(), maxsplit=1)[0] in _BIG


def _read(run: str, language: str) -> list[Decimal]:
    from text_to_num import text2num  # type: ignore[import-untyped]

    try:
        return [Decimal(text2num(run, language))]
    except ValueError:
        return []
